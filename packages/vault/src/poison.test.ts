import assert from 'node:assert/strict';
import { test } from 'node:test';
import { code, labels, Place, pattern, secret } from './test/place.ts';

const A = 'micius-beijing';
const B = 'micius-moscow';
const MINE = 'kme/beijing>moscow';
const THEIRS = 'kme/moscow>beijing';
const ids = Array.from({ length: 9 }, (_, i) => `00000000-0000-4000-8000-00000000000${i}`);

test('an alarm overwrites all that is undelivered of its link, and nothing else', (t) => {
  const place = new Place(t);
  const { vault } = place;
  const both = labels({ originLinks: [A, B] });
  vault.append(MINE, both, secret(pattern(320, 1)));
  vault.append(THEIRS, both, secret(pattern(320, 2)));
  vault.append(`relay/${B}`, labels({ originLinks: [B] }), secret(pattern(100, 3)));
  vault.append(`auth/${A}`, labels(), secret(pattern(160, 4)));
  vault.hold({ blockId: 'held-a', labels: labels(), bytes: secret(pattern(50, 5)) });
  vault.hold({ blockId: 'held-b', labels: labels({ originLinks: [B] }), bytes: secret(pattern(50, 6)) });
  const pair = { masterSae: 'alice', slaveSae: 'bob', bytes: 32 };
  vault.keys.reserve({ ...pair, lane: MINE, keyIds: [ids[0]!, ids[1]!] });
  vault.keys.assign([ids[0]!]);
  vault.keys.deliver([ids[0]!]);
  vault.keys.register({ ...pair, lane: THEIRS, keys: [{ keyId: ids[2]!, offset: 64 }] });

  const report = vault.poison(A, 'tapped');
  assert.deepEqual(report, { bits: 8 * (320 - 32 + 320 + 50), keys: 2, blocks: 4 });

  const check = (): void => {
    const { vault: now } = place;
    assert.deepEqual([now.available(MINE), now.available(THEIRS)], [0, 0]);
    assert.equal(now.available(`relay/${B}`), 100, 'another link');
    assert.equal(now.available(`auth/${A}`), 144, 'without tags the alarm could not be told');
    assert.equal(now.fits(MINE, 32), 0);
    assert.throws(() => now.reserve(MINE, 1), code('vault/short'));
    assert.throws(() => now.reserveAt({ lane: THEIRS, offset: 0, bytes: 32 }), code('vault/poisoned'));
    assert.deepEqual(
      [now.keys.find(ids[0]!)?.state, now.keys.find(ids[1]!)?.state, now.keys.find(ids[2]!)?.state],
      ['ERASED', 'VOIDED', 'VOIDED'],
    );
    assert.throws(() => now.keys.assign([ids[1]!]), code('vault/state'));
    assert.throws(() => now.keys.deliver([ids[2]!]), code('vault/state'));
    assert.throws(() => now.readHeld('held-a'), code('vault/poisoned'));
    assert.equal(now.readHeld('held-b').length, 50);
    assert.deepEqual(now.counters(), { deliveredKeys: 1, voidedKeys: 2, poisonedBits: report.bits });
  };
  check();
  place.reopen();
  check();
  assert.deepEqual(vault === place.vault, false);
  assert.deepEqual(place.vault.poison(A, 'again'), { bits: 0, keys: 0, blocks: 0 });
});

test('what was made before the alarm is refused when it arrives later; what is made after is welcome', (t) => {
  const place = new Place(t);
  place.nowMs = 2_000;
  place.vault.poison(A, 'tapped');
  const hold = (blockId: string, changes: object): void =>
    place.vault.hold({ blockId, labels: labels(changes), bytes: secret(pattern(8)) });
  assert.throws(() => hold('old', { createdAtMs: 1_999 }), code('vault/poisoned'));
  assert.throws(() => hold('same moment', { createdAtMs: 2_000 }), code('vault/poisoned'));
  assert.throws(
    () => place.vault.append('kme/x', labels({ createdAtMs: 1 }), secret(pattern(8))),
    code('vault/poisoned'),
  );
  hold('new', { createdAtMs: 2_001 });
  hold('another link', { originLinks: [B], createdAtMs: 1 });
  const relayed = { originLinks: [A, B], createdAtMs: 100 };
  hold('new on this link, old on the other', { ...relayed, originTimesMs: [2_001, 100] });
  assert.throws(() => hold('old on this link', { ...relayed, originTimesMs: [1_000, 5_000] }), code('vault/poisoned'));
  assert.throws(
    () => place.reopen().hold({ blockId: 'old', labels: labels(), bytes: secret(pattern(8)) }),
    code('vault/poisoned'),
  );
});

test('a block poisoned while held takes its place in the lanes without bytes, so that positions agree at both ends', (t) => {
  const { vault } = new Place(t);
  vault.hold({ blockId: 'limbo', labels: labels(), bytes: secret(pattern(64)) });
  vault.poison(A, 'tapped');
  assert.deepEqual(vault.held(), ['limbo'], 'whoever holds must still settle it with the other end');
  vault.release('limbo', [
    { lane: `auth/${A}`, from: 0, to: 32 },
    { lane: `relay/${A}`, from: 32, to: 64 },
  ]);
  assert.deepEqual([vault.length(`relay/${A}`), vault.available(`relay/${A}`)], [32, 0]);
  assert.equal(vault.available(`auth/${A}`), 0, 'these bytes are zeros, not key');
  assert.throws(() => vault.pads(`auth/${A}`).point(), code('vault/poisoned'));
  vault.append(`relay/${A}`, labels({ createdAtMs: 5_000 }), secret(pattern(10)));
  assert.deepEqual(vault.reserve(`relay/${A}`, 10), { lane: `relay/${A}`, offset: 32, bytes: 10 });
});

test('a key that lies across a poisoned and a sound block is burned whole', (t) => {
  const { vault } = new Place(t);
  vault.append(MINE, labels({ originLinks: [B] }), secret(pattern(16)));
  vault.append(MINE, labels({ originLinks: [A] }), secret(pattern(16)));
  vault.keys.reserve({ lane: MINE, bytes: 32, keyIds: [ids[0]!], masterSae: 'a', slaveSae: 'b' });
  assert.deepEqual(vault.poison(A, 'tapped'), { bits: 128, keys: 1, blocks: 1 });
  assert.equal(vault.keys.find(ids[0]!)?.state, 'VOIDED');
  assert.throws(() => vault.take({ lane: MINE, offset: 0, bytes: 32 }), code('vault/taken'));
});

test('an alarm heard of late spares what the link has made since', (t) => {
  const place = new Place(t);
  place.vault.append(MINE, labels({ createdAtMs: 100 }), secret(pattern(32, 1)));
  place.vault.append(MINE, labels({ createdAtMs: 300 }), secret(pattern(32, 2)));
  place.vault.hold({
    blockId: 'relayed',
    labels: labels({ originLinks: [A, B], originTimesMs: [300, 50], createdAtMs: 50 }),
    bytes: secret(pattern(8)),
  });
  place.nowMs = 400;
  assert.deepEqual(place.vault.poison(A, 'tapped', 200), { bits: 256, keys: 0, blocks: 1 });
  assert.deepEqual(place.vault.reserve(MINE, 32), { lane: MINE, offset: 32, bytes: 32 });
  const hold = (blockId: string, createdAtMs: number): void =>
    place.vault.hold({ blockId, labels: labels({ createdAtMs }), bytes: secret(pattern(8)) });
  assert.throws(() => hold('before', 200), code('vault/poisoned'));
  hold('after', 201);
});
