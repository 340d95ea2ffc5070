import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { climb } from './nelder-mead.ts';

const often = { step: 0.5, widthTolerance: 1e-9, heightTolerance: 1e-15, evaluations: 20_000 };
const near = (x: ArrayLike<number>, expected: readonly number[], tolerance: number): void => {
  for (const [j, value] of expected.entries())
    assert.ok(Math.abs(x[j]! - value) < tolerance, `${x[j]} is not ${value}`);
};

describe('the simplex search', () => {
  it('finds the end of a curved valley (Rosenbrock 1960, turned over)', () => {
    const { x, height } = climb((p) => -(100 * (p[1]! - p[0]! ** 2) ** 2 + (1 - p[0]!) ** 2), {
      start: [-1.2, 1],
      ...often,
    });
    near(x, [1, 1], 1e-6);
    assert.ok(height > -1e-12);
  });

  it('finds the top of a stretched hill in five dimensions, and one with a kink', () => {
    const top = [1, -2, 0.5, 3, -1];
    const hill = (p: Float64Array): number => -top.reduce((sum, t, j) => sum + 10 ** j * (p[j]! - t) ** 2, 0);
    near(climb(hill, { start: [0, 0, 0, 0, 0], ...often }).x, top, 1e-5);
    const roof = (p: Float64Array): number => -Math.abs(p[0]! - 1) - (p[1]! - 2) ** 2;
    near(climb(roof, { start: [5, 5], ...often }).x, [1, 2], 1e-5);
  });

  it('stays where the function is defined', () => {
    const asked: number[] = [];
    const { x } = climb(
      (p) => {
        asked.push(p[0]!);
        return p[0]! < 0 ? Number.NEGATIVE_INFINITY : p[0]! > 3 ? Number.NaN : p[0]! - p[1]! ** 2;
      },
      { start: [0.2, 1], ...often },
    );
    near(x, [3, 0], 1e-4);
    assert.ok(asked.some((p) => p > 3));
  });

  it('gives up at once where nothing is defined, and after the evaluations that it is granted', () => {
    const nowhere = climb(() => Number.NEGATIVE_INFINITY, { start: [0, 0], ...often });
    assert.equal(nowhere.height, Number.NEGATIVE_INFINITY);
    assert.equal(nowhere.evaluations, 3);
    let asked = 0;
    const endless = climb((p) => ++asked && p[0]!, { start: [0, 0], ...often, evaluations: 50 });
    assert.equal(endless.evaluations, asked);
    assert.ok(asked >= 50 && asked <= 53);
  });

  it('does not move the start, and finds the same again', () => {
    const start = [0.3, 0.4];
    const run = () => climb((p) => -((p[0]! - 1) ** 4) - (p[1]! + p[0]!) ** 2, { start, ...often });
    assert.deepEqual(run(), run());
    assert.deepEqual(start, [0.3, 0.4]);
  });
});
