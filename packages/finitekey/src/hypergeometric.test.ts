import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { logFactorial, logHypergeometricTail, unseenErrors } from './hypergeometric.ts';

fc.configureGlobal({ seed: 645 });

function factorial(n: number): bigint {
  let product = 1n;
  for (let i = 2n; i <= BigInt(n); i++) product *= i;
  return product;
}

/** C(n, k), exactly. */
function choose(n: number, k: number): bigint {
  return k < 0 || k > n ? 0n : factorial(n) / (factorial(k) * factorial(n - k));
}

/** P(at most `found`), by whole numbers. */
function exactTail(found: number, population: number, marked: number, drawn: number): number {
  let ways = 0n;
  for (let i = 0; i <= found; i++) ways += choose(marked, i) * choose(population - marked, drawn - i);
  return Number((ways * 10n ** 40n) / choose(population, drawn)) / 1e40;
}

const urn = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 })).chain(([drawn, rest]) =>
  fc.record({
    drawn: fc.constant(drawn),
    rest: fc.constant(rest),
    found: fc.integer({ min: 0, max: drawn }),
    marked: fc.integer({ min: 0, max: drawn + rest }),
  }),
);

describe('logFactorial', () => {
  it('agrees with exact factorials on both sides of the change of method', () => {
    for (const n of [0, 1, 2, 20, 31, 32, 33, 50, 100, 170]) {
      const exact = Math.log(Number(factorial(n)));
      assert.ok(Math.abs(logFactorial(n) - exact) <= 4e-15 * Math.max(1, exact), `${n}`);
    }
    // ln(1e6!) to 17 digits, from Stirling's series with more terms than needed in 50-digit arithmetic.
    assert.ok(Math.abs(logFactorial(1e6) / 12815518.384658169 - 1) < 1e-15);
  });
});

describe('the tail of draws without replacement', () => {
  it('is exact below the mean, and a lower bound above it', () => {
    fc.assert(
      fc.property(urn, ({ drawn, rest, found, marked }) => {
        const exact = exactTail(found, drawn + rest, marked, drawn);
        const tail = Math.exp(logHypergeometricTail(found, drawn + rest, marked, drawn));
        if (found * (drawn + rest) < drawn * marked) assert.ok(Math.abs(tail - exact) <= 1e-12 * exact);
        else assert.ok(tail <= exact + 1e-15 && tail >= 0.5);
      }),
    );
  });

  it('ends early on the right side of what it is to decide, however near that is', () => {
    const size = fc.integer({ min: 1, max: 1e6 });
    const away = fc.oneof(
      fc.double({ min: -1e-3, max: 1e-3, noNaN: true }),
      fc.double({ min: -50, max: 50, noNaN: true }),
    );
    fc.assert(
      fc.property(size, size, fc.nat(1e5), fc.nat(2e5), away, (drawn, rest, found, more, distance) => {
        fc.pre(found < drawn && found + more <= drawn + rest);
        const tail = logHypergeometricTail(found, drawn + rest, found + more, drawn);
        fc.pre(Number.isFinite(tail) && Math.abs(distance) > 1e-12 * (1 + Math.abs(tail)));
        const decided = logHypergeometricTail(found, drawn + rest, found + more, drawn, tail - distance);
        assert.equal(decided > tail - distance, tail > tail - distance);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps its digits far out', () => {
    // No marked one among 500 of 1000 with 500 marked: one way in C(1000, 500).
    const exact = -Number(String(choose(1000, 500)).length - 1) * Math.LN10;
    const tail = logHypergeometricTail(0, 1000, 500, 500);
    assert.ok(tail <= exact && tail > exact - Math.LN10);
  });
});

describe('unseenErrors', () => {
  it('is never exceeded with more than the probability allowed, however many errors there are (C17)', () => {
    fc.assert(
      fc.property(urn, fc.double({ min: 1e-6, max: 0.4, noNaN: true }), ({ drawn, rest, marked }, p) => {
        let bad = 0;
        for (let found = Math.max(0, marked - rest); found <= Math.min(drawn, marked); found++) {
          if (marked - found <= unseenErrors(found, drawn, rest, Math.log(p))) continue;
          // Every smaller count of errors found is in this tail, so it holds all that goes wrong for this `marked`.
          bad = exactTail(found, drawn + rest, marked, drawn);
          assert.ok(bad <= p * (1 + 1e-9), `${bad} above ${p}`);
        }
      }),
    );
  });

  it('is the smallest such number', () => {
    fc.assert(
      fc.property(urn, fc.double({ min: 1e-6, max: 0.4, noNaN: true }), ({ drawn, rest, found }, p) => {
        const most = unseenErrors(found, drawn, rest, Math.log(p));
        if (most === 0) return;
        assert.ok(exactTail(found, drawn + rest, found + most, drawn) > p * (1 - 1e-9));
      }),
    );
  });

  it('is tighter than Serfling, by more than a factor of two where errors are rare (4.5)', () => {
    const [drawn, rest, found] = [1000, 10_000, 20];
    const logP = Math.log(1e-10);
    const serfling = Math.sqrt((((drawn + rest) * (drawn + 1)) / (2 * rest * drawn ** 2)) * -logP);
    const exact = unseenErrors(found, drawn, rest, logP) / rest - found / drawn;
    assert.ok(exact > 0 && exact < serfling / 2, `${exact} against ${serfling}`);
  });

  it('answers for blocks of a thousand million', () => {
    const most = unseenErrors(1e7, 5e8, 5e8, Math.log(1e-20));
    assert.ok(most > 1e7 && most < 1.01e7);
  });
});
