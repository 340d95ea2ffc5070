import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { separationDeg, sun } from './heavens.ts';
import { look } from './look.ts';
import { passes } from './passes.ts';
import type { Station } from './station.ts';
import { sunClear } from './sun-avoidance.ts';
import { geostationary } from './synthetic.ts';
import { MICIUS, MOLNIYA } from './test/micius.ts';

const DAY = 86_400_000;

const station = fc.record({
  id: fc.constant('anywhere'),
  name: fc.constant('anywhere'),
  latitudeDeg: fc.double({ min: -90, max: 90, noNaN: true }),
  longitudeDeg: fc.double({ min: -180, max: 180, noNaN: true }),
  altitudeM: fc.double({ min: 0, max: 5000, noNaN: true }),
});

describe('sunClear', () => {
  it('is exactly when the satellite is far enough from the Sun', () => {
    let cut = 0;
    fc.assert(
      fc.property(
        station,
        fc.constantFrom(MICIUS, MOLNIYA),
        fc.double({ min: 0.3, max: 120, noNaN: true }),
        (place, target, leastDeg) => {
          const fromMs = target.epochMs;
          for (const { aosMs, losMs } of passes(target, place, {
            fromMs,
            toMs: fromMs + DAY / 2,
            minElevationDeg: 0,
          })) {
            const clear = sunClear(target, place, { startMs: aosMs, endMs: losMs }, leastDeg);
            for (const [i, { startMs, endMs }] of clear.entries()) {
              assert.ok(startMs >= aosMs && startMs < endMs && endMs <= losMs);
              if (i > 0) assert.ok(clear[i - 1]!.endMs < startMs);
              for (const utcMs of [startMs, endMs]) {
                if (utcMs === aosMs || utcMs === losMs) continue;
                cut++;
                assert.ok(Math.abs(separationDeg(look(target, place, utcMs), sun(place, utcMs)) - leastDeg) < 1e-4);
              }
            }
            for (let i = 0; i <= 40; i++) {
              const utcMs = aosMs + (i * (losMs - aosMs)) / 40;
              const away = separationDeg(look(target, place, utcMs), sun(place, utcMs)) - leastDeg;
              const inside = clear.some(({ startMs, endMs }) => startMs <= utcMs && utcMs <= endMs);
              if (Math.abs(away) > 1e-4) assert.equal(inside, away > 0);
            }
          }
        },
      ),
      { seed: 2, numRuns: 80 },
    );
    assert.ok(cut > 20, `${cut} ends in the middle of a pass`);
  });

  it('finds the minutes in which the Sun passes behind a geostationary satellite', () => {
    const equator: Station = { id: 'quito', name: 'Quito', latitudeDeg: 0, longitudeDeg: -78, altitudeM: 0 };
    const startMs = Date.parse('2026-03-20T05:00:00Z');
    const target = geostationary({ name: 'above', epochMs: startMs, longitudeDeg: -78 });
    const clear = sunClear(target, equator, { startMs, endMs: startMs + DAY }, 1);
    assert.equal(clear.length, 2);
    // The Sun takes eight minutes for two degrees, at local noon.
    const gapMin = (clear[1]!.startMs - clear[0]!.endMs) / 60_000;
    assert.ok(gapMin > 6 && gapMin < 8.1, `${gapMin}`);
    assert.ok(Math.abs(clear[0]!.endMs - Date.parse('2026-03-20T17:16:00Z')) < 600_000);
  });

  it('is everything or nothing where no limit is met, and refuses what is no angle', () => {
    const place: Station = { id: 'p', name: 'P', latitudeDeg: 40, longitudeDeg: 117, altitudeM: 0 };
    const part = { startMs: MICIUS.epochMs, endMs: MICIUS.epochMs + 600_000 };
    assert.deepEqual(sunClear(MICIUS, place, part, 0), [part]);
    assert.deepEqual(sunClear(MICIUS, place, part, 180), []);
    for (const angle of [-1, 181, Number.NaN]) {
      assert.throws(() => sunClear(MICIUS, place, part, angle), { code: 'orbit/separation', message: /leastDeg/ });
    }
  });
});
