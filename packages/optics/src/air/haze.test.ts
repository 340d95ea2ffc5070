import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkClearBand, hazeOpticalDepth, hazePerKm, rayleighOpticalDepth } from './haze.ts';

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);

const SEA = { pressureHPa: 1013.25 };

describe('molecules', () => {
  it('have the optical depths that other fits give', () => {
    // Hansen & Travis, Space Sci. Rev. 16:527, 1974, eq. 2.30, made on its own from older refractive indices.
    for (const wavelengthNm of [400, 532, 650, 785, 810, 850, 1064, 1550]) {
      const inverse = (wavelengthNm / 1000) ** -2;
      const hansenTravis = 0.008569 * inverse ** 2 * (1 + 0.0113 * inverse + 0.00013 * inverse ** 2);
      near(rayleighOpticalDepth({ ...SEA, wavelengthNm }) / hansenTravis, 1, 0.012);
    }
    near(rayleighOpticalDepth({ ...SEA, wavelengthNm: 550 }), 0.0973, 0.0005);
  });

  it('are as many as the pressure says', () => {
    const half = rayleighOpticalDepth({ pressureHPa: 1013.25 / 2, wavelengthNm: 810 });
    near(half / rayleighOpticalDepth({ ...SEA, wavelengthNm: 810 }), 0.5, 1e-12);
    assert.throws(() => rayleighOpticalDepth({ pressureHPa: -1, wavelengthNm: 810 }), { message: /pressureHPa/ });
  });
});

describe('haze', () => {
  it('follows the coefficients of Kim and Kruse, in natural units', () => {
    // 23 km is a clear day: 0.17 per km, 0.74 dB per km, at 550 nm whatever the law.
    near(hazePerKm({ visibilityKm: 23, wavelengthNm: 550, law: 'kim' }), 0.17, 1e-12);
    for (const [visibilityKm, kim, kruse] of [
      [60, 1.6, 1.6],
      [23, 1.3, 1.3],
      [4, 0.98, 0.9286],
      [0.8, 0.3, 0.5431],
      [0.3, 0, 0.3916],
    ] as const) {
      for (const [law, exponent] of [
        ['kim', kim],
        ['kruse', kruse],
      ] as const) {
        const perKm = hazePerKm({ visibilityKm, wavelengthNm: 850, law });
        near(perKm / ((3.91 / visibilityKm) * (850 / 550) ** -exponent), 1, 1e-4);
      }
    }
  });

  it('takes two percent of contrast as its horizon: 3.91 nepers, 17 dB over the visibility at 550 nm', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 200, noNaN: true }),
        fc.constantFrom('kim', 'kruse'),
        (visibilityKm, law) => {
          const contrast = Math.exp(-hazePerKm({ visibilityKm, wavelengthNm: 550, law }) * visibilityKm);
          near(contrast, 0.02, 1e-4);
        },
      ),
      { seed: 1 },
    );
  });

  it('clears up with visibility above 550 nm, and with height', () => {
    const layer = { law: 'kim', scaleHeightKm: 1.2, wavelengthNm: 810 } as const;
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 100, noNaN: true }),
        fc.double({ min: 1, max: 3, noNaN: true }),
        fc.double({ min: -500, max: 4000, noNaN: true }),
        (visibilityKm, factor, stationHeightM) => {
          const here = hazeOpticalDepth({ ...layer, visibilityKm, stationHeightM });
          assert.ok(here >= hazeOpticalDepth({ ...layer, visibilityKm: visibilityKm * factor, stationHeightM }));
          assert.ok(here > hazeOpticalDepth({ ...layer, visibilityKm, stationHeightM: stationHeightM + 100 }));
        },
      ),
      { seed: 1 },
    );
    near(
      hazeOpticalDepth({ ...layer, visibilityKm: 23, wavelengthNm: 550, stationHeightM: 1200 }),
      0.204 / Math.E,
      1e-9,
    );
  });
});

describe('clear bands', () => {
  it('hold the wavelengths of links, and not those that gases take', () => {
    for (const wavelengthNm of [532, 671, 780, 785, 848.6, 850, 1064, 1550]) checkClearBand(wavelengthNm);
    for (const [wavelengthNm, message] of [
      [399, /400 to 1565/],
      [1600, /400 to 1565/],
      [Number.NaN, /400 to 1565/],
      [762, /oxygen absorbs from 756 to 775/],
      [820, /water vapour absorbs from 808 to 840/],
      [940, /water vapour/],
      [1380, /water vapour/],
    ] as const) {
      assert.throws(() => checkClearBand(wavelengthNm), { code: 'optics/wavelength', message });
    }
  });
});
