import type { MonitorName, Observation, Verdict } from '@skykey/photons';
import type { Baseline } from './baseline.ts';
import { AlarmError } from './error.ts';
import { type AlarmLink, checkLink } from './link.ts';
import { COLUMNS, createMeasure, type Measure } from './measure.ts';
import { type Peak, Search } from './search.ts';
import { type Sign, type Statistic, statisticsOf } from './statistics.ts';
import { type Explanation, explain, verdictOf } from './verdict.ts';
import { windowLengths } from './windows.ts';

export interface AlarmOptions {
  /** Probability that a clean pass whose drift stays inside the tolerances has a hard alarm, at most. 1e-4. */
  readonly hardPerPass?: number;
  /** The same for a soft one, 1e-2. */
  readonly softPerPass?: number;
}

/** A statistic that left what a clean link can do. */
export interface Finding {
  readonly severity: 'hard' | 'soft';
  /** `T1 errors X signal`. */
  readonly statistic: string;
  readonly monitor?: MonitorName;
  /** End of the bin after which it was known, s of the pass; `windowS` is the time it looks back over. */
  readonly atS: number;
  readonly windowS: number;
  readonly measured: number;
  readonly expected: number;
  readonly unit: string;
  /** ln of the probability of as much or more at the worst point inside the tolerance; not corrected for many tests. */
  readonly logP: number;
  /** The verdict that it speaks for by itself. */
  readonly supports: Verdict;
  readonly message: string;
}

export interface StatisticSummary {
  readonly statistic: string;
  /** `tested`, or why not: there was nothing of it in training, or nothing in this pass (a monitor that is not fitted). */
  readonly state: 'tested' | 'not learned' | 'not measured';
  /** -log10 of its smallest probability after correction, not cut at 0. */
  readonly score: number;
}

export interface Conclusion {
  readonly verdict: Verdict;
  /** One sentence; empty for `clean`. */
  readonly because: string;
  readonly hard: boolean;
  readonly soft: boolean;
  /** When the first hard alarm was raised, s of the pass. */
  readonly firstHardS: number | null;
  /**
   * -log10 of the smallest probability after correction, not cut at 0, so that passes without an alarm can be ranked: a
   * clean pass exceeds s with a probability of at most 10^-s. About -5 when nothing left its tolerance.
   */
  readonly score: number;
  /** The findings that speak for the verdict, strongest first. */
  readonly evidence: readonly Finding[];
  readonly statistics: readonly StatisticSummary[];
  /** Statistics that were not tested, for want of a monitor or of training. */
  readonly skipped: readonly string[];
}

export interface Bank {
  /** Takes the next bin of the pass. Gives a finding when a statistic becomes a soft or a hard alarm. */
  observe(observation: Observation): readonly Finding[];
  /** What is known so far; may be asked at any time. */
  conclude(): Conclusion;
}

const MOST_EVIDENCE = 10;
const NONE: readonly Finding[] = [];
/** A detector that has lost this share of its clicks may be called lost, one whose floor is so many times up hot. */
const LOST = 0.1;
const HOT = 2;
/** The other three are apart by less than this share of the loss. */
const OTHERS_APART = 0.25;
/** Share of the expected light that is left when it is called gone, at most; deviations by which light must be expected. */
const GONE = 0.1;
const PLAIN = 5;
const DETECTOR_SHARES = 'T5 detector';

/**
 * The bank of a pass. Every statistic is tested after every bin in windows of 1, 2, 4, ... bins and over the whole pass so
 * far. By the union bound over statistics, windows, bins and sides, all weighing the same within a statistic and each
 * statistic the same, a clean pass has an alarm with at most the probability of `AlarmOptions`.
 *
 * Throws `alarm/link`, `alarm/options`, and `alarm/baseline` when the baseline is of another bank or of shorter passes;
 * `observe` throws `alarm/observation`.
 */
export function createBank(link: AlarmLink, baseline: Baseline, options: AlarmOptions = {}): Bank {
  checkLink(link);
  const statistics = statisticsOf(link.source);
  const { hardPerPass = 1e-4, softPerPass = 1e-2 } = options;
  if (!(hardPerPass > 0 && hardPerPass <= softPerPass && softPerPass < 1)) {
    throw new AlarmError(
      'alarm/options',
      `hardPerPass ${hardPerPass} and softPerPass ${softPerPass}; they must be above 0, the first not above the second, below 1`,
    );
  }
  checkBaseline(link, baseline, statistics);
  return new WatchedPass(link, statistics, baseline, -Math.log10(hardPerPass), -Math.log10(softPerPass));
}

function checkBaseline(link: AlarmLink, baseline: Baseline, statistics: readonly Statistic[]): void {
  const refuse = (sentence: string): never => {
    throw new AlarmError('alarm/baseline', sentence);
  };
  if (baseline.version !== 1) refuse(`version is ${baseline.version}; this bank reads version 1`);
  if (baseline.statistics.length !== statistics.length) {
    refuse(`${baseline.statistics.length} statistics; the bank of this source has ${statistics.length}`);
  }
  const stranger = statistics.findIndex(({ name }, s) => baseline.statistics[s]!.name !== name);
  if (stranger >= 0) {
    refuse(`statistic ${stranger} is ${baseline.statistics[stranger]!.name}; here it is ${statistics[stranger]!.name}`);
  }
  const lengths = windowLengths(link.bins).length;
  if (windowLengths(baseline.bins).length < lengths) {
    refuse(`learned from passes of ${baseline.bins} bins; this link has ${link.bins}, whose windows it does not know`);
  }
}

class WatchedPass implements Bank {
  private readonly link: AlarmLink;
  private readonly statistics: readonly Statistic[];
  private readonly baseline: Baseline;
  private readonly hardScore: number;
  private readonly softScore: number;
  private readonly measure: Measure;
  private readonly rows: Float64Array;
  private readonly search: Search;
  /** By side: what was reported of it, 0 nothing, 1 soft, 2 hard. */
  private readonly reported: Uint8Array;
  private readonly endS: Float64Array;
  private startS = 0;
  private lastBin = -1;
  private firstHardS: number | null = null;

  constructor(link: AlarmLink, statistics: readonly Statistic[], baseline: Baseline, hard: number, soft: number) {
    this.link = link;
    this.statistics = statistics;
    this.baseline = baseline;
    this.hardScore = hard;
    this.softScore = soft;
    this.measure = createMeasure(link);
    this.rows = new Float64Array(statistics.length * COLUMNS);
    this.search = new Search(statistics, baseline, link.bins);
    this.reported = new Uint8Array(2 * statistics.length);
    this.endS = new Float64Array(link.bins);
  }

  observe(observation: Observation): readonly Finding[] {
    const { link, lastBin } = this;
    if (!(Number.isSafeInteger(observation.bin) && observation.bin > lastBin && observation.bin < link.bins)) {
      throw new AlarmError(
        'alarm/observation',
        `bin is ${observation.bin}; the next of this pass must be a whole number above ${lastBin} and below ${link.bins}`,
      );
    }
    this.measure(observation, this.rows);
    if (lastBin < 0) this.startS = observation.startS;
    this.lastBin = observation.bin;
    this.endS[this.search.count] = observation.startS + observation.durationS;
    this.search.add(this.rows);
    return this.report();
  }

  private severity(side: number): 0 | 1 | 2 {
    const score = this.search.score(side);
    if (score < this.softScore) return 0;
    return score >= this.hardScore && !this.statistics[side >> 1]!.softOnly ? 2 : 1;
  }

  private report(): readonly Finding[] {
    let findings: Finding[] | undefined;
    for (let side = 0; side < this.reported.length; side++) {
      if (this.search.peaks[side]!.end !== this.search.count || this.reported[side] === 2) continue;
      const severity = this.severity(side);
      if (severity <= this.reported[side]!) continue;
      this.reported[side] = severity;
      const finding = this.finding(side);
      if (severity === 2) this.firstHardS ??= finding.atS;
      findings ??= [];
      findings.push(finding);
    }
    return findings ?? NONE;
  }

  /** What a side says: a balance may be that of a lost detector, an uneven floor that of a hot one. */
  private sign(side: number): Sign {
    const s = side >> 1;
    const { above, below, name } = this.statistics[s]!;
    const sign = (side & 1 ? below : above)!;
    const peak = this.search.peaks[side]!;
    if (sign === 'floor uneven' && !(side & 1)) {
      const { x, m } = this.search.look(s, peak);
      return x > HOT * m ? 'hot detector' : sign;
    }
    if (sign === 'light missing') return this.isGone(s, peak) ? 'light gone' : sign;
    const few = sign === 'balance' && side & 1 && name.startsWith(DETECTOR_SHARES);
    return few && this.lostDetector(peak) ? 'detector lost' : sign;
  }

  /** Whether next to nothing is left of what a statistic counts, in the last quarter of the window: it may have begun late. */
  private isGone(s: number, { end, length }: Peak): boolean {
    const { x, m, v } = this.search.look(s, { end, length: Math.ceil(length / 4) });
    return m > PLAIN * Math.sqrt(v) && x < GONE * m;
  }

  /** Whether one detector, and only one, has too few clicks, while the other three share theirs as they used to. */
  private lostDetector(peak: Peak): boolean {
    const first = this.statistics.findIndex(({ name }) => name.startsWith(DETECTOR_SHARES));
    const gain = [0, 1, 2, 3].map((d) => {
      const { x, m } = this.search.look(first + d, peak);
      return m > 0 ? x / m : 1;
    });
    const [lowest, second, , highest] = gain.toSorted((a, b) => a - b) as [number, number, number, number];
    const loss = 1 - lowest / highest;
    return loss > LOST && 1 - second / highest < OTHERS_APART * loss;
  }

  private finding(side: number): Finding {
    const s = side >> 1;
    const statistic = this.statistics[s]!;
    const peak = this.search.peaks[side]!;
    const { x, m, n } = this.search.look(s, peak);
    const [measured, expected, unit] = n > 0 ? [x / n, m / n, statistic.unit] : [x, m, 'counts'];
    const atS = this.endS[peak.end - 1]!;
    const first = peak.end - peak.length;
    const windowS = atS - (first > 0 ? this.endS[first - 1]! : this.startS);
    const severity = this.severity(side) === 2 ? 'hard' : 'soft';
    const sign = this.sign(side);
    const chance = `10^${Math.round(peak.logP / Math.LN10)}`;
    return {
      severity,
      statistic: statistic.name,
      ...(statistic.monitor ? { monitor: statistic.monitor } : {}),
      atS,
      windowS,
      measured,
      expected,
      unit,
      logP: peak.logP,
      supports: verdictOf(sign),
      message: `${sign}: ${statistic.name} ${digits(measured)} ${unit} over ${digits(windowS)} s, expected ${digits(expected)}; at the edge of its tolerance a chance of ${chance}`,
    };
  }

  conclude(): Conclusion {
    const sides: { side: number; sign: Sign; score: number }[] = [];
    let score = Number.NEGATIVE_INFINITY;
    let hard = false;
    for (let side = 0; side < this.reported.length; side++) {
      score = Math.max(score, this.search.score(side));
      const severity = this.severity(side);
      if (severity === 0) continue;
      hard ||= severity === 2;
      sides.push({ side, sign: this.sign(side), score: this.search.score(side) });
    }
    const explanation = explain(sides);
    return {
      verdict: explanation?.verdict ?? 'clean',
      because: explanation?.because ?? '',
      hard,
      soft: sides.length > 0,
      firstHardS: this.firstHardS,
      score,
      evidence: explanation ? this.evidence(explanation, sides) : [],
      statistics: this.statistics.map(({ name }, s) => ({
        statistic: name,
        state: this.state(s),
        score: Math.max(this.search.score(2 * s), this.search.score(2 * s + 1)),
      })),
      skipped: this.statistics.flatMap(({ name }, s) => (this.state(s) === 'tested' ? [] : [name])),
    };
  }

  private state(s: number): StatisticSummary['state'] {
    if (!this.baseline.statistics[s]!.learned) return 'not learned';
    return this.search.isMeasured(s) ? 'tested' : 'not measured';
  }

  /** Own signs of the explanation before those that follow from it. */
  private evidence(
    { own, follows }: Explanation,
    sides: readonly { side: number; sign: Sign; score: number }[],
  ): readonly Finding[] {
    return sides
      .filter(({ sign }) => own.includes(sign) || follows.includes(sign))
      .sort((a, b) => Number(own.includes(b.sign)) - Number(own.includes(a.sign)) || b.score - a.score)
      .slice(0, MOST_EVIDENCE)
      .map(({ side }) => this.finding(side));
  }
}

const digits = (value: number): string => (value === 0 ? '0' : String(Number(value.toPrecision(4))));
