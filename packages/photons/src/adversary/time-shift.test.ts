import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BinTable } from '../sampler/table.ts';
import {
  byDetector,
  cellsOf,
  countedBits,
  errorRate,
  flawedReceiver,
  gain,
  honestBin,
  near,
  tableOf,
} from '../test/flawed-link.ts';
import { timeShift, timeShiftTwoSided } from './time-shift.ts';

for (const [name, attack, strength] of [
  ['a time shift', timeShift, 50],
  ['a large time shift', timeShift, 300],
  ['a time shift to both sides', timeShiftTwoSided, 50],
] as const) {
  test(`${name}: the ledger is what Bayes counts, rates and errors stay`, () => {
    const honest = cellsOf(tableOf([]));
    const table = tableOf([attack.create(strength)]);
    const cells = cellsOf(table);
    assert.ok(cells.knownBits > 0);
    // Means of 1e-4 photo-electrons: what is quadratic in them is not counted.
    near(cells.knownBits, countedBits(table), 1e-3);
    for (const k of [0, 1]) near(gain(cells, k), gain(honest, k), 1e-3);
    for (const basis of [0, 1] as const) near(errorRate(cells, basis), errorRate(honest, basis), 0.05);
  });
}

test('shifted to one side the arrival moves by the shift; to both sides the mean stays and so does the balance, nearly', () => {
  const mean = ({ responses }: BinTable): number => {
    let clicks = 0;
    let sum = 0;
    for (let row = 0; row < responses.count; row++) {
      for (let d = 0; d < 4; d++) {
        const part = responses.probability[row]! * responses.amount[row]! * responses.share[row * 4 + d]!;
        clicks += part;
        sum += part * responses.arrivalPs[row * 4 + d]!;
      }
    }
    return sum / clicks;
  };
  near(mean(tableOf([timeShift.create(50)])), 50, 1e-9);
  assert.ok(Math.abs(mean(tableOf([timeShiftTwoSided.create(50)]))) < 0.5);
  const balance = (table: BinTable): number => {
    const clicks = byDetector(cellsOf(table));
    return clicks[0]! / clicks[1]!;
  };
  const honest = balance(tableOf([]));
  assert.ok(balance(tableOf([timeShift.create(50)])) < 0.95 * honest);
  near(balance(tableOf([timeShiftTwoSided.create(50)])), honest, 0.01);
});

test('the larger the shift the more is learnt', () => {
  let last = -1;
  for (const ps of [0, 25, 50, 100, 200, 300]) {
    const { knownBits, sifted } = cellsOf(tableOf([timeShiftTwoSided.create(ps)]));
    assert.ok(knownBits / sifted > last);
    last = knownBits / sifted;
  }
  assert.ok(last > 0.01 && last < 0.5);
});

test('of detectors that are equal at all times nothing is learnt', () => {
  const receiver = { ...flawedReceiver, flaws: {} };
  for (const attack of [timeShift, timeShiftTwoSided]) {
    assert.equal(cellsOf(tableOf([attack.create(50)], { receiver })).knownBits, 0);
  }
});

test('what a lossless channel cannot make up is missed', () => {
  const trace = { channelTransmittance: new Float64Array(1).fill(1), receiverTransmittance: 1e-3 };
  const honest = cellsOf(tableOf([], { trace }));
  const cells = cellsOf(tableOf([timeShift.create(300)], { trace }));
  assert.ok(gain(cells, 0) < 0.8 * gain(honest, 0));
});

test('outside its time she does nothing', () => {
  const adversary = timeShift.create(50, { fromS: 10, toS: 20 });
  assert.deepEqual(cellsOf(tableOf([adversary])), cellsOf(tableOf([])));
  assert.equal(honestBin().arrivalShiftPs, 0);
  assert.throws(() => timeShift.create(301), { code: 'photons/strength' });
});
