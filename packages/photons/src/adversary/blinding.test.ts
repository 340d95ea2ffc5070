import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Statistics } from '../light/branches.ts';
import { CountLaw } from '../receiver/response.ts';
import {
  byDetector,
  cellsOf,
  errorRate,
  flawedDetectors,
  flawedReceiver,
  gain,
  near,
  tableOf,
} from '../test/flawed-link.ts';
import { blinding, blindingPowerW, fakedEnergyJ } from './blinding.ts';

for (const basisChoice of ['passive', 'active'] as const) {
  test(`blinded all the time, a receiver of ${basisChoice} choice keeps its rates and knows no error, and she knows all`, () => {
    const receiver = { ...flawedReceiver, flaws: { ...flawedReceiver.flaws, basisChoice } };
    const honest = cellsOf(tableOf([], { receiver }));
    const table = tableOf([blinding.create(1)], { receiver });
    const blinded = cellsOf(table);
    for (const basis of [0, 1] as const) {
      assert.ok(errorRate(honest, basis) > 0.005);
      assert.equal(errorRate(blinded, basis), 0);
    }
    for (const k of [0, 1]) near(gain(blinded, k), gain(honest, k), 2e-3);
    const before = byDetector(honest);
    const after = byDetector(blinded);
    for (let d = 0; d < 4; d++) near(after[d]!, before[d]!, 2e-3);
    near(blinded.knownBits, blinded.sifted, 1e-12);
    assert.deepEqual([...table.noiseHz], [0, 0, 0, 0]);
  });
}

test('a bright pulse clicks in one detector only; with half the energy it clicks in none', () => {
  const { responses, branches } = tableOf([blinding.create(1)]);
  let seen = 0;
  for (let row = 0; row < responses.count; row++) {
    if (responses.law[row] !== CountLaw.pattern) continue;
    seen++;
    const clicks = [...responses.share.subarray(row * 4, row * 4 + 4)];
    assert.equal(clicks.filter((p) => p === 1).length, 1);
    assert.equal(clicks.filter((p) => p === 0).length, 3);
    // Half of what reaches the detector that clicks is below the threshold of all.
    const energyJ = branches.amount[responses.branch[row]!]!;
    assert.ok(energyJ / 2 / 2 < 0.6e-15);
  }
  assert.ok(seen > 0);
});

test('blinding a tenth of the time leaves nine tenths of dark counts and of honest pulses', () => {
  const honest = cellsOf(tableOf([]));
  const table = tableOf([blinding.create(0.1)]);
  const cells = cellsOf(table);
  near(table.noiseHz[0]!, 0.9 * table.conditions.noiseHz[0]!, 1e-12);
  near(cells.sifted, honest.sifted, 1e-3);
  near(cells.knownBits, 0.1 * cells.sifted, 2e-3);
  near(errorRate(cells, 0), 0.9 * errorRate(honest, 0), 2e-3);
  // Blinding light, and the bright pulses on top of it.
  const { brightLightW } = table.conditions.monitors;
  assert.ok(brightLightW > 0.1 * blindingPowerW(flawedReceiver));
  near(brightLightW, 0.1 * 4e-9 + 0.1 * 1e9 * honest.sifted * 2 * 2e-15, 0.05);
});

test('detectors that have no linear mode are deaf while blinded, and fake nothing', () => {
  const detectors = flawedDetectors.map(({ linearMode, ...detector }) => detector);
  const receiver = { ...flawedReceiver, flaws: { detectors } };
  const cells = cellsOf(tableOf([blinding.create(0.3)], { receiver }));
  near(cells.sifted, 0.7 * cellsOf(tableOf([], { receiver })).sifted, 1e-9);
  assert.equal(cells.knownBits, 0);
});

test('behind a splitter that sends most light to X no state of Z can be faked, those of X can', () => {
  const receiver = { ...flawedReceiver, basisXProbability: 0.9 };
  // What makes Z0 click for certain would make X click for certain too.
  assert.ok((fakedEnergyJ(receiver, 2) * 0.9) / 2 <= 0.6e-15 * (1 + 1e-12));
  const { branches, kinds } = tableOf([blinding.create(1)], { receiver });
  const cells = cellsOf(tableOf([blinding.create(1)], { receiver }));
  assert.equal(errorRate(cells, 0), 0);
  assert.equal(byDetector(cells)[2]! + byDetector(cells)[3]!, 0);
  for (let b = 0; b < branches.count; b++) {
    if (branches.statistics[b] === Statistics.bright) assert.ok(kinds.count > 0 && branches.angleRad[b]! > 0.5);
  }
});

test('a strength that is no share is refused', () => {
  assert.throws(() => blinding.create(1.5), { code: 'photons/strength' });
  assert.throws(() => blinding.create(Number.NaN), { code: 'photons/strength' });
});
