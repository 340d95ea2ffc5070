import { randomBytes, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { argv, stdout } from 'node:process';
import { VaultError } from '../error.ts';
import type { PostgresPlace } from '../types.ts';
import { Vault } from '../vault.ts';
import { SharedKeyring } from './keyring.ts';
import { reveal } from './words.ts';

/** One of several processes that work on the same lanes of one vault at once; says what it got. */
export interface Got {
  readonly lane: string;
  readonly offset: number;
  readonly bytes: number;
  /** Undefined: void. */
  readonly key: string | undefined;
}

export const PEERS = ['beijing', 'moscow'];
export const laneOf = (peer: string): string => `kme/here>${peer}`;

async function hammer(store: PostgresPlace, keyring: string, processId: string, forMs: number): Promise<void> {
  const now = (): number => performance.timeOrigin + performance.now();
  const vault = await Vault.open({
    ...{ store, keyring: new SharedKeyring(keyring), now, random: randomBytes, processId, leaseMs: 60_000 },
  });
  const end = performance.now() + forMs;
  const got: Got[] = [];
  const one = async (peer: string, count: number, fate: 'deliver' | 'void' | 'take'): Promise<void> => {
    const lane = laneOf(peer);
    const keyIds = Array.from({ length: count }, () => randomUUID());
    if (fate === 'take') {
      const [range, bytes] = await vault.atomically(async (tx) => {
        const range = await tx.reserve(lane, 24);
        return [range, await tx.take(range)] as const;
      }, peer);
      got.push({ ...range, key: reveal(bytes) });
      return;
    }
    const wanted = { lane, bytes: 32, keyIds, masterSae: 'a', slaveSaes: ['b'] };
    const keys = await vault.atomically((tx) => tx.keys.reserve([wanted]), peer);
    const secrets = await vault.atomically(async (tx) => {
      if (fate === 'void') {
        await tx.keys.void(keyIds);
        return undefined;
      }
      await tx.keys.assign(keyIds);
      return await tx.keys.deliver(keyIds.map((keyId) => ({ keyId, saeId: 'a' })));
    }, peer);
    for (const [i, { offset, bytes }] of keys.entries()) {
      got.push({ lane, offset, bytes, key: secrets && reveal(secrets[i]!) });
    }
  };
  let isEmpty = false;
  const worker = async (seed: number): Promise<void> => {
    for (let i = seed; performance.now() < end && !isEmpty; i++) {
      try {
        await one(PEERS[i % PEERS.length]!, 1 + (i % 5), (['deliver', 'take', 'deliver', 'void'] as const)[i % 4]!);
      } catch (error) {
        isEmpty = error instanceof VaultError && error.code === 'vault/short';
        if (!isEmpty) throw error;
      }
    }
  };
  const rotating = processId.endsWith('0') ? vault.rotate() : undefined;
  await Promise.all([0, 1, 2, 3].map(worker));
  await rotating;
  await vault.close();
  stdout.write(`${JSON.stringify(got)}\n`);
}

if (import.meta.main) await hammer(JSON.parse(argv[2]!), argv[3]!, argv[4]!, Number(argv[5]));
