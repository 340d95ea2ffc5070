/** ETSI GS QKD 004: key streams. One process of a vault serves them. */
import { setTimeout as pause } from 'node:timers/promises';
import { type KeyService, KeyStreams, KmeError, type PeerWords, type Policy } from '@skykey/kme';
import type { Vault } from '@skykey/vault';
import type { Logger } from 'pino';
import { NodeError } from '../error.ts';
import { revocationKey } from '../pki/credentials.ts';
import { serveKeyStreams } from '../wire/key-streams.ts';
import type { TlsFiles } from '../wire/mutual-tls.ts';
import type { Attendance } from './attendance.ts';
import { type Doors, messageOf } from './doors.ts';

const LEASE_MS = 30_000;
const LEASE = 'key-streams/process';

export interface Etsi004Scene {
  readonly doors: Doors;
  readonly attendance: Attendance;
  readonly keys: KeyService;
  readonly words: PeerWords;
  readonly policy: Policy;
  readonly port: number;
  readonly tls: TlsFiles;
  readonly vault: Vault;
  readonly processId: string;
  readonly random: (bytes: number) => Uint8Array;
  readonly now: () => number;
  readonly log: Logger;
}

/** Throws NodeError, also when another process serves the streams of this vault. */
export async function serve004(scene: Etsi004Scene): Promise<KeyStreams> {
  const { doors, attendance, keys, words, policy, port, tls, vault, random, now, log } = scene;
  await holdStreams(scene);
  const streams = await KeyStreams.open({
    ...{ service: keys, words, notebook: vault.notebook(), now, random },
    wait: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
    chunkBytes: (saeId, peerId) => {
      // A pair without a rule is refused before any size is asked for.
      const { min, max } = policy.rulesFor([saeId, peerId])?.keyBits ?? { min: 8, max: 8 };
      return { min: Math.ceil(min / 8), max: Math.floor(max / 8) };
    },
    onFault: (error) => log.error({ reason: messageOf(error) }, 'a key stream failed inside'),
  });
  const rotation = await doors.credentials(tls);
  const server = await serveKeyStreams({
    ...{ port, host: doors.host, what: 'ETSI GS QKD 004', onFault: doors.fault },
    credentials: rotation.current.context,
    identify: (certificate) => doors.identify(certificate),
    handle: async (saeId, request, gone) => {
      const told = { caller: saeId, call: request.call };
      const work = () => streams.handle(saeId, request, gone);
      const answer = await attendance.other('etsi004', told, work, ({ status }) => String(status));
      if (answer) return answer;
      // Closes the connection: the standard has no status for it.
      throw new KmeError('kme/malformed', 'this key manager is ending');
    },
  });
  rotation.follow(({ context, revoked }) => {
    server.setCredentials(context, (certificate) => revoked.has(revocationKey(certificate)));
  });
  doors.add('etsi004', server.port, server);
  return streams;
}

/** Two processes on one vault would lead the same streams. To be called again before the lease ends. */
export async function holdStreams({
  vault,
  processId,
  now,
}: Pick<Etsi004Scene, 'vault' | 'processId' | 'now'>): Promise<void> {
  const other = await vault.atomically(async (tx) => {
    const owner = (await tx.recall(LEASE)) as { processId: string; untilMs: number } | undefined;
    if (owner && owner.processId !== processId && owner.untilMs > now()) return owner.processId;
    await tx.remember(LEASE, { processId, untilMs: now() + LEASE_MS });
    return undefined;
  });
  if (other === undefined) return;
  throw new NodeError(
    'node/key-streams',
    `listen.etsi004: the process ${other} serves the key streams of this vault; leave it out here, or end that one and wait ${LEASE_MS / 1000} s`,
  );
}
