import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@skykey/photons';
import { huberSpread, median, weightedMedian } from './spread.ts';
import { normal } from './test/link-model.ts';

/** Readings of true values of standard deviation `tau` with unequal noise. */
function readings(tau: number, count: number, seed: number): { values: number[]; variances: number[] } {
  const random = seededRandom(seed);
  const variances = Array.from({ length: count }, () => 0.2 + 2 * random.uniform());
  return { variances, values: variances.map((v) => tau * normal(random) + Math.sqrt(v) * normal(random)) };
}

test('the spread of true values comes back', () => {
  for (const tau of [0.5, 1, 10]) {
    const { values, variances } = readings(tau, 4000, 1);
    const found = huberSpread(values, variances);
    assert.ok(Math.abs(found / tau - 1) < (tau < 1 ? 0.2 : 0.06), `${tau}: ${found}`);
  }
});

test('noise alone has none worth the name', () => {
  const { values, variances } = readings(0, 4000, 2);
  assert.ok(huberSpread(values, variances) < 0.2);
  assert.equal(huberSpread([], []), 0);
  assert.equal(huberSpread([0, 0], [1, 1]), 0);
});

test('wild readings have a bounded influence', () => {
  const { values, variances } = readings(1, 1000, 3);
  const clean = huberSpread(values, variances);
  const [wild, wilder] = [1e3, 1e6].map((size) => {
    return huberSpread(
      values.map((value, i) => (i < 10 ? size : value)),
      variances,
    );
  });
  assert.ok(wild! / clean < 1.6, `${wild! / clean}`);
  assert.ok(Math.abs(wilder! / wild! - 1) < 0.01);
});

test('median', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('weighted median', () => {
  const of = (...pairs: [number, number][]) => weightedMedian(pairs.map(([value, weight]) => ({ value, weight })));
  assert.equal(of([5, 1], [1, 1], [2, 1]), 2);
  assert.equal(of([5, 10], [1, 1], [2, 1]), 5);
});
