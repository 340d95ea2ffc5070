import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTables } from '../sampler/table.ts';
import { cellsOf, flawedInput, gain, tableOf } from '../test/flawed-link.ts';
import { falseTime, falseTimeRamp } from './false-time.ts';

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

test('strengths out of range are refused by name', () => {
  assert.throws(() => falseTime.create(1e7), { code: 'photons/strength', message: /false-time/ });
  assert.throws(() => falseTimeRamp.create(-1), { code: 'photons/strength', message: /false-time-ramp/ });
});
