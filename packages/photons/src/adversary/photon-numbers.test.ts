import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNear } from '../test/attacked-bin.ts';
import { addPhotonNumbers, multiPhotonProbability } from './photon-numbers.ts';

test('several photons: 1 - (1 + m) e^-m, with all digits for faint light too', () => {
  assertNear(multiPhotonProbability(0.8), 1 - 1.8 * Math.exp(-0.8), 1e-14);
  for (const m of [1e-12, 1e-6, 9.9e-5, 1.01e-4, 1e-3]) {
    const series = m ** 2 / 2 - m ** 3 / 3 + m ** 4 / 8;
    assertNear(multiPhotonProbability(m), series, 1e-8, `at ${m}`);
  }
});

test('photon numbers add up and keep the tail of faint light', () => {
  const out = new Float64Array(4);
  addPhotonNumbers(0.8, 1, out);
  assertNear(out[2]!, 0.32 * Math.exp(-0.8), 1e-14);
  assertNear(
    out.reduce((a, b) => a + b),
    1,
    1e-14,
  );
  out.fill(0);
  addPhotonNumbers(1e-3, 2, out);
  assertNear(out[3]!, (2 * Math.exp(-1e-3) * 1e-9 * (1 + 1e-3 / 4)) / 6, 1e-6);
  addPhotonNumbers(0, 1, out.fill(0));
  assert.deepEqual([...out], [1, 0, 0, 0]);
});
