import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { dice, LANE, openVault, positional, type Told } from './test/crash-work.ts';
import { folder, hex, onBoth, reveal, single } from './test/place.ts';
import { postgres } from './test/postgres.ts';
import type { PostgresPlace, Range, SqlitePlace } from './types.ts';

/*
 * A process that works on a vault (test/crash-work.ts) and says after each step that it is done, is killed with SIGKILL
 * again and again. What it said it had done must be found afterwards, and nothing may ever come out twice.
 */
const KILLS = { SQLite: 40, PostgreSQL: 8 };

/** Runs the process and kills it when it has told of `steps` steps. What it told until its end is returned. */
function killed(store: SqlitePlace | PostgresPlace, keyring: string, seed: number, steps: number): Promise<Told[]> {
  return new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, 'test', 'crash-work.ts');
    const child = spawn(process.execPath, ['--no-warnings', script, JSON.stringify(store), keyring, String(seed)], {
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

onBoth('killed again and again: nothing that was told is lost, nothing comes out twice', async (t, kind) => {
  const place = folder(t);
  const keyring = join(place, 'keyring');
  const store =
    kind === 'SQLite'
      ? { kind: 'sqlite' as const, path: join(place, 'vault.db') }
      : {
          kind: 'postgres' as const,
          connection: await postgres(),
          name: `v${randomBytes(8).toString('hex')}`,
          connections: 2,
        };
  const roll = dice(20_260_101);
  /** Position of the lane to what came out there. */
  const out = new Map<number, string>();
  const pads = new Set<number>();
  const blocks = new Map<string, string>();
  const lengths = new Map<string, number>();
  const closedKeys = new Map<string, string>();
  let remembered = 0;
  let steps = 0;
  for (let seed = 1; seed <= KILLS[kind]; seed++) {
    const told = await killed(store, keyring, seed, 1 + roll(90));
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

    const vault = await openVault(store, keyring);
    const tx = single(vault);
    const state = async (keyId: string) => (await tx.keys.find([keyId]))[0]?.copies[0]?.state;
    const held = new Set(await tx.held());
    for (const [blockId, did] of blocks) {
      const { state } = (await tx.block(blockId)) ?? {};
      if (did === 'held') assert.ok(state, `${blockId} was held`);
      else assert.equal(state, did, blockId);
      assert.equal(held.has(blockId), state === 'held');
    }
    for (const [lane, length] of lengths) assert.ok((await tx.length(lane)) >= length, `${lane} has lost bytes`);
    for (const [keyId, wanted] of closedKeys) assert.equal(await state(keyId), wanted, keyId);
    for (const keyId of openKeys) {
      // Killed between telling of the reservation and of the delivery: it may have been delivered, or is void now.
      assert.ok(['VOIDED', 'ERASED'].includes((await state(keyId)) ?? 'lost'), keyId);
    }
    for (const range of openRanges.values()) {
      await assert.rejects(tx.reserveAt(range), { code: 'vault/taken' }, 'a reservation was lost');
    }
    assert.ok((((await tx.recall('step')) as number | undefined) ?? 0) >= remembered);
    // What is still there can be read: no piece was left behind under a key that is gone.
    const left = await tx.run(LANE);
    if (left > 0) {
      const rest = await tx.reserve(LANE, Math.min(left, 1 + roll(400)));
      comesOut(rest, reveal(await tx.take(rest)));
    }
    await vault.close();
  }
  assert.ok(steps > KILLS[kind] * 20, `only ${steps} steps were told`);
});
