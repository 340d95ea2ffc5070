import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { averageAtLeast, averageAtMost, logBinomialTail, mostEvents, mostOfMean } from './binomial.ts';
import { logFactorial } from './hypergeometric.ts';
import { BOUNDS } from './lim2014.ts';

fc.configureGlobal({ seed: 1956 });

/** P(exactly i) for i = 0..n of independent events, by adding one at a time. */
function poissonBinomial(probabilities: readonly number[]): number[] {
  let terms = [1];
  for (const p of probabilities) {
    const next = new Array<number>(terms.length + 1).fill(0);
    for (const [i, term] of terms.entries()) {
      next[i]! += term * (1 - p);
      next[i + 1]! += term * p;
    }
    terms = next;
  }
  return terms;
}
const sumTo = (terms: readonly number[], last: number): number =>
  terms.slice(0, last + 1).reduce((sum, term) => sum + term, 0);

const probability = fc.double({ min: 0, max: 1, noNaN: true });
const failure = fc.double({ min: 1e-6, max: 0.45, noNaN: true });

describe('the binomial tail', () => {
  it('is exact below the mean, and a lower bound above it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), probability, fc.nat(60), (trials, p, at) => {
        const found = Math.min(at, trials);
        const exact = sumTo(poissonBinomial(new Array<number>(trials).fill(p)), found);
        const tail = Math.exp(logBinomialTail(found, trials, p));
        if (found < trials * p) assert.ok(Math.abs(tail - exact) <= 1e-10 * exact + 1e-300, `${tail} ${exact}`);
        else assert.ok(tail <= exact + 1e-12);
      }),
    );
  });

  it('keeps its digits far out', () => {
    // None of a million with probability 1e-3: 1e6 ln 0.999.
    assert.ok(Math.abs(logBinomialTail(0, 1e6, 1e-3) / (1e6 * Math.log1p(-1e-3)) - 1) < 1e-12);
    assert.equal(logBinomialTail(-1, 10, 0.5), Number.NEGATIVE_INFINITY);
    assert.equal(logBinomialTail(3, 10, 1), Number.NEGATIVE_INFINITY);
  });
});

describe('bounds on an average probability (P5)', () => {
  it('fail with at most the probability allowed, however unequal the probabilities', () => {
    const many = fc.array(fc.oneof(probability, fc.constantFrom(0, 1, 0.01, 0.5)), { minLength: 1, maxLength: 14 });
    fc.assert(
      fc.property(many, failure, (probabilities, eps) => {
        const n = probabilities.length;
        const average = probabilities.reduce((sum, p) => sum + p, 0) / n;
        const terms = poissonBinomial(probabilities);
        let [above, below] = [0, 0];
        for (let found = 0; found <= n; found++) {
          if (averageAtMost(found, n, Math.log(eps)) < average - 1e-12) above += terms[found]!;
          if (averageAtLeast(found, n, Math.log(eps)) > average + 1e-12) below += terms[found]!;
        }
        assert.ok(above <= eps * (1 + 1e-9), `${above} above ${eps}`);
        assert.ok(below <= eps * (1 + 1e-9), `${below} above ${eps}`);
      }),
      { numRuns: 400 },
    );
  });

  it('are where the tail is what was asked for', () => {
    for (const [found, trials, logP] of [
      [5871, 1e7, -22],
      [592_918, 1e7, -23.8],
      [0, 1e6, -20],
      [40, 100, -3],
    ] as const) {
      const p = averageAtMost(found, trials, logP);
      assert.ok(logBinomialTail(found, trials, p) <= logP);
      assert.ok(logBinomialTail(found, trials, p * (1 - 1e-6)) > logP - 1e-2);
    }
  });

  it('are tighter than the Chernoff form of Yin et al., which is meant for Poisson counts', () => {
    const beta = 23;
    for (const [found, trials] of [
      [5871, 1e7],
      [592_918, 1e7],
      [9_401_211, 1e7],
      [34, 1000],
    ] as const) {
      const [low, high] = BOUNDS.chernoff(beta)(found, trials);
      assert.ok(trials * averageAtMost(found, trials, -beta) < high);
      assert.ok(trials * averageAtLeast(found, trials, -beta) > low);
    }
  });
});

describe('the most of rare events', () => {
  it('is passed with at most the probability allowed, and one less is not', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0.001, max: 0.6, noNaN: true }),
        failure,
        (n, p, eps) => {
          const most = mostEvents(n, p, Math.log(eps));
          const terms = poissonBinomial(new Array<number>(n).fill(p));
          assert.ok(1 - sumTo(terms, most) <= eps * (1 + 1e-9) + 1e-12);
          if (most > Math.ceil(n * p)) assert.ok(1 - sumTo(terms, most - 1) > eps * (1 - 1e-6));
        },
      ),
    );
    assert.equal(mostEvents(1000, 0, -20), 0);
  });
});

describe('the most events of a mean', () => {
  it('are passed with at most the probability allowed, however the mean is spread, and are not many more than that asks', () => {
    fc.assert(
      fc.property(fc.array(probability, { minLength: 1, maxLength: 60 }), failure, (probabilities, eps) => {
        const mean = probabilities.reduce((sum, p) => sum + p, 0);
        const most = mostOfMean(mean, Math.log(eps));
        assert.ok(1 - sumTo(poissonBinomial(probabilities), most) <= eps * (1 + 1e-9) + 1e-12);
      }),
    );
    for (const mean of [1e-9, 0.1, 3, 1000, 1e5]) {
      for (const logEps of [-5, -20, -50]) {
        const most = mostOfMean(mean, logEps);
        const exact = mostEvents(1e9, mean / 1e9, logEps);
        assert.ok(most >= exact && most <= exact + 3 + 0.4 * (exact - mean), `${mean}, ${logEps}: ${most}, ${exact}`);
      }
    }
    assert.equal(mostOfMean(0, -20), 0);
  });
});

/** ln P(Poisson count of mean `mean` is at most x), summed downwards. */
function logPoissonTail(x: number, mean: number): number {
  let [term, sum] = [1, 1];
  for (let i = x; i > 0 && term > 1e-18 * sum; i--) sum += term *= i / mean;
  return -mean + x * Math.log(mean) - logFactorial(x) + Math.log(sum);
}

describe('the closed forms that published proofs use, beside exact tails (4.2, 4.5)', () => {
  it('the Chernoff form gives the printed values', () => {
    const bounds = BOUNDS.chernoff(Math.log(21e9));
    for (const [x, lower, upper] of [
      [0, -23.7678, 47.5356],
      [100, 18.1534, 196.6956],
      [1000, 769.7659, 1243.086],
      [1e4, 9298.5532, 10713.6378],
      [1e6, 993093.501, 1006918.414],
    ] as const) {
      const [low, high] = bounds(x, x);
      assert.ok(Math.abs(low - lower) < 6e-4 && Math.abs(high - upper) < 6e-4, `${x}: ${low} ${high}`);
    }
  });

  it('the Chernoff form bounds the mean of a Poisson count, on both sides', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.double({ min: 0.7, max: 40, noNaN: true }), (x, beta) => {
        const [low, high] = BOUNDS.chernoff(beta)(x, x);
        assert.ok(logPoissonTail(x, high) <= -beta + 1e-9);
        if (low <= 0 || x === 0) return;
        // P(at least x) = 1 - P(at most x - 1), summed upwards.
        let [term, sum] = [1, 1];
        for (let i = x + 1; term > 1e-18 * sum; i++) sum += term *= low / i;
        assert.ok(-low + x * Math.log(low) - logFactorial(x) + Math.log(sum) <= -beta + 1e-9);
      }),
    );
  });

  it("Hoeffding's bounds a binomial count", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.nat(3000),
        fc.double({ min: 0.7, max: 30, noNaN: true }),
        (n, at, beta) => {
          const found = Math.min(at, n);
          const high = BOUNDS.hoeffding(beta)(found, n)[1] / n;
          if (high < 1) assert.ok(logBinomialTail(found, n, high) <= -beta + 1e-9);
        },
      ),
    );
  });
});
