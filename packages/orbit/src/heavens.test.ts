import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jday, shadowFraction, sunPos } from 'satellite.js';
import { moon, subsolarPoint, sun, sunlit } from './heavens.ts';
import { inertialState } from './state.ts';
import { MICIUS, XINGLONG } from './test/micius.ts';

const TOP = Date.parse('2016-12-19T16:52:13Z');
const rad = Math.PI / 180;

/** The Sun by the low-precision form of the Astronomical Almanac (0.01 degrees): right ascension, declination. */
function almanacSun(utcMs: number): { ra: number; dec: number; gmst: number } {
  const n = (utcMs - Date.parse('2000-01-01T12:00Z')) / 86_400_000;
  const g = (357.528 + 0.9856003 * n) * rad;
  const lambda = (280.46 + 0.9856474 * n + 1.915 * Math.sin(g) + 0.02 * Math.sin(2 * g)) * rad;
  const epsilon = (23.439 - 4e-7 * n) * rad;
  return {
    ra: Math.atan2(Math.cos(epsilon) * Math.sin(lambda), Math.cos(lambda)) / rad,
    dec: Math.asin(Math.sin(epsilon) * Math.sin(lambda)) / rad,
    gmst: 280.46062 + 360.98564737 * n,
  };
}

describe('Sun and Moon', () => {
  it('stand where they stood at the top of the Micius pass', () => {
    assert.ok(Math.abs(sun(XINGLONG, TOP).elevationDeg - -70.6) < 0.1);
    assert.ok(Math.abs(subsolarPoint(TOP).latitudeDeg - -23.42) < 0.01);
    const { elevationDeg, illuminatedFraction } = moon(XINGLONG, TOP);
    assert.ok(Math.abs(elevationDeg - 23) < 0.5);
    assert.ok(Math.abs(illuminatedFraction - 0.64) < 0.01);
  });

  it('agree with the almanac through a year', () => {
    for (let day = 0; day < 365; day += 1.37) {
      const at = TOP + day * 86_400_000;
      const { ra, dec, gmst } = almanacSun(at);
      const point = subsolarPoint(at);
      assert.ok(Math.abs(point.latitudeDeg - dec) < 0.02);
      assert.ok(Math.abs(Math.sin((point.longitudeDeg - (ra - gmst)) * rad)) < 0.02 * rad);
      const hour = (gmst + XINGLONG.longitudeDeg - ra) * rad;
      const latitude = XINGLONG.latitudeDeg * rad;
      const sine = Math.sin(latitude) * Math.sin(dec * rad) + Math.cos(latitude) * Math.cos(dec * rad) * Math.cos(hour);
      assert.ok(Math.abs(sun(XINGLONG, at).elevationDeg - Math.asin(sine) / rad) < 0.02);
    }
  });

  it('have the Sun in the zenith at the subsolar point', () => {
    for (let day = 0; day < 365; day += 31) {
      const at = TOP + day * 86_400_000;
      const place = { id: 'subsolar', name: 'subsolar', altitudeM: 0, ...subsolarPoint(at) };
      assert.ok(sun(place, at).elevationDeg > 89.99);
    }
  });

  it('refuse a station off the Earth and a time that is no number', () => {
    assert.throws(() => sun({ ...XINGLONG, longitudeDeg: 181 }, TOP), { code: 'orbit/longitude' });
    assert.throws(() => moon(XINGLONG, Number.NaN), { code: 'orbit/time' });
    assert.throws(() => subsolarPoint(Number.POSITIVE_INFINITY), { code: 'orbit/time' });
  });
});

describe('the shadow of the Earth', () => {
  it('is where an independent computation has it', () => {
    let lit = 0;
    let compared = 0;
    for (let s = 0; s < 86_400; s += 13) {
      const at = new Date(TOP + s * 1000);
      const covered = shadowFraction(sunPos(jday(at)).rsun, inertialState(MICIUS, at.getTime()).position);
      // Both models are within some seconds of each other in the penumbra; outside it they have to agree.
      if (covered !== 0 && covered !== 1) continue;
      compared++;
      if (covered === 0) lit++;
      assert.equal(sunlit(MICIUS, at.getTime()), covered === 0, at.toISOString());
    }
    assert.ok(compared > 6500);
    // A noon-midnight orbit at 490 km is in the shadow for a bit more than a third of the time.
    assert.ok(lit / compared > 0.58 && lit / compared < 0.66);
  });

  it('covers Micius over Xinglong at midnight', () => {
    assert.equal(sunlit(MICIUS, TOP), false);
  });
});
