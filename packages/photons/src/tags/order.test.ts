import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TagOrder, type TimedColumns } from './order.ts';
import { CELLS_PER_DECADE, TagStatistics } from './statistics.ts';

const list = fc.array(fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 3 })), { maxLength: 30 });
const tagsOf = (rows: readonly (readonly [number, number])[]) => ({
  timePs: Float64Array.from(rows, ([timePs]) => timePs),
  detector: Uint8Array.from(rows, ([, detector]) => detector),
});
const columnsOf = (rows: readonly (readonly [number, number])[]): TimedColumns => {
  const { timePs, detector } = tagsOf(rows);
  return [timePs, detector];
};
const byTime = (a: readonly [number, number], b: readonly [number, number]): number => a[0] - b[0];

test('bins that reach into each other come out in order, all of them', () => {
  fc.assert(
    fc.property(fc.array(list, { maxLength: 10 }), (bins) => {
      const order = new TagOrder(1100);
      const out: [number, number][] = [];
      const take = (rows: TimedColumns | null): void => {
        for (const [i, here] of rows?.[0].entries() ?? []) out.push([here, rows![1]![i]!]);
      };
      // Each bin begins 900 after the last one and is 1000 long.
      const moved = bins.map((bin, i) => bin.map(([t, d]): [number, number] => [t + i * 900, d]).sort(byTime));
      for (const bin of moved) take(order.push(columnsOf(bin)));
      take(order.end());
      assert.deepEqual(out, moved.flat().sort(byTime));
    }),
    { seed: 5, numRuns: 200 },
  );
});

test('a tag that comes too late is refused, not put in the wrong place', () => {
  const order = new TagOrder(10);
  order.push(
    columnsOf([
      [100, 0],
      [200, 0],
    ]),
  );
  assert.throws(() => order.push(columnsOf([[50, 1]])), { code: 'photons/tags', message: /50 ps behind/ });
  assert.throws(() => new TagOrder(-1), { code: 'photons/tags' });
  assert.equal(new TagOrder().end(), null);
});

test('a summary counts, and its quantiles are within a cell', () => {
  fc.assert(
    fc.property(list, fc.integer({ min: 0, max: 30 }), (rows, split) => {
      rows.sort(byTime);
      const statistics = new TagStatistics();
      statistics.add(tagsOf(rows.slice(0, split)));
      statistics.add(tagsOf(rows.slice(split)));
      const summary = statistics.summary();
      assert.equal(summary.tags, rows.length);
      for (let detector = 0; detector < 4; detector++) {
        const own = rows.filter(([, d]) => d === detector).map(([t]) => t);
        assert.equal(summary.counts[detector], own.length);
        const gaps = own.slice(1).map((t, i) => t - own[i]!);
        assert.equal(summary.leastBetweenPs[detector], gaps.length ? Math.min(...gaps) : null);
      }
      const gaps = rows.slice(1).map(([t], i) => t - rows[i]![0]);
      if (gaps.length === 0) return assert.equal(summary.interArrival, null);
      gaps.sort((a, b) => a - b);
      const { leastPs, meanPs, medianPs } = summary.interArrival!;
      assert.equal(leastPs, gaps[0]);
      assert.ok(Math.abs(meanPs - gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length) < 1e-9);
      const median = gaps[Math.ceil(gaps.length / 2) - 1]!;
      const cell = 10 ** (1 / CELLS_PER_DECADE);
      assert.ok(
        medianPs >= median * (1 - 1e-12) && medianPs <= Math.max(1, median * cell * (1 + 1e-12)),
        `${medianPs}`,
      );
    }),
    { seed: 6, numRuns: 300 },
  );
});
