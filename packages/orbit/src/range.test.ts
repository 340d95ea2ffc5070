import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { look } from './look.ts';
import { type Pass, passes } from './passes.ts';
import { closestApproach, rangeWindows } from './range.ts';
import { keplerian } from './synthetic.ts';
import { MICIUS, MOLNIYA, XINGLONG, ZVENIGOROD } from './test/micius.ts';

const HOUR = 3_600_000;
const EVENING = Date.parse('2016-12-19T12:00Z');

const [PUBLISHED] = passes(MICIUS, XINGLONG, {
  fromMs: EVENING,
  toMs: EVENING + 8 * HOUR,
  minElevationDeg: 10,
}) as [Pass];

/** Half a day to a day around the Earth, far from round: the range to a station turns several times in a stay. */
const eccentric = fc
  .record({
    semiMajorAxisKm: fc.double({ min: 18_000, max: 42_000, noNaN: true }),
    eccentricity: fc.double({ min: 0.3, max: 0.6, noNaN: true }),
    inclinationDeg: fc.double({ min: 0, max: 180, noNaN: true }),
    ascendingNodeDeg: fc.double({ min: 0, max: 360, noNaN: true }),
    argumentOfPerigeeDeg: fc.double({ min: 0, max: 360, noNaN: true }),
    meanAnomalyDeg: fc.double({ min: 0, max: 360, noNaN: true }),
  })
  .map((orbit) => keplerian({ name: 'eccentric', epochMs: EVENING, ...orbit }));

describe('rangeWindows', () => {
  it('has the 273 seconds within 1200 km of the published pass', () => {
    const [window, ...others] = rangeWindows(MICIUS, XINGLONG, PUBLISHED, 1200);
    assert.deepEqual(others, []);
    assert.ok(window);
    assert.ok(Math.abs(look(MICIUS, XINGLONG, window.startMs).rangeKm - 1200) < 1e-3);
    assert.ok(Math.abs(look(MICIUS, XINGLONG, window.endMs).rangeKm - 1200) < 1e-3);
    assert.ok(window.startMs < PUBLISHED.tcaMs && PUBLISHED.tcaMs < window.endMs);
    assert.ok(Math.abs((window.endMs - window.startMs) / 1000 - 273) < 1);
  });

  it('ends with the pass, and is empty where the satellite stays farther away', () => {
    const { aosMs, losMs, minRangeKm } = PUBLISHED;
    assert.deepEqual(rangeWindows(MICIUS, XINGLONG, PUBLISHED, 5000), [{ startMs: aosMs, endMs: losMs }]);
    assert.deepEqual(rangeWindows(MICIUS, XINGLONG, PUBLISHED, minRangeKm - 0.001), []);
    const [late, ...others] = rangeWindows(MICIUS, XINGLONG, PUBLISHED, 1670);
    assert.deepEqual(others, []);
    assert.ok(late!.startMs > aosMs && late!.endMs === losMs);
  });

  it('has both parts of a stay that is up through the apogee', () => {
    const fromMs = MOLNIYA.epochMs;
    const stays = passes(MOLNIYA, ZVENIGOROD, { fromMs, toMs: fromMs + 48 * HOUR, minElevationDeg: 10 });
    const twice = stays.map((stay) => ({ stay, windows: rangeWindows(MOLNIYA, ZVENIGOROD, stay, 25_000) }));
    const [{ stay, windows }] = twice.filter((one) => one.windows.length === 2) as [(typeof twice)[number]];
    const [rising, setting] = windows as [(typeof windows)[number], (typeof windows)[number]];
    assert.equal(rising.startMs, stay.aosMs);
    assert.equal(setting.endMs, stay.losMs);
    for (const utcMs of [rising.endMs, setting.startMs]) {
      assert.ok(Math.abs(look(MOLNIYA, ZVENIGOROD, utcMs).rangeKm - 25_000) < 1e-3);
    }
    assert.ok(look(MOLNIYA, ZVENIGOROD, (rising.endMs + setting.startMs) / 2).rangeKm > 35_000);
  });

  it('is exactly when the satellite is near enough, however often in a stay', () => {
    let several = 0;
    fc.assert(
      fc.property(eccentric, fc.double({ min: 0.02, max: 0.98, noNaN: true }), (orbit, share) => {
        const stays = passes(orbit, XINGLONG, { fromMs: EVENING, toMs: EVENING + 24 * HOUR, minElevationDeg: 5 });
        for (const stay of stays) {
          const steps = 300;
          const times = Array.from(
            { length: steps },
            (_, i) => stay.aosMs + (i + 0.5) * ((stay.durationS * 1000) / steps),
          );
          const ranges = times.map((utcMs) => look(orbit, XINGLONG, utcMs).rangeKm);
          const limitKm = stay.minRangeKm + share * (Math.max(...ranges) - stay.minRangeKm);
          const windows = rangeWindows(orbit, XINGLONG, stay, limitKm);
          if (windows.length > 1) several++;
          for (const [i, { startMs, endMs }] of windows.entries()) {
            assert.ok(startMs < endMs && startMs >= stay.aosMs && endMs <= stay.losMs);
            if (i > 0) assert.ok(windows[i - 1]!.endMs < startMs);
          }
          for (const [i, utcMs] of times.entries()) {
            if (Math.abs(ranges[i]! - limitKm) < 1e-3) continue;
            const inside = windows.some(({ startMs, endMs }) => startMs <= utcMs && utcMs <= endMs);
            assert.equal(inside, ranges[i]! < limitKm, `${new Date(utcMs).toISOString()} within ${limitKm} km`);
          }
        }
      }),
      { seed: 15, numRuns: 60 },
    );
    assert.ok(several > 10, `${several} stays with several windows`);
  });

  it('refuses a limit that is no distance', () => {
    for (const limit of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => rangeWindows(MICIUS, XINGLONG, PUBLISHED, limit), { code: 'orbit/max-range' });
    }
  });
});

describe('closestApproach', () => {
  it('is that of the pass, or the end of a part that does not reach it', () => {
    const { aosMs, tcaMs, losMs, minRangeKm } = PUBLISHED;
    const whole = closestApproach(MICIUS, XINGLONG, { startMs: aosMs, endMs: losMs });
    assert.ok(Math.abs(whole.utcMs - tcaMs) < 1 && Math.abs(whole.rangeKm - minRangeKm) < 1e-6);
    const rising = { startMs: aosMs, endMs: tcaMs - 100_000 };
    assert.deepEqual(closestApproach(MICIUS, XINGLONG, rising), look(MICIUS, XINGLONG, rising.endMs));
    const setting = { startMs: tcaMs + 100_000, endMs: losMs };
    assert.deepEqual(closestApproach(MICIUS, XINGLONG, setting), look(MICIUS, XINGLONG, setting.startMs));
  });

  it('is nearer than anything else in the stretch', () => {
    fc.assert(
      fc.property(eccentric, fc.integer({ min: 1, max: 24 * HOUR }), (orbit, lengthMs) => {
        const endMs = EVENING + lengthMs;
        const { utcMs, rangeKm } = closestApproach(orbit, XINGLONG, { startMs: EVENING, endMs });
        assert.ok(utcMs >= EVENING && utcMs <= endMs);
        for (let i = 0; i <= 200; i++) {
          assert.ok(look(orbit, XINGLONG, EVENING + (i * lengthMs) / 200).rangeKm >= rangeKm - 1e-6);
        }
      }),
      { seed: 16, numRuns: 60 },
    );
  });
});
