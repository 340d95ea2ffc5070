import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { apparentElevationDeg, refractionDeg, standardAir } from './refraction.ts';

/** The air that the formulas of Bennett and Saemundsson are written for. */
const WRITTEN_FOR = { pressureHPa: 1010, temperatureC: 10 };

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);

describe('refraction', () => {
  it('is 5.4 arcminutes at 10 degrees, one at 45, nothing in the zenith', () => {
    near(60 * refractionDeg(10, WRITTEN_FOR), 5.4, 0.05);
    near(60 * refractionDeg(45, WRITTEN_FOR), 1.0, 0.02);
    near(refractionDeg(90, WRITTEN_FOR), 0, 1e-6);
    // Meeus, Astronomical Algorithms, example 16.a: the lower limb of the Sun, true altitude 33.20', stands at 0.5 degrees.
    near(60 * refractionDeg(33.2 / 60, WRITTEN_FOR), 24.62, 0.02);
  });

  it('is within 0.1 arcminutes of what Bennett says from the apparent side', () => {
    for (let trueDeg = 0; trueDeg <= 90; trueDeg += 0.25) {
      const apparentDeg = apparentElevationDeg(trueDeg, WRITTEN_FOR);
      const bennett = 1 / Math.tan(((apparentDeg + 7.31 / (apparentDeg + 4.4)) * Math.PI) / 180);
      near(60 * (apparentDeg - trueDeg), bennett, 0.1);
    }
  });

  it('falls with elevation, and lifts without changing the order', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 90, noNaN: true }),
        fc.double({ min: 0, max: 90, noNaN: true }),
        fc.double({ min: -500, max: 9000, noNaN: true }),
        (one, other, heightM) => {
          const air = standardAir(heightM);
          const [low, high] = one < other ? [one, other] : [other, one];
          assert.ok(refractionDeg(low, air) >= refractionDeg(high, air));
          assert.ok(apparentElevationDeg(low, air) <= apparentElevationDeg(high, air));
          assert.ok(apparentElevationDeg(low, air) >= low && apparentElevationDeg(high, air) <= 90);
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('goes with the density of the air, and is a percent weaker in the infrared', () => {
    const half = refractionDeg(20, { pressureHPa: 505, temperatureC: 10 });
    near(half / refractionDeg(20, WRITTEN_FOR), 0.5, 1e-12);
    assert.ok(refractionDeg(20, { ...WRITTEN_FOR, temperatureC: 30 }) < refractionDeg(20, WRITTEN_FOR));
    const at = (wavelengthNm: number) => refractionDeg(20, { ...WRITTEN_FOR, wavelengthNm });
    near(at(550), refractionDeg(20, WRITTEN_FOR), 1e-15);
    // Refractivity of standard air: 277.8e-6 at 550 nm, 274.6e-6 at 850 nm.
    near(at(850) / at(550), 0.9887, 3e-4);
  });

  it('refuses what it does not describe', () => {
    for (const elevationDeg of [-0.1, 90.1, Number.NaN]) {
      assert.throws(() => refractionDeg(elevationDeg, WRITTEN_FOR), { code: 'optics/elevation' });
    }
    for (const wavelengthNm of [200, 2000, Number.NaN]) {
      assert.throws(() => refractionDeg(20, { ...WRITTEN_FOR, wavelengthNm }), { code: 'optics/wavelength' });
    }
    assert.throws(() => refractionDeg(20, { ...WRITTEN_FOR, pressureHPa: -1 }), { message: /pressureHPa/ });
  });
});

describe('the standard atmosphere', () => {
  it('is that of the tables of 1976', () => {
    for (const [heightM, pressureHPa, temperatureC] of [
      [0, 1013.25, 15],
      [1000, 898.76, 8.5],
      [2000, 795.01, 2],
      [5000, 540.48, -17.5],
      [9000, 308.01, -43.5],
    ] as const) {
      const air = standardAir(heightM);
      // The tables go by geometric height; 6.5 K each geometric km are 0.15 % too thin at 9 km.
      near(air.pressureHPa / pressureHPa, 1, 0.003);
      near(air.temperatureC, temperatureC, 1e-9);
    }
    for (const heightM of [-501, 9001, Number.NaN]) {
      assert.throws(() => standardAir(heightM), { code: 'optics/parameter', message: /stationHeightM/ });
    }
  });
});
