import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { argv } from 'node:process';
import type { SecretBytes } from '@skykey/bits';
import type { PostgresPlace, Range, SqlitePlace } from '../types.ts';
import { Vault } from '../vault.ts';
import { SharedKeyring } from './keyring.ts';
import { labels, pattern, reveal, secret, single } from './words.ts';

/** The process that crash.test.ts kills: works on a vault and says on its standard output what is done. */
export const LANE = 'kme/a>b';
export const PADS = 'auth/a>b';

/** The byte at a position of a lane, so that whoever reads one knows whether it is right. */
export const positional = (offset: number, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => Math.imul(offset + i + 1, 2654435761) >>> 21);

/** Linear congruential generator (Numerical Recipes): a seed gives the same run. */
export function dice(seed: number): (sides: number) => number {
  let state = seed >>> 0;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

export type Told =
  | { did: 'held' | 'released' | 'discarded'; blockId: string }
  | { did: 'appended'; lane: string; length: number }
  | { did: 'took' | 'burned'; range: Range; bytes: string }
  | { did: 'reserved'; range: Range }
  | { did: 'pad'; index: number; bytes: string }
  | { did: 'keys reserved' | 'keys voided'; keyIds: string[] }
  | { did: 'keys delivered'; keyIds: string[]; ranges: Range[]; bytes: string[] }
  | { did: 'remembered'; value: number }
  | { did: 'rotated' };

export function openVault(store: SqlitePlace | PostgresPlace, keyring: string): Promise<Vault> {
  const now = (): number => 1_000;
  return Vault.open({ store, keyring: new SharedKeyring(keyring), now, random: randomBytes, processId: 'worker' });
}

async function work(store: SqlitePlace | PostgresPlace, keyring: string, seed: number): Promise<never> {
  const roll = dice(seed);
  const vault = await openVault(store, keyring);
  const tx = single(vault);
  const tell = (told: Told): void => void writeSync(1, `${JSON.stringify(told)}\n`);
  const append = async (lane: string, bytes: number): Promise<void> => {
    await tx.append(lane, labels(), secret(positional(await tx.length(lane), bytes)));
    tell({ did: 'appended', lane, length: await tx.length(lane) });
  };
  const ranges: Range[] = [];
  for (let step = 0; ; step++) {
    const name = `${seed}-${step}`;
    const kind = roll(10);
    if ((await tx.available(LANE)) < 2_000) await append(LANE, 1_500 + roll(3_000));
    else if ((await tx.pads(PADS).left()) < 3) await append(PADS, 16 * (2 + roll(40)));
    else if (kind === 0) {
      await tx.hold({ blockId: name, labels: labels(), bytes: secret(pattern(1 + roll(3_000), step)) });
      tell({ did: 'held', blockId: name });
    } else if (kind === 1) {
      const [blockId] = await tx.held();
      if (!blockId) continue;
      const bytes = await tx.heldBytes(blockId);
      const discard = roll(3) === 0;
      if (discard) await tx.discard(blockId);
      else await tx.release(blockId, [{ lane: 'relay/x', from: 0, to: bytes >> 1 }]);
      tell({ did: discard ? 'discarded' : 'released', blockId });
    } else if (kind === 2) {
      const range = await tx.reserve(LANE, 1 + roll(200));
      ranges.push(range);
      tell({ did: 'reserved', range });
    } else if (kind === 3 || kind === 4) {
      const range = ranges.splice(roll(ranges.length), 1)[0];
      if (!range) continue;
      if (kind === 3) tell({ did: 'took', range, bytes: reveal(await tx.take(range)) });
      else {
        await tx.burn(range);
        tell({ did: 'burned', range, bytes: '' });
      }
    } else if (kind === 5) {
      const { index, pad } = await tx.pads(PADS).useNext();
      tell({ did: 'pad', index, bytes: reveal(pad) });
    } else if (kind === 6 || kind === 7) {
      const hexName = [seed, step].map((n) => n.toString(16).padStart(6, '0')).join('');
      const keyIds = Array.from({ length: 1 + roll(4) }, (_, i) => `0000000${i}-0000-4000-8000-${hexName}`);
      const wanted = { lane: LANE, bytes: 32, keyIds, masterSae: 'a', slaveSaes: ['b'] };
      const ranges = (await tx.keys.reserve([wanted])).map(({ lane, offset, bytes }) => ({ lane, offset, bytes }));
      tell({ did: 'keys reserved', keyIds });
      if (kind === 7) {
        await tx.keys.void(keyIds);
        tell({ did: 'keys voided', keyIds });
        continue;
      }
      const secrets = await vault.atomically(async (tx): Promise<SecretBytes[]> => {
        await tx.keys.assign(keyIds);
        return await tx.keys.deliver(keyIds.map((keyId) => ({ keyId, saeId: 'a' })));
      });
      tell({ did: 'keys delivered', keyIds, ranges, bytes: secrets.map(reveal) });
    } else if (kind === 8 && roll(4) === 0) {
      await vault.rotate();
      tell({ did: 'rotated' });
    } else {
      await tx.remember('step', seed * 1e6 + step);
      tell({ did: 'remembered', value: seed * 1e6 + step });
    }
  }
}

if (import.meta.main) await work(JSON.parse(argv[2]!), argv[3]!, Number(argv[4]));
