import assert from 'node:assert/strict';
import {
  code,
  hex,
  labels,
  onBoth,
  Place,
  pattern,
  reveal,
  type StoreKind,
  secret,
  type TestContext,
} from './test/place.ts';

const LANE = 'auth/micius-beijing';
const bytes = pattern(16 + 160);
const padBytes = (index: number): string => hex(bytes.subarray(16 + 16 * index, 32 + 16 * index));

async function filled(t: TestContext, kind: StoreKind): Promise<Place> {
  const place = await Place.make(t, kind);
  await place.tx.append(LANE, labels(), secret(bytes));
  return place;
}

onBoth('the hash point is recycled and no other way of asking gets at it', async (t, kind) => {
  const { vault, tx } = await filled(t, kind);
  const keys = vault.padKeys(LANE);
  for (let i = 0; i < 3; i++) assert.equal(reveal(await keys.hashKey()), hex(bytes.subarray(0, 16)));
  await assert.rejects(tx.reserveAt({ lane: LANE, offset: 0, bytes: 16 }), code('vault/taken'));
  await assert.rejects(tx.take({ lane: LANE, offset: 0, bytes: 16 }), code('vault/taken'));
  assert.equal((await tx.reserve(LANE, 16)).offset, 16);
  await assert.rejects(tx.pads('kme/a>b').point(), code('vault/missing'));
  await assert.rejects(vault.padKeys('auth/none').hashKey(), code('vault/missing'));
});

onBoth('a pad is used once, whoever asks and however often the vault is opened', async (t, kind) => {
  const place = await filled(t, kind);
  const keys = place.vault.padKeys(LANE);
  assert.equal(await keys.nextPad(), 0);
  assert.equal(reveal(await keys.pad(3)), padBytes(3));
  assert.equal(await keys.nextPad(), 4);
  await assert.rejects(keys.pad(3), code('vault/taken'));
  assert.equal(
    reveal(await keys.pad(0)),
    padBytes(0),
    'a lower one, never used here, may still verify what is under way',
  );
  await place.reopen();
  const again = place.vault.padKeys(LANE);
  assert.equal(await again.nextPad(), 4);
  for (const used of [0, 3]) await assert.rejects(again.pad(used), code('vault/taken'));
  for (const absent of [10, 1e9]) await assert.rejects(again.pad(absent), code('vault/missing'));
  for (const nonsense of [-1, 0.5, Number.NaN]) await assert.rejects(again.pad(nonsense), code('vault/argument'));
});

onBoth(
  'a pad that is only looked at stays unused, and what was used or is not there shows nothing',
  async (t, kind) => {
    const place = await filled(t, kind);
    const keys = place.vault.padKeys(LANE);
    for (let i = 0; i < 3; i++) assert.equal(reveal((await keys.look(3))!), padBytes(3));
    assert.equal(await keys.nextPad(), 0);
    assert.equal(await place.tx.pads(LANE).left(), 10);
    assert.equal(reveal(await keys.pad(3)), padBytes(3));
    await place.reopen();
    const again = place.vault.padKeys(LANE);
    for (const nothing of [3, 10, 1e9, 2 ** 53 - 1]) assert.equal(await again.look(nothing), undefined);
    assert.equal(reveal((await again.look(9))!), padBytes(9));
    assert.equal(await place.vault.padKeys('auth/none').look(0), undefined);
    await assert.rejects(again.look(-1), code('vault/argument'));
    // A gap: what an earlier block would have held never came.
    await place.tx.hold({ blockId: 'b', labels: labels(), bytes: secret(pattern(40, 9)) });
    await place.tx.release('b', [{ lane: LANE, from: 0, to: 40, at: 16 + 160 + 24 }]);
    assert.equal(await place.vault.padKeys(LANE).look(11), undefined);
  },
);

onBoth('the next pad is counted, gaps in the lane are passed over', async (t, kind) => {
  const { tx } = await filled(t, kind);
  const pads = tx.pads(LANE);
  assert.equal(await pads.left(), 10);
  for (let index = 0; index < 10; index++) {
    const next = await pads.useNext();
    assert.deepEqual([next.index, reveal(next.pad)], [index, padBytes(index)]);
  }
  assert.equal(await pads.left(), 0);
  await assert.rejects(pads.useNext(), code('vault/short'));
  assert.equal(await pads.next(), 10);
  await tx.hold({ blockId: 'b', labels: labels(), bytes: secret(pattern(40, 9)) });
  await tx.release('b', [{ lane: LANE, from: 0, to: 40, at: 16 + 160 + 24 }]);
  assert.equal(await pads.left(), 2, '40 bytes that begin in the middle of a pad hold two whole ones');
  assert.equal((await pads.useNext()).index, 12);
  await assert.rejects(pads.use(11), code('vault/missing'));
});

onBoth('a pad read in work that is undone was never used', async (t, kind) => {
  const { vault, tx } = await filled(t, kind);
  const pads = tx.pads(LANE);
  await assert.rejects(
    vault.atomically(async (tx) => {
      await tx.pads(LANE).use(5);
      throw new Error('the tag was forged');
    }),
    /forged/,
  );
  assert.equal(reveal(await pads.use(5)), padBytes(5));
});

onBoth(
  'the hash point can move with a cut: the old one is overwritten, older pads are no longer used',
  async (t, kind) => {
    const place = await filled(t, kind);
    await place.tx.hold({ blockId: 'b', labels: labels(), bytes: secret(pattern(64, 9)) });
    await place.tx.burnFrom(LANE, 64);
    assert.equal(await place.tx.pads(LANE).left(), 3);
    assert.equal(await place.tx.pads(LANE).pointAt(), 0);
    await place.tx.release('b', [{ lane: LANE, from: 0, to: 64, point: true }]);
    const pads = (await place.reopen()).pads(LANE);
    assert.equal(reveal(await pads.point()), hex(pattern(64, 9).subarray(0, 16)));
    assert.equal(await pads.left(), 3);
    const { index, pad } = await pads.useNext();
    assert.deepEqual([index, reveal(pad)], [11, hex(pattern(64, 9).subarray(16, 32))]);
    await assert.rejects(place.tx.take({ lane: LANE, offset: 0, bytes: 16 }), code('vault/taken'));
  },
);

onBoth('a lane cannot begin with less than a hash point', async (t, kind) => {
  const { tx } = await Place.make(t, kind);
  await assert.rejects(tx.append(LANE, labels(), secret(pattern(15))), code('vault/argument'));
  assert.equal(await tx.length(LANE), 0);
});
