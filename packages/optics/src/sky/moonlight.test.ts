import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { scatteredSunlight } from './daylight.ts';
import { scatteredMoonlight } from './moonlight.ts';
import { radianceOfNanolamberts } from './radiance.ts';
import { moonToSun } from './sunlight.ts';

const VIEW = { elevationDeg: 60, azimuthDeg: 0 };
const FULL = { elevationDeg: 45, azimuthDeg: 120, phaseAngleDeg: 0 };

describe('moonlight', () => {
  it('is Krisciunas & Schaefer 1991 in V', () => {
    // By hand from their eqs. 3, 15, 18, 20, 21: Moon in the zenith, half full, view 60 degrees from it, k = 0.172.
    const illuminance = 10 ** (-0.4 * (3.84 + 0.026 * 90 + 4e-9 * 90 ** 4));
    const scattering = 10 ** 5.36 * (1.06 + 0.25) + 10 ** (6.15 - 1.5);
    const path = (1 - 0.96 * 0.75) ** -0.5;
    const nanolamberts = scattering * illuminance * 10 ** (-0.4 * 0.172) * (1 - 10 ** (-0.4 * 0.172 * path));
    const moon = { elevationDeg: 90, azimuthDeg: 0, phaseAngleDeg: 90 };
    const model = scatteredMoonlight(550, 0, { elevationDeg: 30, azimuthDeg: 0 }, moon);
    assert.ok(Math.abs(model / radianceOfNanolamberts(nanolamberts) - 1) < 0.01);
  });

  it('is sunlight by day, weakened as the full Moon is against the Sun, within a factor of 2', () => {
    // Two models that share nothing in V: an empirical one made by night, scattering of the solar spectrum by day.
    for (const wavelengthNm of [550, 850]) {
      for (const elevationDeg of [30, 60]) {
        const moon = { ...FULL, elevationDeg };
        const scaled = scatteredSunlight(wavelengthNm, 2500, VIEW, moon) * moonToSun(wavelengthNm, 0);
        const ratio = scatteredMoonlight(wavelengthNm, 2500, VIEW, moon) / scaled;
        assert.ok(ratio > 0.5 && ratio < 2, `${wavelengthNm} nm, Moon at ${elevationDeg}: ${ratio}`);
      }
    }
  });

  it('has the colour of moonlight over Cerro Tololo, within a factor of 2', () => {
    // Sky at lunar age 14 less that at 0, erg s^-1 cm^-2 A^-1 arcsec^-2: 'CTIO sky brightness as a function of moon phase',
    // example table of NOAO's Spectime (KPNO/Sky/README).
    const measured = { 440: 1.04558e-16 - 5.48524e-18, 550: 3.60735e-17 - 6.87303e-18, 790: 2.55972e-17 - 1.34297e-17 };
    const model = (nm: number) => scatteredMoonlight(nm, 2200, { elevationDeg: 70, azimuthDeg: 0 }, FULL);
    for (const nm of [440, 790] as const) {
      const ratio = model(nm) / model(550) / (measured[nm] / measured[550]);
      assert.ok(ratio > 0.5 && ratio < 2, `${nm} nm: ${ratio}`);
    }
  });

  it('has no jump at moonrise, near the Moon, nor anywhere', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -15, max: 89, noNaN: true }),
        fc.double({ min: 0, max: 180, noNaN: true }),
        fc.double({ min: 0, max: 179, noNaN: true }),
        fc.double({ min: 400, max: 1600, noNaN: true }),
        (elevationDeg, azimuthDeg, phaseAngleDeg, wavelengthNm) => {
          const moon = { elevationDeg, azimuthDeg, phaseAngleDeg };
          const radiance = scatteredMoonlight(wavelengthNm, 0, VIEW, moon);
          for (const step of [
            { elevationDeg: elevationDeg + 1e-3 },
            { azimuthDeg: azimuthDeg + 1e-3 },
            { phaseAngleDeg: phaseAngleDeg + 1e-3 },
          ]) {
            const ratio = scatteredMoonlight(wavelengthNm, 0, VIEW, { ...moon, ...step }) / radiance;
            assert.ok(Math.abs(ratio - 1) < 0.02, `${ratio}`);
          }
        },
      ),
      { seed: 4, numRuns: 300 },
    );
    // Across the places where formulas meet: moonrise, 8.4 and 10 degrees from the Moon.
    for (const [azimuthDeg, elevationDeg] of [
      [90, 0],
      [0, 51.6],
      [0, 50],
    ] as const) {
      const at = (shift: number) =>
        scatteredMoonlight(850, 0, VIEW, { elevationDeg: elevationDeg + shift, azimuthDeg, phaseAngleDeg: 10 });
      assert.ok(Math.abs(at(1e-6) / at(-1e-6) - 1) < 1e-4);
    }
  });

  it('falls with the phase angle, away from the Moon, and as the Moon sets', () => {
    const at = (change: object) => scatteredMoonlight(850, 0, VIEW, { ...FULL, ...change });
    for (const [field, values] of [
      ['phaseAngleDeg', [0, 30, 60, 90, 120, 150, 180]],
      ['elevationDeg', [10, 5, 0, -3, -6, -12, -18]],
    ] as const) {
      for (let i = 1; i < values.length; i++) assert.ok(at({ [field]: values[i] }) < at({ [field]: values[i - 1] }));
    }
    const near = [2, 10, 30, 60].map((offDeg) => at({ elevationDeg: 60, azimuthDeg: offDeg * 2 }));
    for (let i = 1; i < near.length; i++) assert.ok(near[i]! < near[i - 1]!);
    assert.ok(at({ elevationDeg: -18 }) < 1e-4 * at({ elevationDeg: 30 }));
  });
});
