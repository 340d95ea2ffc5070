import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FRAUNHOFER_LINES, fraunhoferDepth } from './fraunhofer.ts';

describe('a filter on a Fraunhofer line', () => {
  it('sees the published centre when it is narrow and the published equivalent width when it is wide', () => {
    for (const line of FRAUNHOFER_LINES.filter(({ name }) => name.startsWith('H'))) {
      assert.ok(Math.abs(fraunhoferDepth(line.wavelengthNm, 1e-4) - line.centralIntensity) < 1e-4);
      // The light missing from a filter of 60 nm; what is left of the Lorentzian's wings beyond is under 1 %.
      const missingNm = 60 * (1 - fraunhoferDepth(line.wavelengthNm, 60));
      assert.ok(Math.abs(missingNm / line.equivalentWidthNm - 1) < 0.01, line.name);
    }
  });

  it('saves three quarters and more on H alpha and on Ca II at 854 nm with 0.1 nm, a third with 1 nm', () => {
    assert.ok(fraunhoferDepth(656.28, 0.1) < 0.25);
    assert.ok(fraunhoferDepth(854.21, 0.1) < 0.25);
    for (const wavelengthNm of [656.28, 854.21]) {
      const share = fraunhoferDepth(wavelengthNm, 1);
      assert.ok(share > 0.6 && share < 0.75);
    }
  });

  it('is between darkness and the continuum, and the darker the narrower', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FRAUNHOFER_LINES),
        fc.double({ min: 0.01, max: 10, noNaN: true }),
        fc.double({ min: 1.01, max: 3, noNaN: true }),
        ({ wavelengthNm }, widthNm, factor) => {
          const share = fraunhoferDepth(wavelengthNm, widthNm);
          assert.ok(share > 0 && share <= 1);
          // Na D has a neighbour 0.6 nm away, which a wider filter lets in.
          if (Math.abs(wavelengthNm - 589.3) > 1 && widthNm < 1) {
            assert.ok(fraunhoferDepth(wavelengthNm, widthNm * factor) >= share);
          }
        },
      ),
      { seed: 1, numRuns: 300 },
    );
    assert.ok(fraunhoferDepth(810, 1) > 0.999);
    assert.ok(fraunhoferDepth(1550, 1) > 0.999);
  });

  it('refuses what is no wavelength or filter', () => {
    assert.throws(() => fraunhoferDepth(393.4, 1), { code: 'optics/wavelength' });
    assert.throws(() => fraunhoferDepth(656.28, 0), { code: 'optics/parameter', message: /filterWidthNm/ });
  });
});
