import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { spells } from './spells.ts';

/** A wave of 1000 ms above a threshold, looked at every 70 ms. */
const wave = (threshold: number, reachMs = 2000) => ({
  value: (t: number) => Math.sin((2 * Math.PI * t) / 1000) - threshold,
  ratePerMs: (2 * Math.PI) / 1000,
  originMs: 13,
  cellMs: 70,
  reachMs,
});

describe('spells', () => {
  it('are where the wave is above the threshold, whole, however short or close together', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -0.98, max: 0.98, noNaN: true }),
        fc.double({ min: -5000, max: 5000, noNaN: true }),
        fc.double({ min: 1, max: 4000, noNaN: true }),
        (threshold, fromMs, lengthMs) => {
          const rise = (Math.asin(threshold) / (2 * Math.PI)) * 1000;
          const set = 500 - rise;
          const expected: [number, number][] = [];
          for (let n = -12; n < 12; n++) {
            const [startMs, endMs] = [rise + 1000 * n, set + 1000 * n];
            // An end that is an end of the interval to within the tolerance may fall to either side of it.
            fc.pre(Math.abs(endMs - fromMs) > 0.03 && Math.abs(startMs - fromMs - lengthMs) > 0.03);
            if (endMs >= fromMs && startMs <= fromMs + lengthMs) expected.push([startMs, endMs]);
          }
          const found = spells(wave(threshold), fromMs, fromMs + lengthMs);
          assert.equal(found.length, expected.length);
          for (const [i, { startMs, endMs }] of found.entries()) {
            assert.ok(Math.abs(startMs - expected[i]![0]) < 0.03 && Math.abs(endMs - expected[i]![1]) < 0.03);
          }
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it('are the same, bit for bit, wherever the search begins', () => {
    const whole = spells(wave(0.3), -5000, 5000);
    assert.equal(whole.length, 10);
    for (let fromMs = -3000; fromMs < 3000; fromMs += 37) {
      assert.deepEqual(
        spells(wave(0.3), fromMs, fromMs + 300),
        whole.filter(({ startMs, endMs }) => endMs >= fromMs && startMs <= fromMs + 300),
      );
    }
  });

  it('have infinite ends where they reach farther than the search', () => {
    assert.deepEqual(spells(wave(-2), 0, 5000), [
      { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY },
    ]);
    assert.deepEqual(spells(wave(2), 0, 5000), []);
    const [spell, ...others] = spells(wave(0, 100), 240, 260);
    assert.deepEqual([spell, others], [{ startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY }, []]);
  });
});
