import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bits, equalBytes, pack, popcount, xor, zeros } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import { reconcileBoth } from './reconcile-both.ts';
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

test('keys without bits or errors', async () => {
  const random = seededBytes(2);
  const empty = await reconcileBoth(zeros(0), zeros(0), { method: 'cascade', random });
  assert.deepEqual([empty.leakedBits, empty.messageBits, empty.efficiency, empty.residualErrors], [0, 0, 0, 0]);
  const { alice } = keys(5000, 0, 4);
  const same = await reconcileBoth(alice, alice, { method: 'cascade', random });
  assert.deepEqual([same.errors, same.efficiency, same.residualErrors], [0, 0, 0]);
  assert(same.leakedBits <= 100, `${same.leakedBits} bits`);
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
});
