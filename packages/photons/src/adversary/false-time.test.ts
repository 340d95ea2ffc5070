import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTables } from '../sampler/table.ts';
import { cellsOf, countedBits, flawedInput, flawedReceiver, gain, near, tableOf } from '../test/flawed-link.ts';
import { falseTime, falseTimeRamp } from './false-time.ts';
import { timeShift } from './time-shift.ts';

test('a step of 10 ns: all light late by it, the sync clock behind, 3 m too far', () => {
  const { conditions, responses } = tableOf([falseTime.create(10)]);
  assert.equal(conditions.arrivalShiftPs, 10_000);
  assert.equal(conditions.monitors.clockResidualPs, -10_000);
  assert.ok(Math.abs(conditions.monitors.rangeResidualM - 2.99792458) < 1e-9);
  for (let i = 0; i < responses.count * 4; i++) assert.equal(responses.arrivalPs[i], 10_000);
});

test('light leaves the gate once the step is larger than half of it', () => {
  const honest = gain(cellsOf(tableOf([])), 0);
  assert.ok(gain(cellsOf(tableOf([falseTime.create(0.1)])), 0) > 0.9 * honest);
  assert.ok(gain(cellsOf(tableOf([falseTime.create(0.9)])), 0) < 1e-3 * honest);
});

test('a ramp starts at nothing when it starts, and stands at the middle of each bin', () => {
  const tables = createTables(flawedInput([falseTimeRamp.create(4, { fromS: 0.5, toS: 1.5 })]));
  const shifts = [0, 1, 2, 3].map((bin) => tables.next(bin).conditions.arrivalShiftPs);
  assert.deepEqual(shifts, [0, 1000, 3000, 0]);
});

test('where windows of sensitivity go with his clock, a false time tells what a time shift does', () => {
  for (const ns of [0.05, 0.1, 0.25]) {
    for (const attack of [falseTime.create(ns), falseTimeRamp.create(4 * ns)]) {
      const table = tableOf([attack]);
      const { knownBits, sifted } = cellsOf(table);
      near(knownBits, countedBits(table), 1e-3);
      const shifted = cellsOf(tableOf([timeShift.create(1000 * ns)]));
      near(knownBits / sifted, shifted.knownBits / shifted.sifted, 1e-3);
    }
  }
  const receiver = { ...flawedReceiver, flaws: {} };
  assert.equal(cellsOf(tableOf([falseTime.create(0.25)], { receiver })).knownBits, 0);
  // What is attributed to other slots is no click of the pulse that it belongs to.
  assert.equal(cellsOf(tableOf([falseTime.create(10)])).knownBits, 0);
});

test('strengths out of range are refused by name', () => {
  assert.throws(() => falseTime.create(1e7), { code: 'photons/strength', message: /false-time/ });
  assert.throws(() => falseTimeRamp.create(-1), { code: 'photons/strength', message: /false-time-ramp/ });
});
