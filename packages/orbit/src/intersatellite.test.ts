import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { intersatelliteLook, intersatelliteWindows } from './intersatellite.ts';
import { geostationary, keplerian, walker } from './synthetic.ts';
import type { Target } from './target.ts';

const DAY = 86_400_000;
const NOON = Date.parse('2016-12-19T12:00Z');
const still = (longitudeDeg: number) => geostationary({ name: `still ${longitudeDeg}`, epochMs: NOON, longitudeDeg });
const low = (ascendingNodeDeg: number, meanAnomalyDeg: number, inclinationDeg = 97.4) =>
  keplerian({
    name: 'low',
    epochMs: NOON,
    semiMajorAxisKm: 6878,
    eccentricity: 0.001,
    inclinationDeg,
    ascendingNodeDeg,
    argumentOfPerigeeDeg: 0,
    meanAnomalyDeg,
  });
const eccentric = keplerian({
  name: 'eccentric',
  epochMs: NOON,
  semiMajorAxisKm: 26_560,
  eccentricity: 0.72,
  inclinationDeg: 63.4,
  ascendingNodeDeg: 40,
  argumentOfPerigeeDeg: 270,
  meanAnomalyDeg: 10,
});

/** The windows against a dense scan; where the line grazes within some metres of the limit, either is right. */
function scan(a: Target, b: Target, grazingHeightKm: number, maxRangeKm: number, stepS: number): number {
  const found = intersatelliteWindows(a, b, { fromMs: NOON, toMs: NOON + DAY, grazingHeightKm, maxRangeKm });
  let at = 0;
  for (let t = NOON; t <= NOON + DAY; t += stepS * 1000) {
    while (at < found.length && found[at]!.endMs < t) at++;
    const inside = at < found.length && found[at]!.startMs <= t;
    const sight = intersatelliteLook(a, b, t);
    if (Math.abs(sight.grazingHeightKm - grazingHeightKm) < 0.02) continue;
    const sees = sight.grazingHeightKm > grazingHeightKm && sight.rangeKm <= maxRangeKm;
    assert.equal(inside, sees, new Date(t).toISOString());
  }
  return found.length;
}

describe('intersatellite windows', () => {
  it('are exactly the times of sight past the Earth and in range', () => {
    assert.ok(scan(low(0, 0), still(110), 50, 50_000, 20) > 10);
    assert.ok(scan(low(0, 0), low(60, 30), 100, 1e9, 5) > 10);
    assert.ok(scan(low(0, 0), low(30, 5), 20, 2000, 5) > 10);
    assert.ok(scan(eccentric, low(10, 0), 20, 1e9, 10) > 5);
    assert.ok(scan(eccentric, still(110), 0, 45_000, 30) >= 1);
  });

  it('begin and end where the line grazes at the asked height, or reaches the asked range', () => {
    for (const { startMs, endMs } of intersatelliteWindows(low(0, 0), low(60, 30), {
      fromMs: NOON,
      toMs: NOON + DAY,
      grazingHeightKm: 100,
      maxRangeKm: 4000,
    })) {
      for (const t of [startMs, endMs]) {
        const { grazingHeightKm, rangeKm } = intersatelliteLook(low(0, 0), low(60, 30), t);
        assert.ok(Math.abs(grazingHeightKm - 100) < 0.01 || Math.abs(rangeKm - 4000) < 0.001);
      }
    }
  });

  it('are the same whichever satellite is named first, and wherever the search begins', () => {
    const query = { fromMs: NOON, toMs: NOON + DAY, grazingHeightKm: 50 };
    const [a, b] = [low(0, 0), low(60, 30)];
    const whole = intersatelliteWindows(a, b, query);
    const swapped = intersatelliteWindows(b, a, query);
    assert.equal(whole.length, swapped.length);
    for (const [i, { startMs, endMs }] of whole.entries()) {
      assert.ok(Math.abs(startMs - swapped[i]!.startMs) < 0.03 && Math.abs(endMs - swapped[i]!.endMs) < 0.03);
    }
    for (let hour = 2; hour < 20; hour++) {
      const [fromMs, toMs] = [NOON + hour * 3_600_000, NOON + (hour + 1.3) * 3_600_000];
      assert.deepEqual(
        intersatelliteWindows(a, b, { ...query, fromMs, toMs }),
        whole.filter(({ startMs, endMs }) => endMs >= fromMs && startMs <= toMs),
      );
    }
  });

  it('of neighbours in a ring last, until the ring is too wide', () => {
    const query = { fromMs: NOON, toMs: NOON + DAY, grazingHeightKm: 100 };
    const ring = (satellites: number) =>
      walker({
        name: 'ring',
        epochMs: NOON,
        pattern: 'delta',
        altitudeKm: 500,
        inclinationDeg: 60,
        satellites,
        planes: 1,
        phasing: 0,
        ascendingNodeDeg: 0,
      });
    // Neighbours on one circle see each other past the height h while cos(half their angle) > (R + h) / (R + 500 km):
    // 19.7 degrees.
    const [a, b] = ring(10);
    const [window, ...others] = intersatelliteWindows(a!, b!, query);
    assert.deepEqual(others, []);
    assert.deepEqual(window, {
      startMs: query.fromMs,
      endMs: query.toMs,
      durationS: 86_400,
      clipped: { start: true, end: true },
    });
    const [c, d] = ring(8);
    assert.deepEqual(intersatelliteWindows(c!, d!, query), []);
  });

  it('know that the Earth is flat at the poles', () => {
    // Two satellites of one polar plane, 40.2 degrees apart, see each other over the poles and not over the equator.
    const [a, b] = [low(0, 0, 90), low(0, 40.2, 90)];
    const height = (t: number) => intersatelliteLook(a, b, t).grazingHeightKm;
    const heights = Array.from({ length: 200 }, (_, i) => height(NOON + i * 30_000));
    // 21.4 km of flattening, and the orbit's own shape.
    assert.ok(Math.max(...heights) - Math.min(...heights) > 15);
  });

  it('refuse a height under ground and a range that is none', () => {
    const query = { fromMs: NOON, toMs: NOON + DAY, grazingHeightKm: 50 };
    const refused = (change: object, code: string) =>
      assert.throws(() => intersatelliteWindows(low(0, 0), still(110), { ...query, ...change }), { code });
    refused({ grazingHeightKm: -1 }, 'orbit/grazing-height');
    refused({ grazingHeightKm: Number.NaN }, 'orbit/grazing-height');
    refused({ maxRangeKm: 0 }, 'orbit/max-range');
    refused({ toMs: NOON }, 'orbit/interval');
  });
});
