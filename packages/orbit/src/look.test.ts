import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ecfToLookAngles, eciToEcf, gstime } from 'satellite.js';
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
