import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { areaUnder, rocOf } from './roc.ts';

describe('a receiver operating curve', () => {
  it('goes from nothing called to everything called, and never back', () => {
    const scores = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(scores, scores, (clean, attacked) => {
        const points = rocOf(clean, attacked);
        assert.deepEqual([points[0]!.falseAlarms, points[0]!.detected], [0, 0]);
        assert.deepEqual([points.at(-1)!.falseAlarms, points.at(-1)!.detected], [1, 1]);
        for (let i = 1; i < points.length; i++) {
          assert.ok(points[i]!.falseAlarms >= points[i - 1]!.falseAlarms);
          assert.ok(points[i]!.detected >= points[i - 1]!.detected);
          assert.ok(points[i]!.threshold < points[i - 1]!.threshold);
        }
      }),
    );
  });

  it('has the area of the pairs that are in order', () => {
    const score = fc.integer({ min: 0, max: 6 });
    const scores = fc.array(score, { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(scores, scores, (clean, attacked) => {
        const pairs = clean.flatMap((c) => attacked.map((a) => (a > c ? 1 : a === c ? 0.5 : 0)));
        const expected = pairs.reduce<number>((sum, x) => sum + x, 0) / pairs.length;
        assert.ok(Math.abs(areaUnder(rocOf(clean, attacked)) - expected) < 1e-12);
      }),
    );
  });
});
