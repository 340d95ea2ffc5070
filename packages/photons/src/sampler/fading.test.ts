import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { gainNodes } from './fading.ts';

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) <= 1e-6 * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`);

test('nodes have the first five moments of the gain, and lie within it', () => {
  const step = fc.double({ min: 0, max: 6, noNaN: true });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const mean = steps.reduce((sum, x) => sum + x, 0) / steps.length;
      fc.pre(mean > 0.01);
      const values = steps.map((x) => x / mean);
      const gain = Float64Array.from(values);
      const nodes = gainNodes(gain);
      assert.ok(nodes.length <= 3);
      for (let power = 0; power <= 5; power++) {
        const moment = values.reduce((sum, x) => sum + x ** power, 0) / values.length;
        near(
          nodes.reduce((sum, { gain: x, share }) => sum + share * x ** power, 0),
          moment,
        );
      }
      for (const { gain: x, share } of nodes) {
        assert.ok(x >= Math.min(...values) - 1e-6 && x <= Math.max(...values) + 1e-6, `${x}`);
        assert.ok(share > 0 && share <= 1 + 1e-9);
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('a part of a bin has its own steps, cut where it ends', () => {
  const gain = Float64Array.of(0.5, 1, 1.5, 1);
  assert.deepEqual(gainNodes(gain, 0, 0.25), [{ gain: 0.5, share: 1 }]);
  const mean = gainNodes(gain, 0.125, 0.5).reduce((sum, { gain: x, share }) => sum + x * share, 0);
  near(mean, (0.5 * 0.5 + 1) / 1.5);
});

test('steady light is one node', () => {
  assert.deepEqual(gainNodes(null), [{ gain: 1, share: 1 }]);
  assert.deepEqual(gainNodes(Float64Array.of(1, 1, 1)), [{ gain: 1, share: 1 }]);
});
