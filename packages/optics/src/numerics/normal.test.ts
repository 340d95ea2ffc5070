import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { xorshift } from '../test/xorshift.ts';
import { normal, normalBelow } from './normal.ts';

describe('normal distribution', () => {
  it('has the probabilities of Abramowitz & Stegun, table 26.1, and its symmetry', () => {
    for (const [z, p] of [
      [0, 0.5],
      [1, 0.841344746068543],
      [2, 0.97724986805182],
      [4, 0.999968328758167],
    ] as const) {
      assert.ok(Math.abs(normalBelow(z) - p) < 1e-14);
      assert.ok(Math.abs(normalBelow(-z) / (1 - p) - 1) < 1e-10);
    }
  });

  it('has random numbers that follow it into the tail', () => {
    const uniform = xorshift(7);
    const count = 2_000_000;
    const cells = new Float64Array(80);
    let [mean, square, fourth, far] = [0, 0, 0, 0];
    for (let i = 0; i < count; i++) {
      const x = normal(uniform);
      mean += x / count;
      square += (x * x) / count;
      fourth += x ** 4 / count;
      if (x > 3.8) far++;
      cells[Math.max(0, Math.min(79, Math.floor(x * 10 + 40)))]!++;
    }
    assert.ok(Math.abs(mean) < 4 / Math.sqrt(count));
    assert.ok(Math.abs(square - 1) < 4 * Math.sqrt(2 / count));
    assert.ok(Math.abs(fourth - 3) < 4 * Math.sqrt(96 / count));
    const tail = count * normalBelow(-3.8);
    assert.ok(Math.abs(far - tail) < 4 * Math.sqrt(tail));
    let chiSquare = 0;
    for (let cell = 0; cell < 80; cell++) {
      const low = cell === 0 ? 0 : normalBelow((cell - 40) / 10);
      const high = cell === 79 ? 1 : normalBelow((cell - 39) / 10);
      const expected = count * (high - low);
      chiSquare += (cells[cell]! - expected) ** 2 / expected;
    }
    // 79 degrees of freedom: mean 79, standard deviation 12.6.
    assert.ok(chiSquare < 79 + 4 * 12.6, `chi-square ${chiSquare}`);
  });
});
