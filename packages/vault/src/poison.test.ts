import assert from 'node:assert/strict';
import { code, labels, onBoth, Place, pattern, secret } from './test/place.ts';

const A = 'micius-beijing';
const B = 'micius-moscow';
const MINE = 'kme/beijing>moscow';
const THEIRS = 'kme/moscow>beijing';
const ids = Array.from({ length: 9 }, (_, i) => `00000000-0000-4000-8000-00000000000${i}`);

onBoth('an alarm overwrites all that is undelivered of its link, and nothing else', async (t, kind) => {
  const place = await Place.make(t, kind);
  const { tx } = place;
  const both = labels({ originLinks: [A, B] });
  await tx.append(MINE, both, secret(pattern(320, 1)));
  await tx.append(THEIRS, both, secret(pattern(320, 2)));
  await tx.append(`relay/${B}`, labels({ originLinks: [B] }), secret(pattern(100, 3)));
  await tx.append(`auth/${A}`, labels(), secret(pattern(160, 4)));
  await tx.hold({ blockId: 'held-a', labels: labels(), bytes: secret(pattern(50, 5)) });
  await tx.hold({ blockId: 'held-b', labels: labels({ originLinks: [B] }), bytes: secret(pattern(50, 6)) });
  const pair = { masterSae: 'alice', slaveSaes: ['bob'], bytes: 32 };
  await tx.keys.reserve([{ ...pair, lane: MINE, keyIds: [ids[0]!, ids[1]!] }]);
  await tx.keys.assign([ids[0]!]);
  await tx.keys.deliver([{ keyId: ids[0]!, saeId: 'alice' }]);
  await tx.keys.register([{ ...pair, lane: THEIRS, keys: [{ keyId: ids[2]!, offset: 64 }] }]);

  const report = await tx.poison(A, 'tapped');
  assert.deepEqual(report, { bits: 8 * (320 - 32 + 320 + 50), keys: 2, blocks: 4 });

  const check = async (): Promise<void> => {
    const now = place.tx;
    assert.deepEqual([await now.available(MINE), await now.available(THEIRS)], [0, 0]);
    assert.equal(await now.available(`relay/${B}`), 100, 'another link');
    assert.equal(await now.available(`auth/${A}`), 144, 'without tags the alarm could not be told');
    assert.equal(await now.fits(MINE, 32), 0);
    await assert.rejects(now.reserve(MINE, 1), code('vault/short'));
    await assert.rejects(now.reserveAt({ lane: THEIRS, offset: 0, bytes: 32 }), code('vault/poisoned'));
    assert.deepEqual(
      (await now.keys.find(ids.slice(0, 3))).map((key) => key?.copies[0]?.state),
      ['ERASED', 'VOIDED', 'VOIDED'],
    );
    await assert.rejects(now.keys.assign([ids[1]!]), code('vault/state'));
    await assert.rejects(now.keys.deliver([{ keyId: ids[2]!, saeId: 'bob' }]), code('vault/state'));
    await assert.rejects(now.readHeld('held-a'), code('vault/poisoned'));
    assert.equal((await now.readHeld('held-b')).length, 50);
    assert.deepEqual(await now.counters(), { deliveredKeys: 1, voidedKeys: 2, poisonedBits: report.bits });
  };
  await check();
  await place.reopen();
  await check();
  assert.deepEqual(await place.tx.poison(A, 'again'), { bits: 0, keys: 0, blocks: 0 });
});

onBoth(
  'what was made before the alarm is refused when it arrives later; what is made after is welcome',
  async (t, kind) => {
    const place = await Place.make(t, kind);
    place.nowMs = 2_000;
    await place.tx.poison(A, 'tapped');
    const hold = (blockId: string, changes: object): Promise<void> =>
      place.tx.hold({ blockId, labels: labels(changes), bytes: secret(pattern(8)) });
    await assert.rejects(hold('old', { createdAtMs: 1_999 }), code('vault/poisoned'));
    await assert.rejects(hold('same moment', { createdAtMs: 2_000 }), code('vault/poisoned'));
    await assert.rejects(
      place.tx.append('kme/x', labels({ createdAtMs: 1 }), secret(pattern(8))),
      code('vault/poisoned'),
    );
    await hold('new', { createdAtMs: 2_001 });
    await hold('another link', { originLinks: [B], createdAtMs: 1 });
    const relayed = { originLinks: [A, B], createdAtMs: 100 };
    await hold('new on this link, old on the other', { ...relayed, originTimesMs: [2_001, 100] });
    await assert.rejects(
      hold('old on this link', { ...relayed, originTimesMs: [1_000, 5_000] }),
      code('vault/poisoned'),
    );
    await assert.rejects(
      (await place.reopen()).hold({ blockId: 'old', labels: labels(), bytes: secret(pattern(8)) }),
      code('vault/poisoned'),
    );
  },
);

onBoth(
  'a block poisoned while held takes its place in the lanes without bytes, so that positions agree at both ends',
  async (t, kind) => {
    const { tx } = await Place.make(t, kind);
    await tx.hold({ blockId: 'limbo', labels: labels(), bytes: secret(pattern(64)) });
    await tx.poison(A, 'tapped');
    assert.deepEqual(await tx.held(), ['limbo'], 'whoever holds must still settle it with the other end');
    await tx.release('limbo', [
      { lane: `auth/${A}`, from: 0, to: 32 },
      { lane: `relay/${A}`, from: 32, to: 64 },
    ]);
    assert.deepEqual([await tx.length(`relay/${A}`), await tx.available(`relay/${A}`)], [32, 0]);
    assert.equal(await tx.available(`auth/${A}`), 0, 'these bytes are zeros, not key');
    await assert.rejects(tx.pads(`auth/${A}`).point(), code('vault/poisoned'));
    await tx.append(`relay/${A}`, labels({ createdAtMs: 5_000 }), secret(pattern(10)));
    assert.deepEqual(await tx.reserve(`relay/${A}`, 10), { lane: `relay/${A}`, offset: 32, bytes: 10 });
  },
);

onBoth('a key that lies across a poisoned and a sound block is burned whole', async (t, kind) => {
  const { tx } = await Place.make(t, kind);
  await tx.append(MINE, labels({ originLinks: [B] }), secret(pattern(16)));
  await tx.append(MINE, labels({ originLinks: [A] }), secret(pattern(16)));
  await tx.keys.reserve([{ lane: MINE, bytes: 32, keyIds: [ids[0]!], masterSae: 'a', slaveSaes: ['b'] }]);
  assert.deepEqual(await tx.poison(A, 'tapped'), { bits: 128, keys: 1, blocks: 1 });
  assert.equal((await tx.keys.find([ids[0]!]))[0]?.copies[0]?.state, 'VOIDED');
  await assert.rejects(tx.take({ lane: MINE, offset: 0, bytes: 32 }), code('vault/taken'));
});

onBoth('an alarm heard of late spares what the link has made since', async (t, kind) => {
  const place = await Place.make(t, kind);
  await place.tx.append(MINE, labels({ createdAtMs: 100 }), secret(pattern(32, 1)));
  await place.tx.append(MINE, labels({ createdAtMs: 300 }), secret(pattern(32, 2)));
  await place.tx.hold({
    blockId: 'relayed',
    labels: labels({ originLinks: [A, B], originTimesMs: [300, 50], createdAtMs: 50 }),
    bytes: secret(pattern(8)),
  });
  place.nowMs = 400;
  assert.deepEqual(await place.tx.poison(A, 'tapped', 200), { bits: 256, keys: 0, blocks: 1 });
  assert.deepEqual(await place.tx.reserve(MINE, 32), { lane: MINE, offset: 32, bytes: 32 });
  const hold = (blockId: string, createdAtMs: number): Promise<void> =>
    place.tx.hold({ blockId, labels: labels({ createdAtMs }), bytes: secret(pattern(8)) });
  await assert.rejects(hold('before', 200), code('vault/poisoned'));
  await hold('after', 201);
});

onBoth(
  'what the other end has not got is burned from a position on, and what lies before stays in use',
  async (t, kind) => {
    const place = await Place.make(t, kind);
    const { tx } = place;
    for (const seed of [1, 2]) await tx.append(MINE, labels(), secret(pattern(320, seed)));
    const pair = { lane: MINE, masterSae: 'alice', slaveSaes: ['bob'], bytes: 32 };
    await tx.keys.reserve([{ ...pair, keyIds: [ids[0]!] }]);
    await tx.keys.register([{ ...pair, keys: [{ keyId: ids[1]!, offset: 480 }] }]);
    await tx.burnFrom(MINE, 1_000);
    await tx.burnFrom('nowhere', 0);
    assert.equal(await tx.available(MINE), 640 - 512, 'beyond the last claim');
    await tx.burnFrom(MINE, 100);
    const now = await place.reopen();
    assert.deepEqual([await now.length(MINE), await now.available(MINE)], [640, 0]);
    const [first, second] = await now.keys.find([ids[0]!, ids[1]!]);
    assert.equal(second!.copies[0]!.state, 'VOIDED', 'it lay beyond');
    assert.equal(first!.offset, 0);
    await assert.rejects(now.reserveAt({ lane: MINE, offset: 96, bytes: 32 }), code('vault/poisoned'));
    await now.reserveAt({ lane: MINE, offset: 64, bytes: 32 });
    const taken = await now.take({ lane: MINE, offset: 64, bytes: 32 });
    assert.ok(taken.equals(secret(pattern(320, 1).subarray(64, 96))));
  },
);

onBoth('a tombstone for keys of a lane that is not there: when it comes, they stay void', async (t, kind) => {
  const { tx } = await Place.make(t, kind);
  const batch = {
    lane: THEIRS,
    masterSae: 'alice',
    slaveSaes: ['bob'],
    bytes: 32,
    keys: [{ keyId: ids[0]!, offset: 0 }],
  };
  await tx.keys.voidBatch([batch]);
  assert.equal((await tx.keys.find([ids[0]!]))[0]!.copies[0]!.state, 'VOIDED');
  await tx.append(THEIRS, labels(), secret(pattern(64, 3)));
  await assert.rejects(tx.keys.register([batch]), code('vault/known'));
});
