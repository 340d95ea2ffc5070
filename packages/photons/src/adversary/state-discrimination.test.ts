import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNear, binOf, doubles, found, idealReceiver } from '../test/attacked-bin.ts';
import { classDiscrimination, conclusiveProbability, unambiguousDiscrimination } from './state-discrimination.ts';

/** Smallest eigenvalue of the Gram matrix of the four states: it is circulant, so its eigenvalues are a Fourier sum. */
function smallestGramEigenvalue(mean: number): number {
  const turned = mean / 2;
  const values = [0, 1, 2, 3].map((r) => {
    let sum = 0;
    for (let k = 0; k < 4; k++) {
      // <a|a i^k> = exp(-turned (1 - i^k)), times i^(-r k); the sum is real.
      const angle = (k * Math.PI) / 2;
      sum += Math.exp(-turned * (1 - Math.cos(angle))) * Math.cos(turned * Math.sin(angle) - r * angle);
    }
    return sum;
  });
  return Math.min(...values);
}

test('four symmetric states: the conclusive probability is the smallest eigenvalue of their Gram matrix', () => {
  for (const mean of [0.05, 0.1, 0.8, 2, 6]) {
    const smallest = smallestGramEigenvalue(mean);
    assert.ok(Math.abs(conclusiveProbability(mean) - smallest) < 1e-13);
  }
  // Three photons at least are needed: to lowest order 4 (m/2)^3 / 3!.
  assertNear(conclusiveProbability(1e-3), (4 * 0.0005 ** 3) / 6, 1e-3);
  assert.equal(conclusiveProbability(0), 0);
});

test('no error on a conclusive result, the signal kept, the decoy gone', () => {
  for (const channelTransmittance of [1e-4, 1e-3, 0.03]) {
    const honest = binOf({ channelTransmittance });
    const attacked = binOf({ channelTransmittance, disturbances: [unambiguousDiscrimination.create(1)] });
    assertNear(found(attacked, 0).gain, found(honest, 0).gain, 1e-9);
    assert.ok(found(attacked, 0).errorRate < 1e-12);
    assertNear(found(attacked, 0).knownBits, 1, 1e-12);
    const ratio = found(attacked, 1).gain / found(attacked, 0).gain;
    assertNear(ratio, conclusiveProbability(0.1) / conclusiveProbability(0.8), 1e-9);
    assert.ok(ratio < 0.003);
  }
});

test('the sources are said to be without random phases, whenever she acts', () => {
  for (const attack of [unambiguousDiscrimination, classDiscrimination]) {
    const table = binOf({ disturbances: [attack.create(1, { fromS: 5, toS: 6 })] });
    assert.equal(table.conditions.phaseRandomised, false);
    assert.deepEqual(found(table, 0), found(binOf({}), 0));
  }
});

test('classes told apart: every gain and error as it was, and from 33 dB on all bits known', () => {
  const receiver = { ...idealReceiver, misalignment: 0.015 };
  for (const [channelTransmittance, least, most] of [
    [1e-5, 1, 1],
    [5e-5, 1, 1],
    [1e-3, 0.3, 1],
    [1e-2, 0.01, 0.3],
  ] as const) {
    const link = { receiver, channelTransmittance };
    const honest = binOf(link);
    const attacked = binOf({ ...link, disturbances: [classDiscrimination.create(1)] });
    const ratio = doubles(attacked) / doubles(honest);
    assert.ok(ratio > 0.99 && ratio < 2, `double counts times ${ratio}`);
    for (const k of [0, 1]) {
      assertNear(found(attacked, k).gain, found(honest, k).gain, 1e-9);
      assertNear(found(attacked, k).errorRate, found(honest, k).errorRate, 1e-9);
      const { knownBits } = found(attacked, k);
      assert.ok(knownBits >= least - 1e-9 && knownBits <= most + 1e-9, `${knownBits} at ${channelTransmittance}`);
    }
  }
});
