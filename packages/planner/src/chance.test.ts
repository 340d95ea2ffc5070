import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { distribution, namedRandom, normal, poissonCount } from './chance.ts';

describe('named streams', () => {
  it('belong to seed and name alone', () => {
    const first = (seed: number, name: string): number => namedRandom(seed, name).uniform();
    assert.equal(first(1, 'micius-graz-20161217t235200z'), first(1, 'micius-graz-20161217t235200z'));
    const names = Array.from({ length: 2000 }, (_, i) => `micius-graz-${i}`);
    assert.equal(new Set(names.map((name) => first(1, name))).size, names.length);
    assert.notEqual(first(1, 'a'), first(2, 'a'));
  });
});

describe('draws', () => {
  it('of a normal number have its moments', () => {
    const random = namedRandom(7, 'normal');
    const n = 200_000;
    const sums = [0, 0, 0];
    for (let i = 0; i < n; i++) {
      const x = normal(random);
      sums[0]! += x;
      sums[1]! += x * x;
      sums[2]! += x ** 4;
    }
    assert.ok(Math.abs(sums[0]! / n) < 4 / Math.sqrt(n));
    assert.ok(Math.abs(sums[1]! / n - 1) < 4 * Math.sqrt(2 / n));
    assert.ok(Math.abs(sums[2]! / n - 3) < 4 * Math.sqrt(96 / n));
  });

  it('of a Poisson count have its mean and variance, on both sides of the change of method', () => {
    for (const mean of [0, 0.3, 5, 63, 65, 1e5]) {
      const random = namedRandom(8, `poisson ${mean}`);
      const n = 20_000;
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < n; i++) {
        const x = poissonCount(random, mean);
        assert.ok(Number.isInteger(x) && x >= 0);
        sum += x - mean;
        squares += (x - mean) ** 2;
      }
      assert.ok(Math.abs(sum / n) <= 4 * Math.sqrt(mean / n));
      assert.ok(Math.abs(squares / n - mean) <= mean * 0.05, `${mean}: ${squares / n}`);
    }
  });
});

describe('distribution', () => {
  it('has quantiles of type 7, the mean, and whole numbers', () => {
    const values = Float64Array.from({ length: 101 }, (_, i) => 100 - i);
    assert.deepEqual(distribution(values), { mean: 50, p5: 5, p25: 25, p50: 50, p75: 75, p95: 95 });
    assert.equal(values[0], 100);
    assert.deepEqual(distribution(Float64Array.of(3)), { mean: 3, p5: 3, p25: 3, p50: 3, p75: 3, p95: 3 });
    assert.equal(distribution(Float64Array.of(0, 10)).p25, 3);
  });
});
