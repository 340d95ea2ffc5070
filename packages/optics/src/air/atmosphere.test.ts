import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { transmittanceOf } from '../link/decibel.ts';
import { airmass, type ExtinctionPath, extinctionLossDb, extinctionSource, lowestElevationDeg } from './atmosphere.ts';

/** MODTRAN extinction of SatQuMA's tables, dB: elevation, 785, 810, 850 nm. */
const MODTRAN = [
  [90, 0.575, 0.896, 0.481],
  [60, 0.663, 1.015, 0.555],
  [30, 1.137, 1.637, 0.956],
  [20, 1.648, 2.275, 1.39],
  [10, 3.164, 4.082, 2.684],
] as const;

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);

const modtran = (wavelengthNm: number): ExtinctionPath => ({
  extinction: { kind: 'modtran' },
  wavelengthNm,
  stationHeightM: 0,
});
const zenith = (transmittance: number): ExtinctionPath => ({
  extinction: { kind: 'zenith', transmittance },
  wavelengthNm: 1550,
  stationHeightM: 0,
});
const hazy = (visibilityKm: number, wavelengthNm: number, stationHeightM: number): ExtinctionPath => ({
  extinction: { kind: 'visibility', visibilityKm, law: 'kim', hazeScaleHeightKm: 1.2 },
  wavelengthNm,
  stationHeightM,
});
const PATHS = [modtran(785), modtran(810), modtran(848.6), zenith(0.8), hazy(23, 850, 0), hazy(3, 1550, 3200)];

describe('airmass', () => {
  it('follows Kasten and Young', () => {
    for (const [elevationDeg, expected] of [
      [60, 1.154],
      [30, 1.9943],
      [20, 2.9031],
      [15, 3.8129],
      [10, 5.586],
      [0, 37.92],
    ] as const) {
      near(airmass(elevationDeg) / expected, 1, 3e-5);
    }
    assert.equal(airmass(90), 1);
  });

  it('is not 1/sin near the horizon', () => {
    assert.ok(1 / Math.sin(Math.PI / 18) - airmass(10) > 0.15);
  });

  it('refuses what is under the horizon', () => {
    for (const elevationDeg of [-0.1, 90.1, Number.NaN]) {
      assert.throws(() => airmass(elevationDeg), { code: 'optics/elevation' });
    }
  });
});

describe('extinction', () => {
  it('follows the MODTRAN table: within 1.6 % at 785, exactly at 810, within 0.5 % at 850 nm', () => {
    for (const [elevationDeg, at785, at810, at850] of MODTRAN) {
      const ratio = (wavelengthNm: number, tableDb: number) =>
        Math.abs(extinctionLossDb({ ...modtran(wavelengthNm), elevationDeg }) / tableDb - 1);
      assert.ok(ratio(785, at785) <= 0.016);
      assert.ok(ratio(810, at810) < 1e-12);
      assert.ok(ratio(848.6, at850) <= 0.005);
    }
  });

  it('is darker towards the horizon, without steps, and never a gain', () => {
    for (const path of PATHS) {
      let last = extinctionLossDb({ ...path, elevationDeg: 90 });
      assert.ok(last > 0);
      for (let elevationDeg = 89.99; elevationDeg >= 10; elevationDeg -= 0.01) {
        const lossDb = extinctionLossDb({ ...path, elevationDeg });
        assert.ok(lossDb >= last && lossDb - last < 0.02);
        last = lossDb;
      }
    }
  });

  it('takes a zenith transmittance for what it is', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1, noNaN: true }), (transmittance) => {
        near(transmittanceOf(extinctionLossDb({ ...zenith(transmittance), elevationDeg: 90 })), transmittance, 1e-12);
      }),
      { seed: 1 },
    );
    assert.equal(extinctionLossDb({ ...zenith(1), elevationDeg: 10 }), 0);
  });

  it('by visibility is haze and molecules in the zenith', () => {
    // 23 km at 850 nm: 0.17 (850/550)^-1.3 * 1.2 = 0.1158 of haze, 0.0168 of molecules, together 0.576 dB.
    near(extinctionLossDb({ ...hazy(23, 850, 0), elevationDeg: 90 }), 4.343 * (0.1158 + 0.0168), 0.003);
    // On a mountain of 3.2 km: haze falls by exp(-3.2/1.2), molecules with the pressure, to 0.676.
    near(
      extinctionLossDb({ ...hazy(23, 850, 3200), elevationDeg: 90 }),
      4.343 * (0.1158 * 0.0695 + 0.0168 * 0.676),
      0.002,
    );
  });

  it('clears up with visibility and height, whatever the law', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.3, max: 80, noNaN: true }),
        fc.double({ min: 0, max: 5000, noNaN: true }),
        fc.double({ min: 5, max: 90, noNaN: true }),
        fc.constantFrom(785, 850, 1064, 1550),
        (visibilityKm, stationHeightM, elevationDeg, wavelengthNm) => {
          const here = extinctionLossDb({ ...hazy(visibilityKm, wavelengthNm, stationHeightM), elevationDeg });
          const clearer = extinctionLossDb({ ...hazy(visibilityKm * 1.5, wavelengthNm, stationHeightM), elevationDeg });
          const higher = extinctionLossDb({ ...hazy(visibilityKm, wavelengthNm, stationHeightM + 500), elevationDeg });
          assert.ok(here >= clearer && here > higher && higher > 0);
        },
      ),
      { seed: 1 },
    );
  });

  it('says which model it is', () => {
    assert.match(extinctionSource(modtran(810)), /table at 810 nm/);
    assert.match(extinctionSource(modtran(848.6)), /850 nm.*sea level.*Kasten-Young/);
    assert.match(extinctionSource(zenith(0.5)), /given zenith transmittance/);
    assert.match(extinctionSource(hazy(23, 850, 0)), /Kim.*Bodhaine/);
  });

  it('has no model for some wavelengths, and no table below 10 degrees at 810 nm', () => {
    for (const wavelengthNm of [532, 780, 830, 852.5, 1550]) {
      assert.throws(() => lowestElevationDeg(modtran(wavelengthNm)), {
        code: 'optics/wavelength',
        message: /785, 810 and 850 nm/,
      });
    }
    assert.throws(() => lowestElevationDeg(hazy(23, 940, 0)), { code: 'optics/wavelength', message: /water vapour/ });
    assert.equal(lowestElevationDeg(modtran(810)), 10);
    assert.throws(() => extinctionLossDb({ ...modtran(810), elevationDeg: 9.9 }), { code: 'optics/elevation' });
    assert.ok(extinctionLossDb({ ...modtran(850), elevationDeg: 9.9 }) > 2.684);
    for (const transmittance of [0, 1.01, Number.NaN]) {
      assert.throws(() => lowestElevationDeg(zenith(transmittance)), {
        code: 'optics/parameter',
        message: /transmittance/,
      });
    }
    assert.throws(() => lowestElevationDeg(hazy(0, 850, 0)), { code: 'optics/parameter', message: /visibilityKm/ });
    assert.throws(() => lowestElevationDeg({ ...zenith(1), stationHeightM: 1e5 }), { message: /stationHeightM/ });
  });
});
