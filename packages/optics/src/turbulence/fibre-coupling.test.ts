import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { singleModeCoupling } from './fibre-coupling.ts';

const still = { diameterM: 1, obscurationDiameterM: 0, friedM: Number.POSITIVE_INFINITY, correctedModes: 1 };

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);

describe('coupling into a single-mode fibre', () => {
  it('is 0.8145 for an open pupil without turbulence', () => near(singleModeCoupling(still), 0.8145, 5e-5));

  it('of an obscured pupil is the best over all modes', () => {
    for (const inner of [0.1, 0.2, 0.35, 0.6]) {
      let best = 0;
      for (let t = 0.2; t < 2; t += 1e-3) {
        const passed = Math.exp(-t * inner ** 2) - Math.exp(-t);
        best = Math.max(best, (2 * passed ** 2) / (t * (1 - inner ** 2)));
      }
      near(singleModeCoupling({ ...still, obscurationDiameterM: inner }), best, 1e-6);
    }
  });

  it('has both limits: the still one for D << r0, 0.92 (r0/D)^2 for D >> r0', () => {
    for (const inner of [0, 0.3]) {
      const obscured = { ...still, obscurationDiameterM: inner };
      const limit = singleModeCoupling(obscured);
      near(singleModeCoupling({ ...obscured, friedM: 1000 }) / limit, 1, 1e-3);
    }
    for (const friedM of [0.02, 0.01]) near(singleModeCoupling({ ...still, friedM }) / friedM ** 2, 0.92, 0.02);
  });

  it('is the mean over pairs of points of the pupil', () => {
    // Dikmelik & Davidson's fourfold integral by random pairs: an estimate that shares nothing with the quadrature.
    const t = 1.2564;
    const grid = 40;
    const points: [number, number, number][] = [];
    for (let i = 0; i < grid; i++) {
      for (let j = 0; j < grid; j++) {
        const [x, y] = [(2 * (i + 0.5)) / grid - 1, (2 * (j + 0.5)) / grid - 1];
        const square = x * x + y * y;
        if (square <= 1) points.push([x, y, Math.exp(-t * square)]);
      }
    }
    const cell = (2 / grid) ** 2;
    for (const friedM of [2, 1, 0.5]) {
      let sum = 0;
      for (const [x1, y1, g1] of points) {
        for (const [x2, y2, g2] of points) {
          sum += g1 * g2 * Math.exp(-3.44 * (Math.hypot(x1 - x2, y1 - y2) / 2 / friedM) ** (5 / 3));
        }
      }
      const expected = (sum * cell * cell) / (Math.PI * (Math.PI / (2 * t)));
      near(singleModeCoupling({ ...still, friedM }) / expected, 1, 0.01);
    }
  });

  it('grows with every corrected mode and with every centimetre of r0', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.02, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        (friedM, obscurationDiameterM, correctedModes) => {
          const here = { diameterM: 1, obscurationDiameterM, friedM, correctedModes };
          const value = singleModeCoupling(here);
          assert.ok(value > 0 && value < 0.8146);
          assert.ok(singleModeCoupling({ ...here, correctedModes: correctedModes + 1 }) >= value * (1 - 1e-6));
          assert.ok(singleModeCoupling({ ...here, friedM: friedM * 1.1 }) > value);
        },
      ),
      { seed: 2, numRuns: 150 },
    );
  });

  it('well corrected is the coherent part, exp(-v), and a few speckles', () => {
    for (const [friedM, correctedModes] of [
      [0.5, 10],
      [0.2, 60],
    ] as const) {
      const unit = correctedModes === 10 ? 0.0401 : 0.2944 * 60 ** (-Math.sqrt(3) / 2);
      const coherent = Math.exp(-unit * friedM ** (-5 / 3)) * singleModeCoupling(still);
      const all = singleModeCoupling({ ...still, friedM, correctedModes });
      assert.ok(all > coherent && all < 1.05 * coherent, `${all} over ${coherent}`);
    }
  });
});
