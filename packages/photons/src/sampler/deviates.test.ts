import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../random.ts';
import { againstExpected } from '../test/chi-square.ts';
import { binomialDeviate, normalDeviate, poissonDeviate } from './deviates.ts';

const draws = 40_000;

/** Histogram of draws from `low` on, against the law whose successive ratios are given. */
function fits(draw: () => number, low: number, high: number, logMass: (k: number) => number): number {
  const observed = new Float64Array(high - low + 3);
  const expected = new Float64Array(high - low + 3);
  let rest = 1;
  for (let k = low; k <= high; k++) rest -= expected[k - low]! = Math.exp(logMass(k)) * 1;
  for (let k = low; k <= high; k++) expected[k - low]! *= draws;
  expected[high - low + 1] = Math.max(0, rest) * draws;
  for (let i = 0; i < draws; i++) {
    const k = draw();
    assert.ok(Number.isInteger(k) && k >= 0, `${k}`);
    observed[k < low || k > high ? high - low + 1 : k - low]!++;
  }
  return againstExpected(observed, expected);
}

function logFactorial(k: number): number {
  let sum = 0;
  for (let i = 2; i <= k; i++) sum += Math.log(i);
  return sum;
}

test('Poisson numbers have their law on both sides of the change of method', () => {
  for (const mean of [0.05, 1, 9.9, 10, 31, 400]) {
    const random = seededRandom(1, Math.round(100 * mean));
    const reach = 6 * Math.sqrt(mean) + 6;
    const [low, high] = [Math.max(0, Math.floor(mean - reach)), Math.ceil(mean + reach)];
    const z = fits(
      () => poissonDeviate(random, mean),
      low,
      high,
      (k) => k * Math.log(mean) - mean - logFactorial(k),
    );
    assert.ok(Math.abs(z) < 4, `mean ${mean}: ${z}`);
  }
});

test('Poisson numbers of tiny and huge means have the right mean and variance', () => {
  for (const mean of [1e-6, 1e-3, 1e4, 1e7, 1e12]) {
    const random = seededRandom(2, Math.round(Math.log10(mean)) + 100);
    let sum = 0;
    let square = 0;
    const many = 200_000;
    for (let i = 0; i < many; i++) {
      const k = poissonDeviate(random, mean);
      sum += (k - mean) / Math.sqrt(mean);
      square += (k - mean) ** 2 / mean;
    }
    assert.ok(Math.abs(sum) < 4 * Math.sqrt(many), `mean ${mean}: ${sum / Math.sqrt(many)}`);
    const spread = Math.sqrt(many * (2 + 1 / mean));
    assert.ok(Math.abs(square - many) < 4 * spread, `mean ${mean}: ${(square - many) / spread}`);
  }
  assert.equal(poissonDeviate(seededRandom(1), 0), 0);
});

test('binomial numbers have their law on both sides of every change of method', () => {
  for (const [n, p] of [
    [1, 0.3],
    [12, 0.5],
    [40, 0.2],
    [40, 0.26],
    [100, 0.9],
    [1000, 0.5],
    [5000, 0.004],
  ] as const) {
    const random = seededRandom(3, n);
    const spread = Math.sqrt(n * p * (1 - p));
    const [low, high] = [Math.max(0, Math.floor(n * p - 6 * spread)), Math.min(n, Math.ceil(n * p + 6 * spread))];
    const all = logFactorial(n);
    const logMass = (k: number): number =>
      all - logFactorial(k) - logFactorial(n - k) + k * Math.log(p) + (n - k) * Math.log1p(-p);
    const z = fits(() => binomialDeviate(random, n, p), low, high, logMass);
    assert.ok(Math.abs(z) < 4, `${n} times ${p}: ${z}`);
  }
});

test('binomial numbers keep to their ends', () => {
  const random = seededRandom(4);
  assert.equal(binomialDeviate(random, 0, 0.5), 0);
  assert.equal(binomialDeviate(random, 9, 0), 0);
  assert.equal(binomialDeviate(random, 9, Number.NaN), 0);
  assert.equal(binomialDeviate(random, 9, 1.0000001), 9);
  for (let i = 0; i < 1000; i++) {
    const k = binomialDeviate(random, 1e7, 1e-7 * (i % 30));
    assert.ok(k >= 0 && k <= 1e7);
  }
});

test('normal numbers have mean 0, variance 1 and a fourth moment of 3', () => {
  const random = seededRandom(5);
  const sums = [0, 0, 0];
  for (let i = 0; i < draws; i++) {
    const x = normalDeviate(random);
    sums[0]! += x;
    sums[1]! += x ** 2 - 1;
    sums[2]! += x ** 4 - 3;
  }
  for (const [i, variance] of [1, 2, 96].entries()) {
    assert.ok(Math.abs(sums[i]!) < 4 * Math.sqrt(draws * variance), `moment ${i}`);
  }
});
