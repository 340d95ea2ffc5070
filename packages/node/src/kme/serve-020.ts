/** ETSI GS QKD 020: key management systems of other makers in the same room. */
import { Etsi020, type HttpCalls } from '@skykey/kme';
import type { Vault } from '@skykey/vault';
import type { Logger } from 'pino';
import type { TlsFiles } from '../wire/mutual-tls.ts';
import type { PeerClients } from '../wire/peer-client.ts';
import type { Attendance } from './attendance.ts';
import type { KmeConfiguration } from './configuration.ts';
import { type Doors, httpRequest } from './doors.ts';
import type { ForeignKeys } from './foreign-keys.ts';

/** 1,024 keys of 512 bytes. */
const MAX_BODY_BYTES = 1024 * 1024;

export interface Etsi020Scene {
  readonly doors: Doors;
  readonly attendance: Attendance;
  readonly foreign: ForeignKeys;
  readonly etsi020: NonNullable<KmeConfiguration['etsi020']>;
  readonly port: number;
  /** Where the configuration names none of its own. */
  readonly tls: TlsFiles;
  readonly vault: Vault;
  readonly now: () => number;
  readonly log: Logger;
  /** Something has come that has to be looked after. */
  readonly onChange: () => void;
}

/** Throws NodeError or KmeError for a configuration that cannot work. */
export async function serve020(scene: Etsi020Scene): Promise<Etsi020> {
  const { doors, attendance, foreign, etsi020, port, vault, now, log, onChange } = scene;
  for (const { kmeId, saes } of etsi020.peers) foreign.check(kmeId, saes);
  const tls = etsi020.tls ?? scene.tls;
  const clients = await doors.lines(tls, MAX_BODY_BYTES);
  const core = new Etsi020({
    peers: etsi020.peers.map(({ callbackUrl, dialect, ...peer }) => ({
      ...peer,
      ...(callbackUrl !== undefined && { callbackUrl }),
      ...(dialect && { dialect }),
    })),
    ownCallbackUrl: `${etsi020.ownUrl}/kmapi/v1/ext_keys/ack`,
    ...{ imports: foreign, exports: foreign.exports, notebook: vault.notebook(), nowMs: now },
    http: (kmeId) => callsTo(clients, kmeId),
    note: (severity, text) => void log[severity === 'warning' ? 'warn' : 'info'](text),
  });
  await doors.serve('etsi020', {
    ...{ port, what: 'ETSI GS QKD 020', tls, role: 'kme', bodyLimit: () => MAX_BODY_BYTES },
    // ETSI GS QKD 020 V1.1.1 knows no older one.
    minVersion: 'TLSv1.3',
    answer: (request) =>
      attendance.http('etsi020', { caller: request.peerId, method: request.method, path: request.path }, async () => {
        const answer = await core.handle(httpRequest(request));
        onChange();
        return answer;
      }),
  });
  return core;
}

function callsTo(clients: PeerClients, kmeId: string): HttpCalls {
  return {
    post: (url, body) => {
      const { hostname, port, pathname, search } = new URL(url);
      const peer = { peerId: kmeId, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) };
      return clients.post(peer, pathname + search, body, 'application/json; charset=UTF-8');
    },
  };
}
