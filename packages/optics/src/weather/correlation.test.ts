import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { nearCorrelation, triangularFactor } from './correlation.ts';

const product = (factor: Float64Array, n: number) =>
  Float64Array.from({ length: n * n }, (_, at) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += factor[Math.floor(at / n) * n + k]! * factor[(at % n) * n + k]!;
    return sum;
  });
const apart = (a: Float64Array, b: Float64Array) => a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);

/** Unit rows in fewer dimensions than there are: a singular correlation matrix. */
const singular = fc
  .array(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }), {
    minLength: 1,
    maxLength: 8,
  })
  .filter((rows) => rows.every((row) => Math.hypot(...row) > 0.1))
  .map((rows) => rows.map((row) => row.map((x) => x / Math.hypot(...row))))
  .map((rows) => Float64Array.from(rows.flatMap((a) => rows.map((b) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)))));

describe('correlation matrices', () => {
  it('have a triangular factor, also where variables repeat each other', () => {
    fc.assert(
      fc.property(singular, (matrix) => {
        const n = Math.sqrt(matrix.length);
        const { factor, missed } = triangularFactor(matrix, n);
        assert.ok(missed < 1e-6);
        assert.ok(apart(product(factor, n), matrix) < 1e-6);
        for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) assert.equal(factor[i * n + j], 0);
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it('stay as they are when the nearest is asked for', () => {
    fc.assert(
      fc.property(singular, (matrix) => {
        assert.ok(apart(nearCorrelation(matrix, Math.sqrt(matrix.length)), matrix) < 1e-10);
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  it('are told from what cannot be one, and found near it', () => {
    // A is like B, B like C, but A unlike C.
    const impossible = Float64Array.of(1, 0.9, -0.2, 0.9, 1, 0.9, -0.2, 0.9, 1);
    assert.ok(triangularFactor(impossible, 3).missed > 0.1);
    const near = nearCorrelation(impossible, 3);
    assert.ok(triangularFactor(near, 3).missed < 1e-9);
    for (let i = 0; i < 3; i++) assert.ok(Math.abs(near[4 * i]! - 1) < 1e-15);
    assert.ok(apart(near, impossible) < 0.5);
    assert.ok(Math.abs(near[1]! - near[5]!) < 1e-12);
  });
});
