import type { Baseline } from './baseline.ts';
import { COLUMN, COLUMNS } from './measure.ts';
import type { Statistic } from './statistics.ts';
import {
  leastSquaredDeviate,
  logBinomialAtLeast,
  logNormalTail,
  logPoissonAtLeast,
  logPoissonAtMost,
} from './tails.ts';
import {
  accumulate,
  budgetShares,
  emptyWindow,
  SUM,
  SUMS,
  type Window,
  windowAt,
  windowLengths,
  windowsOf,
} from './windows.ts';

/** The strongest deviation of one side of one statistic so far. */
export interface Peak {
  /** ln of its probability at the worst point inside the tolerance; 0: there was none. */
  logP: number;
  /** Standard deviations beyond the tolerance below which `logP` cannot be beaten, squared; of an untested side infinite. */
  z2: number;
  /** Bins observed when it was found, and how many of them it looks back over. */
  end: number;
  length: number;
}

/** A statistic with what its tests need at hand. */
interface Test {
  readonly statistic: Statistic;
  readonly above: Float64Array;
  readonly below: Float64Array;
  readonly windows: number;
}

/**
 * The search of one pass: every statistic in every window that ends with the newest bin. Sides are numbered `2 * statistic`
 * for above, `2 * statistic + 1` for below; only the strongest deviation of each is kept.
 */
export class Search {
  /** Bins taken. */
  count = 0;
  readonly peaks: readonly Peak[];
  private readonly tests: readonly Test[];
  private readonly baseline: Baseline;
  private readonly lengths: readonly number[];
  /** By bin, then statistic: windows of neighbouring statistics lie in the same lines of the cache. */
  private readonly sums: Float64Array;
  private readonly stride: number;
  /** -ln of the share of the budget that each test of a statistic has. */
  private readonly logTests: Float64Array;
  private readonly measured: Uint8Array;
  private readonly window = emptyWindow();

  constructor(statistics: readonly Statistic[], baseline: Baseline, bins: number) {
    this.baseline = baseline;
    this.lengths = windowLengths(bins);
    this.stride = statistics.length * SUMS;
    this.sums = new Float64Array((bins + 1) * this.stride);
    this.measured = new Uint8Array(statistics.length);
    this.tests = statistics.map((statistic, s) => ({
      statistic,
      above: Float64Array.from(baseline.statistics[s]!.above),
      below: Float64Array.from(baseline.statistics[s]!.below),
      windows: windowsOf(statistic, this.lengths),
    }));
    const learned = statistics.map((_, s) => baseline.statistics[s]!.learned);
    this.logTests = budgetShares(statistics, learned, bins).map((share) => -Math.log(share));
    this.peaks = statistics.flatMap(({ above, below }) =>
      [above, below].map((sign) => ({ logP: 0, z2: sign === null ? Infinity : 0, end: 0, length: 0 })),
    );
  }

  /** Takes the rows of the next bin, as `measure` wrote them. */
  add(rows: Float64Array): void {
    const at = this.count++ * this.stride;
    for (let s = 0; s < this.tests.length; s++) {
      const learned = this.baseline.statistics[s]!;
      if (!learned.learned) continue;
      const base = at + s * SUMS;
      accumulate(this.tests[s]!.statistic, learned, rows, s * COLUMNS, this.sums, base, base + this.stride);
      if (rows[s * COLUMNS + COLUMN.n] !== 0) this.measured[s] = 1;
      this.scan(s);
    }
  }

  /** -log10 of the probability of a side's peak after correction for all tests of a pass; not cut at 0. */
  score(side: number): number {
    return (-this.peaks[side]!.logP - this.logTests[side >> 1]!) / Math.LN10;
  }

  /** Whether a statistic had anything to look at yet. */
  isMeasured(s: number): boolean {
    return this.measured[s] === 1;
  }

  /** What a statistic saw in a window that ended with bin `end`; overwritten by the next call. */
  look(s: number, { end, length }: Pick<Peak, 'end' | 'length'>): Window {
    windowAt(this.tests[s]!.statistic, this.sums, s * SUMS, this.stride, end, length, this.window);
    return this.window;
  }

  /** Tests one statistic in all windows that end with the last bin. */
  private scan(s: number): void {
    const { statistic, above, below, windows } = this.tests[s]!;
    const { sums, stride, count: bins, lengths, window } = this;
    const count = statistic.law === 'count';
    const step = statistic.mode === 'step';
    const base = s * SUMS;
    const to = base + bins * stride;
    const aboveZ2 = this.peaks[2 * s]!.z2;
    const belowZ2 = this.peaks[2 * s + 1]!.z2;
    for (let i = 0; i < windows; i++) {
      const whole = i === lengths.length;
      const length = whole ? bins : lengths[i]!;
      if (length > bins) continue;
      // The whole pass so far has the tolerance of the longest window that is not longer.
      const tolerance = whole ? 31 - Math.clz32(length) : i;
      if (step) {
        if (!windowAt(statistic, sums, base, stride, bins, length, window)) continue;
      } else {
        // Most windows lie inside the tolerance or below the peak: left as soon as that is clear, in the terms of `test`.
        const from = to - length * stride;
        const off = sums[to + SUM.x]! - sums[from + SUM.x]! - sums[to + SUM.m]! + sums[from + SUM.m]!;
        const n = sums[to + SUM.n]! - sums[from + SUM.n]!;
        const beyond = off > 0 ? off - above[tolerance]! * n : -off - below[tolerance]! * n;
        if (beyond <= 0) continue;
        const z2 = off > 0 ? aboveZ2 : belowZ2;
        let spread = sums[to + SUM.v]! - sums[from + SUM.v]!;
        if (count) {
          if (off > 0) spread += sums[to + SUM.m]! - sums[from + SUM.m]!;
          else spread = sums[to + SUM.x]! - sums[from + SUM.x]!;
        }
        if (beyond * beyond <= z2 * spread) continue;
        if (!windowAt(statistic, sums, base, stride, bins, length, window)) continue;
      }
      this.test(s, length, above[tolerance]!, below[tolerance]!);
    }
  }

  private test(s: number, length: number, above: number, below: number): void {
    const { statistic } = this.tests[s]!;
    const { x, m, n, v, slack, reference } = this.window;
    const high = m + above * n + slack;
    if (x > high) {
      const peak = this.peaks[2 * s]!;
      const beyond = (x - high) ** 2;
      if (statistic.law === 'mean') {
        if (beyond > peak.z2 * v) this.keep(peak, logNormalTail(Math.sqrt(beyond / v)), length);
      } else if (high > 0 && beyond > peak.z2 * (high + v)) {
        if (reference > 0) {
          // Two Poisson counts of known ratio: given their sum the one is binomial, exactly. Where light adds to one of
          // them, a count of the same relative uncertainty stands in for the reference.
          const equal = (high / (1 + above)) ** 2 / reference;
          this.keep(peak, logBinomialAtLeast(x, x + equal, high / (high + equal)), length);
        } else {
          // A scaled Poisson variable stands in for a Poisson count about an expectation with noise of its own: of equal
          // variance and, in both tails, at least the skewness.
          const scale = 1 + v / high;
          this.keep(peak, logPoissonAtLeast(x / scale, high / scale), length);
        }
      }
      return;
    }
    const low = m - below * n - slack;
    if (x >= low) return;
    const peak = this.peaks[2 * s + 1]!;
    const beyond = (low - x) ** 2;
    if (statistic.law === 'mean') {
      if (beyond > peak.z2 * v) this.keep(peak, logNormalTail(Math.sqrt(beyond / v)), length);
      return;
    }
    // Skipped where the bounds of `tails.ts` show that the peak stands.
    const scale = 1 + v / low;
    if (beyond > peak.z2 * scale * x && low > 0.5 * peak.z2 * scale) {
      this.keep(peak, logPoissonAtMost(x / scale, low / scale), length);
    }
  }

  private keep(peak: Peak, logP: number, length: number): void {
    if (logP >= peak.logP) return;
    // A reading without any noise that is wrong is certainly wrong; the number stays finite for JSON.
    peak.logP = Math.max(logP, -1e9);
    peak.z2 = leastSquaredDeviate(peak.logP);
    peak.end = this.count;
    peak.length = length;
  }
}
