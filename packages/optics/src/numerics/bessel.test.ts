import assert from 'node:assert/strict';
import { it } from 'node:test';
import { besselJ } from './bessel.ts';

/** Bessel's own integral, by the trapezium rule, which converges beyond all powers for a periodic function. */
function integral(n: number, x: number): number {
  const points = Math.ceil(x) + 60;
  let sum = 0;
  for (let i = 0; i < points; i++) {
    const t = (Math.PI * (i + 0.5)) / points;
    sum += Math.cos(n * t - x * Math.sin(t));
  }
  return sum / points;
}

it("agrees with Bessel's integral on both sides of the seam", () => {
  for (const n of [0, 1] as const) {
    for (const x of [0, 1e-5, 2e-4, 0.3, 2, 7.7, 20, 24.999, 25.001, 40, 333, 5000]) {
      assert.ok(Math.abs(besselJ(n, x) - integral(n, x)) < 1e-12, `J${n}(${x})`);
    }
  }
});

it('has the zeros of Abramowitz & Stegun, table 9.5', () => {
  assert.ok(Math.abs(besselJ(0, 2.4048255577)) < 1e-10);
  assert.ok(Math.abs(besselJ(1, 3.8317059702)) < 1e-10);
});
