import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jday, shadowFraction, sunPos } from 'satellite.js';
import { eclipses, sunlit } from './eclipse.ts';
import { sunPosition } from './heavens.ts';
import { lunarSurface } from './lunar.ts';
import { inertialState, motionOf } from './state.ts';
import { geostationary } from './synthetic.ts';
import { MICIUS, MOLNIYA } from './test/micius.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TOP = Date.parse('2016-12-19T16:52:13Z');
/** The equinox puts a geostationary satellite into the shadow every day. */
const MARCH = Date.parse('2017-03-10T00:00Z');
const STILL = geostationary({ name: 'still', epochMs: MARCH, longitudeDeg: 110 });

describe('the shadow of the Earth', () => {
  it('is where an independent computation has it', () => {
    let lit = 0;
    let compared = 0;
    for (let s = 0; s < 86_400; s += 13) {
      const at = new Date(TOP + s * 1000);
      const covered = shadowFraction(sunPos(jday(at)).rsun, inertialState(MICIUS, at.getTime()).position);
      // Both models are within some seconds of each other in the penumbra; outside it they have to agree.
      if (covered !== 0 && covered !== 1) continue;
      compared++;
      if (covered === 0) lit++;
      assert.equal(sunlit(MICIUS, at.getTime()), covered === 0, at.toISOString());
    }
    assert.ok(compared > 6500);
    // A noon-midnight orbit at 490 km is in the shadow for a bit more than a third of the time.
    assert.ok(lit / compared > 0.58 && lit / compared < 0.66);
  });

  it('covers Micius over Xinglong at midnight', () => {
    assert.equal(sunlit(MICIUS, TOP), false);
  });

  it('is the cone from which the disc of the Earth hides that of the Sun', () => {
    for (let s = 0; s < 86_400; s += 7) {
      const at = TOP + s * 1000;
      const r = motionOf(MICIUS, at).position;
      const sun = sunPosition(at);
      const toSun = { x: sun.x - r.x, y: sun.y - r.y, z: sun.z - r.z };
      const [earthKm, sunKm] = [Math.hypot(r.x, r.y, r.z), Math.hypot(toSun.x, toSun.y, toSun.z)];
      const separation = Math.acos(-(toSun.x * r.x + toSun.y * r.y + toSun.z * r.z) / (sunKm * earthKm));
      const margin = separation - Math.asin(6378.137 / earthKm) + Math.asin(695_700 / sunKm);
      // By millions of kilometres of lever arm the arc cosine is good to 1e-8 only.
      if (Math.abs(margin) > 1e-7) assert.equal(sunlit(MICIUS, at), margin > 0);
    }
  });
});

describe('eclipses', () => {
  it('are exactly the times in the shadow', () => {
    for (const [target, from, days, stepS] of [
      [MICIUS, TOP, 1, 20],
      [MOLNIYA, MOLNIYA.epochMs, 3, 30],
      [STILL, MARCH, 3, 60],
    ] as const) {
      const found = eclipses(target, { fromMs: from, toMs: from + days * DAY });
      assert.ok(found.length >= days);
      let at = 0;
      for (let t = from; t <= from + days * DAY; t += stepS * 1000) {
        while (at < found.length && found[at]!.leaveMs < t) at++;
        assert.equal(!sunlit(target, t), at < found.length && found[at]!.enterMs <= t, new Date(t).toISOString());
      }
      for (const { enterMs, leaveMs } of found) {
        assert.deepEqual(
          [enterMs - 0.05, enterMs + 0.05, leaveMs - 0.05, leaveMs + 0.05].map((t) => sunlit(target, t)),
          [true, false, false, true],
        );
      }
    }
  });

  it('last as long as geometry says: 36 minutes low, at most 70 above the equator', () => {
    for (const { enterMs, leaveMs } of eclipses(MICIUS, { fromMs: TOP, toMs: TOP + DAY })) {
      assert.ok(Math.abs((leaveMs - enterMs) / 60_000 - 35.6) < 0.3);
    }
    const season = eclipses(STILL, { fromMs: MARCH - 20 * DAY, toMs: MARCH + 40 * DAY });
    const longest = Math.max(...season.map(({ enterMs, leaveMs }) => (leaveMs - enterMs) / 60_000));
    // 2 asin(6378 / 42164) of a day less the Sun's half degree: 67.5 min of umbra.
    assert.ok(longest > 67 && longest < 68);
    // The Sun is within 8.7 degrees of the equator for 45 days around the equinox.
    assert.ok(season.length > 40 && season.length < 47);
  });

  it('are whole and the same, bit for bit, wherever the search begins', () => {
    const whole = eclipses(MICIUS, { fromMs: TOP - DAY, toMs: TOP + 2 * DAY });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 * DAY }), fc.integer({ min: 1, max: 8 * HOUR }), (offset, length) => {
        const [fromMs, toMs] = [TOP - DAY + offset, TOP - DAY + offset + length];
        assert.deepEqual(
          eclipses(MICIUS, { fromMs, toMs }),
          whole.filter(({ enterMs, leaveMs }) => leaveMs >= fromMs && enterMs <= toMs),
        );
      }),
      { seed: 1, numRuns: 40 },
    );
  });

  it('of the Moon are the two total ones of 2018', () => {
    const found = eclipses(lunarSurface({ name: 'Sinus Medii', latitudeDeg: 0, longitudeDeg: 0, heightM: 0 }), {
      fromMs: Date.parse('2018-01-01'),
      toMs: Date.parse('2019-01-01'),
    });
    assert.equal(found.length, 2);
    // First and last contact of the whole Moon with the umbra, and of totality, by NASA's eclipse catalogue (Espenak):
    // its middle enters and leaves between them.
    for (const [i, [first, total, end, last]] of [
      ['2018-01-31T11:48Z', '2018-01-31T12:52Z', '2018-01-31T14:08Z', '2018-01-31T15:12Z'],
      ['2018-07-27T18:24Z', '2018-07-27T19:30Z', '2018-07-27T21:14Z', '2018-07-27T22:20Z'],
    ].entries()) {
      const { enterMs, leaveMs } = found[i]!;
      assert.ok(enterMs > Date.parse(first!) && enterMs < Date.parse(total!));
      assert.ok(leaveMs > Date.parse(end!) && leaveMs < Date.parse(last!));
    }
  });

  it('refuse an interval that is none', () => {
    assert.throws(() => eclipses(MICIUS, { fromMs: TOP, toMs: TOP }), { code: 'orbit/interval' });
    assert.throws(() => eclipses(MICIUS, { fromMs: Number.NaN, toMs: TOP }), { code: 'orbit/interval' });
    assert.throws(() => sunlit(MICIUS, Number.NaN), { code: 'orbit/time' });
  });
});
