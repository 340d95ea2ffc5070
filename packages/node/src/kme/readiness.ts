/** Whether it is worth sending applications to a key manager. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Vault } from '@skykey/vault';
import { messageOf } from './doors.ts';
import type { PeerState } from './peer-kmes.ts';

const LIMIT_MS = 2_000;

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly why: string;
}

export async function readiness(vault: Vault, peers: readonly PeerState[], isEnding: boolean): Promise<Check[]> {
  const usable = peers.filter(({ problem }) => problem === null);
  const first = peers.find(({ problem }) => problem !== null);
  const written = await Promise.race([
    vault.heartbeat().then(() => '', messageOf),
    pause(LIMIT_MS, `it took longer than ${LIMIT_MS / 1000} s`, { ref: false }),
  ]);
  return [
    {
      name: 'vault',
      ok: written === '',
      why: written === '' ? 'the vault takes writes' : `the vault takes no writes: ${written}`,
    },
    {
      name: 'peers',
      ok: peers.length === 0 || usable.length > 0,
      why: `keys can be made with ${usable.length} of ${peers.length} sites${first ? `; ${first.problem}` : ''}`,
    },
    { name: 'running', ok: !isEnding, why: isEnding ? 'it is ending' : 'requests are answered' },
  ];
}
