import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { folder, hex, labels, reveal, secret } from './test/place.ts';
import type { Range } from './types.ts';
import { Vault } from './vault.ts';

/*
 * A process that works on a vault and says after each step that it is done, is killed with SIGKILL again and again. What
 * it said it had done must be found afterwards, and nothing may ever come out twice. This file is both: the test, and
 * the process that gets killed.
 */
const KILLS = 48;
const LANE = 'kme/a>b';
const PADS = 'auth/a>b';

/** The byte at a position of a lane, so that whoever reads one knows whether it is right. */
const positional = (offset: number, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => Math.imul(offset + i + 1, 2654435761) >>> 21);

/** Linear congruential generator (Numerical Recipes): a seed gives the same run. */
function dice(seed: number): (sides: number) => number {
  let state = seed >>> 0;
  return (sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

type Told =
  | { did: 'held' | 'released' | 'discarded'; blockId: string }
  | { did: 'appended'; lane: string; length: number }
  | { did: 'took' | 'burned'; range: Range; bytes: string }
  | { did: 'reserved'; range: Range }
  | { did: 'pad'; index: number; bytes: string }
  | { did: 'keys reserved' | 'keys voided'; keyIds: string[] }
  | { did: 'keys delivered'; keyIds: string[]; ranges: Range[]; bytes: string[] }
  | { did: 'remembered'; value: number };

function work(path: string, seed: number): never {
  const roll = dice(seed);
  const vault = Vault.open({ path, now: () => 1_000 });
  const tell = (told: Told): void => void writeSync(1, `${JSON.stringify(told)}\n`);
  const append = (lane: string, bytes: number): void => {
    vault.append(lane, labels(), secret(positional(vault.length(lane), bytes)));
    tell({ did: 'appended', lane, length: vault.length(lane) });
  };
  const ranges: Range[] = [];
  for (let step = 0; ; step++) {
    const name = `${seed}-${step}`;
    const kind = roll(9);
    if (vault.available(LANE) < 2_000) append(LANE, 1_500 + roll(3_000));
    else if (vault.pads(PADS).left() < 3) append(PADS, 16 * (2 + roll(40)));
    else if (kind === 0) {
      vault.hold({ blockId: name, labels: labels(), bytes: secret(positional(step, 1 + roll(3_000))) });
      tell({ did: 'held', blockId: name });
    } else if (kind === 1) {
      const [blockId] = vault.held();
      if (!blockId) continue;
      const bytes = vault.heldBytes(blockId);
      const discard = roll(3) === 0;
      if (discard) vault.discard(blockId);
      else vault.release(blockId, [{ lane: 'relay/x', from: 0, to: bytes >> 1 }]);
      tell({ did: discard ? 'discarded' : 'released', blockId });
    } else if (kind === 2) {
      const range = vault.reserve(LANE, 1 + roll(200));
      ranges.push(range);
      tell({ did: 'reserved', range });
    } else if (kind === 3 || kind === 4) {
      const range = ranges.splice(roll(ranges.length), 1)[0];
      if (!range) continue;
      if (kind === 3) tell({ did: 'took', range, bytes: reveal(vault.take(range)) });
      else {
        vault.burn(range);
        tell({ did: 'burned', range, bytes: '' });
      }
    } else if (kind === 5) {
      const { index, pad } = vault.pads(PADS).useNext();
      tell({ did: 'pad', index, bytes: reveal(pad) });
    } else if (kind === 6 || kind === 7) {
      const hexName = [seed, step].map((n) => n.toString(16).padStart(6, '0')).join('');
      const keyIds = Array.from({ length: 1 + roll(4) }, (_, i) => `0000000${i}-0000-4000-8000-${hexName}`);
      const records = vault.keys.reserve({ lane: LANE, bytes: 32, keyIds, masterSae: 'a', slaveSae: 'b' });
      tell({ did: 'keys reserved', keyIds });
      if (kind === 7) {
        vault.keys.void(keyIds);
        tell({ did: 'keys voided', keyIds });
        continue;
      }
      const bytes = vault.atomically(() => {
        vault.keys.assign(keyIds);
        return vault.keys.deliver(keyIds).map(reveal);
      });
      const places = records.map(({ lane, offset }) => ({ lane, offset, bytes: 32 }));
      tell({ did: 'keys delivered', keyIds, ranges: places, bytes });
    } else {
      vault.remember('step', seed * 1e6 + step);
      tell({ did: 'remembered', value: seed * 1e6 + step });
    }
  }
}

/** Runs the process and kills it when it has told of `steps` steps. What it told until its end is returned. */
function killed(path: string, seed: number, steps: number): Promise<Told[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--no-warnings', import.meta.filename, 'work', path, String(seed)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const told: Told[] = [];
    const lines = createInterface(child.stdout);
    lines.on('line', (line) => {
      // The last line may be cut by the kill: then the process had not finished telling.
      if (line.endsWith('}')) told.push(JSON.parse(line) as Told);
      if (told.length === steps) child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', (_, signal) => {
      if (signal === 'SIGKILL') resolve(told);
      else reject(new Error(`the process ended by itself (seed ${seed})`));
    });
  });
}

if (process.argv[2] === 'work') work(process.argv[3]!, Number(process.argv[4]));

test(`killed ${KILLS} times: nothing that was told is lost, nothing comes out twice`, async (t) => {
  const path = join(folder(t), 'vault.db');
  const roll = dice(20_260_101);
  /** Position of the lane to what came out there. */
  const out = new Map<number, string>();
  const pads = new Set<number>();
  const blocks = new Map<string, string>();
  const lengths = new Map<string, number>();
  const closedKeys = new Map<string, string>();
  let remembered = 0;
  let steps = 0;
  for (let seed = 1; seed <= KILLS; seed++) {
    const told = await killed(path, seed, 1 + roll(90));
    steps += told.length;
    const openRanges = new Map<number, Range>();
    const openKeys = new Set<string>();
    const comesOut = ({ offset, bytes }: Range, found: string): void => {
      for (let at = offset; at < offset + bytes; at++) {
        assert.ok(!out.has(at), `seed ${seed}: byte ${at} came out twice`);
        out.set(at, found);
      }
      if (found) assert.equal(found, hex(positional(offset, bytes)), `seed ${seed}: wrong key`);
    };
    for (const each of told) {
      if ('blockId' in each) blocks.set(each.blockId, each.did);
      if (each.did === 'appended') lengths.set(each.lane, each.length);
      if (each.did === 'reserved') openRanges.set(each.range.offset, each.range);
      if (each.did === 'took' || each.did === 'burned') {
        comesOut(each.range, each.bytes);
        openRanges.delete(each.range.offset);
      }
      if (each.did === 'pad') {
        assert.ok(!pads.has(each.index), `seed ${seed}: pad ${each.index} twice`);
        pads.add(each.index);
        assert.equal(each.bytes, hex(positional(16 + 16 * each.index, 16)));
      }
      if (each.did === 'keys reserved') for (const keyId of each.keyIds) openKeys.add(keyId);
      if (each.did === 'keys delivered' || each.did === 'keys voided') {
        for (const keyId of each.keyIds) {
          openKeys.delete(keyId);
          closedKeys.set(keyId, each.did === 'keys voided' ? 'VOIDED' : 'ERASED');
        }
      }
      if (each.did === 'keys delivered') {
        for (const [i, range] of each.ranges.entries()) comesOut(range, each.bytes[i]!);
      }
      if (each.did === 'remembered') remembered = each.value;
    }

    const vault = Vault.open({ path, now: () => 1_000 });
    const held = new Set(vault.held());
    for (const [blockId, did] of blocks) {
      const { state } = vault.block(blockId) ?? {};
      if (did === 'held') assert.ok(state, `${blockId} was held`);
      else assert.equal(state, did, blockId);
      assert.equal(held.has(blockId), state === 'held');
    }
    for (const [lane, length] of lengths) assert.ok(vault.length(lane) >= length, `${lane} has lost bytes`);
    for (const [keyId, state] of closedKeys) assert.equal(vault.keys.find(keyId)?.state, state, keyId);
    for (const keyId of openKeys) {
      // Killed between telling of the reservation and of the delivery: it may have been delivered, or is void now.
      assert.ok(['VOIDED', 'ERASED'].includes(vault.keys.find(keyId)?.state ?? 'lost'), keyId);
    }
    for (const range of openRanges.values()) {
      assert.throws(() => vault.reserveAt(range), { code: 'vault/taken' }, 'a reservation was lost');
    }
    assert.ok(((vault.recall('step') as number | undefined) ?? 0) >= remembered);
    vault.close();
  }
  assert.ok(steps > KILLS * 20, `only ${steps} steps were told`);
});
