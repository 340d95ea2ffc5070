/** Statistics of a sky that was watched: how often it was clear by month, and for how long weather holds. */

import { demand, demandPositive, OpticsError } from '../error.ts';
import { type Climate, checkClimate, monthOf } from './climate.ts';
import { type MeasuredSeries, usualIntervalMs } from './measured-series.ts';

const HOUR_MS = 3_600_000;
/** A block of the jackknife is this many correlation times long at least, so that blocks hardly know of each other. */
const TIMES_PER_BLOCK = 10;
const FEWEST_BLOCKS = 8;
const MOST_BLOCKS = 40;

/** A climate with what the data say of their own worth. */
export interface MeasuredClimate extends Climate {
  /** Standard error of `correlationH`, hours; null where it was given, not measured. */
  readonly correlationErrorH: number | null;
  /** By month from January, the share of the months touched by the series in which there are data. */
  readonly coverage: readonly number[];
}

/** Days of the month that an instant lies in. */
const monthMs = (utcMs: number) => {
  const date = new Date(utcMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) - Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
};

function perMonth({ times, clear }: MeasuredSeries, intervalMs: number) {
  const samples = new Float64Array(12);
  const sums = new Float64Array(12);
  const calendarMs = new Float64Array(12);
  let last = -1;
  for (let i = 0; i < times.length; i++) {
    const month = monthOf(times[i]!);
    samples[month]!++;
    sums[month]! += clear[i]!;
    const stamp = new Date(times[i]!).getUTCFullYear() * 12 + month;
    if (stamp !== last) calendarMs[month]! += monthMs(times[i]!);
    last = stamp;
  }
  return {
    months: samples.filter((count) => count > 0).length,
    calendarMs: calendarMs.reduce((sum, ms) => sum + ms, 0),
    mean: sums.map((sum, month) => sum / samples[month]!),
    coverage: samples.map((count, month) => (count === 0 ? 0 : Math.min(1, (count * intervalMs) / calendarMs[month]!))),
  };
}

/** For each lag in steps of the usual interval, the sum of products of what exceeds the month's mean, and their count. */
interface Products {
  readonly sum: Float64Array;
  readonly count: Float64Array;
}

/**
 * Lag at which products fall to 1/e of those at lag 0, in steps, drawn straight between lags; null if never. `shared` is
 * the share of the variance that went with the monthly means and is missing in every lag.
 */
function fallTo1e(total: Products, shared = 0, without?: Products): number | null {
  const at = (lag: number) =>
    (total.sum[lag]! - (without?.sum[lag] ?? 0)) / (total.count[lag]! - (without?.count[lag] ?? 0));
  const zero = at(0);
  let last = { lag: 0, value: 1 };
  for (let lag = 1; lag < total.sum.length; lag++) {
    const value = shared + ((1 - shared) * at(lag)) / zero;
    // A lag that no two samples have (a camera that watches by night) is passed over.
    if (!Number.isFinite(value)) continue;
    const goal = Math.exp(-1);
    if (value <= goal) return last.lag + ((last.value - goal) / (last.value - value)) * (lag - last.lag);
    last = { lag, value };
  }
  return null;
}

/**
 * The time after which the autocorrelation of a series, its monthly means taken away, has fallen to 1/e, and the
 * standard error by a jackknife that leaves out one block of time after the other (for a single year it comes
 * out about a quarter too small).
 * @throws OpticsError `optics/weather-series` where the samples are too far apart, too few, or all alike
 */
export function correlationTimeH(series: MeasuredSeries): { readonly hours: number; readonly errorH: number } {
  const { stationId, times, clear } = series;
  const refuse = (problem: string): never => {
    throw new OpticsError(
      'optics/weather-series',
      `station ${stationId}: no correlation time can be measured, ${problem}; give correlationH from elsewhere`,
    );
  };
  const intervalMs = usualIntervalMs(series);
  const { mean, months, calendarMs } = perMonth(series, intervalMs);
  const excess = Float64Array.from(times, (time, i) => clear[i]! - mean[monthOf(time)]!);
  if (!excess.some((value) => Math.abs(value) > 1e-6)) refuse('the sky never changes within a month');
  const slot = Float64Array.from(times, (time) => Math.round((time - times[0]!) / intervalMs));
  const span = slot.at(-1)!;

  const productsOf = (lags: number, blocks: number): Products[] => {
    const all = Array.from({ length: blocks }, () => ({ sum: new Float64Array(lags), count: new Float64Array(lags) }));
    for (let i = 0; i < excess.length; i++) {
      const { sum, count } = all[Math.min(blocks - 1, Math.floor((slot[i]! * blocks) / (span + 1)))]!;
      for (let j = i; j < excess.length; j++) {
        const lag = slot[j]! - slot[i]!;
        if (lag >= lags) break;
        // Samples closer than half of the usual interval share a slot; their product is of no lag that is looked at.
        if (lag === 0 && j > i) continue;
        sum[lag]! += excess[i]! * excess[j]!;
        count[lag]!++;
      }
    }
    return all;
  };
  // Few lags serve most weather; more are looked at only where they are needed.
  let lags = 16;
  let steps = fallTo1e(productsOf(lags, 1)[0]!);
  while (steps === null && lags * TIMES_PER_BLOCK * FEWEST_BLOCKS < span * 4) {
    lags *= 2;
    steps = fallTo1e(productsOf(lags, 1)[0]!);
  }
  if (steps === null) return refuse('the series is shorter than its weather lasts');
  if (steps <= 1) refuse(`samples ${(intervalMs / HOUR_MS).toFixed(1)} h apart hardly know of each other`);
  const blocks = Math.min(MOST_BLOCKS, Math.floor(span / (steps * TIMES_PER_BLOCK)));
  if (blocks < FEWEST_BLOCKS) {
    refuse(
      `the series must last ${TIMES_PER_BLOCK * FEWEST_BLOCKS} correlation times of about ${steps.toFixed(1)} samples`,
    );
  }
  const parts = productsOf(Math.max(lags, Math.ceil(4 * steps)), blocks);
  const total: Products = {
    sum: parts[0]!.sum.map((_, lag) => parts.reduce((sum, part) => sum + part.sum[lag]!, 0)),
    count: parts[0]!.count.map((_, lag) => parts.reduce((sum, part) => sum + part.count[lag]!, 0)),
  };
  // The mean of a month that lasts m correlation times has 2/m of the sky's variance (taking the integral of the
  // autocorrelation for the time to 1/e). Taken away with the mean, it makes weather look shorter; here it is given back.
  const unbiased = (part?: Products): number => {
    let lag = fallTo1e(total, 0, part);
    for (let round = 0; round < 5 && lag !== null; round++) {
      lag = fallTo1e(total, Math.min(0.5, (2 * lag * months * intervalMs) / calendarMs), part);
    }
    return lag ?? refuse('the series is shorter than its weather lasts');
  };
  const without = parts.map((part) => unbiased(part));
  const middle = without.reduce((sum, value) => sum + value, 0) / blocks;
  const spread = without.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  const hours = intervalMs / HOUR_MS;
  return { hours: unbiased() * hours, errorH: Math.sqrt(((blocks - 1) / blocks) * spread) * hours };
}

/**
 * The climate that a series shows: the mean of each calendar month over all years, null where the samples cover less
 * than `minCoverage` of those months that the series touches (by day and by night: half of the time for a camera that
 * watches by night). The correlation time is measured unless it is given.
 * @throws OpticsError `optics/weather-series`, `optics/climate`, `optics/parameter`
 */
export function climateOf(
  series: MeasuredSeries,
  {
    latitudeDeg,
    longitudeDeg,
    minCoverage = 0.5,
    correlationH,
  }: {
    readonly latitudeDeg: number;
    readonly longitudeDeg: number;
    readonly minCoverage?: number;
    readonly correlationH?: number;
  },
): MeasuredClimate {
  demand('minCoverage', minCoverage, 0, 1);
  if (correlationH !== undefined) demandPositive('correlationH', correlationH);
  const { stationId, times, source } = series;
  const { mean, coverage } = perMonth(series, usualIntervalMs(series));
  const enough = [...coverage].map((share) => share > 0 && share >= minCoverage);
  if (!enough.includes(true)) {
    throw new OpticsError(
      'optics/weather-series',
      `station ${stationId}: no month is covered to ${minCoverage}, the best to ${Math.max(...coverage).toFixed(2)}; ` +
        'give more data or a smaller minCoverage',
    );
  }
  const measured = correlationH === undefined ? correlationTimeH(series) : null;
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const climate: MeasuredClimate = {
    stationId,
    latitudeDeg,
    longitudeDeg,
    clearFraction: enough.map((known, month) => (known ? mean[month]! : null)),
    correlationH: measured?.hours ?? correlationH!,
    correlationErrorH: measured?.errorH ?? null,
    coverage: [...coverage],
    source: `${source}, ${times.length} samples from ${day(times[0]!)} to ${day(times.at(-1)!)}`,
  };
  checkClimate(climate);
  return climate;
}
