import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sun } from '@skykey/orbit';
import { plan } from './plan.ts';
import { assumed, type Change, december, shipped } from './test/scenarios.ts';

/** Light by day at a wavelength, through a filter of 0.1 nm and a narrow field of view. */
const byDay =
  (wavelengthNm: number): Change =>
  ({ satellites, stations }) => {
    for (const { transmitter } of satellites) transmitter.wavelengthNm.value = wavelengthNm;
    for (const station of stations) {
      delete station.measured;
      station.air.extinction = {
        kind: 'visibility',
        visibilityKm: assumed(23),
        law: assumed('kim'),
        hazeScaleHeightKm: assumed(1.2),
      };
      station.receiver.filterWidthNm.value = 0.1;
      station.receiver.fieldOfViewMicroRad.value = 10;
      station.window.sunBelowDeg.value = 90;
      station.window.sunAvoidanceDeg = assumed(10);
    }
  };

describe('a plan by day', () => {
  it('has key while the Sun is up, more on a Fraunhofer line than beside it', () => {
    const request = { ...december(2), realisations: 50, seed: 1, weather: 'clear' as const };
    const keyByDay = (wavelengthNm: number): number => {
      const scenario = shipped('intercontinental', byDay(wavelengthNm));
      const stations = new Map(scenario.stations.map(({ id, station }) => [id, station]));
      return plan({ ...request, scenario })
        .passes.filter(({ stationIds, startMs }) => sun(stations.get(stationIds[0]!)!, startMs).elevationDeg > 0)
        .reduce((bits, { clearBits }) => bits + clearBits, 0);
    };
    const [line, beside] = [keyByDay(854.2), keyByDay(851.9)];
    assert.ok(line > 0 && line > 1.1 * beside, `${line} and ${beside} bits`);
  });
});
