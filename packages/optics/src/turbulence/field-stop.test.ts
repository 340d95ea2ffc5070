import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { besselJ } from '../numerics/bessel.ts';
import { fieldOfViewCoupling } from './field-stop.ts';

const still = {
  friedM: Number.POSITIVE_INFINITY,
  wavelengthNm: 850,
  diameterM: 1,
  fieldOfViewRad: 10e-6,
  jitterRad: 0,
  biasRad: 0,
};
const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);

describe('field stop', () => {
  it("takes of Airy's disc 1 - J0^2 - J1^2 (Born & Wolf 8.5.2, eq. 18), 83.8 % within the first dark ring", () => {
    for (const radius of [0.5, 1, 1.21967, 3, 20]) {
      const x = Math.PI * radius;
      const share = fieldOfViewCoupling({ ...still, fieldOfViewRad: 2 * radius * 850e-9 });
      near(share, 1 - besselJ(0, x) ** 2 - besselJ(1, x) ** 2, 1e-5);
    }
    near(fieldOfViewCoupling({ ...still, fieldOfViewRad: 2 * 1.21967 * 850e-9 }), 0.838, 5e-4);
  });

  it('sees a long exposure whose core has a half width of 0.98 lambda / r0', () => {
    const seeing = { ...still, friedM: 0.05, diameterM: 4 };
    // Brightness beside the middle, by a pinhole that is moved.
    const at = (biasRad: number) => fieldOfViewCoupling({ ...seeing, fieldOfViewRad: 1e-7, biasRad });
    const half = (0.98 * 850e-9) / 0.05 / 2;
    near(at(half) / at(0), 0.5, 0.02);
    // A Gaussian of that width has nothing left at three widths; the halo of Kolmogorov turbulence has.
    assert.ok(at(6 * half) / at(0) > 100 * 2 ** -36);
  });

  it('is a Rayleigh or Rice probability where tracking errors are all there is', () => {
    const tracking = { ...still, diameterM: 100, fieldOfViewRad: 40e-6, jitterRad: 10e-6 };
    near(fieldOfViewCoupling(tracking), 1 - Math.exp(-2), 1e-3);
    let inside = 0;
    const step = 0.02;
    for (let x = -6; x < 6; x += step) {
      for (let y = -6; y < 6; y += step) {
        if ((x + 1.5) ** 2 + y ** 2 < 4) inside += (Math.exp(-(x * x + y * y) / 2) / (2 * Math.PI)) * step * step;
      }
    }
    near(fieldOfViewCoupling({ ...tracking, biasRad: 15e-6 }), inside, 2e-3);
    near(fieldOfViewCoupling({ ...still, diameterM: 100, fieldOfViewRad: 40e-6, biasRad: 15e-6 }), 1, 2e-3);
    near(fieldOfViewCoupling({ ...still, diameterM: 100, fieldOfViewRad: 40e-6, biasRad: 25e-6 }), 0, 2e-3);
  });

  it('is a share, grows with the field and falls with everything that blurs', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.02, max: 1, noNaN: true }),
        fc.double({ min: 2e-6, max: 200e-6, noNaN: true }),
        fc.double({ min: 0, max: 20e-6, noNaN: true }),
        fc.double({ min: 0.1, max: 2, noNaN: true }),
        (friedM, fieldOfViewRad, jitterRad, diameterM) => {
          const here = { ...still, friedM, fieldOfViewRad, jitterRad, diameterM };
          const share = fieldOfViewCoupling(here);
          assert.ok(share > 0 && share < 1);
          assert.ok(fieldOfViewCoupling({ ...here, fieldOfViewRad: 1.1 * fieldOfViewRad }) > share);
          assert.ok(fieldOfViewCoupling({ ...here, friedM: 1.1 * friedM }) > share - 1e-9);
          // A ring of Airy's beside the edge may be blurred into the field.
          assert.ok(fieldOfViewCoupling({ ...here, jitterRad: jitterRad + 2e-6 }) < share + 1e-3);
        },
      ),
      { seed: 4, numRuns: 150 },
    );
  });
});
