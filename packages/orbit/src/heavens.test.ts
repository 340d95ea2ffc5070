import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { J2000_MS } from './earth.ts';
import { moon, separationDeg, subsolarPoint, sun, sunPosition } from './heavens.ts';
import { XINGLONG } from './test/micius.ts';

const TOP = Date.parse('2016-12-19T16:52:13Z');
const HOUR = 3_600_000;
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

describe('the angle between two directions', () => {
  const at = (elevationDeg: number, azimuthDeg: number) => ({ elevationDeg, azimuthDeg });

  it('is that on the sphere, down to the smallest and up to the largest', () => {
    assert.equal(separationDeg(at(30, 120), at(30, 120)), 0);
    for (const [a, b, expected] of [
      [at(0, 10), at(0, 350), 20],
      [at(90, 10), at(20, 200), 70],
      [at(10, 45), at(-10, 225), 180],
      [at(89, 0), at(89, 180), 2],
      [at(0, 0), at(1e-7, 0), 1e-7],
      [at(45, 0), at(45, 90), 60],
    ] as const) {
      assert.ok(Math.abs(separationDeg(a, b) - expected) < 1e-9 * Math.max(1, expected) && separationDeg(b, a) > 0);
    }
  });

  it('of Sun and Moon is a right one at half moon', () => {
    const half = Date.parse('2016-12-21T01:56Z');
    assert.ok(Math.abs(separationDeg(sun(XINGLONG, half), moon(XINGLONG, half)) - 90) < 1.5);
  });
});

describe('Sun and Moon', () => {
  it('stand where they stood at the top of the Micius pass', () => {
    assert.ok(Math.abs(sun(XINGLONG, TOP).elevationDeg - -70.6) < 0.1);
    assert.ok(Math.abs(subsolarPoint(TOP).latitudeDeg - -23.42) < 0.01);
    const { elevationDeg, illuminatedFraction, phaseAngleDeg, waxing } = moon(XINGLONG, TOP);
    assert.ok(Math.abs(elevationDeg - 23) < 0.5);
    assert.ok(Math.abs(illuminatedFraction - 0.64) < 0.005);
    assert.ok(Math.abs(phaseAngleDeg - Math.acos(2 * 0.64 - 1) / rad) < 1);
    assert.equal(waxing, false);
  });

  it('have the Moon new, half and full when the almanac says', () => {
    // Phases of December 2016 and January 2017 (US Naval Observatory, UT to the minute).
    for (const [utc, angle, fraction, waxing] of [
      ['2016-12-07T09:03Z', 90, 0.5, [true, true]],
      ['2016-12-14T00:06Z', 0, 1, [true, false]],
      ['2016-12-21T01:56Z', 90, 0.5, [false, false]],
      ['2016-12-29T06:53Z', 180, 0, [false, true]],
      ['2017-01-05T19:47Z', 90, 0.5, [true, true]],
    ] as const) {
      const { phaseAngleDeg, illuminatedFraction } = moon(XINGLONG, Date.parse(utc));
      // The Moon is up to five degrees off the ecliptic, in which phases are counted.
      assert.ok(Math.abs(phaseAngleDeg - angle) < 5.5);
      assert.ok(Math.abs(illuminatedFraction - fraction) < 0.01);
      assert.ok(Math.abs(illuminatedFraction - (1 + Math.cos(phaseAngleDeg * rad)) / 2) < 1e-12);
      assert.deepEqual(
        [-2, 2].map((h) => moon(XINGLONG, Date.parse(utc) + h * HOUR).waxing),
        waxing,
      );
    }
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

  it('are the same, bit for bit, whatever was asked before', () => {
    const questions: ((t: number) => object)[] = [
      (t) => sun(XINGLONG, t),
      (t) => moon(XINGLONG, t),
      subsolarPoint,
      sunPosition,
    ];
    for (let i = 0; i < 50; i++) {
      const at = TOP + i * 3_333_333;
      for (const question of questions) {
        sunPosition(at + 12 * HOUR);
        const alone = question(at);
        // The library remembers the nutation of an instant for 86 ms around it.
        for (const other of questions) {
          for (const offset of [-80, 80]) {
            sunPosition(at + 12 * HOUR);
            other(at + offset);
            assert.deepEqual(question(at), alone);
          }
        }
      }
    }
    // Also on the days by which it is made to forget.
    for (const day of [J2000_MS, J2000_MS + 2 * 86_400_000]) {
      const alone = moon(XINGLONG, day);
      sunPosition(day + 12 * HOUR);
      moon(XINGLONG, day + 80);
      assert.deepEqual(moon(XINGLONG, day), alone);
    }
  });

  it('refuse a station off the Earth and a time that is no number', () => {
    assert.throws(() => sun({ ...XINGLONG, longitudeDeg: 181 }, TOP), { code: 'orbit/longitude' });
    assert.throws(() => moon(XINGLONG, Number.NaN), { code: 'orbit/time' });
    assert.throws(() => subsolarPoint(Number.POSITIVE_INFINITY), { code: 'orbit/time' });
  });
});
