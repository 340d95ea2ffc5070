import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { moon } from './heavens.ts';
import { look } from './look.ts';
import { lunarSurface } from './lunar.ts';
import { passes, passesOver } from './passes.ts';
import type { Station } from './station.ts';
import { geostationary, keplerian } from './synthetic.ts';
import { MICIUS, MOLNIYA, XINGLONG, ZVENIGOROD } from './test/micius.ts';
import { parseTle } from './tle.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const EVENING = Date.parse('2016-12-19T12:00Z');

const station = fc.record({
  id: fc.constant('anywhere'),
  name: fc.constant('anywhere'),
  latitudeDeg: fc.double({ min: -90, max: 90, noNaN: true }),
  longitudeDeg: fc.double({ min: -180, max: 180, noNaN: true }),
  altitudeM: fc.double({ min: 0, max: 5000, noNaN: true }),
});
const minElevationDeg = fc.double({ min: -5, max: 60, noNaN: true });

describe('passes', () => {
  it('have the published pass of Micius over Xinglong', () => {
    const [pass, ...others] = passes(MICIUS, XINGLONG, {
      fromMs: Date.parse('2016-12-19T16:00Z'),
      toMs: Date.parse('2016-12-19T18:00Z'),
      minElevationDeg: 10,
    });
    assert.deepEqual(others, []);
    assert.ok(pass);
    assert.ok(Math.abs(pass.aosMs - Date.parse('2016-12-19T16:48:44Z')) <= 1000);
    assert.ok(Math.abs(pass.tcaMs - Date.parse('2016-12-19T16:52:13Z')) <= 1000);
    assert.ok(Math.abs(pass.losMs - Date.parse('2016-12-19T16:55:41Z')) <= 1000);
    assert.ok(Math.abs(pass.durationS - 417) <= 1);
    assert.ok(Math.abs(pass.maxElevationDeg - 47.82) <= 0.05);
    assert.ok(Math.abs(pass.minRangeKm - 645.5) <= 0.5);
    assert.ok(Math.abs(pass.aosAzimuthDeg - 0.2) <= 0.1);
    assert.ok(Math.abs(pass.losAzimuthDeg - 211.0) <= 0.1);
    assert.deepEqual(pass.clipped, { start: false, end: false });
  });

  it('are exactly the times above the minimum, anywhere on the Earth', () => {
    fc.assert(
      fc.property(station, minElevationDeg, (place, minimum) => {
        const found = passes(MICIUS, place, { fromMs: EVENING, toMs: EVENING + DAY, minElevationDeg: minimum });
        let at = 0;
        for (let t = EVENING; t <= EVENING + DAY; t += 20_000) {
          while (at < found.length && found[at]!.losMs < t) at++;
          const inside = at < found.length && found[at]!.aosMs <= t;
          assert.equal(inside, look(MICIUS, place, t).elevationDeg >= minimum, new Date(t).toISOString());
        }
      }),
      { seed: 1, numRuns: 25 },
    );
  });

  it('begin and end at the minimum elevation, and are best in between', () => {
    fc.assert(
      fc.property(station, minElevationDeg, (place, minimum) => {
        for (const pass of passes(MICIUS, place, { fromMs: EVENING, toMs: EVENING + DAY, minElevationDeg: minimum })) {
          assert.ok(pass.aosMs < pass.losMs && pass.aosMs <= pass.tcaMs && pass.tcaMs <= pass.losMs);
          for (const [t, azimuthDeg] of [
            [pass.aosMs, pass.aosAzimuthDeg],
            [pass.losMs, pass.losAzimuthDeg],
          ] as const) {
            const edge = look(MICIUS, place, t);
            assert.ok(Math.abs(edge.elevationDeg - minimum) < 2e-5);
            assert.equal(edge.azimuthDeg, azimuthDeg);
          }
          for (let i = 0; i <= 50; i++) {
            const { elevationDeg, rangeKm } = look(MICIUS, place, pass.aosMs + ((pass.losMs - pass.aosMs) * i) / 50);
            assert.ok(elevationDeg <= pass.maxElevationDeg + 1e-6);
            assert.ok(rangeKm >= pass.minRangeKm - 1e-6);
          }
          const nearest = look(MICIUS, place, pass.tcaMs);
          assert.equal(nearest.rangeKm, pass.minRangeKm);
          // A sample a second off would still have a range rate of tens of metres a second.
          if (pass.tcaMs > pass.aosMs && pass.tcaMs < pass.losMs) assert.ok(Math.abs(nearest.rangeRateKmS) < 1e-5);
        }
      }),
      { seed: 2, numRuns: 25 },
    );
  });

  it('are the same, bit for bit, wherever the search begins', () => {
    const whole = passes(MICIUS, XINGLONG, { fromMs: EVENING - DAY, toMs: EVENING + 4 * DAY, minElevationDeg: 5 });
    assert.ok(whole.length > 15);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 * DAY }), fc.integer({ min: 1, max: DAY }), (offset, length) => {
        const fromMs = EVENING - DAY + offset;
        const toMs = fromMs + length;
        assert.deepEqual(
          passes(MICIUS, XINGLONG, { fromMs, toMs, minElevationDeg: 5 }),
          whole.filter(({ aosMs, losMs }) => losMs >= fromMs && aosMs <= toMs),
        );
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it('are whole when the interval begins or ends inside one', () => {
    const query = { fromMs: EVENING, toMs: EVENING + 8 * HOUR, minElevationDeg: 10 };
    const [pass] = passes(MICIUS, XINGLONG, query);
    assert.ok(pass);
    const middle = (pass.aosMs + pass.losMs) / 2;
    assert.deepEqual(passes(MICIUS, XINGLONG, { ...query, fromMs: middle })[0], pass);
    assert.deepEqual(passes(MICIUS, XINGLONG, { ...query, toMs: middle }), [pass]);
    assert.deepEqual(passes(MICIUS, XINGLONG, { ...query, fromMs: middle - 1, toMs: middle }), [pass]);
    // Up to the millisecond: touching counts, missing does not.
    assert.deepEqual(passes(MICIUS, XINGLONG, { ...query, toMs: pass.aosMs }), [pass]);
    assert.deepEqual(passes(MICIUS, XINGLONG, { ...query, toMs: pass.aosMs - 1 }), []);
    assert.deepEqual(passes(MICIUS, XINGLONG, { ...query, fromMs: pass.losMs })[0], pass);
    assert.deepEqual(passes(MICIUS, XINGLONG, { ...query, fromMs: pass.losMs + 1 }), []);
  });

  it('do not lose one that only grazes the minimum', () => {
    const [pass] = passes(MICIUS, XINGLONG, { fromMs: EVENING, toMs: EVENING + 8 * HOUR, minElevationDeg: 10 });
    assert.ok(pass);
    const around = { fromMs: pass.aosMs - HOUR, toMs: pass.losMs + HOUR };
    const graze = passes(MICIUS, XINGLONG, { ...around, minElevationDeg: pass.maxElevationDeg - 1e-4 });
    assert.equal(graze.length, 1);
    assert.ok(graze[0]!.durationS > 0.1 && graze[0]!.durationS < 5);
    assert.deepEqual(passes(MICIUS, XINGLONG, { ...around, minElevationDeg: pass.maxElevationDeg + 1e-4 }), []);
  });

  it('follow a satellite that is on an eccentric orbit of twelve hours', () => {
    const found = passes(MOLNIYA, ZVENIGOROD, {
      fromMs: MOLNIYA.epochMs,
      toMs: MOLNIYA.epochMs + 3 * DAY,
      minElevationDeg: 10,
    });
    let at = 0;
    for (let t = MOLNIYA.epochMs; t <= MOLNIYA.epochMs + 3 * DAY; t += 60_000) {
      while (at < found.length && found[at]!.losMs < t) at++;
      const inside = at < found.length && found[at]!.aosMs <= t;
      assert.equal(inside, look(MOLNIYA, ZVENIGOROD, t).elevationDeg >= 10);
    }
    assert.ok(found.some(({ durationS }) => durationS > 5 * 3600));
    for (const pass of found) {
      for (let i = 0; i <= 200; i++) {
        const { elevationDeg, rangeKm } = look(MOLNIYA, ZVENIGOROD, pass.aosMs + ((pass.losMs - pass.aosMs) * i) / 200);
        assert.ok(elevationDeg <= pass.maxElevationDeg + 1e-6);
        assert.ok(rangeKm >= pass.minRangeKm - 1e-6);
      }
    }
  });

  it('find what samples lose', () => {
    const month = { fromMs: EVENING, toMs: EVENING + 30 * DAY, minElevationDeg: 10 };
    const STEP = 30_000;
    let [worstDeg, sampledS, wholeS] = [0, 0, 0];
    for (const pass of passes(MICIUS, XINGLONG, month)) {
      let highest = -90;
      for (let t = Math.ceil(pass.aosMs / STEP) * STEP; t <= pass.losMs; t += STEP) {
        highest = Math.max(highest, look(MICIUS, XINGLONG, t).elevationDeg);
      }
      sampledS += (Math.floor(pass.losMs / STEP) - Math.ceil(pass.aosMs / STEP)) * 30;
      wholeS += pass.durationS;
      if (highest > -90) worstDeg = Math.max(worstDeg, pass.maxElevationDeg - highest);
      assert.ok(highest <= pass.maxElevationDeg);
    }
    assert.ok(worstDeg > 5 && wholeS / sampledS > 1.05);
  });

  it('follow any orbit over any station', () => {
    const orbit = fc.record({
      name: fc.constant('any'),
      epochMs: fc.constant(EVENING),
      perigeeKm: fc.double({ min: 6700, max: 12_000, noNaN: true }),
      eccentricity: fc.double({ min: 0, max: 0.75, noNaN: true }),
      inclinationDeg: fc.double({ min: 0, max: 180, noNaN: true }),
      ascendingNodeDeg: fc.double({ min: 0, max: 360, noNaN: true }),
      argumentOfPerigeeDeg: fc.double({ min: 0, max: 360, noNaN: true }),
      meanAnomalyDeg: fc.double({ min: 0, max: 360, noNaN: true }),
    });
    fc.assert(
      fc.property(orbit, station, minElevationDeg, ({ perigeeKm, ...rest }, place, minimum) => {
        const satellite = keplerian({ ...rest, semiMajorAxisKm: perigeeKm / (1 - rest.eccentricity) });
        const found = passes(satellite, place, { fromMs: EVENING, toMs: EVENING + DAY, minElevationDeg: minimum });
        let at = 0;
        for (let t = EVENING; t <= EVENING + DAY; t += 60_000) {
          while (at < found.length && found[at]!.losMs < t) at++;
          const inside = at < found.length && found[at]!.aosMs <= t;
          assert.equal(inside, look(satellite, place, t).elevationDeg >= minimum, new Date(t).toISOString());
        }
        for (const pass of found) {
          for (let i = 0; i <= 20; i++) {
            const { elevationDeg, rangeKm } = look(satellite, place, pass.aosMs + (pass.durationS * 1000 * i) / 20);
            assert.ok(elevationDeg <= pass.maxElevationDeg + 1e-6 && rangeKm >= pass.minRangeKm - 1e-6);
          }
        }
      }),
      { seed: 4, numRuns: 60 },
    );
  });

  it('of what never sets are the interval', () => {
    const still = geostationary({ name: 'still', epochMs: EVENING, longitudeDeg: 110 });
    const interval = { fromMs: EVENING, toMs: EVENING + 5 * DAY };
    const [pass, ...others] = passes(still, XINGLONG, { ...interval, minElevationDeg: 10 });
    assert.deepEqual(others, []);
    assert.ok(pass);
    assert.deepEqual([pass.aosMs, pass.losMs], [interval.fromMs, interval.toMs]);
    assert.deepEqual(pass.clipped, { start: true, end: true });
    // By the formula for a geostationary satellite 7.58 degrees west of a place at 40.4 degrees north, to its own motion.
    assert.ok(Math.abs(pass.maxElevationDeg - 42.6) < 0.3 && Math.abs(pass.aosAzimuthDeg - 191.6) < 0.3);
    assert.deepEqual(passes(still, { ...XINGLONG, longitudeDeg: -70 }, { ...interval, minElevationDeg: 10 }), []);
  });

  it('that outlast the search by more than a revolution are clipped, and neighbouring intervals agree on them', () => {
    // ECS 1 of the SGP4 verification set: 0.9887 revolutions a day, it drifts over the equator by four degrees a day.
    const drifting = parseTle(
      '1 14128U 83058A   06176.02844893 -.00000158  00000-0  10000-3 0  9627\n' +
        '2 14128  11.4384  35.2134 0011562  26.4582 333.5652  0.98870114 46093',
    );
    const below = { ...ZVENIGOROD, latitudeDeg: 20, longitudeDeg: 0 };
    const from = drifting.epochMs;
    const whole = passes(drifting, below, { fromMs: from, toMs: from + 120 * DAY, minElevationDeg: 5 });
    assert.ok(whole.length > 3 && whole.some(({ durationS }) => durationS > 20 * 86_400));
    let [clippedStarts, clippedEnds] = [0, 0];
    fc.assert(
      fc.property(
        fc.double({ min: 3, max: 100, noNaN: true }),
        fc.double({ min: 0.1, max: 15, noNaN: true }),
        (offset, days) => {
          const [fromMs, toMs] = [from + offset * DAY, from + (offset + days) * DAY];
          const expected = whole.filter(({ aosMs, losMs }) => losMs >= fromMs && aosMs <= toMs);
          const found = passes(drifting, below, { fromMs, toMs, minElevationDeg: 5 });
          assert.equal(found.length, expected.length);
          for (const [i, pass] of found.entries()) {
            const { aosMs, losMs, clipped } = expected[i]!;
            if (pass.clipped.start) {
              clippedStarts++;
              assert.ok(pass.aosMs === fromMs && fromMs - aosMs > DAY);
            } else assert.equal(pass.aosMs, aosMs);
            if (pass.clipped.end) {
              clippedEnds++;
              assert.ok(pass.losMs === toMs && (losMs - toMs > DAY || clipped.end));
            } else assert.equal(pass.losMs, losMs);
            for (const t of [pass.aosMs, pass.tcaMs, pass.losMs]) {
              const { elevationDeg, rangeKm } = look(drifting, below, t);
              assert.ok(elevationDeg >= 5 - 2e-5 && elevationDeg <= pass.maxElevationDeg + 1e-6);
              assert.ok(rangeKm >= pass.minRangeKm - 1e-6);
            }
          }
        },
      ),
      { seed: 5, numRuns: 60 },
    );
    assert.ok(clippedStarts > 5 && clippedEnds > 5);
  });

  it('of the Moon are its risings and settings, for days in the north', () => {
    const moonlit = lunarSurface({ name: 'Sinus Medii', latitudeDeg: 0, longitudeDeg: 0, heightM: 0 });
    const january = { fromMs: Date.parse('2017-01-01Z'), toMs: Date.parse('2017-02-01Z'), minElevationDeg: 0 };
    const daily = passes(moonlit, XINGLONG, january);
    // 24 h 50 min from one to the next: 30 or 31 in a month.
    assert.ok(daily.length === 30 || daily.length === 31);
    const arctic = passes(moonlit, { ...XINGLONG, latitudeDeg: 85 }, january);
    assert.ok(arctic.some(({ durationS }) => durationS > 8 * 86_400));
    for (const [found, latitudeDeg] of [
      [daily, XINGLONG.latitudeDeg],
      [arctic, 85],
    ] as const) {
      for (const { aosMs, losMs, clipped } of found) {
        assert.deepEqual(clipped, { start: false, end: false });
        // Sinus Medii is at most ten degrees, 300 km, off the line to the Moon's centre.
        for (const t of [aosMs, losMs]) {
          assert.ok(Math.abs(moon({ ...XINGLONG, latitudeDeg }, t).elevationDeg) < 0.05);
        }
      }
    }
  });

  it('refuse an interval that is none, an elevation nobody can point at, and a station off the Earth', () => {
    const good = { fromMs: EVENING, toMs: EVENING + HOUR, minElevationDeg: 10 };
    const refused = (change: object, code: string, place: Station = XINGLONG) =>
      assert.throws(() => passes(MICIUS, place, { ...good, ...change }), { code });
    refused({ toMs: EVENING }, 'orbit/interval');
    refused({ toMs: EVENING - 1 }, 'orbit/interval');
    refused({ fromMs: Number.NaN }, 'orbit/interval');
    refused({ toMs: Number.POSITIVE_INFINITY }, 'orbit/interval');
    refused({ minElevationDeg: 90 }, 'orbit/min-elevation');
    refused({ minElevationDeg: -6 }, 'orbit/min-elevation');
    refused({ minElevationDeg: Number.NaN }, 'orbit/min-elevation');
    refused({}, 'orbit/latitude', { ...XINGLONG, latitudeDeg: 123 });
  });
});

describe('passesOver', () => {
  it('gives every station what it would get alone, bit for bit', () => {
    fc.assert(
      fc.property(
        fc.array(station, { minLength: 0, maxLength: 6 }),
        minElevationDeg,
        fc.constantFrom(MICIUS, MOLNIYA),
        (stations, minimum, satellite) => {
          const fromMs = satellite.epochMs + DAY;
          const query = { fromMs, toMs: fromMs + 3 * DAY, minElevationDeg: minimum };
          assert.deepEqual(
            passesOver(satellite, stations, query),
            stations.map((place) => passes(satellite, place, query)),
          );
        },
      ),
      { seed: 6, numRuns: 20 },
    );
  });
});
