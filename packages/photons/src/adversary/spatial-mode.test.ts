import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  byDetector,
  cellsOf,
  countedBits,
  errorRate,
  flawedReceiver,
  gain,
  near,
  tableOf,
} from '../test/flawed-link.ts';
import { spatialMode } from './spatial-mode.ts';

test('a tilt: the ledger is what Bayes counts, rates and errors stay, the balance of the detectors moves', () => {
  const honest = cellsOf(tableOf([]));
  const table = tableOf([spatialMode.create(30)]);
  const cells = cellsOf(table);
  assert.ok(cells.knownBits > 0);
  near(cells.knownBits, countedBits(table), 1e-3);
  for (const k of [0, 1]) near(gain(cells, k), gain(honest, k), 1e-3);
  for (const basis of [0, 1] as const) near(errorRate(cells, basis), errorRate(honest, basis), 0.05);
  const [x0, x1] = byDetector(cells);
  const [before0, before1] = byDetector(honest);
  // Centres at -12 and 9 microradian, 60 wide: by Bayes, e^(-(42^2 - 12^2 - 21^2 + 9^2) / 2 / 60^2).
  near(x0! / x1! / (before0! / before1!), Math.exp(-(42 ** 2 - 12 ** 2 - 21 ** 2 + 9 ** 2) / 2 / 60 ** 2), 0.01);
});

test('detectors that see all angles alike tell nothing', () => {
  const receiver = { ...flawedReceiver, flaws: {} };
  assert.equal(cellsOf(tableOf([spatialMode.create(100)], { receiver })).knownBits, 0);
  assert.throws(() => spatialMode.create(101), { code: 'photons/strength', message: /spatial-mode/ });
});
