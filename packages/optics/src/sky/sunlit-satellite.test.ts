import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backgroundRateHz } from './background.ts';
import { solarIrradiance } from './sunlight.ts';
import { type SunlitSatellite, sunlitSatellite } from './sunlit-satellite.ts';

const SATELLITE: SunlitSatellite = {
  wavelengthNm: 850,
  crossSectionM2: 3,
  albedo: 0.3,
  phaseAngleDeg: 60,
  rangeKm: 650,
  elevationDeg: 48,
  stationHeightM: 900,
  fieldOfViewRad: 50e-6,
};
const radiance = (change: Partial<SunlitSatellite>) => sunlitSatellite({ ...SATELLITE, ...change }).radiance;

describe('a sunlit satellite', () => {
  it('returns all the light of a white sphere, summed over every direction', () => {
    // Radiance times the field of view is irradiance; times range squared, intensity. The air is divided out.
    const through = radiance({ phaseAngleDeg: 0, albedo: 1 }) * (Math.PI / 4) * 50e-6 ** 2 * 650e3 ** 2;
    const above = ((2 / 3) * 3 * solarIrradiance(850)) / Math.PI;
    const air = through / above;
    assert.ok(air > 0.8 && air < 1);
    let sum = 0;
    for (let angle = 0.5; angle < 180; angle++) {
      const intensity = radiance({ phaseAngleDeg: angle, albedo: 1 }) * (Math.PI / 4) * 50e-6 ** 2 * 650e3 ** 2;
      sum += (intensity / air) * 2 * Math.PI * Math.sin((angle * Math.PI) / 180) * (Math.PI / 180);
    }
    assert.ok(Math.abs(sum / (3 * solarIrradiance(850)) - 1) < 1e-3);
  });

  it('counts the same in any field of view that holds it, and falls with the square of the range', () => {
    const counts = (fieldOfViewRad: number) =>
      backgroundRateHz({
        radiance: radiance({ fieldOfViewRad }),
        fieldOfViewRad,
        receiverDiameterM: 1,
        filterWidthNm: 1,
        wavelengthNm: 850,
        opticsTransmittance: 0.16,
        detectorEfficiency: 0.5,
      });
    assert.ok(Math.abs(counts(50e-6) / counts(200e-6) - 1) < 1e-12);
    assert.ok(Math.abs(radiance({ rangeKm: 1300 }) / radiance({}) - 0.25) < 1e-12);
    assert.ok(radiance({ phaseAngleDeg: 120 }) < radiance({}));
  });

  it('refuses what is no satellite', () => {
    for (const change of [{ albedo: 2 }, { rangeKm: 0 }, { fieldOfViewRad: 0 }, { phaseAngleDeg: -1 }]) {
      assert.throws(() => radiance(change), { code: 'optics/parameter', message: RegExp(Object.keys(change)[0]!) });
    }
  });
});
