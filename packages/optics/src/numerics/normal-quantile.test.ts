import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { normalBelow } from './normal.ts';
import { normalQuantile } from './normal-quantile.ts';

describe('the normal quantile', () => {
  it('undoes the distribution over 300 decades', () => {
    for (let z = -37; z <= 6; z += 0.173) {
      const back = normalQuantile(normalBelow(z));
      // Above zero the probability itself has lost digits of the tail.
      const lost = z > 0 ? 2e-16 / Math.exp((-z * z) / 2) : 0;
      assert.ok(Math.abs(back - z) < 1e-13 * Math.max(1, Math.abs(z)) + 4 * lost, `${z} gives ${back}`);
    }
  });

  it('is odd, and infinite where nothing is left', () => {
    for (const p of [0.01, 0.074, 0.076, 0.25, 0.5]) {
      assert.ok(Math.abs(normalQuantile(p) + normalQuantile(1 - p)) < 1e-13);
    }
    assert.equal(normalQuantile(0), Number.NEGATIVE_INFINITY);
    assert.equal(normalQuantile(1), Number.POSITIVE_INFINITY);
  });
});
