import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalCumulative, normalLaw } from './normal-law.ts';

/** DLMF 7.6.2, terms of one sign. */
function cumulative(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) sum += term *= (x * x) / (2 * n + 1);
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

test('table and steps are within 3e-10 of the law and of its density', () => {
  const point = { below: 0, density: 0 };
  for (let x = -7.9; x < 7.9; x += 0.00913) {
    normalLaw(x, point);
    assert.ok(Math.abs(point.below - cumulative(x)) < 3e-10, `${x}: ${point.below}`);
    assert.ok(Math.abs(point.density - Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) < 3e-10, `${x}`);
    assert.equal(normalCumulative(x), point.below);
  }
});

test('far out there is nothing, or everything', () => {
  assert.equal(normalCumulative(-8), 0);
  assert.equal(normalCumulative(-Infinity), 0);
  assert.equal(normalCumulative(9), 1);
  assert.equal(normalCumulative(Infinity), 1);
});
