/** The budget beside tables that the public code of SatQuMA computes (Sidhu et al., arXiv:2109.01686; MIT). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { budget } from './budget.ts';
import type { Link } from './link.ts';

const EARTH_KM = 6371;
const HEIGHT_KM = 500;

/** Range on the round Earth of that code. */
function rangeKmAt(elevationDeg: number): number {
  const rise = EARTH_KM * Math.sin((elevationDeg * Math.PI) / 180);
  return Math.sqrt(rise ** 2 + HEIGHT_KM ** 2 + 2 * EARTH_KM * HEIGHT_KM) - rise;
}

/** Case B: a micro-satellite of 8 cm over a telescope of 70 cm, with 6 dB of internal loss. */
const MICRO: Link = {
  direction: 'down',
  wavelengthNm: 785,
  transmitter: {
    beam: { kind: 'aperture', diameterM: 0.08, waistRadiusM: 0.04, obscurationDiameterM: 0 },
    jitterRad: 0,
    biasRad: 0,
    lossDb: 6,
  },
  receiver: {
    diameterM: 0.7,
    obscurationDiameterM: 0,
    fieldOfViewRad: 2e-3,
    jitterRad: 0,
    biasRad: 0,
    coupling: { kind: 'field-of-view' },
    transmittance: 1,
  },
  air: { stationHeightM: 0, extinction: { kind: 'modtran' }, turbulence: null },
};

/** Elevation, degrees, and loss, dB, every 10 s from the zenith. */
const TABLE = [
  [90.0, 25.951],
  [81.332, 26.0495],
  [73.003, 26.3337],
  [65.278, 26.7733],
  [58.306, 27.3293],
  [52.128, 27.9632],
  [46.712, 28.643],
  [41.984, 29.3447],
  [37.857, 30.0521],
  [34.242, 30.7546],
  [31.061, 31.4461],
  [28.245, 32.1238],
  [25.736, 32.7865],
  [23.487, 33.4348],
  [21.456, 34.0698],
  [19.612, 34.6937],
  [17.928, 35.3084],
  [16.38, 35.919],
  [14.951, 36.5259],
  [13.624, 37.1377],
  [12.387, 37.7554],
  [11.228, 38.3856],
  [10.138, 39.0359],
] as const;

describe('the budget of a micro-satellite', () => {
  it('is that of SatQuMA within 0.03 dB: what airmass and refraction make of the zenith of MODTRAN is the difference', () => {
    let worstDb = 0;
    for (const [elevationDeg, expectedDb] of TABLE) {
      const { totalDb } = budget(MICRO, { rangeKm: rangeKmAt(elevationDeg), elevationDeg });
      worstDb = Math.max(worstDb, Math.abs(totalDb - expectedDb));
    }
    assert.ok(worstDb < 0.03, `${worstDb}`);
  });
});

/** Zenith pass of an "improved Micius" (`FS_loss_XI0.csv`), dB; the file names no optics. */
const ZENITH_PASS = [
  [90, 26.99],
  [60, 28.15],
  [45, 29.75],
  [30, 32.39],
  [20, 34.82],
  [10, 37.93],
] as const;

describe("SatQuMA's zenith pass", () => {
  it('goes with the range squared within 0.34 dB, so that there is hardly any air in it: 2.6 dB would be at 10 degrees', () => {
    const space: Link = { ...MICRO, direction: 'space', air: null };
    const lossDb = (link: Link, elevationDeg: number) =>
      budget(link, { rangeKm: rangeKmAt(elevationDeg), elevationDeg }).totalDb;
    for (const [elevationDeg, tableDb] of ZENITH_PASS) {
      const overZenithDb = tableDb - 26.99;
      const restDb = overZenithDb - (lossDb(space, elevationDeg) - lossDb(space, 90));
      assert.ok(restDb >= -0.005 && restDb <= 0.36, `${elevationDeg}: ${restDb}`);
    }
    const airDb = (elevationDeg: number) => lossDb(MICRO, elevationDeg) - lossDb(space, elevationDeg);
    assert.ok(airDb(10) - airDb(90) > 2.5);
  });
});
