import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get, popcount, unpack } from '@skykey/bits';
import { checkEmissions, MonitorChoice } from './sifting.ts';
import { seededBytes } from './test/benchtop.ts';

/** What is marked of detections told in messages of these lengths. */
function marked(probability: number, lengths: readonly number[], seed: number): number[] {
  const choice = new MonitorChoice(probability, seededBytes(seed));
  return lengths.flatMap((length) => [...unpack(choice.next(length))]);
}

test('each detection is monitored with the probability that was agreed, whatever came before', () => {
  const n = 400_000;
  for (const [i, p] of [0.5, 1 / 32, 0.003, 0.97].entries()) {
    const marks = marked(p, [n], 40 + i);
    // Of all, and of those that follow a monitored one by one, two, … five.
    const ones = marks.reduce((sum, mark) => sum + mark, 0);
    assert(Math.abs(ones - n * p) <= 5 * Math.sqrt(n * p * (1 - p)), `${ones} of ${n} at ${p}`);
    for (let lag = 1; lag <= 5; lag++) {
      const after = marks.filter((_, at) => at >= lag && marks[at - lag]);
      const both = after.reduce((sum, mark) => sum + mark, 0);
      const sigma = Math.sqrt(after.length * p * (1 - p));
      assert(Math.abs(both - after.length * p) <= 5 * sigma, `${both} of ${after.length}, ${lag} after, at ${p}`);
    }
  }
});

test('the distance to the next monitored detection has the law of coins, at the edges of what is drawn', () => {
  const p = 1 / 32;
  /** The first distance when the first draw is u = numerator / 2^64, about. */
  const distance = (u: number): number => {
    const high = Math.floor(u * 2 ** 32);
    const bytes = new Uint8Array(2 ** 16);
    new DataView(bytes.buffer).setUint32(4, high, true);
    const choice = new MonitorChoice(p, (length) => bytes.slice(0, length));
    const marks = choice.next(2000);
    return unpack(marks).indexOf(1);
  };
  // k or more when u is at most (1 - p)^k: just beside each limit.
  for (let k = 1; k <= 200; k++) {
    const limit = (1 - p) ** k;
    assert.equal(distance(limit * (1 + 1e-6)), k - 1);
    assert.equal(distance(limit * (1 - 1e-6)), k);
  }
  assert.equal(distance(1 - 2 ** -32), 0);
  // All zeros: u = 2^-65, the longest.
  assert.equal(distance(0), Math.floor((-65 * Math.LN2) / Math.log(1 - p)));
});

test('how detections are cut into messages changes no choice', () => {
  const whole = marked(0.1, [10_000], 3);
  assert.deepEqual(marked(0.1, [0, 1, 999, 0, 4000, 5000], 3), whole);
  assert.deepEqual(marked(0.1, Array(10_000).fill(1), 3), whole);
});

test('none and all', () => {
  const none = new MonitorChoice(0, () => assert.fail('nothing is to be drawn'));
  assert.equal(popcount(none.next(5000)), 0);
  assert.equal(popcount(new MonitorChoice(1, seededBytes(1)).next(5000)), 5000);
  assert.equal(popcount(new MonitorChoice(1e-300, seededBytes(1)).next(5000)), 0);
  assert.equal(get(new MonitorChoice(1, seededBytes(1)).next(1), 0), 1);
});

test('a record of the transmitter that is none of these slots is refused, with the row', () => {
  const column = (...values: number[]): Uint8Array => Uint8Array.from(values);
  const record = { intensity: column(0, 2, 1), basis: column(1, 0, 1), bit: column(0, 1, 1) };
  assert.deepEqual(checkEmissions(record, 3), column(2, 9, 7));
  const refusal = (message: RegExp) => ({ code: 'distill/emissions', message });
  assert.throws(() => checkEmissions(record, 4), refusal(/3, 3 and 3 rows for 4 slots/));
  assert.throws(() => checkEmissions({ ...record, bit: column(0, 1) }, 3), refusal(/3, 3 and 2 rows/));
  assert.throws(() => checkEmissions({ ...record, basis: column(1, 0, 2) }, 3), refusal(/basis 2, bit 1 in row 2/));
});
