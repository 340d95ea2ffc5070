import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { degreesToRadians, ecfToEci, geodeticToEcf, gstime } from 'satellite.js';
import { EARTH_RATE_RAD_S } from './earth.ts';
import { lightTime, pointAheadRad } from './light-time.ts';
import { LIGHT_KM_S, look } from './look.ts';
import { lunarSurface } from './lunar.ts';
import { motionOf, subpoint } from './state.ts';
import type { Station } from './station.ts';
import { geostationary, keplerian } from './synthetic.ts';
import { MICIUS, XINGLONG } from './test/micius.ts';

/** Closest approach of the published pass. */
const NEAREST = 1_482_166_333_784.4;
const STILL = geostationary({ name: 'still', epochMs: NEAREST, longitudeDeg: 110 });
const MOON = lunarSurface({ name: 'Sinus Medii', latitudeDeg: 0, longitudeDeg: 0, heightM: 0 });

/** Inertial place of Xinglong by another implementation, km. */
function xinglong(utcMs: number) {
  const ecf = geodeticToEcf({
    latitude: degreesToRadians(XINGLONG.latitudeDeg),
    longitude: degreesToRadians(XINGLONG.longitudeDeg),
    height: XINGLONG.altitudeM / 1000,
  });
  return ecfToEci(ecf, gstime(new Date(utcMs)));
}

describe('light time', () => {
  it('has the published figures of the pass: 2.153 ms, 2.85e-7 s/s^2, and the rates around it', () => {
    const nearest = lightTime(MICIUS, XINGLONG, NEAREST, 'down');
    assert.ok(Math.abs(nearest.delayS - 2.153e-3) < 5e-7);
    assert.ok(Math.abs(nearest.ratePerS - 2.85e-7) < 5e-10);
    for (const [s, usPerS] of [
      [-60, -14.08],
      [-30, -8.09],
      [0, 0],
      [30, 8.1],
      [60, 14.08],
    ] as const) {
      assert.ok(Math.abs(lightTime(MICIUS, XINGLONG, NEAREST + s * 1000, 'down').rate * 1e6 - usPerS) < 0.01);
    }
  });

  it('has the published magnitudes for an orbit at 500 km that passes through the zenith', () => {
    const satellite = keplerian({
      name: 'zenith',
      epochMs: NEAREST,
      semiMajorAxisKm: 6878.137,
      eccentricity: 0,
      inclinationDeg: 90,
      ascendingNodeDeg: 0,
      argumentOfPerigeeDeg: 0,
      meanAnomalyDeg: 0,
    });
    const below: Station = { id: 'below', name: 'below', ...subpoint(satellite, NEAREST), altitudeM: 0 };
    let [rate, ratePerS, ratePerS2] = [0, 0, 0];
    for (let s = -300; s <= 300; s += 2) {
      const light = lightTime(satellite, below, NEAREST + s * 1000, 'down');
      assert.ok(light.delayS > 1.65e-3 && light.delayS < 8e-3);
      rate = Math.max(rate, Math.abs(light.rate));
      ratePerS = Math.max(ratePerS, light.ratePerS);
      ratePerS2 = Math.max(ratePerS2, Math.abs(light.ratePerS2));
    }
    assert.ok(rate > 2.2e-5 && rate < 2.4e-5);
    // Published are v^2 / h c = 3.9e-7 and v^3 / h^2 c = 6e-9 over a flat Earth. The round one takes h / (R + h) of the
    // first, and the third derivative of a hyperbola peaks at 0.86 of the second.
    assert.ok(ratePerS > 0.9 * 3.9e-7 && ratePerS < 3.9e-7);
    assert.ok(ratePerS2 > 0.7 * 6e-9 && ratePerS2 < 6e-9);
  });

  it('is the distance between where the light leaves and where it arrives, over its speed', () => {
    for (const target of [MICIUS, STILL, MOON]) {
      for (let minutes = 0; minutes < 600; minutes += 13) {
        const at = NEAREST + minutes * 60_000;
        for (const direction of ['down', 'up'] as const) {
          const { delayS } = lightTime(target, XINGLONG, at, direction);
          const satellite = motionOf(target, at, direction === 'down' ? -delayS : delayS).position;
          // The other implementation takes whole ms: 0.2 m of the Earth's turning.
          const station = xinglong(at);
          const km = Math.hypot(satellite.x - station.x, satellite.y - station.y, satellite.z - station.z);
          assert.ok(Math.abs(km / LIGHT_KM_S - delayS) < 2e-9);
        }
      }
    }
  });

  it('differs up and down by what the satellite moves meanwhile', () => {
    for (let s = -200; s <= 200; s += 10) {
      const at = NEAREST + s * 1000;
      const [down, up] = (['down', 'up'] as const).map((way) => lightTime(MICIUS, XINGLONG, at, way)) as [
        ReturnType<typeof lightTime>,
        ReturnType<typeof lightTime>,
      ];
      const { position, velocity } = motionOf(MICIUS, at);
      const station = xinglong(at);
      const line = [position.x - station.x, position.y - station.y, position.z - station.z] as const;
      const radialKmS =
        (line[0] * velocity.x + line[1] * velocity.y + line[2] * velocity.z) / Math.hypot(line[0], line[1], line[2]);
      assert.ok(Math.abs(up.delayS - down.delayS - (2 * down.delayS * radialKmS) / LIGHT_KM_S) < 1e-11);
      // Between the Earth-fixed range at one instant and the inertial path lies the way of the satellite, 60 m at most.
      assert.ok(Math.abs(down.delayS - look(MICIUS, XINGLONG, at).lightTimeS) < 2e-7);
    }
  });

  it('has derivatives that are those of each other', () => {
    for (const [target, hS, tolerance] of [
      [MICIUS, 0.5, [1e-12, 1e-13, 1e-12]],
      [STILL, 16, [1e-14, 1e-15, 1e-16]],
      [MOON, 16, [1e-13, 1e-14, 1e-15]],
    ] as const) {
      for (let n = -20; n <= 20; n++) {
        const at = NEAREST + n * 20 * hS * 1000;
        for (const way of ['down', 'up'] as const) {
          const [a, b, c, d, e] = [-2, -1, 0, 1, 2].map((k) =>
            lightTime(target, XINGLONG, at + k * hS * 1000, way),
          ) as [
            ReturnType<typeof lightTime>,
            ReturnType<typeof lightTime>,
            ReturnType<typeof lightTime>,
            ReturnType<typeof lightTime>,
            ReturnType<typeof lightTime>,
          ];
          const slope = (of: 'delayS' | 'rate' | 'ratePerS') => (a[of] - 8 * b[of] + 8 * d[of] - e[of]) / (12 * hS);
          assert.ok(Math.abs(slope('delayS') - c.rate) < tolerance[0], `${target.name} ${slope('delayS') - c.rate}`);
          assert.ok(
            Math.abs(slope('rate') - c.ratePerS) < tolerance[1],
            `${target.name} ${slope('rate') - c.ratePerS}`,
          );
          assert.ok(
            Math.abs(slope('ratePerS') - c.ratePerS2) < tolerance[2],
            `${target.name} ${slope('ratePerS') - c.ratePerS2}`,
          );
        }
      }
    }
  });

  it('shifts the frequency by the range rate in first order', () => {
    for (let s = -200; s <= 200; s += 10) {
      const at = NEAREST + s * 1000;
      const { rangeRateKmS } = look(MICIUS, XINGLONG, at);
      for (const way of ['down', 'up'] as const) {
        const { frequencyRatio } = lightTime(MICIUS, XINGLONG, at, way);
        // Second order: half a square of 2.4e-5, clocks, and the range rate some ms off.
        assert.ok(Math.abs(frequencyRatio - 1 + rangeRateKmS / LIGHT_KM_S) < 4e-9);
      }
    }
  });

  it('shows the clocks of navigation satellites fast by their published 4.465e-10', () => {
    // Ashby, Relativity in the Global Positioning System, Living Rev. Relativity 6:1 (2003), section 5: for a clock on
    // the geoid. A round Earth gives 4e-13 less.
    const satellite = keplerian({
      name: 'navigation',
      epochMs: NEAREST,
      semiMajorAxisKm: 26_561.75,
      eccentricity: 0,
      inclinationDeg: 55,
      ascendingNodeDeg: 0,
      argumentOfPerigeeDeg: 0,
      meanAnomalyDeg: 0,
    });
    const sea: Station = { id: 'sea', name: 'sea', latitudeDeg: 0, longitudeDeg: 0, altitudeM: 0 };
    for (let hours = 0; hours < 12; hours++) {
      const down = lightTime(satellite, sea, NEAREST + hours * 3_600_000, 'down');
      const up = lightTime(satellite, sea, NEAREST + hours * 3_600_000, 'up');
      assert.ok(Math.abs(down.frequencyRatio / (1 - down.rate) - 1 - 4.465e-10) < 1.5e-12);
      assert.ok(Math.abs(up.frequencyRatio * (1 + up.rate) - 1 + 4.465e-10) < 1.5e-12);
    }
  });

  it('refuses a station off the Earth and a time that is no number', () => {
    assert.throws(() => lightTime(MICIUS, { ...XINGLONG, latitudeDeg: 123 }, NEAREST, 'up'), {
      code: 'orbit/latitude',
    });
    assert.throws(() => lightTime(MICIUS, XINGLONG, Number.NaN, 'down'), { code: 'orbit/time' });
    assert.throws(() => pointAheadRad(MICIUS, XINGLONG, Number.NaN), { code: 'orbit/time' });
  });
});

describe('the point-ahead angle', () => {
  it('is twice the relative speed across the line of sight over that of light', () => {
    for (const target of [MICIUS, STILL, MOON]) {
      for (let s = -200; s <= 200; s += 10) {
        const at = NEAREST + s * 1000;
        const { position: r, velocity: v } = motionOf(target, at);
        const p = xinglong(at);
        const line = [r.x - p.x, r.y - p.y, r.z - p.z] as const;
        const velocity = [v.x + EARTH_RATE_RAD_S * p.y, v.y - EARTH_RATE_RAD_S * p.x, v.z] as const;
        const cross = Math.hypot(
          line[1] * velocity[2] - line[2] * velocity[1],
          line[2] * velocity[0] - line[0] * velocity[2],
          line[0] * velocity[1] - line[1] * velocity[0],
        );
        const expected = (2 * cross) / Math.hypot(...line) / LIGHT_KM_S;
        const angle = pointAheadRad(target, XINGLONG, at);
        assert.ok(Math.abs(angle - expected) < 1e-4 * expected + 1e-10);
      }
    }
  });

  it('is 50 urad for a low orbit, as the slew rate says to some percent', () => {
    const { slewRadS, lightTimeS } = look(MICIUS, XINGLONG, NEAREST);
    const angle = pointAheadRad(MICIUS, XINGLONG, NEAREST);
    assert.ok(Math.abs(angle - 51.4e-6) < 0.2e-6);
    assert.ok(Math.abs(angle / (2 * slewRadS * lightTimeS) - 1) < 0.01);
  });
});
