import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@skykey/photons';
import fc from 'fast-check';
import {
  leastSquaredDeviate,
  logBinomialAtLeast,
  logNormalTail,
  logPoissonAtLeast,
  logPoissonAtMost,
} from './tails.ts';
import { poisson } from './test/link-model.ts';

/** ln P(lowest <= X <= highest) term by term from ln k! as a running sum: another way to the same number. */
function summed(lowest: number, highest: number, mean: number): number {
  let logFactorial = 0;
  const terms: number[] = [];
  for (let k = 0; k <= highest; k++) {
    if (k > 0) logFactorial += Math.log(k);
    if (k >= lowest) terms.push(k * Math.log(mean) - mean - logFactorial);
  }
  const largest = Math.max(...terms);
  return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0));
}

test('Poisson tails of small counts equal the summed ones', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 390, noNaN: true }), fc.integer({ min: 0, max: 390 }), (mean, x) => {
      const tail =
        x > mean
          ? [logPoissonAtLeast(x, mean), summed(x, x + 600, mean)]
          : [logPoissonAtMost(x, mean), summed(0, x, mean)];
      assert.ok(Math.abs(tail[0]! - tail[1]!) < 1e-9 * Math.max(1, Math.abs(tail[1]!)), `${mean} ${x}: ${tail}`);
    }),
    { seed: 1 },
  );
});

test('Poisson tails of large counts are bounds from above, by less than one count', () => {
  for (const mean of [500, 3000, 20_000]) {
    for (const z of [2, 4, 6.5, 10]) {
      const high = Math.ceil(mean + z * Math.sqrt(mean));
      const low = Math.floor(mean - z * Math.sqrt(mean));
      const reach = Math.ceil(12 * Math.sqrt(mean));
      const least = logPoissonAtLeast(high, mean);
      assert.ok(least >= summed(high, high + reach, mean) - 1e-9);
      assert.ok(least <= summed(high - 1, high + reach, mean) + 1e-9);
      const most = logPoissonAtMost(low, mean);
      assert.ok(most >= summed(0, low, mean) - 1e-9);
      assert.ok(most <= summed(0, low + 1, mean) + 1e-9);
    }
  }
});

test('binomial tails are bounds from above, by less than one count', () => {
  const exact = (x: number, n: number, p: number): number => {
    let logTerm = n * Math.log1p(-p);
    const terms: number[] = [];
    for (let k = 0; k <= n; k++) {
      if (k > 0) logTerm += Math.log((n - k + 1) / k) + Math.log(p / (1 - p));
      if (k >= x) terms.push(logTerm);
    }
    const largest = Math.max(...terms);
    return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0));
  };
  for (const [n, p] of [
    [30, 0.5],
    [60, 0.06],
    [2000, 0.1],
  ] as const) {
    for (const z of [2.5, 5, 7]) {
      const x = Math.ceil(n * p + z * Math.sqrt(n * p * (1 - p)));
      if (x >= n) continue;
      const tail = logBinomialAtLeast(x, n, p);
      assert.ok(tail >= exact(x, n, p) - 1e-9 && tail <= exact(x - 1, n, p) + 1e-9, `${n} ${p} ${x}: ${tail}`);
    }
  }
  assert.equal(logBinomialAtLeast(3, 10, 0.5), 0);
});

test('no tail is given where there is none', () => {
  assert.equal(logPoissonAtLeast(0, 3), 0);
  assert.equal(logPoissonAtLeast(3, 3), 0);
  assert.equal(logPoissonAtMost(5, 3), 0);
  assert.equal(logPoissonAtMost(-1, 3), Number.NEGATIVE_INFINITY);
});

/** Abramowitz and Stegun, table 26.2, and the same function in 50 digits. */
const NORMAL = [
  [0, 0.5],
  [1, 0.15865525393145707],
  [-1, 0.8413447460685429],
  [3, 1.3498980316300946e-3],
  [6, 9.865876450376981e-10],
  [10, 7.619853024160527e-24],
  [-5, 0.9999997133484281],
] as const;

test('the normal tail', () => {
  for (const [z, tail] of NORMAL)
    assert.ok(Math.abs(logNormalTail(z) - Math.log(tail)) < 1e-12 * Math.max(1, -Math.log(tail)), `${z}`);
  // phi(z) z / (1 + z^2) < 1 - Phi(z) < phi(z) / z
  const z = 60;
  const upper = -0.5 * z * z - 0.5 * Math.log(2 * Math.PI) - Math.log(z);
  assert.ok(logNormalTail(z) < upper && logNormalTail(z) > upper - 1 / (z * z));
});

test('a deviate is not overstated', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 200, noNaN: true }), (z) => {
      const least = leastSquaredDeviate(logNormalTail(z));
      assert.ok(least <= z * z + 1e-9);
      if (z > 4) assert.ok(least > z * z - 0.7);
    }),
    { seed: 2 },
  );
});

test('p-values of Poisson draws are not too small', () => {
  const random = seededRandom(3);
  for (const mean of [0.7, 12, 350, 900]) {
    const draws = 4000;
    const above: number[] = [];
    const below: number[] = [];
    for (let i = 0; i < draws; i++) {
      const x = poisson(random, mean);
      above.push(Math.exp(logPoissonAtLeast(x, mean)));
      below.push(Math.exp(logPoissonAtMost(x, mean)));
    }
    for (const values of [above, below]) {
      values.sort((a, b) => a - b);
      // Kolmogorov and Smirnov, one-sided: exceeded with 1e-6 at sqrt(ln(1e6) / 2n).
      const excess = Math.max(...values.map((p, i) => (i + 1) / draws - p).filter((_, i) => values[i]! < 0.999));
      assert.ok(excess < Math.sqrt(Math.log(1e6) / (2 * draws)), `${mean}: ${excess}`);
    }
  }
});
