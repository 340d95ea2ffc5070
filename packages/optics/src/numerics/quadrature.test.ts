import assert from 'node:assert/strict';
import { it } from 'node:test';
import { gaussLegendre, type Rule } from './quadrature.ts';

const over = ({ nodes, weights }: Rule, f: (x: number) => number) =>
  nodes.reduce((sum, x, i) => sum + weights[i]! * f(x), 0);

it('n nodes integrate polynomials of degree 2n - 1 exactly, and no higher one', () => {
  for (const count of [1, 2, 5, 16, 48]) {
    const rule = gaussLegendre(count);
    const top = 2 * count - 1;
    assert.ok(Math.abs(over(rule, (x) => x ** top) - 1 / (top + 1)) < 1e-14);
  }
  assert.ok(Math.abs(over(gaussLegendre(2), (x) => x ** 4) - 1 / 5) > 1e-3);
});

it('panels bring what one panel cannot', () => {
  const spike = (x: number) => Math.exp(-200 * x);
  const exact = (1 - Math.exp(-200)) / 200;
  assert.ok(Math.abs(over(gaussLegendre(16, 8), spike) / exact - 1) < 1e-10);
  assert.ok(Math.abs(over(gaussLegendre(16), spike) / exact - 1) > 1e-4);
});
