import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jointPasses } from './joint.ts';
import { look } from './look.ts';
import type { Station } from './station.ts';
import { geostationary } from './synthetic.ts';
import { MICIUS } from './test/micius.ts';

const DAY = 86_400_000;
const FROM = Date.parse('2016-12-19T00:00Z');
/** The stations of the entanglement distribution over 1,120 km (Yin et al., Nature 582:501, 2020). */
const DELINGHA: Station = {
  id: 'delingha',
  name: 'Delingha',
  latitudeDeg: 37.37901,
  longitudeDeg: 97.72695,
  altitudeM: 3153,
};
const NANSHAN: Station = {
  id: 'nanshan',
  name: 'Nanshan',
  latitudeDeg: 43.47546,
  longitudeDeg: 87.17669,
  altitudeM: 2028,
};
const query = { fromMs: FROM, toMs: FROM + 10 * DAY, minElevationDeg: 10 };

describe('joint passes', () => {
  const found = jointPasses(MICIUS, DELINGHA, NANSHAN, query);
  const sum = (t: number) => look(MICIUS, DELINGHA, t).rangeKm + look(MICIUS, NANSHAN, t).rangeKm;

  it('are exactly the times when both see the satellite', () => {
    assert.ok(found.length > 10);
    let at = 0;
    for (let t = query.fromMs; t <= query.toMs; t += 20_000) {
      while (at < found.length && found[at]!.endMs < t) at++;
      const inside = at < found.length && found[at]!.startMs <= t;
      const both = look(MICIUS, DELINGHA, t).elevationDeg >= 10 && look(MICIUS, NANSHAN, t).elevationDeg >= 10;
      assert.equal(inside, both, new Date(t).toISOString());
    }
  });

  it('are best where the sum of the ranges is smallest', () => {
    for (const { startMs, endMs, durationS, bestMs, best, passes } of found) {
      assert.ok(startMs <= bestMs && bestMs <= endMs);
      assert.equal(durationS, (endMs - startMs) / 1000);
      assert.deepEqual(best, [look(MICIUS, DELINGHA, bestMs), look(MICIUS, NANSHAN, bestMs)]);
      for (let i = 0; i <= 100; i++) {
        assert.ok(sum(startMs + ((endMs - startMs) * i) / 100) >= best[0].rangeKm + best[1].rangeKm - 1e-6);
      }
      assert.equal(startMs, Math.max(passes[0].aosMs, passes[1].aosMs));
      assert.equal(endMs, Math.min(passes[0].losMs, passes[1].losMs));
    }
    // The published experiment had both ranges between 500 and 2000 km.
    assert.ok(found.some(({ best }) => best[0].rangeKm < 900 && best[1].rangeKm < 900));
  });

  it('come with a series on request, from the start to the end', () => {
    const [first] = jointPasses(MICIUS, DELINGHA, NANSHAN, { ...query, stepS: 10 });
    assert.ok(first);
    assert.equal(found[0]!.series.length, 0);
    assert.equal(first.series.length, Math.ceil(first.durationS / 10) + 1);
    assert.equal(first.series[0]![0].utcMs, first.startMs);
    assert.equal(first.series.at(-1)![1].utcMs, first.endMs);
    for (const [a, b] of first.series) {
      assert.equal(a.utcMs, b.utcMs);
      assert.deepEqual(a, look(MICIUS, DELINGHA, a.utcMs));
      assert.deepEqual(b, look(MICIUS, NANSHAN, b.utcMs));
    }
  });

  it('are the same with the stations exchanged, and wherever the search begins', () => {
    const swapped = jointPasses(MICIUS, NANSHAN, DELINGHA, query);
    assert.deepEqual(
      swapped.map(({ startMs, endMs }) => [startMs, endMs]),
      found.map(({ startMs, endMs }) => [startMs, endMs]),
    );
    for (let hour = 0; hour < 200; hour += 7) {
      const [fromMs, toMs] = [FROM + hour * 3_600_000, FROM + (hour + 6) * 3_600_000];
      assert.deepEqual(
        jointPasses(MICIUS, DELINGHA, NANSHAN, { ...query, fromMs, toMs }),
        found.filter(({ startMs, endMs }) => endMs >= fromMs && startMs <= toMs),
      );
    }
  });

  it('of what stays up for both are the interval', () => {
    const still = geostationary({ name: 'still', epochMs: FROM, longitudeDeg: 95 });
    const [pass, ...others] = jointPasses(still, DELINGHA, NANSHAN, query);
    assert.deepEqual(others, []);
    assert.deepEqual(
      [pass!.startMs, pass!.endMs, pass!.clipped],
      [query.fromMs, query.toMs, { start: true, end: true }],
    );
  });

  it('refuse a step that is none', () => {
    for (const stepS of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => jointPasses(MICIUS, DELINGHA, NANSHAN, { ...query, stepS }), { code: 'orbit/step' });
    }
  });
});
