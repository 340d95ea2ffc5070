import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sun } from '@skykey/orbit';
import fc from 'fast-check';
import { darkness } from './dark.ts';

const DAY_MS = 86_400_000;
const place = (latitudeDeg: number, longitudeDeg: number) => ({
  id: 'place',
  name: 'Place',
  latitudeDeg,
  longitudeDeg,
  altitudeM: 0,
});

describe('darkness', () => {
  it('holds exactly while the Sun is below the limit, wherever and whenever', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -90, max: 90, noNaN: true }),
        fc.double({ min: -180, max: 180, noNaN: true }),
        fc.constantFrom(-18, -12, -6, 0, 30),
        fc.integer({ min: Date.UTC(2016, 0), max: Date.UTC(2030, 0) }),
        fc.integer({ min: 1, max: 3 * DAY_MS }),
        (latitudeDeg, longitudeDeg, limit, startMs, lengthMs) => {
          const station = place(latitudeDeg, longitudeDeg);
          const endMs = startMs + lengthMs;
          const found = darkness(station, limit, { startMs, endMs });
          for (const [i, stretch] of found.entries()) {
            assert.ok(stretch.startMs >= startMs && stretch.startMs < stretch.endMs && stretch.endMs <= endMs);
            if (i > 0) assert.ok(found[i - 1]!.endMs < stretch.startMs);
          }
          for (let k = 0; k <= 24; k++) {
            const utcMs = startMs + (lengthMs * k) / 24;
            const below = limit - sun(station, utcMs).elevationDeg;
            const inside = found.some((stretch) => stretch.startMs <= utcMs && utcMs <= stretch.endMs);
            if (Math.abs(below) > 1e-3) assert.equal(inside, below > 0);
          }
        },
      ),
      { seed: 18, numRuns: 100 },
    );
  });

  it('begins and ends where the Sun crosses the limit', () => {
    const xinglong = place(40.39587, 117.57746);
    const startMs = Date.parse('2016-12-19T00:00:00Z');
    const nights = darkness(xinglong, -18, { startMs, endMs: startMs + 7 * DAY_MS });
    assert.equal(nights.length, 7);
    for (const { startMs: dusk, endMs: dawn } of nights) {
      for (const utcMs of [dusk, dawn]) assert.ok(Math.abs(sun(xinglong, utcMs).elevationDeg + 18) < 1e-5);
    }
  });

  it('is everything in the polar night and nothing under the midnight Sun', () => {
    const svalbard = place(78.2, 15.6);
    const week = (day: string) => ({ startMs: Date.parse(day), endMs: Date.parse(day) + 7 * DAY_MS });
    assert.deepEqual(darkness(svalbard, 0, week('2025-12-15')), [week('2025-12-15')]);
    assert.deepEqual(darkness(svalbard, 0, week('2025-06-15')), []);
  });
});
