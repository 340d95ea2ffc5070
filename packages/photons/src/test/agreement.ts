import type { ObservedBin } from '../observe/observation.ts';

/** Do two samplers of passes agree? Tests of every statistic that an alarm or a ledger reads off them. */

/** One comparison: its name, and how likely a difference like it is when both are the same. */
export interface Comparison {
  readonly name: string;
  readonly p: number;
}

/**
 * Compares passes of one sampler with passes of another, bin by bin alike. Numbers of clicks: chi-square of the cells
 * pooled over all passes, and Kolmogorov and Smirnov of the totals of each pass; means: the same, and a two-sample z test.
 */
export function compare(
  a: readonly (readonly ObservedBin[])[],
  b: readonly (readonly ObservedBin[])[],
): readonly Comparison[] {
  const left = a.map(statisticsOf);
  const right = b.map(statisticsOf);
  const results: Comparison[] = [];
  for (const [name, { values, kind }] of left[0]!) {
    const series = (passes: typeof left, i: number): number[] => passes.map((pass) => pass.get(name)!.values[i]!);
    let square = 0;
    let cells = 0;
    for (let i = 0; i < values.length; i++) {
      const [x, y] = [series(left, i), series(right, i)];
      const label = values.length === 1 ? name : `${name} ${i}`;
      results.push({ name: `KS ${label}`, p: kolmogorovSmirnov(x, y) });
      if (kind === 'mean') {
        results.push({ name: `z ${label}`, p: differenceOfMeans(x, y) });
        continue;
      }
      const [sumX, sumY] = [total(x), total(y)];
      if (sumX + sumY < 20) continue;
      square += (sumX - sumY) ** 2 / (sumX + sumY);
      cells++;
    }
    if (cells > 0) results.push({ name: `chi-square ${name}`, p: chiSquareTail(square, cells) });
  }
  return results;
}

/** The least likely of the comparisons, times their number: the p-value of all of them together (Bonferroni). */
export function leastLikely(comparisons: readonly Comparison[]): Comparison {
  const least = comparisons.reduce((worst, one) => (one.p < worst.p ? one : worst));
  return { name: least.name, p: Math.min(1, least.p * comparisons.length) };
}

interface Statistic {
  readonly kind: 'number' | 'mean';
  readonly values: number[];
}

function statisticsOf(pass: readonly ObservedBin[]): Map<string, Statistic> {
  const statistics = new Map<string, Statistic>();
  const put = (name: string, values: ArrayLike<number>, kind: Statistic['kind'] = 'number'): void => {
    const old = statistics.get(name);
    if (old === undefined) statistics.set(name, { kind, values: Array.from(values) });
    else for (let i = 0; i < values.length; i++) old.values[i]! += values[i]!;
  };
  for (const { observation, ledger } of pass) {
    const { single, arrival } = observation;
    put('single', single);
    put('double', observation.double);
    put('outside', observation.outside);
    put('soon', observation.soon);
    put('clicks', observation.clicks);
    put('arrival', arrival);
    const errors = [0, 0, 0, 0];
    for (let i = 0; i < single.length; i++) {
      const [state, detector] = [(i >> 2) & 3, i & 3];
      if (state >> 1 !== detector >> 1) continue;
      errors[2 * (state >> 1) + (state === detector ? 0 : 1)]! += single[i]!;
    }
    put('right and wrong', errors);
    put('sifted', [ledger.sifted]);
    // Probabilities of guessing are rounded by the event sampler: what is less than a thousandth of a bit is nothing.
    put('known bits', [Math.round(1000 * ledger.knownBits) / 1000]);
    put('sifted singles', [ledger.siftedSingles]);
    put('sifted vacuum', [ledger.siftedVacuum]);
    // Means of a pass are those of its bins; a bin without clicks has none, and adds nothing.
    const finite = (values: Float64Array): Float64Array => values.map((value) => (Number.isNaN(value) ? 0 : value));
    put('arrival mean', finite(observation.arrivalMeanPs), 'mean');
    put('diode mean', finite(observation.diodeMeanPs), 'mean');
  }
  return statistics;
}

/** Two samples; the limit law of the largest distance, with Stephens' correction for small samples. */
export function kolmogorovSmirnov(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [a.toSorted((p, q) => p - q), b.toSorted((p, q) => p - q)];
  let distance = 0;
  let [i, j] = [0, 0];
  while (i < x.length && j < y.length) {
    const at = Math.min(x[i]!, y[j]!);
    while (x[i] === at) i++;
    while (y[j] === at) j++;
    distance = Math.max(distance, Math.abs(i / x.length - j / y.length));
  }
  const root = Math.sqrt((x.length * y.length) / (x.length + y.length));
  const lambda = (root + 0.12 + 0.11 / root) * distance;
  if (lambda < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k < 20; k++) sum += 2 * (k & 1 ? 1 : -1) * Math.exp(-2 * k * k * lambda * lambda);
  return Math.min(1, Math.max(0, sum));
}

function differenceOfMeans(a: readonly number[], b: readonly number[]): number {
  const moments = (values: readonly number[]): { mean: number; variance: number } => {
    const mean = total(values) / values.length;
    return { mean, variance: total(values.map((value) => (value - mean) ** 2)) / (values.length - 1) / values.length };
  };
  const [x, y] = [moments(a), moments(b)];
  if (x.variance + y.variance === 0) return x.mean === y.mean ? 1 : 0;
  return 2 * normalTail(Math.abs(x.mean - y.mean) / Math.sqrt(x.variance + y.variance));
}

/** Wilson and Hilferty 1931. */
function chiSquareTail(square: number, freedom: number): number {
  const spread = 2 / (9 * freedom);
  return normalTail((Math.cbrt(square / freedom) - 1 + spread) / Math.sqrt(spread));
}

/** Probability above z: the continued fraction of Mills' ratio far out, else the series of the error function. */
function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 3) {
    let ratio = z;
    for (let k = 40; k > 0; k--) ratio = z + k / ratio;
    return density / ratio;
  }
  let term = z;
  let sum = z;
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (z * z) / (2 * n + 1);
    sum += term;
  }
  return 0.5 - density * sum;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
