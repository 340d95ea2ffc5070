import { COLUMN } from './measure.ts';
import type { Statistic } from './statistics.ts';

/** Bins before a window that a `step` is measured against, at most; at least one. */
const REFERENCE_BINS = 16;
/** A step longer than this would outgrow its reference. */
const LONGEST_STEP = 8;

/** Lengths of sliding windows, bins: powers of two up to the length of a pass. `The whole pass so far` comes on top. */
export function windowLengths(bins: number): readonly number[] {
  const lengths: number[] = [];
  for (let length = 1; length <= bins; length *= 2) lengths.push(length);
  return lengths;
}

/** How many of them a statistic is tested in. */
export function windowsOf(statistic: Statistic, lengths: readonly number[]): number {
  return statistic.mode === 'step' ? lengths.filter((length) => length <= LONGEST_STEP).length : lengths.length + 1;
}

/**
 * By statistic: the share of a pass's false-alarm budget that each of its tests has. A test is one side of one window after
 * one bin. Statistics that are tested share alike, and so do the tests of each; over all tests the shares sum to 1.
 */
export function budgetShares(statistics: readonly Statistic[], tested: readonly boolean[], bins: number): Float64Array {
  const lengths = windowLengths(bins);
  const active = tested.filter(Boolean).length;
  return Float64Array.from(statistics, (statistic) => {
    const sides = (statistic.above ? 1 : 0) + (statistic.below ? 1 : 0);
    return 1 / (active * sides * windowsOf(statistic, lengths) * bins);
  });
}

/** What was learned of a statistic's expectation; see `LearnedStatistic`. */
export interface Expectation {
  readonly level: number;
  readonly slope: number;
  readonly covariate: { readonly low: number; readonly high: number };
  readonly noise: number;
  readonly control: number;
}

/** Running sums over the bins of a pass for each statistic, of which every window is a difference. */
export const SUM = { x: 0, m: 1, n: 2, v: 3, slack: 4 } as const;
export const SUMS = 5;

/** Adds a bin's row (at `from` of `rows`) to the sums at `at`, giving those at `next`. */
export function accumulate(
  statistic: Statistic,
  learned: Expectation,
  rows: Float64Array,
  from: number,
  sums: Float64Array,
  at: number,
  next: number,
): void {
  const n = rows[from + COLUMN.n]!;
  let nc = rows[from + COLUMN.nc]!;
  if (statistic.covariate === 'rate' && n !== 0) {
    nc = n * Math.min(learned.covariate.high, Math.max(learned.covariate.low, nc / n));
  }
  const level = n !== 0 ? learned.level + (learned.slope * nc) / n : learned.level;
  const m = rows[from + COLUMN.offset]! + learned.level * n + learned.slope * nc;
  const v = rows[from + COLUMN.v]! * learned.noise ** 2 + rows[from + COLUMN.nv]! * (level * learned.control) ** 2;
  sums[next + SUM.x] = sums[at + SUM.x]! + rows[from + COLUMN.x]!;
  sums[next + SUM.m] = sums[at + SUM.m]! + m;
  sums[next + SUM.n] = sums[at + SUM.n]! + n;
  sums[next + SUM.v] = sums[at + SUM.v]! + v;
  sums[next + SUM.slack] = sums[at + SUM.slack]! + rows[from + COLUMN.slack]!;
}

/** A window of one statistic: what is compared with what. */
export interface Window {
  x: number;
  /** Expected value of x. */
  m: number;
  /** What a tolerance multiplies. */
  n: number;
  /** Variance beside the shot noise of a count. */
  v: number;
  slack: number;
  /** Variance that m has from the counts of the reference of a step; 0 for a level and for a mean. */
  reference: number;
}

export const emptyWindow = (): Window => ({ x: 0, m: 0, n: 0, v: 0, slack: 0, reference: 0 });

/**
 * The window of `length` bins that ends before bin `end`, from the sums that begin at `base` and are `stride` apart from bin
 * to bin; false where there is no reference for a step, or nothing was measured.
 */
export function windowAt(
  statistic: Statistic,
  sums: Float64Array,
  base: number,
  stride: number,
  end: number,
  length: number,
  out: Window,
): boolean {
  const to = base + end * stride;
  const from = to - length * stride;
  out.x = sums[to + SUM.x]! - sums[from + SUM.x]!;
  out.m = sums[to + SUM.m]! - sums[from + SUM.m]!;
  out.n = sums[to + SUM.n]! - sums[from + SUM.n]!;
  out.v = sums[to + SUM.v]! - sums[from + SUM.v]!;
  out.slack = sums[to + SUM.slack]! - sums[from + SUM.slack]!;
  out.reference = 0;
  if (statistic.mode === 'level') return out.n > 0 || (statistic.law === 'count' && out.m > 0);
  const before = Math.min(REFERENCE_BINS, end - length);
  if (before < 1) return false;
  const start = from - before * stride;
  const n = sums[from + SUM.n]! - sums[start + SUM.n]!;
  if (!(n > 0 && out.n > 0)) return false;
  const x = sums[from + SUM.x]! - sums[start + SUM.x]!;
  const m = sums[from + SUM.m]! - sums[start + SUM.m]!;
  const v = sums[from + SUM.v]! - sums[start + SUM.v]!;
  const ratio = out.n / n;
  out.m += (x - m) * ratio;
  // The reference may be as wrong, for reasons other than chance, as the window.
  out.slack += (sums[from + SUM.slack]! - sums[start + SUM.slack]!) * ratio;
  out.v += ((statistic.law === 'count' ? x : 0) + v) * ratio * ratio;
  if (statistic.law === 'count') {
    out.n = out.m;
    out.reference = x * ratio * ratio;
    return out.m > 0 && x > 0;
  }
  return true;
}
