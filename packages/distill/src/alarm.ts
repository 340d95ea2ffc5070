import { Rise } from './rise.ts';
import type { Alarm, AlarmRule } from './types.ts';

/**
 * When to hang up and when to warn, from the errors among compared bits of basis-matched signal pulses. Secrecy does not
 * rest on it: how much key there is, the finite-key bound decides from the whole block. Only signal pulses are looked at
 * because weak pulses are wrong more often without any adversary, who cannot tell them apart.
 *
 * The finished block is judged by an exact one-sided binomial test: the alarm sounds when so many errors or more would have
 * been seen with less than the allowed probability on a link that is just at the limit. The live monitor judges after every
 * compared bit, by `Rise`.
 */

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

const percent = (rate: number): string => `${(100 * rate).toFixed(2)} %`;

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
  const isAbove = (limit: number, probability: number): boolean =>
    compared > 0 && binomialLogTail(errors, compared, limit) < Math.log(probability);
  const of = 'the test basis of the whole block';
  if (isAbove(rule.hardQber, rule.hardFalseAlarm)) return alarmOf(rule, 'hard', 'qber-block', errors, compared, of);
  if (isAbove(softLimitOf(rule), rule.softFalseAlarm)) return alarmOf(rule, 'soft', 'qber-block', errors, compared, of);
  return undefined;
}

/** The live monitor of one session; both parties feed it the same comparisons and get the same alarms. */
export class QberMonitor {
  readonly #rule: AlarmRule;
  #compared = 0;
  #errors = 0;
  #hard: Rise | undefined;
  #soft: Rise | undefined;

  constructor(rule: AlarmRule) {
    this.#rule = rule;
    this.#hard = new Rise(rule.hardQber, rule.hardFalseAlarm);
    this.#soft = new Rise(softLimitOf(rule), rule.softFalseAlarm);
  }

  /** Compared bits so far, and those that differed. */
  get compared(): number {
    return this.#compared;
  }
  get errors(): number {
    return this.#errors;
  }

  /** Takes one comparison. Returns an alarm when there is a new one: the first soft one, or the first hard one. */
  observe(error: boolean): Alarm | undefined {
    this.#compared++;
    if (error) this.#errors++;
    // Both see every bit; of two alarms at one bit the graver is told.
    const soft = this.#soft?.observe(error);
    const hard = this.#hard?.observe(error);
    if (soft) this.#soft = undefined;
    if (hard) this.#hard = undefined;
    const found = hard ?? soft;
    if (!found) return undefined;
    const { errors, compared } = found;
    const of =
      compared === this.#compared ? `the ${compared} bits compared so far` : `the last ${compared} bits compared`;
    return alarmOf(this.#rule, hard ? 'hard' : 'soft', 'qber-monitor', errors, compared, of);
  }
}
