import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { normalBelow } from '../numerics/normal.ts';
import { normalQuantile } from '../numerics/normal-quantile.ts';
import { jointClear, latentCorrelation } from './latent.ts';

const within = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${found} is not ${expected} within ${tolerance}`);

/** The joint probability by another way: over the first variable, the conditional one of the second (Simpson). */
function byConditioning(p: number, q: number, r: number): number {
  const [h, k] = [normalQuantile(p), normalQuantile(q)];
  const count = 20_000;
  const low = -9;
  const step = (h - low) / count;
  let sum = 0;
  for (let i = 0; i <= count; i++) {
    const x = low + i * step;
    const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
    const weight = i === 0 || i === count ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * density * normalBelow((k - r * x) / Math.sqrt(1 - r * r));
  }
  return (sum * step) / 3;
}

describe('two skies clear at once', () => {
  it('follows Sheppard’s arc sine where both are clear half of the time', () => {
    for (const r of [0.001, 0.3, 0.5, 0.9, 0.999, 1 - 1e-9]) {
      within(jointClear(0.5, 0.5, r), 0.25 + Math.asin(r) / (2 * Math.PI), 1e-15);
    }
    within(jointClear(0.5, 0.5, 0.5), 1 / 3, 1e-15);
  });

  it('agrees with the integral over conditional probabilities', () => {
    for (const [p, q, r] of [
      [0.2, 0.7, 0.4],
      [0.03, 0.05, 0.8],
      [0.9, 0.9, 0.95],
      [0.61, 0.6, 0.99],
      [0.001, 0.5, 0.6],
    ] as const) {
      within(jointClear(p, q, r), byConditioning(p, q, r), 1e-10);
    }
  });

  it('goes from independence to the rarer of both, and never falls on the way', () => {
    const share = fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true });
    const correlation = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, correlation, correlation, (p, q, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        assert.ok(jointClear(p, q, low) <= jointClear(p, q, high) + 1e-12);
        assert.ok(jointClear(p, q, low) >= p * q - 1e-12);
        assert.ok(jointClear(p, q, high) <= Math.min(p, q) + 1e-9);
        within(jointClear(p, q, a), jointClear(q, p, a), 1e-12);
        assert.equal(jointClear(p, q, 0), p * q);
        assert.equal(jointClear(p, q, 1), Math.min(p, q));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('finds the hidden correlation that gives what was measured', () => {
    const inside = fc.double({ min: 1e-4, max: 1 - 1e-4, noNaN: true });
    fc.assert(
      fc.property(inside, inside, inside, (p, q, share) => {
        const found = jointClear(p, q, latentCorrelation(p, q, share));
        within(found, p * q + share * (Math.min(p, q) - p * q), 1e-10);
      }),
      { seed: 2, numRuns: 300 },
    );
    within(latentCorrelation(0.5, 0.5, Math.exp(-1)), Math.sin(Math.PI / 2 / Math.E), 1e-13);
    assert.equal(latentCorrelation(0.3, 0.4, 0), 0);
    assert.equal(latentCorrelation(0.3, 0.4, 1), 1);
    assert.equal(latentCorrelation(0, 0.4, 0.5), Math.sin(Math.PI / 4));
  });
});
