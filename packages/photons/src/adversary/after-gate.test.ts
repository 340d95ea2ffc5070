import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalCumulative } from '../sampler/normal-law.ts';
import { cellsOf, errorRate, gain, near, tableOf } from '../test/flawed-link.ts';
import { afterGate, energyTime } from './after-gate.ts';

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);

test('after the gate as many clicks are thrown away as are kept, the rate stays, no error comes', () => {
  const honest = cellsOf(tableOf([]));
  const cells = cellsOf(tableOf([afterGate.create(1)]));
  assert.equal(errorRate(cells, 0), 0);
  for (const k of [0, 1]) near(gain(cells, k), gain(honest, k), 3e-3);
  near(sum(cells.outside), sum(cells.inside), 1e-9);
  near(cells.knownBits, cells.sifted, 1e-12);
  assert.ok(sum(honest.outside) < 1e-3 * sum(honest.inside));
});

test('clicks of a late share stand at the late edge of the gate', () => {
  const { responses, branches } = tableOf([afterGate.create(0.2)]);
  let late = 0;
  for (let row = 0; row < responses.count; row++) {
    if (branches.attacked[responses.branch[row]!] === 0 || responses.click[row] === 0) continue;
    late++;
    for (let d = 0; d < 4; d++) assert.equal(responses.arrivalPs[row * 4 + d], 400);
  }
  assert.ok(late > 0);
});

test('energy and time: what jitter brings back of the later clicks is errors, and no others are made', () => {
  const honest = cellsOf(tableOf([]));
  const cells = cellsOf(tableOf([energyTime.create(1)]));
  // Half of the right clicks and this much of the later ones, which are noise in the other basis, are inside.
  const laterPs = 400 * Math.log10(2);
  const back = normalCumulative(-laterPs / 100);
  for (const basis of [0, 1] as const) near(errorRate(cells, basis), (0.5 * back) / (0.5 * 0.5 + back), 0.02);
  assert.ok(errorRate(cells, 0) < 0.25);
  assert.ok(sum(cells.outside) > 2 * sum(cells.inside));
  assert.ok(cells.knownBits < cells.sifted);
  for (const k of [0, 1]) near(gain(cells, k), gain(honest, k), 3e-3);
});

test('strengths are shares', () => {
  for (const attack of [afterGate, energyTime]) {
    assert.throws(() => attack.create(-0.1), { code: 'photons/strength' });
  }
});
