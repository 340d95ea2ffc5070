import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ecfToLookAngles, eciToEcf, gstime } from 'satellite.js';
import { separationDeg } from './heavens.ts';
import { look } from './look.ts';
import { inertialState } from './state.ts';
import { MICIUS, XINGLONG, ZVENIGOROD } from './test/micius.ts';

const TOP = Date.parse('2016-12-19T16:52:13Z');

describe('look', () => {
  it('has Micius over Xinglong where two independent SGP4 implementations put it', () => {
    const top = look(MICIUS, XINGLONG, TOP);
    assert.ok(Math.abs(top.elevationDeg - 47.82) < 0.05);
    // The azimuth turns by 0.67 degrees a second here, and the reference is given to the second.
    assert.ok(Math.abs(top.azimuthDeg - 286.2) < 0.7);
    assert.ok(Math.abs(top.rangeKm - 645.5) < 0.5);
    assert.ok(Math.abs(top.lightTimeS - 2.153e-3) < 1e-6);
  });

  it('agrees with an independent conversion everywhere in the sky', () => {
    const rad = Math.PI / 180;
    for (const station of [XINGLONG, ZVENIGOROD]) {
      const observer = {
        latitude: station.latitudeDeg * rad,
        longitude: station.longitudeDeg * rad,
        height: station.altitudeM / 1000,
      };
      for (let s = 0; s < 86_400; s += 601) {
        const at = new Date(TOP + s * 1000);
        const mine = look(MICIUS, station, at.getTime());
        const ecf = eciToEcf(inertialState(MICIUS, at.getTime()).position, gstime(at));
        const theirs = ecfToLookAngles(observer, ecf);
        assert.ok(Math.abs(mine.elevationDeg * rad - theirs.elevation) < 1e-6);
        assert.ok(Math.abs(Math.sin(mine.azimuthDeg * rad - theirs.azimuth)) < 1e-5);
        assert.ok(mine.azimuthDeg >= 0 && mine.azimuthDeg < 360);
        assert.ok(Math.abs(mine.rangeKm - theirs.rangeSat) < 1e-3);
      }
    }
  });

  it('has a range rate that is the derivative of the range', () => {
    // SGP4 differentiates its mean elements, not its short-period terms in full: some centimetres a second remain.
    for (let s = -3000; s <= 3000; s += 20) {
      const at = TOP + s * 1000;
      const derivative = look(MICIUS, XINGLONG, at + 500).rangeKm - look(MICIUS, XINGLONG, at - 500).rangeKm;
      assert.ok(Math.abs(look(MICIUS, XINGLONG, at).rangeRateKmS - derivative) < 5e-5);
    }
  });

  it('has a slew rate that is how fast the direction turns', () => {
    for (let s = -3000; s <= 3000; s += 20) {
      const at = TOP + s * 1000;
      const turned = separationDeg(look(MICIUS, XINGLONG, at - 50), look(MICIUS, XINGLONG, at + 50));
      const { slewRadS } = look(MICIUS, XINGLONG, at);
      assert.ok(Math.abs((turned * Math.PI) / 180 / 0.1 - slewRadS) < 1e-6 * slewRadS + 1e-7);
    }
    // At the top of the pass, 645 km away, it is the speed relative to the ground over the range.
    assert.ok(Math.abs(look(MICIUS, XINGLONG, TOP).slewRadS - 7.7 / 645.5) < 2e-4);
  });

  it('takes latitude as geodetic and the Earth as flattened', () => {
    // What others lost by a sphere under a geodetic latitude: kilometres of range, degrees of elevation.
    let [rangeKm, elevationDeg] = [0, 0];
    const rad = Math.PI / 180;
    for (let s = -200; s <= 200; s += 10) {
      const at = new Date(TOP + s * 1000);
      const { x, y, z } = eciToEcf(inertialState(MICIUS, at.getTime()).position, gstime(at));
      const [latitude, longitude] = [XINGLONG.latitudeDeg * rad, XINGLONG.longitudeDeg * rad];
      const up = [
        Math.cos(latitude) * Math.cos(longitude),
        Math.cos(latitude) * Math.sin(longitude),
        Math.sin(latitude),
      ] as const;
      const line = [x - 6371.89 * up[0], y - 6371.89 * up[1], z - 6371.89 * up[2]] as const;
      const range = Math.hypot(...line);
      const elevation = Math.asin((line[0] * up[0] + line[1] * up[1] + line[2] * up[2]) / range) / rad;
      const mine = look(MICIUS, XINGLONG, at.getTime());
      rangeKm = Math.max(rangeKm, Math.abs(range - mine.rangeKm));
      elevationDeg = Math.max(elevationDeg, Math.abs(elevation - mine.elevationDeg));
    }
    assert.ok(rangeKm > 15 && rangeKm < 30 && elevationDeg > 0.5 && elevationDeg < 2.5);
  });

  it('has a flight time that changes as the published figures for this pass say', () => {
    const nearest = 1_482_166_333_784.4;
    for (const [s, usPerS] of [
      [-60, -14.08],
      [-30, -8.09],
      [0, 0],
      [30, 8.1],
      [60, 14.08],
    ] as const) {
      const { rangeRateKmS } = look(MICIUS, XINGLONG, nearest + s * 1000);
      assert.ok(Math.abs((rangeRateKmS / 299_792.458) * 1e6 - usPerS) < 0.01);
    }
  });

  it('refuses a station off the Earth and a time that is no number', () => {
    assert.throws(() => look(MICIUS, { ...XINGLONG, latitudeDeg: 123 }, TOP), { code: 'orbit/latitude' });
    assert.throws(() => look(MICIUS, XINGLONG, Number.NaN), { code: 'orbit/time' });
  });
});
