import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poisson, positivePoisson } from './poisson.ts';
import { seededRandom } from './random.ts';
import { againstExpected } from './test/chi-square.ts';

const draws = 200_000;

/** Poisson probabilities by logarithms, so that no mean underflows. */
function probabilities(mean: number, length: number): Float64Array {
  const p = new Float64Array(length);
  let logFactorial = 0;
  for (let n = 0; n < length; n++) {
    if (n > 0) logFactorial += Math.log(n);
    p[n] = mean === 0 ? Number(n === 0) : Math.exp(n * Math.log(mean) - mean - logFactorial);
  }
  return p;
}

for (const mean of [0.003, 0.8, 7, 60, 690]) {
  test(`Poisson numbers of mean ${mean}`, () => {
    const random = seededRandom(1, mean * 1000);
    const length = Math.ceil(mean + 12 * Math.sqrt(mean) + 12);
    const counts = new Float64Array(length);
    for (let i = 0; i < draws; i++) counts[poisson(random, mean)]!++;
    assert.ok(
      againstExpected(
        counts,
        probabilities(mean, length).map((p) => p * draws),
      ) < 4,
    );
  });

  test(`Poisson numbers of mean ${mean} that are not zero`, () => {
    const random = seededRandom(2, mean * 1000);
    const length = Math.ceil(mean + 12 * Math.sqrt(mean) + 12);
    const counts = new Float64Array(length);
    for (let i = 0; i < draws; i++) counts[positivePoisson(random, mean)]!++;
    const expected = probabilities(mean, length).map((p) => (p * draws) / -Math.expm1(-mean));
    expected[0] = 0;
    assert.equal(counts[0], 0);
    assert.ok(againstExpected(counts, expected) < 4);
  });
}

test('a mean of zero gives zero', () => {
  const random = seededRandom(3);
  for (let i = 0; i < 1000; i++) assert.equal(poisson(random, 0), 0);
});

test('given that there is one at all, a vanishing mean gives one', () => {
  const random = seededRandom(4);
  for (let i = 0; i < 1000; i++) assert.equal(positivePoisson(random, 1e-14), 1);
});

test('the last uniform number below one ends the search', () => {
  const last = { uniform: () => 1 - 2 ** -53, uint32: () => 2 ** 32 - 1 };
  for (const mean of [0, 1e-12, 0.8, 16, 690]) {
    assert.ok(poisson(last, mean) < mean + 10 * Math.sqrt(mean) + 20);
    if (mean > 0) assert.ok(positivePoisson(last, mean) < mean + 10 * Math.sqrt(mean) + 20);
  }
});
