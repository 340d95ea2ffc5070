import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTables } from '../sampler/table.ts';
import {
  binaryEntropy,
  byDetector,
  cellsOf,
  flawedInput,
  flawedReceiver,
  gain,
  near,
  tableOf,
} from '../test/flawed-link.ts';
import { calibration } from './calibration.ts';

test('one bit or the other is favoured, anew in every bin, at the rate that Bob expects', () => {
  const trace = { channelTransmittance: new Float64Array(40).fill(1e-3), noisePerGate: new Float64Array(40) };
  const receiver = { ...flawedReceiver, flaws: {}, misalignment: 0 };
  const tables = createTables(flawedInput([calibration.create(300)], { trace, receiver }));
  const honest = cellsOf(tableOf([], { receiver }));
  // Windows of 300 ps, 300 ps apart.
  const left = Math.exp(-0.5);
  let zeros = 0;
  for (let bin = 0; bin < 40; bin++) {
    const table = tables.next(bin);
    const cells = cellsOf(table);
    near(gain(cells, 0), gain(honest, 0), 1e-3);
    near(cells.knownBits / cells.sifted, 1 - binaryEntropy(1 / (1 + left)), 1e-3);
    const clicks = byDetector(cells);
    const ratio = clicks[0]! / clicks[1]!;
    near(ratio > 1 ? 1 / ratio : ratio, left, 1e-3);
    near(clicks[2]! / clicks[3]!, ratio, 1e-6);
    if (ratio > 1) zeros++;
    near(table.conditions.monitors.selfTestDeviation, 1 - left, 1e-12);
  }
  assert.ok(zeros > 10 && zeros < 30);
});

test('before it begins nothing is amiss', () => {
  const table = tableOf([calibration.create(300, { fromS: 1, toS: 2 })]);
  assert.equal(table.conditions.monitors.selfTestDeviation, 0);
  assert.deepEqual(cellsOf(table), cellsOf(tableOf([])));
  assert.throws(() => calibration.create(-1), { code: 'photons/strength' });
});
