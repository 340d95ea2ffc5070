/**
 * One published value beside what Skykey computes for it. The status of a comparison is derived from numbers, never
 * typed: who writes a row says what was printed, how far the print can be trusted, and how to compute the same.
 */
import type { Scenario } from '@skykey/scenario';

/** Where a value was printed, and how it came to us. */
export interface Origin {
  /** Authors, journal, year, identifier; or a standard with its number. */
  readonly work: string;
  /** Table, equation, figure, abstract, section, file. */
  readonly place: string;
  /** `published`: seen there. `second-hand`: through another text. `code`: the output of another program, kept with the row. */
  readonly seen: 'published' | 'second-hand' | 'code';
}

/** How far a computed value may be away, and why just so far. */
export type Tolerance =
  /** Half a unit of the last digit of `printed`. */
  | { readonly basis: 'half a printed digit' }
  /** The source states an uncertainty: its words, and what they are in the unit of the row. */
  | { readonly basis: 'stated uncertainty'; readonly value: number; readonly stated: string }
  /** Counts have a statistical spread: so many standard deviations of that size. */
  | { readonly basis: 'counting statistics'; readonly standardDeviation: number; readonly deviations: number }
  /** A limit that was set before the row was written, with who set it; never one that a result suggested. */
  | { readonly basis: 'acceptance limit'; readonly value: number; readonly reason: string }
  /** The source prints an interval or a bound: its words; anything inside agrees. */
  | { readonly basis: 'printed interval'; readonly low: number; readonly high: number; readonly stated: string };

/**
 * Something real that is in one of the two numbers and not in the other: what the source leaves out of its value, how far
 * it has rounded an input that it measured (settings, such as an intensity, count as exact), or what the model neglects.
 */
export interface LeftOut {
  readonly term: string;
  /** Added to the computed value, in its unit: the least and the most it can be. */
  readonly low: number;
  readonly high: number;
  /** Where the bounds come from. */
  readonly source: string;
}

/** What comparisons may ask of the outside; nothing in this package opens a file. */
export interface Sources {
  /** A shipped scenario. */
  scenario(id: string): Scenario;
  /** A data file of a package, for example `scenario/data/micius-2017-loss-against-range.csv`. */
  text(file: string): string;
}

export interface Comparison {
  /** Small letters, digits and hyphens; never used again for another value. */
  readonly id: string;
  readonly area: 'orbit' | 'optics' | 'photons' | 'finite key' | 'key and relay';
  readonly quantity: string;
  /** Empty for a pure number. */
  readonly unit: string;
  /** As the source prints it: `22`, `0.430`, `3551136`. Digits count. */
  readonly printed: string;
  readonly origin: Origin;
  readonly tolerance: Tolerance;
  /** What went in: published inputs, and what had to be assumed. */
  readonly inputs: string;
  /**
   * What was known of the difference when tolerance, bounds or the way of computing were last written. Agreement that was
   * foreseen, or found at a second try, is weaker evidence; the report says so.
   */
  readonly knownBefore?: string;
  /** A function where the bounds take the place of terms that the model computes. */
  readonly leftOut?: LeftOut | ((sources: Sources) => LeftOut);
  /** The same quantity by Skykey, in `unit`; or why nothing can be computed from what the source gives. */
  readonly compute: ((sources: Sources) => number) | { readonly gap: string };
}

export type Status = 'reproduced' | 'compatible' | 'not reproduced' | 'gap';

/** A comparison with its outcome. Numbers are null where there is nothing to compute. */
export interface Outcome {
  readonly comparison: Comparison;
  readonly published: number;
  readonly computed: number | null;
  /** Computed minus published, or minus the nearer end of a printed interval; 0 inside it. */
  readonly difference: number | null;
  /** Half-width of the band of agreement around the published value; null for a printed interval. */
  readonly tolerance: number | null;
  readonly leftOut: LeftOut | null;
  readonly status: Status;
}

const PRINTED = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/;

/** Half a unit of the last printed digit: 0.5 for `22`, 0.005 for `0.43`, 50 for `1.2e3`. */
export function halfDigit(printed: string): number {
  if (!PRINTED.test(printed)) throw new RangeError(`"${printed}" is not a printed number such as 22, 0.43 or 1.2e3`);
  const [mantissa, exponent = '0'] = printed.split('e');
  const decimals = mantissa!.split('.')[1]?.length ?? 0;
  return 0.5 * 10 ** (Number(exponent) - decimals);
}

/** Distance from a band: 0 inside, negative below, positive above. */
function outside(value: number, low: number, high: number): number {
  if (value < low) return value - low;
  return value > high ? value - high : 0;
}

/** Half-width of the band of agreement; null for an interval. */
function halfWidth(rule: Tolerance, printed: string): number | null {
  switch (rule.basis) {
    case 'half a printed digit':
      return halfDigit(printed);
    case 'counting statistics':
      return rule.deviations * rule.standardDeviation;
    case 'printed interval':
      return null;
    default:
      return rule.value;
  }
}

/**
 * Computes and judges. Rounding of the printed digits is not rounding of ours: a difference of exactly the tolerance
 * agrees. Throws what the computation throws, and RangeError when it gives no finite number.
 */
export function judge(comparison: Comparison, sources: Sources): Outcome {
  const { printed, tolerance: rule, compute, id } = comparison;
  const published = Number(printed);
  const tolerance = halfWidth(rule, printed);
  if (typeof compute !== 'function') {
    return { comparison, published, computed: null, difference: null, tolerance, leftOut: null, status: 'gap' };
  }
  const [low, high] =
    rule.basis === 'printed interval' ? [rule.low, rule.high] : [published - tolerance!, published + tolerance!];
  const computed = compute(sources);
  if (!Number.isFinite(computed)) throw new RangeError(`${id} computes ${computed}; it must be a finite number`);
  const leftOut = (typeof comparison.leftOut === 'function' ? comparison.leftOut(sources) : comparison.leftOut) ?? null;
  const slack = 1e-12 * Math.max(Math.abs(low), Math.abs(high));
  const agrees = outside(computed, low - slack, high + slack) === 0;
  const explained = leftOut && computed + leftOut.low <= high + slack && computed + leftOut.high >= low - slack;
  return {
    comparison,
    published,
    computed,
    difference: tolerance === null ? outside(computed, low, high) : computed - published,
    tolerance,
    leftOut,
    status: agrees ? 'reproduced' : explained ? 'compatible' : 'not reproduced',
  };
}
