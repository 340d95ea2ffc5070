import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@skykey/photons';
import { COLUMNS } from './measure.ts';
import { Search } from './search.ts';
import { type Statistic, statisticsOf } from './statistics.ts';
import { modelLink, poisson } from './test/link-model.ts';
import { accumulate, type Expectation, emptyWindow, SUMS, windowAt } from './windows.ts';

const step = statisticsOf(modelLink(2).source).find(({ name }) => name === 'T7 floor step') as Statistic;
const learned: Expectation = {
  level: 20,
  slope: 0,
  covariate: { low: 0, high: 0 },
  noise: 1,
  control: 1,
};

/** Counts of a bin, of which light is expected to make some. */
interface Bin {
  readonly counts: number;
  readonly ofLight: number;
  readonly n: number;
  readonly slack: number;
}
const rowOf = ({ counts, ofLight, n, slack }: Bin): Float64Array => Float64Array.of(counts, ofLight, n, 0, 0, 0, slack);

test('the reference of a step may be as wrong as it says', () => {
  const sums = new Float64Array(3 * SUMS);
  const bins = [
    { counts: 300, ofLight: 200, n: 4, slack: 60 },
    { counts: 25, ofLight: 0, n: 1, slack: 2 },
  ];
  for (const [b, bin] of bins.entries()) accumulate(step, learned, rowOf(bin), 0, sums, b * SUMS, (b + 1) * SUMS);
  const window = emptyWindow();
  assert.ok(windowAt(step, sums, 0, SUMS, 2, 1, window));
  assert.equal(window.m, (300 - 200) / 4);
  assert.equal(window.slack, 2 + 60 / 4);
});

/** Probability that the search gives to the second of two bins, the first being its reference. */
function logPOf(bins: readonly Bin[]): number {
  const tolerance = [0, 0];
  const baseline = {
    version: 1,
    passes: 8,
    bins: 2,
    classes: 3,
    statistics: [{ ...learned, name: step.name, learned: true, above: tolerance, below: tolerance }],
  } as const;
  const search = new Search([step], baseline, 2);
  for (const bin of bins) search.add(rowOf(bin));
  assert.equal(rowOf(bins[0]!).length, COLUMNS);
  return search.peaks[0]!.logP;
}

test('a step is no rarer than it is, where light comes or goes with it', () => {
  const random = seededRandom(7, 1);
  const draws = 4000;
  for (const [before, now] of [
    [0, 0],
    [600, 0],
    [0, 600],
    [40, 200],
  ] as const) {
    const logPs = Array.from({ length: draws }, () =>
      logPOf([
        { counts: poisson(random, before + 120), ofLight: before, n: 4, slack: 0 },
        { counts: poisson(random, now + 30), ofLight: now, n: 1, slack: 0 },
      ]),
    );
    for (const p of [0.03, 0.003]) {
      const seen = logPs.filter((logP) => logP <= Math.log(p)).length;
      assert.ok(seen <= draws * p + 4 * Math.sqrt(draws * p), `light ${before} then ${now}: ${seen} below ${p}`);
    }
  }
});
