/**
 * How often several skies are clear together, beside what independence would make of it. Measured where series are at
 * hand, else drawn from the model; both are counted and given intervals in the same way.
 */

import { demand, demandPositive, OpticsError } from '../error.ts';
import type { Uniform } from '../link/link.ts';
import { monthOf } from './climate.ts';
import type { StateSeries } from './measured-series.ts';
import { lastBefore } from './replay.ts';
import type { WeatherModel } from './weather.ts';

/** Series cut to the instants that all of them have. */
export interface AlignedSeries {
  readonly stationIds: readonly string[];
  /** ms since 1970 UTC, of the first series. */
  readonly times: Float64Array;
  /** 1 for clear, 0 for blocked, by station. */
  readonly clear: readonly Uint8Array[];
  /** By station, how many samples have no partner at every other station. */
  readonly leftOut: readonly number[];
}

/** A probability with the interval that holds it with the stated confidence. */
export interface Figure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Several skies at once. */
export interface JointFigure {
  readonly stationIds: readonly string[];
  /** That many of them, at least, are clear. */
  readonly atLeast: number;
  /** How often that was so. */
  readonly joint: Figure;
  /**
   * How often it would be so for independent skies that are clear as often in each month. The means of months come from the
   * same days as `joint` and share their luck, which makes skies look less dependent than they are; that is taken out.
   */
  readonly independent: number;
  /** The same from the means of the whole time, seasons forgotten. */
  readonly independentMean: number;
  /** `joint` less `independent`: an interval without 0 says that the skies depend on each other. */
  readonly difference: Figure;
}

export interface JointAvailability {
  readonly stationIds: readonly string[];
  readonly confidence: number;
  readonly single: readonly Figure[];
  /** Every pair of stations, both clear. */
  readonly pairs: readonly JointFigure[];
  /** All stations: one clear at least, two at least, … all. */
  readonly atLeast: readonly JointFigure[];
}

/**
 * The samples that all series have within `toleranceS` of each sample of the first, each used once.
 * @throws OpticsError `optics/weather-series` where there is none, `optics/parameter`
 */
export function alignSeries(
  series: readonly StateSeries[],
  { toleranceS = 0 }: { readonly toleranceS?: number } = {},
): AlignedSeries {
  demand('toleranceS', toleranceS, 0, Number.POSITIVE_INFINITY);
  const [first, ...others] = series;
  if (first === undefined) throw new OpticsError('optics/weather-series', 'there is no series to align; give one');
  const stationIds = series.map(({ stationId }) => stationId);
  const twice = stationIds.find((id, i) => stationIds.indexOf(id) !== i);
  if (twice !== undefined) {
    throw new OpticsError('optics/weather-series', `station ${twice} has two series; give one for each station`);
  }
  const kept: number[][] = series.map(() => []);
  const used = others.map(() => -1);
  for (let i = 0; i < first.times.length; i++) {
    const time = first.times[i]!;
    const partners = others.map(({ times }, which) => {
      const before = lastBefore(times, time);
      const away = (at: number) => (at > used[which]! && at < times.length ? Math.abs(times[at]! - time) : Infinity);
      const nearest = away(before) <= away(before + 1) ? before : before + 1;
      return away(nearest) <= toleranceS * 1000 ? nearest : -1;
    });
    if (partners.includes(-1)) continue;
    kept[0]!.push(i);
    for (const [which, at] of partners.entries()) {
      used[which] = at;
      kept[which + 1]!.push(at);
    }
  }
  if (kept[0]!.length === 0) {
    throw new OpticsError(
      'optics/weather-series',
      `the series of ${stationIds.join(', ')} have no instant in common within ${toleranceS} s; ` +
        'give series of one period, or a larger toleranceS',
    );
  }
  return {
    stationIds,
    times: Float64Array.from(kept[0]!, (at) => first.times[at]!),
    clear: series.map(({ clear }, which) => Uint8Array.from(kept[which]!, (at) => clear[at]!)),
    leftOut: series.map(({ times }, which) => times.length - kept[which]!.length),
  };
}

/**
 * Counts over a stretch of one calendar month: samples, then clear by station, pairs clear together, and how many
 * samples had exactly 0, 1, … n stations clear.
 */
interface Block {
  readonly month: number;
  readonly counts: Float64Array;
}

const pairsOf = (n: number) =>
  Array.from({ length: n }, (_, i) => Array.from({ length: i }, (_, j) => [j, i] as const)).flat();

class Tally {
  private readonly n: number;
  private readonly places: Int32Array;

  constructor(n: number) {
    this.n = n;
    this.places = new Int32Array(n);
  }

  block(month: number): Block {
    return { month, counts: new Float64Array(1 + this.n + (this.n * (this.n - 1)) / 2 + this.n + 1) };
  }

  add({ counts }: Block, clear: (station: number) => boolean): void {
    const { n, places } = this;
    let many = 0;
    for (let i = 0; i < n; i++) if (clear(i)) places[many++] = i;
    counts[0]!++;
    for (let a = 0; a < many; a++) {
      const i = places[a]!;
      counts[1 + i]!++;
      const row = 1 + n + (i * (i - 1)) / 2;
      for (let b = 0; b < a; b++) counts[row + places[b]!]!++;
    }
    counts[counts.length - 1 - n + many]!++;
  }
}

/** Realisations are put together to this many batches, from which intervals come. */
const MOST_BATCHES = 100;

/** The probability that at least `least` of independent events happen. */
function atLeastOf(probabilities: readonly number[], least: number): number {
  const exactly = new Float64Array(probabilities.length + 1);
  exactly[0] = 1;
  for (const [i, p] of probabilities.entries()) {
    for (let k = i + 1; k >= 0; k--) exactly[k] = exactly[k]! * (1 - p) + (k > 0 ? exactly[k - 1]! * p : 0);
  }
  return exactly.subarray(least).reduce((sum, p) => sum + p, 0);
}

/** Figures in one row: singles, then for each joint one the joint value, the independent one, and that of the means. */
function figuresOf(blocks: Iterable<Block>, n: number, length: number): Float64Array {
  const months: Float64Array[] = [];
  const whole = new Float64Array(length);
  for (const { month, counts } of blocks) {
    const sums = (months[month] ??= new Float64Array(length));
    for (let i = 0; i < length; i++) sums[i]! += counts[i]!;
  }
  for (const sums of months) if (sums) for (let i = 0; i < length; i++) whole[i]! += sums[i]!;
  const samples = whole[0]!;
  const stations = Array.from({ length: n }, (_, i) => i);
  const means = stations.map((i) => whole[1 + i]! / samples);
  const monthly = months.flatMap((sums) => [
    { weight: sums[0]! / samples, clear: stations.map((i) => sums[1 + i]! / sums[0]!) },
  ]);
  const figures = [...means];
  const joint = (count: number, independent: (clear: readonly number[]) => number) =>
    figures.push(
      count / samples,
      monthly.reduce((sum, { weight, clear }) => sum + weight * independent(clear), 0),
      independent(means),
    );
  for (const [at, [i, j]] of pairsOf(n).entries()) joint(whole[1 + n + at]!, (clear) => clear[i]! * clear[j]!);
  let count = 0;
  const least: number[] = [];
  for (let k = n; k >= 1; k--) least[k] = count += whole[length - 1 - n + k]!;
  for (let k = 1; k <= n; k++) joint(least[k]!, (clear) => atLeastOf(clear, k));
  return Float64Array.from(figures);
}

function availabilityOf(
  stationIds: readonly string[],
  blocks: readonly Block[],
  uniform: Uniform,
  { confidence = 0.95, resamples = 1000 }: { readonly confidence?: number; readonly resamples?: number },
): JointAvailability {
  demand('confidence', confidence, 0, 0.9999, 'open');
  demand('resamples', resamples, 100, 1e6);
  const n = stationIds.length;
  const length = blocks[0]!.counts.length;
  const found = figuresOf(blocks, n, length);
  // Blocks are drawn again within their month, so that every resample has the seasons that the data have; one fewer than
  // there are, without which the spread is too small (Rao and Wu, J. Am. Stat. Assoc. 83:231, 1988).
  const byMonth: Block[][] = [];
  for (const block of blocks) (byMonth[block.month] ??= []).push(block);
  const pools = byMonth.filter((pool) => pool !== undefined);
  const again = Array.from({ length: resamples }, () => {
    const drawn = pools.flatMap((pool) =>
      Array.from({ length: Math.max(1, pool.length - 1) }, () => pool[Math.floor(uniform() * pool.length)]!),
    );
    return figuresOf(drawn, n, length);
  });
  const figure = (of: (figures: Float64Array) => number): Figure => {
    const sorted = Float64Array.from(again, of).sort();
    const rank = (share: number) => sorted[Math.round(share * (resamples - 1))]!;
    return { value: of(found), low: rank((1 - confidence) / 2), high: rank((1 + confidence) / 2) };
  };
  const joint = (at: number, ids: readonly string[], atLeast: number): JointFigure => {
    const both = figure((figures) => figures[at]!);
    const apart = figure((figures) => figures[at]! - figures[at + 1]!);
    // A resample is off from the record as the record is from the truth: both are reflected (the basic bootstrap; Davison
    // and Hinkley, Bootstrap Methods and their Application, 1997, 5.2).
    const bias = again.reduce((sum, figures) => sum + figures[at + 1]! - found[at + 1]!, 0) / resamples;
    const independent = found[at + 1]! - bias;
    return {
      stationIds: ids,
      atLeast,
      joint: both,
      independent,
      independentMean: found[at + 2]!,
      difference: {
        value: both.value - independent,
        low: 2 * apart.value - apart.high,
        high: 2 * apart.value - apart.low,
      },
    };
  };
  const pairs = pairsOf(n);
  return {
    stationIds,
    confidence,
    single: stationIds.map((_, i) => figure((figures) => figures[i]!)),
    pairs: pairs.map(([i, j], at) => joint(n + 3 * at, [stationIds[i]!, stationIds[j]!], 2)),
    atLeast: stationIds.map((_, k) => joint(n + 3 * (pairs.length + k), stationIds, k + 1)),
  };
}

/**
 * How often stations were clear together. Intervals by bootstrap over blocks of time: weather lasts, so that neighbouring
 * samples say little more than one of them. Blocks of five days, an assumption, are several times what weather lasts;
 * a record needs many of them in every month before its intervals can be trusted.
 * @param blockH length of a block, hours
 * @throws OpticsError `optics/weather-series` for a record of fewer than ten blocks, `optics/parameter`
 */
export function jointAvailability(
  { stationIds, times, clear }: AlignedSeries,
  {
    uniform,
    blockH = 120,
    ...options
  }: {
    readonly uniform: Uniform;
    readonly blockH?: number;
    readonly confidence?: number;
    readonly resamples?: number;
  },
): JointAvailability {
  demandPositive('blockH', blockH);
  const tally = new Tally(stationIds.length);
  const blocks: Block[] = [];
  let last = Number.NaN;
  for (let i = 0; i < times.length; i++) {
    const month = monthOf(times[i]!);
    const stretch = Math.floor(times[i]! / (blockH * 3_600_000));
    if (stretch !== last || blocks.at(-1)!.month !== month) blocks.push(tally.block(month));
    last = stretch;
    tally.add(blocks.at(-1)!, (station) => clear[station]![i] === 1);
  }
  if (blocks.length < 10) {
    throw new OpticsError(
      'optics/weather-series',
      `the series of ${stationIds.join(', ')} have ${blocks.length} blocks of ${blockH} h in common; ten are the least ` +
        'that an interval can come from: give longer series or a smaller blockH',
    );
  }
  return availabilityOf(stationIds, blocks, uniform, options);
}

/**
 * The same of the model, from realisations of its whole period; intervals are those of the draw and shrink as it grows.
 * @throws OpticsError `optics/parameter`
 */
export function modelAvailability(
  model: WeatherModel,
  {
    uniform,
    realisations,
    ...options
  }: {
    readonly uniform: Uniform;
    readonly realisations: number;
    readonly confidence?: number;
    readonly resamples?: number;
  },
): JointAvailability {
  demand('realisations', realisations, 10, 1e6);
  const tally = new Tally(model.stationIds.length);
  const instants: { readonly utcMs: number; readonly month: number }[] = [];
  for (let utcMs = model.fromMs; utcMs < model.toMs; utcMs += model.stepMs) {
    instants.push({ utcMs, month: monthOf(utcMs) });
  }
  const batches: Block[][] = Array.from({ length: Math.min(realisations, MOST_BATCHES) }, () => []);
  for (let k = 0; k < realisations; k++) {
    const run = model.draw(uniform);
    const months = batches[k % batches.length]!;
    for (const { utcMs, month } of instants) {
      tally.add((months[month] ??= tally.block(month)), (station) => run.clear(station, utcMs));
    }
  }
  const blocks = batches.flatMap((months) => months.filter((block) => block !== undefined));
  return availabilityOf(model.stationIds, blocks, uniform, options);
}
