import assert from 'node:assert/strict';
import { it } from 'node:test';
import { gammaBelow } from '../numerics/gamma.ts';
import { normalBelow } from '../numerics/normal.ts';
import { gammaLatent, logGammaAt } from './gamma-latent.ts';

it('has the probability of the normal variable at and between its nodes', () => {
  for (const shape of [0.9, 1.4, 4, 50, 2000]) {
    const table = gammaLatent(shape);
    for (let z = -7.9; z < 7.9; z += 0.0731) {
      const x = shape * Math.exp(logGammaAt(table, z));
      const [below, expected] =
        z < 0 ? [gammaBelow(shape, x), normalBelow(z)] : [1 - gammaBelow(shape, x), normalBelow(-z)];
      // Above, the complement loses its digits.
      assert.ok(Math.abs(below / expected - 1) < 1e-5 || z > 5, `${shape} at ${z}`);
    }
  }
});

it('goes on straight beyond its ends', () => {
  const table = gammaLatent(2);
  for (const end of [-8, 8]) {
    const inside = logGammaAt(table, end * 0.99999);
    const outside = logGammaAt(table, end * 1.00001);
    assert.ok(Math.abs(inside - outside) < 1e-3 && (outside - inside) * end > 0);
  }
});
