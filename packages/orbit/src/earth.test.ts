import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { gstime } from 'satellite.js';
import { EARTH_RATE_RAD_S, siderealTime, toEarthFixed, toGeodetic, wrapDeg } from './earth.ts';

describe('the Earth', () => {
  it('has the sidereal time of the IAU 1982 expression, and its rate', () => {
    // Vallado, Fundamentals of Astrodynamics, example 3-5: 1992-08-20 12:14 UT1, 152.578787810 degrees.
    const angle = siderealTime(Date.parse('1992-08-20T12:14:00Z'));
    assert.ok(Math.abs(angle - (152.57878781 * Math.PI) / 180) < 1e-9);
    for (const date of [
      '1969-07-20T20:17:40Z',
      '2000-01-01T12:00:00Z',
      '2016-12-19T16:52:13Z',
      '2031-03-01T00:00:00Z',
    ]) {
      const at = Date.parse(date);
      // satellite.js takes a Julian date, which resolves 40 microseconds: 3e-9 rad.
      assert.ok(Math.abs(siderealTime(at) - gstime(new Date(at))) < 1e-8);
      const rate = (siderealTime(at + 1000) - siderealTime(at - 1000)) / 2;
      assert.ok(Math.abs(rate - EARTH_RATE_RAD_S) < 1e-10);
    }
  });

  it('has the WGS-84 figure', () => {
    assert.ok(Math.abs(toEarthFixed({ latitudeDeg: 90, longitudeDeg: 0, heightKm: 0 }).z - 6356.752314) < 1e-6);
    assert.ok(Math.abs(toEarthFixed({ latitudeDeg: 0, longitudeDeg: 90, heightKm: 1 }).y - 6379.137) < 1e-9);
  });

  it('goes from geodetic to Earth-fixed and back, to a millimetre', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -90, max: 90, noNaN: true }),
        fc.double({ min: -179.999, max: 179.999, noNaN: true }),
        fc.double({ min: -0.5, max: 40_000, noNaN: true }),
        (latitudeDeg, longitudeDeg, heightKm) => {
          const place = { latitudeDeg, longitudeDeg, heightKm };
          const there = toEarthFixed(place);
          const again = toEarthFixed(toGeodetic(there));
          assert.ok(Math.hypot(there.x - again.x, there.y - again.y, there.z - again.z) < 1e-6);
          assert.ok(Math.abs(toGeodetic(there).heightKm - heightKm) < 1e-6);
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('wraps longitudes', () => {
    assert.equal(wrapDeg(190), -170);
    assert.equal(wrapDeg(-180), -180);
    assert.equal(wrapDeg(180), -180);
    assert.equal(wrapDeg(-725), -5);
  });
});
