import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { angleBetween, DEGREE, minus, norm, type Vector } from './earth.ts';
import { sunPosition } from './heavens.ts';
import { intersatelliteLook } from './intersatellite.ts';
import { intersatelliteLight, intersatelliteSky } from './intersatellite-light.ts';
import { LIGHT_KM_S } from './look.ts';
import { motionOf } from './state.ts';
import { geostationary, keplerian } from './synthetic.ts';

const NOON = Date.parse('2026-03-20T12:00Z');
const HOUR = 3_600_000;
const STILL = geostationary({ name: 'still', epochMs: NOON, longitudeDeg: 0 });
const low = (ascendingNodeDeg: number, meanAnomalyDeg: number) =>
  keplerian({
    name: 'low',
    epochMs: NOON,
    semiMajorAxisKm: 6978,
    eccentricity: 0.001,
    inclinationDeg: 97.8,
    ascendingNodeDeg,
    argumentOfPerigeeDeg: 0,
    meanAnomalyDeg,
  });
const [ONE, OTHER] = [low(0, 0), low(60, 20)];
const MOMENTS = Array.from({ length: 40 }, (_, i) => NOON + i * 0.07 * HOUR);

describe('light between two satellites', () => {
  it('takes the way from where the sender was to where the receiver is', () => {
    for (const t of MOMENTS) {
      const { delayS } = intersatelliteLight(ONE, STILL, t);
      const sent = motionOf(ONE, t, -delayS).position;
      assert.ok(Math.abs(norm(minus(motionOf(STILL, t).position, sent)) / LIGHT_KM_S - delayS) < 1e-12);
    }
  });

  it('changes with the range, and shifts the frequency both ways alike but for the clocks', () => {
    for (const t of MOMENTS) {
      const there = intersatelliteLight(ONE, OTHER, t);
      const back = intersatelliteLight(OTHER, ONE, t);
      const { rangeRateKmS } = intersatelliteLook(ONE, OTHER, t);
      // The rate of the range over c, to first order in v/c of some 2.5e-5.
      assert.ok(Math.abs(there.rate - rangeRateKmS / LIGHT_KM_S) < 3 * 2.6e-5 ** 2);
      assert.ok(Math.abs(there.frequencyRatio - (1 - there.rate)) < 1e-10);
      assert.ok(Math.abs(there.delayS - back.delayS) < 4 * 2.6e-5 * there.delayS);
    }
  });

  it('makes a clock in the geostationary orbit fast against a low one by its gravity and speed', () => {
    const { frequencyRatio, rate } = intersatelliteLight(STILL, ONE, NOON);
    // GM (1/r - 1/R) + (v^2 - V^2) / 2 over c^2; with v^2 = GM / r that is 1.5 GM (1/r - 1/R).
    const expected = (1.5 * 398_600.4418 * (1 / 6978 - 1 / 42_164)) / LIGHT_KM_S ** 2;
    assert.ok(Math.abs(frequencyRatio / (1 - rate) - 1 - expected) < 0.01 * expected);
  });

  it('has to lead by twice the relative speed across over that of light', () => {
    for (const t of MOMENTS) {
      const line = minus(motionOf(OTHER, t).position, motionOf(ONE, t).position);
      const relative = minus(motionOf(OTHER, t).velocity, motionOf(ONE, t).velocity);
      const across = norm(relative) * Math.sin(angleBetween(line, relative));
      const lead = intersatelliteLight(ONE, OTHER, t).pointAheadRad;
      assert.ok(Math.abs(lead - (2 * across) / LIGHT_KM_S) < 2e-8, `${lead}`);
    }
  });
});

describe('the sky around another satellite', () => {
  const positionOf = (utcMs: number): Vector => motionOf(ONE, utcMs).position;

  it('has the Sun where it is, and the limb where the Earth ends', () => {
    for (const t of MOMENTS) {
      const { sunDeg, earthDeg, lowestHeightKm } = intersatelliteSky(ONE, OTHER, t);
      const line = minus(motionOf(OTHER, t).position, positionOf(t));
      // Half a disc of 32.1 arcmin in March; the satellite sees the Sun up to 0.003 degrees from where the Earth's centre does.
      assert.ok(Math.abs(sunDeg + 32.1 / 120 - angleBetween(line, sunPosition(t)) / DEGREE) < 0.004);
      // The sphere is up to 21 km larger than the Earth.
      if (Math.abs(lowestHeightKm) > 25)
        assert.equal(earthDeg > 0, lowestHeightKm > 0, `${earthDeg} ${lowestHeightKm}`);
    }
  });

  it('agrees with the grazing height where the line itself passes the lowest point', () => {
    let passed = 0;
    for (const t of MOMENTS) {
      const there = intersatelliteSky(ONE, OTHER, t).lowestHeightKm;
      const back = intersatelliteSky(OTHER, ONE, t).lowestHeightKm;
      const { grazingHeightKm } = intersatelliteLook(ONE, OTHER, t);
      assert.ok(Math.min(there, back) <= grazingHeightKm + 1e-6);
      if (Math.abs(there - back) > 1e-6) continue;
      passed++;
      assert.ok(Math.abs(there - grazingHeightKm) < 1e-6);
    }
    assert.ok(passed > 5);
  });

  it('knows when the Earth stands behind, lit or not', () => {
    const below = low(0, 0);
    let before = 0;
    for (let t = NOON; t < NOON + 24 * HOUR; t += 60_000) {
      const { grazingHeightKm } = intersatelliteLook(STILL, below, t);
      const { lowestHeightKm, earthDeg, sunElevationDeg } = intersatelliteSky(STILL, below, t);
      assert.ok(Math.abs(sunElevationDeg) <= 90);
      if (grazingHeightKm > 100 && lowestHeightKm < -1000) {
        before++;
        assert.ok(earthDeg < 0);
        // From below, the same line looks up into the sky.
        assert.ok(Math.abs(intersatelliteSky(below, STILL, t).lowestHeightKm - 600) < 40);
      }
    }
    assert.ok(before > 100);
  });

  it('has the Moon half a turn from the Sun when it is full', () => {
    // Full Moon of 2026-03-03 11:38 UTC, eclipsed: in line to half a degree from the centre of the Earth. Both discs are
    // half a degree wide, and the Moon stands up to 6 degrees elsewhere from the geostationary orbit.
    const { sunDeg, moonDeg } = intersatelliteSky(STILL, ONE, Date.parse('2026-03-03T11:38Z'));
    assert.ok(Math.abs(sunDeg + moonDeg + 0.53 - 180) < 7, `${sunDeg} ${moonDeg}`);
  });
});
