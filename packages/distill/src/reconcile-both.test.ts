import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bits, equalBytes, fromBytes, pack, popcount, xor, zeros } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import { MAX_DETECTIONS } from './protocol.ts';
import { type BothOptions, reconcileBoth } from './reconcile-both.ts';
import { seededBytes, seededWords } from './test/benchtop.ts';

function keys(bits: number, rate: number, seed: number): { alice: Bits; bob: Bits } {
  const next = seededWords(seed);
  const alice = pack(Uint8Array.from({ length: bits }, () => next() & 1));
  return { alice, bob: xor(alice, pack(Uint8Array.from({ length: bits }, () => Number(next() / 2 ** 32 < rate)))) };
}

test('1,000 frames over the grid of error rates: not one wrong bit, not one frame lost', async () => {
  let retagged = 0;
  for (let run = 0; run < 1000; run++) {
    const rate = [0.005, 0.01, 0.02, 0.03, 0.05][run % 5]!;
    const { alice, bob } = keys(4000 + 12 * run, rate, run + 1);
    // Nobody knows the rate that well: from half of it to double.
    const errorRate = rate * 2 ** ((run % 7) / 3 - 1);
    const outcome = await reconcileBoth(alice, bob, { method: 'cascade', errorRate, random: seededBytes(run + 5) });
    assert.equal(outcome.residualErrors, 0, `run ${run}`);
    assert(equalBytes(outcome.key.bytes, alice.bytes));
    assert.equal(outcome.failedFrames, 0, `run ${run}`);
    retagged += outcome.retaggedFrames;
  }
  assert(retagged <= 20, `${retagged} frames needed more passes`);
});

test('a key that no session can have is cut into pieces, and the figures are of all', async () => {
  const bits = MAX_DETECTIONS + 1003;
  const noise = zeros(bits);
  for (let i = 11; i < bits; i += 400_003) noise.bytes[i >> 3]! |= 1 << (i & 7);
  const alice = fromBytes(seededBytes(3)(Math.ceil(bits / 8)), bits);
  const bob = xor(alice, noise);
  const outcome = await reconcileBoth(alice, bob, { method: 'cascade', errorRate: 1e-5, random: seededBytes(4) });
  assert(equalBytes(outcome.key.bytes, alice.bytes));
  // Two pieces of nine frames each.
  assert.deepEqual([outcome.frames, outcome.tagAnswers, outcome.residualErrors], [18, 18, 0]);
  assert.deepEqual([outcome.corrected, outcome.errors], [popcount(noise), popcount(noise)]);
});

test('the outcome adds up', async () => {
  const { alice, bob } = keys(100_003, 0.02, 3);
  const outcome = await reconcileBoth(alice, bob, { method: 'cascade', random: seededBytes(1) });
  const errors = popcount(xor(alice, bob));
  assert.equal(outcome.errors, errors);
  assert.equal(outcome.corrected, errors);
  assert.equal(outcome.efficiency, outcome.leakedBits / (100_003 * binaryEntropy(errors / 100_003)));
  assert(outcome.efficiency > 1 && outcome.efficiency < 1.08, `f ${outcome.efficiency}`);
  // Each parity and each tag went over the line, and little else did.
  const said = outcome.leakedBits + outcome.announcedBits;
  assert(outcome.messageBits > said && outcome.messageBits < said + 2 * 56 * (outcome.roundTrips + 8));
});

test('one message: what is disclosed is the message, and a frame that fails is disclosed and stays', async () => {
  const { alice, bob } = keys(204_800, 0.02, 11);
  const random = seededBytes(7);
  const whole = await reconcileBoth(alice, bob, { method: 'ldpc', random });
  assert.deepEqual([whole.method, whole.failedFrames, whole.residualErrors], ['ldpc', 0, 0]);
  assert.deepEqual([whole.roundTrips, whole.frames, whole.tagAnswers], [1, 2, 2]);
  assert.equal(whole.corrected, whole.errors);
  assert(equalBytes(whole.key.bytes, alice.bytes));
  // The second frame is far worse than both expect.
  const worse = keys(102_400, 0.09, 12);
  const error = xor(worse.alice, worse.bob).bytes;
  for (const [i, byte] of error.entries()) bob.bytes[12_800 + i]! = alice.bytes[12_800 + i]! ^ byte;
  const half = await reconcileBoth(alice, bob, { method: 'ldpc', errorRate: 0.02, random });
  assert.deepEqual([half.failedFrames, half.roundTrips, half.residualErrors], [1, 2, 0]);
  assert(equalBytes(half.key.bytes, alice.bytes));
  const sure = await reconcileBoth(alice, bob, { method: 'ldpc', errorRate: 0.02, errorSpread: 0.001, random });
  assert(sure.leakedBits > half.leakedBits, 'an estimate less sure costs more');
  const syndromes = (await reconcileBoth(alice, alice, { method: 'ldpc', errorRate: 0.02, random })).leakedBits;
  assert.equal(half.leakedBits, syndromes + 102_400);
});

test('frames long or short, as asked', async () => {
  const { alice, bob } = keys(614_400, 0.03, 13);
  const run = (family?: 'short' | 'long') =>
    reconcileBoth(alice, bob, { method: 'ldpc', random: seededBytes(8), ...(family && { family }) });
  const long = await run();
  const short = await run('short');
  assert.deepEqual([long.frames, short.frames], [1, 6]);
  assert.deepEqual([long.residualErrors, short.residualErrors], [0, 0]);
  assert(long.efficiency < short.efficiency);
});

test('the method by the round-trip time, when nobody names it', async () => {
  const { alice, bob } = keys(102_400, 0.02, 14);
  const method = async (roundTripMs?: number, errorRate?: number) => {
    const options = { ...(roundTripMs && { roundTripMs }), ...(errorRate && { errorRate }) };
    return (await reconcileBoth(alice, bob, { method: 'auto', random: seededBytes(9), ...options })).method;
  };
  assert.deepEqual(await Promise.all([method(), method(10), method(1000)]), ['cascade', 'cascade', 'ldpc']);
  assert.equal(await method(1000, 0.2), 'cascade', 'no code reaches so far');
});

test('keys without bits or errors', async () => {
  const random = seededBytes(2);
  const empty = await reconcileBoth(zeros(0), zeros(0), { method: 'cascade', random });
  assert.deepEqual([empty.leakedBits, empty.messageBits, empty.efficiency, empty.residualErrors], [0, 0, 0, 0]);
  const { alice } = keys(5000, 0, 4);
  const same = await reconcileBoth(alice, alice, { method: 'cascade', random });
  assert.deepEqual([same.errors, same.efficiency, same.residualErrors], [0, 0, 0]);
  assert(same.leakedBits <= 100, `${same.leakedBits} bits`);
  const wordless = await reconcileBoth(zeros(0), zeros(0), { method: 'ldpc', random });
  assert.deepEqual([wordless.leakedBits, wordless.messageBits, wordless.residualErrors], [0, 0, 0]);
});

test('what cannot be reconciled is refused in a sentence', async () => {
  const random = seededBytes(2);
  const { alice } = keys(100, 0, 4);
  await assert.rejects(reconcileBoth(alice, zeros(99), { method: 'cascade', random }), /100 and 99 bits/);
  for (const errorRate of [0, -1, 0.6, Number.NaN]) {
    await assert.rejects(reconcileBoth(alice, alice, { method: 'cascade', errorRate, random }), {
      code: 'distill/bad-argument',
    });
  }
  const refused = (options: Partial<BothOptions>, message: RegExp) =>
    assert.rejects(reconcileBoth(alice, alice, { method: 'ldpc', random, ...options }), {
      code: 'distill/bad-argument',
      message,
    });
  await refused({ errorRate: 0.12 }, /errorRate .* at most 0.11 for one message, not 0.12: .*Cascade/);
  await refused({ errorRate: 0.1 }, /frame of 100 bits is too short .*Cascade/);
  await refused({ errorSpread: -1 }, /spread/);
  await refused({ method: 'auto', roundTripMs: -1 }, /round trip/);
});
