import type { Alarm, AlarmRule } from './types.ts';

/**
 * When to hang up and when to warn, from the errors among compared bits of basis-matched signal pulses. Secrecy does not
 * rest on it: how much key there is, the finite-key bound decides from the whole block. Only signal pulses are looked at
 * because weak pulses are wrong more often without any adversary, who cannot tell them apart.
 *
 * Each test is an exact one-sided binomial test: the alarm sounds when so many errors or more would have been seen with
 * less than the allowed probability on a link that is just at the limit.
 *
 * The live monitor looks after every LOOK compared bits, at the whole pass so far and at the last WINDOWS bits. Looks
 * repeat, so the false-alarm probability alpha of the rule is spent on them: look k gets
 *   alpha * (1 / (1 + log2 k) - 1 / (1 + log2(k + 1))),
 * which sums to alpha over all looks however many there will be, and each look divides its share evenly among its tests.
 * By the union bound a link just at the limit is then dropped (or warned of) wrongly in a session with probability at
 * most alpha. The test of the finished block is one look of its own, at alpha. Looks lie at fixed numbers of compared
 * bits: how the detections are cut into messages does not matter.
 */

/** Compared bits from one look to the next. */
export const LOOK = 32;
/** Lengths of the sliding windows: short for a strong attack that begins in mid-pass, long for a weak one. */
export const WINDOWS: readonly number[] = [256, 1024, 4096];

const LONGEST = WINDOWS[WINDOWS.length - 1]!;

/** Stirling's series, the argument first moved beyond 16, where five terms leave less than 1e-15. */
function lnGamma(value: number): number {
  let x = value;
  let shift = 0;
  for (; x < 16; x++) shift += Math.log(x);
  const y = 1 / (x * x);
  const series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/**
 * Natural logarithm of the probability of `errors` or more in `trials` independent trials of the given probability:
 * exact (a sum of terms in log space, no normal approximation), -Infinity where it is impossible.
 */
export function binomialLogTail(errors: number, trials: number, probability: number): number {
  if (errors <= 0) return 0;
  if (errors > trials || probability === 0) return -Infinity;
  if (probability === 1) return 0;
  const odds = probability / (1 - probability);
  const logTerm = (k: number): number =>
    lnGamma(trials + 1) -
    lnGamma(k + 1) -
    lnGamma(trials - k + 1) +
    k * Math.log(probability) +
    (trials - k) * Math.log1p(-probability);
  // Sums the side on which the terms fall from the first on, relative to that one.
  let sum = 1;
  let term = 1;
  if (errors > trials * probability) {
    for (let k = errors; k < trials && term > sum * 1e-18; k++) {
      term *= ((trials - k) / (k + 1)) * odds;
      sum += term;
    }
    return Math.min(0, logTerm(errors) + Math.log(sum));
  }
  for (let k = errors - 1; k > 0 && term > sum * 1e-18; k--) {
    term *= k / ((trials - k + 1) * odds);
    sum += term;
  }
  return Math.log1p(-Math.min(1, Math.exp(logTerm(errors - 1)) * sum));
}

/** The part of the false-alarm probability that look `k` (from 1 on) may spend. */
export function shareOfLook(k: number): number {
  return 1 / (1 + Math.log2(k)) - 1 / (1 + Math.log2(k + 1));
}

const percent = (rate: number): string => `${(100 * rate).toFixed(2)} %`;

/** Whether so many errors or more are seen with less than `probability` on a link that is just at the limit. */
function isAbove(errors: number, compared: number, limit: number, probability: number): boolean {
  if (probability < 0.49 && errors <= compared * limit) {
    // At most the mean, so P(X >= errors) >= 1/2, where most looks end: every median of the binomial law is n p rounded down or
    // up (Kaas and Buhrman, Stat. Neerl. 34, 13 (1980); a test holds it to exact tails). 0.49 is for the rounding of the product.
    return false;
  }
  return binomialLogTail(errors, compared, limit) < Math.log(probability);
}

/** What one test of a look finds: an alarm, the graver one, or none. */
function test(rule: AlarmRule, share: number, errors: number, compared: number): Alarm['severity'] | undefined {
  if (isAbove(errors, compared, rule.hardQber, rule.hardFalseAlarm * share)) return 'hard';
  return isAbove(errors, compared, softLimitOf(rule), rule.softFalseAlarm * share) ? 'soft' : undefined;
}

const softLimitOf = (rule: AlarmRule): number => rule.expectedQber + rule.qberDrift;

/** The alarm of a test in words. `of` is what was compared. */
function alarmOf(
  rule: AlarmRule,
  severity: Alarm['severity'],
  kind: string,
  errors: number,
  compared: number,
  of: string,
): Alarm {
  const limit = severity === 'hard' ? rule.hardQber : softLimitOf(rule);
  const measured = errors / compared;
  const sentence = `QBER ${percent(measured)} over ${of}, significantly above ${percent(limit)}`;
  const message =
    severity === 'hard' ? `${sentence}: the link is dropped` : `${sentence}, the expected rate and its drift`;
  return { severity, kind, message, measured, limit };
}

/** The test of a finished block. */
export function blockAlarm(rule: AlarmRule, errors: number, compared: number): Alarm | undefined {
  const severity = compared ? test(rule, 1, errors, compared) : undefined;
  return severity && alarmOf(rule, severity, 'qber-block', errors, compared, 'the test basis of the whole block');
}

/** The live monitor of one session; both parties feed it the same comparisons and get the same alarms. */
export class QberMonitor {
  readonly #rule: AlarmRule;
  /** Errors from one look to the next, of the last looks: all that the windows are made of. */
  readonly #recent = new Uint8Array(LONGEST / LOOK);
  readonly #windowErrors = WINDOWS.map(() => 0);
  #compared = 0;
  #errors = 0;
  /** Of those, before the last look. */
  #looked = 0;
  #looks = 0;
  #warned = false;

  constructor(rule: AlarmRule) {
    this.#rule = rule;
  }

  /** Compared bits so far, and those that differed. */
  get compared(): number {
    return this.#compared;
  }
  get errors(): number {
    return this.#errors;
  }

  /** Takes one comparison. Returns an alarm when there is a new one: the first soft one, or a hard one. */
  observe(error: boolean): Alarm | undefined {
    this.#compared++;
    if (error) this.#errors++;
    return this.#compared % LOOK ? undefined : this.#look();
  }

  /** Moves the windows on by what was compared since the last look. */
  #slide(): void {
    const entered = this.#errors - this.#looked;
    for (let w = 0; w < WINDOWS.length; w++) {
      const before = this.#looks - WINDOWS[w]! / LOOK;
      this.#windowErrors[w]! += entered - (before < 0 ? 0 : this.#recent[before % this.#recent.length]!);
    }
    this.#recent[this.#looks % this.#recent.length] = entered;
    this.#looked = this.#errors;
    this.#looks++;
  }

  #look(): Alarm | undefined {
    this.#slide();
    const share = shareOfLook(this.#looks) / (1 + WINDOWS.length);
    let soft: Alarm | undefined;
    // The whole, then the windows that are shorter. Hundreds of times a second, and nearly always nothing is found.
    for (let w = -1; w < WINDOWS.length; w++) {
      const compared = w < 0 ? this.#compared : WINDOWS[w]!;
      if (w >= 0 && this.#compared <= compared) break;
      const errors = w < 0 ? this.#errors : this.#windowErrors[w]!;
      const severity = test(this.#rule, share, errors, compared);
      if (!severity) continue;
      const of = w < 0 ? `the ${compared} bits compared so far` : `the last ${compared} bits compared`;
      const alarm = alarmOf(this.#rule, severity, 'qber-monitor', errors, compared, of);
      if (severity === 'hard') return alarm;
      soft ??= alarm;
    }
    if (!soft || this.#warned) return undefined;
    this.#warned = true;
    return soft;
  }
}
