/** SKIP: TLS with certificates, and TLS 1.2 with pre-shared keys. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SecretBytes } from '@skykey/bits';
import { type EntropySource, type HttpRequest, type HttpResponse, type KeyService, Skip } from '@skykey/kme';
import type { Logger } from 'pino';
import { NodeError } from '../error.ts';
import type { TlsFiles } from '../wire/mutual-tls.ts';
import type { Attendance } from './attendance.ts';
import type { KmeConfiguration } from './configuration.ts';
import { type Doors, httpRequest, messageOf } from './doors.ts';
import { type PskClient, serveSkipPsk } from './skip-psk.ts';

export interface SkipScene {
  readonly doors: Doors;
  readonly attendance: Attendance;
  readonly keys: KeyService;
  readonly skip: NonNullable<KmeConfiguration['skip']>;
  readonly listen: NonNullable<KmeConfiguration['listen']['skip']>;
  readonly tls: TlsFiles;
  readonly isLocal: (saeId: string) => boolean;
  readonly log: Logger;
}

/** Throws NodeError or KmeError for a configuration that cannot work. */
export async function serveSkip({
  doors,
  attendance,
  keys,
  skip,
  listen,
  tls,
  isLocal,
  log,
}: SkipScene): Promise<void> {
  const stranger = skip.clients.find(({ saeId }) => !isLocal(saeId));
  if (stranger) {
    throw new NodeError(
      'node/configuration',
      `skip.clients: ${stranger.saeId} is no application of this site in the network file; list it there, or name another`,
    );
  }
  const core = new Skip({
    service: keys,
    clients: skip.clients.map(({ saeId, localSystemId, remotes }) => ({ saeId, localSystemId, remotes })),
    ...(skip.entropy && { entropy: systemEntropy() }),
    note: (severity, text) => void log[severity === 'warning' ? 'warn' : 'info'](text),
  });
  const answer = (request: HttpRequest): Promise<HttpResponse> => {
    const { caller, method } = request;
    // The id of a key says nothing about it, but belongs into no log.
    const path = request.path.replace(/^\/key\/.+$/, '/key/{keyId}');
    return attendance.http('skip', { caller, method, path }, () => core.handle(request));
  };
  if (listen.tls !== undefined) {
    const common = { what: 'SKIP', role: 'sae', tls } as const;
    await doors.serve('skip', { ...common, port: listen.tls, answer: (request) => answer(httpRequest(request)) });
  }
  if (listen.psk !== undefined) {
    const clients = pskClients(skip.clients);
    const server = await serveSkipPsk({ host: doors.host, port: listen.psk, clients, answer, onFault: doors.fault });
    doors.add('skipPsk', server.port, server);
  }
}

function pskClients(clients: NonNullable<KmeConfiguration['skip']>['clients']): PskClient[] {
  const refuse = (problem: string): NodeError => new NodeError('node/configuration', `skip.clients: ${problem}`);
  return clients.flatMap(({ saeId, psk }) => {
    if (!psk) return [];
    let text: string;
    try {
      text = readFileSync(psk.file, 'utf8').trim();
    } catch (error) {
      throw refuse(`cannot read the key of ${saeId}, ${psk.file}: ${messageOf(error)}`);
    }
    if (!/^([0-9a-f]{2}){32,64}$/i.test(text)) {
      throw refuse(`${psk.file} must hold from 64 to 128 hexadecimal digits and nothing else`);
    }
    return [{ saeId, identity: psk.identity, key: new Uint8Array(Buffer.from(text, 'hex')) }];
  });
}

/**
 * The system's generator, with the repetition test of NIST SP 800-90B, 4.4.1, over blocks of 16 bytes: two alike in a row
 * come once in 2^128, so they end it.
 */
export function systemEntropy(random: (bytes: number) => Uint8Array = randomBytes): EntropySource {
  let isHealthy = true;
  let last = Buffer.alloc(0);
  return {
    healthy: () => isHealthy,
    draw: (bytes) => {
      const fresh = Buffer.from(random(Math.ceil(bytes / 16) * 16));
      for (let at = 0; at < fresh.length; at += 16) {
        const block = fresh.subarray(at, at + 16);
        if (block.equals(last)) isHealthy = false;
        last.fill(0);
        last = Buffer.from(block);
      }
      const drawn = new Uint8Array(fresh.subarray(0, bytes));
      fresh.fill(0);
      if (!isHealthy) throw new Error('the generator of random bytes repeats itself');
      return SecretBytes.adopt(drawn);
    },
  };
}
