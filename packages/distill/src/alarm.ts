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

/** One look: the gravest alarm that the counts give, if any. */
function test(
  rule: AlarmRule,
  share: number,
  errors: number,
  compared: number,
  kind: string,
  of: string,
): Alarm | undefined {
  const measured = errors / compared;
  const base = { kind, measured };
  const above = (limit: number, falseAlarm: number): boolean =>
    binomialLogTail(errors, compared, limit) < Math.log(falseAlarm * share);
  const sentence = (limit: number): string =>
    `QBER ${percent(measured)} over ${of}, significantly above ${percent(limit)}`;
  const softLimit = rule.expectedQber + rule.qberDrift;
  if (above(rule.hardQber, rule.hardFalseAlarm)) {
    return {
      ...base,
      severity: 'hard',
      message: `${sentence(rule.hardQber)}: the link is dropped`,
      limit: rule.hardQber,
    };
  }
  if (above(softLimit, rule.softFalseAlarm)) {
    return {
      ...base,
      severity: 'soft',
      message: `${sentence(softLimit)}, the expected rate and its drift`,
      limit: softLimit,
    };
  }
  return undefined;
}

/** The test of a finished block. */
export function blockAlarm(rule: AlarmRule, errors: number, compared: number): Alarm | undefined {
  return compared ? test(rule, 1, errors, compared, 'qber-block', 'the test basis of the whole block') : undefined;
}

/** The live monitor of one session; both parties feed it the same comparisons and get the same alarms. */
export class QberMonitor {
  readonly #rule: AlarmRule;
  readonly #recent = new Uint8Array(LONGEST);
  readonly #windowErrors = WINDOWS.map(() => 0);
  #compared = 0;
  #errors = 0;
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
    const value = error ? 1 : 0;
    for (const [w, length] of WINDOWS.entries()) {
      const leaving = this.#compared >= length ? this.#recent[(this.#compared - length) % LONGEST]! : 0;
      this.#windowErrors[w]! += value - leaving;
    }
    this.#recent[this.#compared % LONGEST] = value;
    this.#compared++;
    this.#errors += value;
    return this.#compared % LOOK ? undefined : this.#look();
  }

  #look(): Alarm | undefined {
    const share = shareOfLook(++this.#looks) / (1 + WINDOWS.length);
    const found = [
      test(
        this.#rule,
        share,
        this.#errors,
        this.#compared,
        'qber-monitor',
        `the ${this.#compared} bits compared so far`,
      ),
    ];
    for (const [w, length] of WINDOWS.entries()) {
      if (this.#compared <= length) break;
      found.push(
        test(this.#rule, share, this.#windowErrors[w]!, length, 'qber-monitor', `the last ${length} bits compared`),
      );
    }
    const hard = found.find((alarm) => alarm?.severity === 'hard');
    if (hard) return hard;
    const soft = found.find((alarm) => alarm);
    if (!soft || this.#warned) return undefined;
    this.#warned = true;
    return soft;
  }
}
