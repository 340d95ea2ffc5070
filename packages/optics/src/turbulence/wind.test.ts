import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buftonWindMS, rmsWindMS } from './wind.ts';

const still = { groundWindMS: 5, slewRadS: 0 };
const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);

describe("Bufton's wind", () => {
  it('has its jet of 30 m/s at 9.4 km and the ground wind everywhere', () => {
    near(buftonWindMS({ ...still, heightAboveStationM: 9_400 }), 35, 1e-9);
    near(buftonWindMS({ ...still, heightAboveStationM: 9_400 + 4_800 }), 5 + 30 / Math.E, 1e-9);
    near(buftonWindMS({ ...still, heightAboveStationM: 0 }), 5 + 30 * Math.exp(-((9.4 / 4.8) ** 2)), 1e-9);
    near(buftonWindMS({ ...still, stationHeightM: 3_400, heightAboveStationM: 6_000 }), 35, 1e-9);
  });

  it('adds the slew by height', () => {
    const slewing = buftonWindMS({ ...still, slewRadS: 0.01, heightAboveStationM: 9_400 });
    near(slewing - buftonWindMS({ ...still, heightAboveStationM: 9_400 }), 94, 1e-9);
  });

  it('has the rms from 5 to 20 km that fine steps give, 21 m/s for 2.8 m/s at the ground', () => {
    let square = 0;
    for (let h = 5_000.5; h < 20_000; h++) square += buftonWindMS({ ...still, heightAboveStationM: h }) ** 2 / 15_000;
    near(rmsWindMS(still), Math.sqrt(square), 1e-6);
    near(rmsWindMS({ groundWindMS: 2.8, slewRadS: 0 }), 21, 0.05);
  });

  it('has the rms that it is asked for', () => {
    for (const windMS of [5, 10, 21, 30]) near(rmsWindMS({ ...still, windMS }), windMS, 1e-9);
    near(buftonWindMS({ ...still, windMS: 5, heightAboveStationM: 9_400 }), 5, 1e-9);
    assert.throws(() => rmsWindMS({ ...still, windMS: 3 }), { code: 'optics/parameter', message: /windMS/ });
  });
});
