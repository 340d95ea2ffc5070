import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { Blocks } from './blocks.ts';
import { Claims } from './claims.ts';
import { Condemned } from './condemned.ts';
import { Fixed } from './fixed.ts';
import { Seal } from './keyring.ts';
import { Lanes } from './lanes.ts';
import { PIECE_BYTES, Pieces } from './pieces.ts';
import { Segments } from './segments.ts';
import { SqliteStore } from './store/sqlite.ts';
import type { Place as LanePlace } from './stretches.ts';
import { MemoryKeyring } from './test/keyring.ts';
import { code, folder, hex, labels, onBoth, Place, pattern, reveal, secret } from './test/place.ts';
import { postgres } from './test/postgres.ts';
import type { Cut } from './types.ts';

const LINK = 'micius-beijing';
const now = () => 1_000;

interface Plan {
  /** Parts of each block in turn: bytes, and whether they go into the lane that is condemned. */
  readonly blocks: readonly (readonly { readonly bytes: number; readonly isGone: boolean }[])[];
  /** What is claimed: of which lane, how much, and whether it is taken too. */
  readonly claims: readonly { readonly isGone: boolean; readonly bytes: number; readonly isTaken: boolean }[];
  /** Pieces in each step. */
  readonly most: number;
}

const plans: fc.Arbitrary<Plan> = fc.record({
  blocks: fc.array(
    fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 2_500 }), isGone: fc.boolean() }), {
      minLength: 1,
      maxLength: 6,
    }),
    { minLength: 1, maxLength: 3 },
  ),
  claims: fc.array(
    fc.record({ isGone: fc.boolean(), bytes: fc.integer({ min: 1, max: 700 }), isTaken: fc.boolean() }),
    { maxLength: 12 },
  ),
  most: fc.integer({ min: 1, max: 4 }),
});

test('step by step just what is condemned is overwritten, whatever was spent of it and of what shares its pieces', async (t) => {
  const keyring = new MemoryKeyring();
  const store = new SqliteStore(
    { kind: 'sqlite', path: join(folder(t), 'vault.db') },
    { admit: () => undefined, begin: () => ({ id: randomBytes(16), epoch: 1, proof: randomBytes(32) }) },
  );
  t.after(() => store.close());
  const seal = new Seal(keyring, randomBytes, store.id);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(plans, ({ blocks: parts, claims, most }) =>
      store.transaction('', async (sql) => {
        const pieces = new Pieces(sql, seal, store.place);
        const fixed = new Fixed();
        const lanes = new Lanes(sql, pieces, now, fixed);
        const blocks = new Blocks(sql, pieces, lanes, now, fixed);
        const condemned = new Condemned(sql, pieces, new Segments(sql, now), new Claims(sql));
        const [gone, kept] = [`gone ${++run}`, `kept ${run}`];
        const content: number[] = [];
        for (const [i, cuts] of parts.entries()) {
          const bytes = pattern(
            cuts.reduce((sum, cut) => sum + cut.bytes, 0),
            run + i,
          );
          let from = 0;
          const where = cuts.map(({ bytes: size, isGone }): Cut => {
            if (!isGone) content.push(...bytes.subarray(from, from + size));
            from += size;
            return { lane: isGone ? gone : kept, from: from - size, to: from };
          });
          await blocks.hold({ blockId: `${run}/${i}`, labels: labels(), bytes: secret(bytes) });
          await blocks.release(`${run}/${i}`, where);
        }
        /** Bytes that come out of the lane that stays are those that went in. */
        const take = async (place: LanePlace, lane: string): Promise<void> => {
          const [bytes] = await lanes.takeAll([place], () => true);
          if (lane === kept) assert.deepEqual([...bytes!], content.slice(place.start, place.stop));
        };
        const open: LanePlace[] = [];
        let spent = 0;
        let held = 0;
        for (const { isGone, bytes, isTaken } of claims) {
          const lane = isGone ? gone : kept;
          if ((await lanes.run(lane, bytes)) < bytes) continue;
          const [place] = await lanes.reserve(lane, bytes, 1);
          if (isTaken) await take(place!, lane);
          if (isTaken && isGone) spent += bytes;
          if (!isTaken && isGone) held++;
          if (!isTaken && !isGone) open.push(place!);
        }
        const number = await lanes.number(gone);
        const segments = await sql.all<LanePlace>(
          'SELECT lane, start, stop FROM segment WHERE lane = $1 ORDER BY start',
          number,
        );
        const { bytes, burned } = await condemned.mark(segments);
        assert.deepEqual([bytes, burned.length], [(await lanes.length(gone)) - spent, held]);
        assert.equal(await lanes.available(gone), 0);
        // Others work between the steps.
        for (let step = most; step >= most; ) {
          step = await condemned.overwrite(most);
          const place = open.pop();
          if (place) await take(place, kept);
        }
        assert.equal(await condemned.overwrite(most), 0);
        for (const place of open) await take(place, kept);
        for (;;) {
          const left = await lanes.run(kept, 1);
          if (left === 0) break;
          const [place] = await lanes.reserve(kept, left, 1);
          await take(place!, kept);
        }
        // A byte counted twice would have taken its neighbours along; one not counted would have left its piece behind.
        assert.deepEqual(await sql.all('SELECT piece FROM piece'), []);
        assert.deepEqual(await sql.all('SELECT start FROM segment WHERE lane = $1 AND poisoned <> 1', number), []);
      }),
    ),
    { numRuns: 60, seed: 7 },
  );
});

/** Rows that hold key, counted from outside. */
async function rowsOfKey({ store }: Place): Promise<number> {
  if (store.kind === 'sqlite') {
    const db = new DatabaseSync(store.path, { readOnly: true });
    const { n } = db.prepare('SELECT count(*) AS n FROM piece').get() as { n: number };
    db.close();
    return n;
  }
  const client = new pg.Client({ connectionString: await postgres() });
  await client.connect();
  const { rows } = await client.query<{ n: string }>(`SELECT count(*) AS n FROM ${store.name}.piece`);
  await client.end();
  return Number(rows[0]!.n);
}

onBoth(
  'an alarm on much key holds all of it back at once, and overwrites it in steps that a restart goes on with',
  async (t, kind) => {
    const place = await Place.make(t, kind);
    const { tx } = place;
    // Authentication and the keys of applications share a piece; what is held does not end with one.
    const block = pattern(2_500 * PIECE_BYTES + 300, 1);
    await tx.hold({ blockId: 'cut', labels: labels(), bytes: secret(block) });
    await tx.release('cut', [
      { lane: `auth/${LINK}`, from: 0, to: 100 },
      { lane: 'kme/a', from: 100, to: block.length },
    ]);
    await tx.hold({ blockId: 'held', labels: labels(), bytes: secret(pattern(1_500 * PIECE_BYTES + 1, 2)) });
    await tx.append('kme/a', labels({ originLinks: ['another'] }), secret(pattern(PIECE_BYTES, 3)));
    const early = await tx.reserve('kme/a', 5_000);
    await tx.take(early);
    const keyIds = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
    await tx.keys.reserve([{ lane: 'kme/a', bytes: 32, keyIds, masterSae: 'a', slaveSaes: ['b'] }]);
    await tx.keys.assign(keyIds);

    const bits = 8 * (block.length - 100 - 5_000 + 1_500 * PIECE_BYTES + 1);
    assert.deepEqual(await tx.poison(LINK, 'tapped'), { bits, keys: 2, blocks: 2 });
    const check = async (): Promise<void> => {
      const { tx } = place;
      assert.deepEqual([await tx.available('kme/a'), await tx.fits('kme/a', 32)], [PIECE_BYTES, 32]);
      await assert.rejects(tx.reserveAt({ lane: 'kme/a', offset: 1_000_000, bytes: 32 }), code('vault/poisoned'));
      await assert.rejects(tx.keys.deliver([{ keyId: keyIds[0]!, saeId: 'a' }]), code('vault/state'));
      await assert.rejects(tx.readHeld('held'), code('vault/poisoned'));
      assert.equal((await tx.block('held'))!.poisoned, true);
      assert.equal((await tx.counters()).poisonedBits, bits);
    };
    const counts: number[] = [];
    for (;;) {
      await check();
      await place.vault.close();
      counts.push(await rowsOfKey(place));
      place.vault = await place.open();
      if ((await place.vault.expire(0, 1)) < 1_000) break;
    }
    await place.vault.close();
    counts.push(await rowsOfKey(place));
    place.vault = await place.open();
    await check();
    // What stays is the head of the first block and the sound one.
    assert.equal(counts.at(-1), 2);
    for (const [i, count] of counts.slice(1).entries()) {
      const gone = counts[i]! - count;
      assert.ok(gone > 0 && gone <= 1_000, `${counts}`);
    }
    assert.equal(reveal(await place.tx.pads(`auth/${LINK}`).point()), hex(block.subarray(0, 16)));
    const sound = await place.tx.reserve('kme/a', PIECE_BYTES);
    assert.equal(reveal(await place.tx.take(sound)), hex(pattern(PIECE_BYTES, 3)));
    assert.deepEqual(await place.tx.poison(LINK, 'again'), { bits: 0, keys: 0, blocks: 0 });
  },
);

onBoth('a block that was marked while held may be settled before it is overwritten', async (t, kind) => {
  const place = await Place.make(t, kind);
  for (const blockId of ['released', 'discarded']) {
    await place.tx.hold({ blockId, labels: labels(), bytes: secret(pattern(1_100 * PIECE_BYTES)) });
  }
  await place.tx.poison(LINK, 'tapped');
  await place.tx.release('released', [{ lane: `auth/${LINK}`, from: 0, to: 1_000_000 }]);
  await place.tx.discard('discarded');
  await place.tx.append(`auth/${LINK}`, labels({ createdAtMs: 5_000 }), secret(pattern(64, 1)));
  await place.vault.expire(0);
  await place.vault.close();
  assert.equal(await rowsOfKey(place), 1);
  place.vault = await place.open();
  const [released, discarded] = [await place.tx.block('released'), await place.tx.block('discarded')];
  assert.deepEqual(
    [released!.state, released!.poisoned, discarded!.state, discarded!.poisoned],
    ['released', true, 'discarded', true],
  );
});
