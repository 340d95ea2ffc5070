import type { Observation } from '@skykey/photons';
import { AlarmError } from './error.ts';
import { type AlarmLink, checkLink } from './link.ts';
import { COLUMN, COLUMNS, createMeasure } from './measure.ts';
import { huberSpread, median, weightedMedian } from './spread.ts';
import { type Statistic, statisticsOf } from './statistics.ts';
import { accumulate, type Expectation, emptyWindow, SUMS, windowAt, windowLengths } from './windows.ts';

/**
 * What a clean link does, learned from clean passes with all their drift, clouds and moonlight. Plain data for JSON.
 *
 * What is assumed of drift: that in passes to come the mean of a statistic over a window of w bins stays within the
 * tolerance learned for w. The tolerance is the larger of `MULTIPLE` standard deviations of drift, and `MARGIN` times
 * what the training passes but one went beyond four standard deviations of chance; it never grows from a shorter window
 * to a longer one in training that did not show it (a mean over more drifts less). Inside the tolerance the false-alarm
 * probability holds whatever the drift does; beyond it the drift is an alarm. Two statistics differ between passes by
 * more than they drift in one: the beacon may be as bright as `MULTIPLE` deviations of the haze allow, the floor may be
 * anywhere from half of the lowest, or of a moonless sky by the twin, to twice the highest that training saw.
 */
export interface Baseline {
  readonly version: 1;
  /** Training passes. */
  readonly passes: number;
  /** Longest of them, bins. */
  readonly bins: number;
  readonly classes: number;
  /** In the order of the bank. */
  readonly statistics: readonly LearnedStatistic[];
}

export interface LearnedStatistic extends Expectation {
  readonly name: string;
  /** False: never measured in training (a monitor that is not fitted). It is then not tested. */
  readonly learned: boolean;
  /** By window length (1, 2, 4, ... bins), in units of x / n. */
  readonly above: readonly number[];
  readonly below: readonly number[];
}

/** Tolerated drift in standard deviations of drift: a Gaussian goes beyond with 2e-9. Declared, not tuned. */
export const MULTIPLE = 6;
/** Tolerated beyond what training showed. Declared, not tuned. */
export const MARGIN = 1.25;
const LEAST_PASSES = 8;
/** Blocks that are expected to count less than this say nothing about drift. */
const LEAST_COUNT = 20;
/** Standard errors from 0 beyond which a slope is believed. */
const CLEAR_SLOPE = 4;
/** Counts in a pass from which on the passes' levels have a median worth taking. */
const LEAST_FOR_MEDIAN = 100;
/** No monitor is trusted to better than this share of the noise of one reading, however many are averaged. Assumed. */
const MONITOR_FLOOR = 0.5;
/** Bins over which the floor is averaged before its range is taken. */
const RANGE_BINS = 8;

/**
 * Learns from passes of a clean link. Robust: a single pass that was not clean moves no tolerance much. Throws
 * `alarm/baseline` when there are fewer than eight passes, and `alarm/observation`.
 */
export function learnBaseline(link: AlarmLink, passes: Iterable<readonly Observation[]>): Baseline {
  checkLink(link);
  const statistics = statisticsOf(link.source);
  const measure = createMeasure(link);
  const width = statistics.length * COLUMNS;
  const training: Float64Array[] = [];
  let bins = 0;
  for (const pass of passes) {
    if (pass.length === 0) continue;
    const rows = new Float64Array(pass.length * width);
    for (const [b, observation] of pass.entries()) measure(observation, rows.subarray(b * width, (b + 1) * width));
    training.push(rows);
    bins = Math.max(bins, pass.length);
  }
  if (training.length < LEAST_PASSES) {
    throw new AlarmError('alarm/baseline', `${training.length} clean passes; a baseline needs ${LEAST_PASSES} or more`);
  }
  const lengths = windowLengths(bins);
  const noises = statistics.map((statistic, s) => (statistic.monitor ? readingNoise(training, width, s) : 1));
  const beaconNoise = noises[statistics.findIndex(({ monitor }) => monitor === 'beacon-power')]!;
  const outsideShare = 1 - link.receiver.gateNs * 1e-9 * link.source.pulseRateHz;
  const moonlessHz = outsideShare * link.noiseHz.reduce((sum, hz) => sum + hz, 0);
  return {
    version: 1,
    passes: training.length,
    bins,
    classes: link.source.intensities.length,
    statistics: statistics.map((statistic, s) =>
      learn(statistic, training, width, s, lengths, noises[s]!, statistic.needsBeacon ? beaconNoise : 1, moonlessHz),
    ),
  };
}

/** Standard deviation of a reading about its neighbours, robust: clouds and steps touch few differences. */
function readingNoise(training: readonly Float64Array[], width: number, s: number): number {
  const differences: number[] = [];
  let scale = 0;
  for (const rows of training) {
    for (let at = width + s * COLUMNS; at < rows.length; at += width) {
      if (rows[at + COLUMN.n] === 0 || rows[at - width + COLUMN.n] === 0) continue;
      differences.push(Math.abs(rows[at + COLUMN.x]! - rows[at - width + COLUMN.x]!));
      scale = Math.max(scale, Math.abs(rows[at + COLUMN.x]!));
    }
  }
  // Median of |N(0, 2)|. A reading that never changes has the noise of its last digits.
  return Math.max(median(differences) / (0.6744897501960817 * Math.SQRT2), 1e-9 * scale, 1e-300);
}

function learn(
  statistic: Statistic,
  training: readonly Float64Array[],
  width: number,
  s: number,
  lengths: readonly number[],
  noise: number,
  control: number,
  moonlessHz: number,
): LearnedStatistic {
  let expectation: Expectation = { level: 0, slope: 0, covariate: { low: -Infinity, high: Infinity }, noise, control };
  const fitted = fit(statistic, training, width, s, { ...expectation, level: crudeLevel(training, width, s) });
  if (!fitted) {
    const none = lengths.map(() => 0);
    return {
      name: statistic.name,
      ...expectation,
      covariate: { low: 0, high: 0 },
      learned: false,
      above: none,
      below: none,
    };
  }
  expectation = fitted;
  const tables = training.map((rows) => table(statistic, expectation, rows, width, s));
  const floor = statistic.monitor
    ? MONITOR_FLOOR * noise
    : statistic.floor * (statistic.relative ? Math.abs(expectation.level) : 1);
  const scales = lengths.map((length) => drift(statistic, tables, length));
  let above: number[] = [];
  let below: number[] = [];
  if (statistic.haze) {
    const tolerance = highestInHaze(statistic, training, width, s, expectation) - expectation.level;
    above = lengths.map(() => Math.max(floor, tolerance));
    below = lengths.map(() => expectation.level);
  } else if (statistic.range) {
    const [high, low] = extremes(statistic, training, width, s, expectation);
    above = lengths.map(() => Math.max(0, high * statistic.range!.above - expectation.level));
    // The darkest sky shows its floor only where clouds take the light away, which few passes of training may have had.
    const least = Math.min(low, moonlessHz);
    below = lengths.map(() => Math.max(0, expectation.level - least * statistic.range!.below));
  } else {
    let longer = { tau: 0, above: 0, below: 0 };
    for (let i = lengths.length - 1; i >= 0; i--) {
      const { tau, above: up, below: down } = scales[i]!;
      // From long to short: whatever a level drifts over a long window, it may over a short one. Steps grow with length.
      longer =
        statistic.mode === 'step'
          ? scales[i]!
          : {
              tau: Math.max(longer.tau, tau),
              above: Math.max(longer.above, up),
              below: Math.max(longer.below, down),
            };
      above.unshift(Math.max(floor, MULTIPLE * longer.tau, MARGIN * longer.above));
      below.unshift(Math.max(floor, MULTIPLE * longer.tau, MARGIN * longer.below));
    }
  }
  return { name: statistic.name, learned: true, ...expectation, above, below };
}

/** Sum of x - offset over sum of n. */
function crudeLevel(training: readonly Float64Array[], width: number, s: number): number {
  let x = 0;
  let n = 0;
  for (const rows of training) {
    for (let at = s * COLUMNS; at < rows.length; at += width) {
      x += rows[at + COLUMN.x]! - rows[at + COLUMN.offset]!;
      n += rows[at + COLUMN.n]!;
    }
  }
  return n > 0 ? x / n : 0;
}

/**
 * Level and slope by weighted least squares over the bins of a pass: the slope from what changes within passes, so that
 * passes that differ do not look like one, the level as the median of the passes'. Undefined where nothing was measured.
 */
function fit(
  statistic: Statistic,
  training: readonly Float64Array[],
  width: number,
  s: number,
  start: Expectation,
): Expectation | undefined {
  const slopes: { weight: number; value: number }[] = [];
  const means: { weight: number; y: number; c: number; x: number }[] = [];
  let low = Infinity;
  let high = -Infinity;
  for (const rows of training) {
    let counted = 0;
    let w0 = 0;
    let wy = 0;
    let wc = 0;
    let wcc = 0;
    let wcy = 0;
    for (let at = s * COLUMNS; at < rows.length; at += width) {
      const n = rows[at + COLUMN.n]!;
      if (!(n > 0)) continue;
      const y = (rows[at + COLUMN.x]! - rows[at + COLUMN.offset]!) / n;
      const c = rows[at + COLUMN.nc]! / n;
      counted += rows[at + COLUMN.x]!;
      const shot = statistic.law === 'count' ? rows[at + COLUMN.offset]! + Math.max(0, start.level * n) : 0;
      const v =
        shot + rows[at + COLUMN.v]! * start.noise ** 2 + rows[at + COLUMN.nv]! * (start.level * start.control) ** 2;
      const weight = (n * n) / Math.max(v, 1e-300);
      w0 += weight;
      wy += weight * y;
      wc += weight * c;
      wcc += weight * c * c;
      wcy += weight * c * y;
      low = Math.min(low, c);
      high = Math.max(high, c);
    }
    if (w0 === 0) continue;
    const within = wcc - (wc * wc) / w0;
    if (within > 0) slopes.push({ weight: within, value: (wcy - (wc * wy) / w0) / within });
    means.push({ weight: w0, y: wy / w0, c: wc / w0, x: counted });
  }
  if (means.length === 0) return undefined;
  const slope = statistic.covariate === 'none' ? 0 : clearSlope(slopes);
  // Of a rare count the median pass may have none; then the mean over all of them is the level.
  const rare = statistic.law === 'count' && median(means.map(({ x }) => x)) < LEAST_FOR_MEDIAN;
  if (rare) return { ...start, slope: 0, covariate: { low, high } };
  const level = weightedMedian(means.map(({ weight, y, c }) => ({ weight, value: y - slope * c })));
  return { ...start, level, slope, covariate: { low, high } };
}

/** The median of the passes' slopes, or 0 where passes differ too much for it to be told from 0. */
function clearSlope(slopes: { weight: number; value: number }[]): number {
  if (slopes.length === 0) return 0;
  const slope = weightedMedian(slopes);
  let weights = 0;
  let squares = 0;
  for (const { weight, value } of slopes) {
    weights += weight;
    squares += (weight * (value - slope)) ** 2;
  }
  return Math.abs(slope) > CLEAR_SLOPE * (Math.sqrt(squares) / weights) ? slope : 0;
}

/** Running sums of a pass, as the bank keeps them. */
function table(statistic: Statistic, learned: Expectation, rows: Float64Array, width: number, s: number): Float64Array {
  const bins = rows.length / width;
  const sums = new Float64Array((bins + 1) * SUMS);
  for (let b = 0; b < bins; b++)
    accumulate(statistic, learned, rows, b * width + s * COLUMNS, sums, b * SUMS, (b + 1) * SUMS);
  return sums;
}

/** Drift of the means over `length` bins: its standard deviation, and how far it went but in one pass. */
function drift(
  statistic: Statistic,
  tables: readonly Float64Array[],
  length: number,
): { tau: number; above: number; below: number } {
  const residuals: number[] = [];
  const variances: number[] = [];
  const above = [0, 0];
  const below = [0, 0];
  const window = emptyWindow();
  for (const sums of tables) {
    const bins = sums.length / SUMS - 1;
    let up = 0;
    let down = 0;
    for (let end = length; end <= bins; end += length) {
      if (!windowAt(statistic, sums, 0, SUMS, end, length, window) || !(window.n > 0)) continue;
      if (statistic.law === 'count' && window.m < LEAST_COUNT) continue;
      const r = (window.x - window.m) / window.n;
      const variance = ((statistic.law === 'count' ? window.m : 0) + window.v) / window.n ** 2;
      residuals.push(r);
      variances.push(variance);
      const beyond = Math.abs(r) - 4 * Math.sqrt(variance) - window.slack / window.n;
      if (r > 0) up = Math.max(up, beyond);
      else down = Math.max(down, beyond);
    }
    keepTwo(above, up);
    keepTwo(below, down);
  }
  return { tau: huberSpread(residuals, variances), above: above[1]!, below: below[1]! };
}

/** Keeps the two largest, the larger first. */
function keepTwo(largest: number[], value: number): void {
  if (value > largest[0]!) {
    largest[1] = largest[0]!;
    largest[0] = value;
  } else if (value > largest[1]!) largest[1] = value;
}

/** Highest and lowest level of each pass, over `RANGE_BINS` bins. */
function levelsOfPasses(
  statistic: Statistic,
  training: readonly Float64Array[],
  width: number,
  s: number,
  learned: Expectation,
): { readonly highs: number[]; readonly lows: number[] } {
  const highs: number[] = [];
  const lows: number[] = [];
  const window = emptyWindow();
  for (const rows of training) {
    const sums = table(statistic, learned, rows, width, s);
    const bins = sums.length / SUMS - 1;
    const length = Math.min(RANGE_BINS, bins);
    let high = -Infinity;
    let low = Infinity;
    for (let end = length; end <= bins; end += length) {
      if (!windowAt(statistic, sums, 0, SUMS, end, length, window) || !(window.n > 0)) continue;
      const level = (window.x - window.m) / window.n + learned.level;
      // What may be wrong for other reasons is tolerated anyway, and no level of its own.
      high = Math.max(high, level - window.slack / window.n);
      low = Math.min(low, level + window.slack / window.n);
    }
    if (high === -Infinity) continue;
    highs.push(high);
    lows.push(low);
  }
  return { highs, lows };
}

/** Second highest and second lowest level: [high, low]. */
function extremes(...of: Parameters<typeof levelsOfPasses>): readonly [number, number] {
  const { highs, lows } = levelsOfPasses(...of);
  highs.sort((a, b) => b - a);
  lows.sort((a, b) => a - b);
  return [highs[Math.min(1, highs.length - 1)]!, Math.max(0, lows[Math.min(1, lows.length - 1)]!)];
}

/**
 * The level that no sky exceeds: `MULTIPLE` standard deviations of its logarithm above the median of the passes. Only the
 * passes above the median are looked at; below it, clouds and haze are not told apart.
 */
function highestInHaze(...of: Parameters<typeof levelsOfPasses>): number {
  const { highs } = levelsOfPasses(...of);
  const middle = median(highs);
  if (!(middle > 0)) return Math.max(...highs);
  const clear = highs.filter((level) => level > middle).map((level) => Math.log(level / middle));
  const spread = huberSpread(
    clear,
    clear.map(() => 0),
  );
  return middle * Math.exp(MULTIPLE * spread);
}
