import type { BinConditions } from '../light/conditions.ts';
import { normalCumulative } from './normal-law.ts';

/** What a detector is like after a click, times in ps. */
export interface Aftermath {
  readonly deadPs: number;
  /** Time constant in which efficiency comes back after the dead time; 0: at once. */
  readonly recoveryPs: number;
  /** Probability that a click is followed by an after-pulse, and the time constant of its delay after the dead time. */
  readonly afterPulse: number;
  readonly afterPulsePs: number;
}

export function aftermathOf(conditions: BinConditions): Aftermath {
  const { deadTimeNs, flaws = {} } = conditions.receiver;
  return {
    deadPs: deadTimeNs * 1000,
    recoveryPs: (flaws.recoveryNs ?? 0) * 1000,
    afterPulse: (flaws.afterPulse?.probability ?? 0) * conditions.afterPulseScale * (1 - conditions.blindedShare),
    afterPulsePs: (flaws.afterPulse?.timeConstantNs ?? 0) * 1000,
  };
}

/** What would count, were no detector ever dead. */
export interface RawCounts {
  /** Probability that the light of a slot counts. */
  readonly perSlot: number;
  readonly slotPs: number;
  /** Counts of noise, 1/ps. */
  readonly noisePerPs: number;
  /** Standard deviation of the time of a count of light in its slot, ps. */
  readonly spreadPs: number;
  /**
   * Share of counts that come in the detector that clicked before: below 1 where several are dead together. Recovery is a
   * matter of that detector alone.
   */
  readonly inSame: number;
}

/** A detector's clicks in the long run. */
export interface Renewal {
  /** Raw counts, 1/ps. */
  rate: number;
  /** Share of raw counts that make a click. */
  live: number;
  /** By how much recovery lengthens the wait for the next count of the same detector, ps. */
  recoveryPs: number;
  /** All clicks, 1/ps. */
  clicksPerPs: number;
  /** Share of the clicks that are after-pulses. */
  afterShare: number;
  /** Variance of the number of clicks over its mean: below 1 by dead time, above it by after-pulses. */
  dispersion: number;
  /**
   * Probability that the next click comes between one and two dead times after a click, in the same detector: a count, if
   * all counts were of that detector, and an after-pulse without such a count.
   */
  soonByCount: number;
  soonByAfterPulse: number;
}

/**
 * From click to click: dead time T, then raw counts at rate r, thinned by 1 - e^(-t / recovery); beside them, with
 * probability p, an after-pulse at an exponential time after T, which clicks unless another click has made the detector
 * dead again.
 *
 * Exact without after-pulses where counts are Poisson in time, and, without noise and recovery, where they come slot by
 * slot. To first order in p (what is left out is p^2 and p times r times recovery), and in the product of light and noise
 * for the half slot by which their dead times differ.
 */
export function renew(counts: RawCounts, after: Aftermath, out: Renewal): Renewal {
  const { perSlot, slotPs, noisePerPs, spreadPs, inSame } = counts;
  const { deadPs, recoveryPs, afterPulse, afterPulsePs } = after;
  const light = perSlot / slotPs;
  const rate = light + noisePerPs;
  out.rate = rate;
  if (!(rate > 0)) {
    out.live = out.dispersion = 1;
    out.recoveryPs = out.clicksPerPs = out.afterShare = out.soonByCount = out.soonByAfterPulse = 0;
    return out;
  }
  const bothLight = (light / rate) ** 2;
  const deadSlots = slotsWithin(deadPs, slotPs, spreadPs);
  const dead = deadPs - bothLight * (deadPs - deadSlots * slotPs);
  let afterShare = 0;
  if (afterPulse > 0) {
    const first = 1 / (1 + rate * afterPulsePs);
    afterShare = afterPulse * (first + (1 - first) * Math.exp(-deadPs / afterPulsePs));
  }
  out.recoveryPs = meanRecovery(rate, recoveryPs);
  const cycle = dead + (1 - afterShare) / rate + inSame * out.recoveryPs;
  out.clicksPerPs = 1 / cycle;
  out.afterShare = afterShare;
  out.live = (1 - afterShare) / (cycle * rate);
  out.dispersion = ((1 - afterShare ** 2) * (1 - perSlot * bothLight)) / (rate * cycle) ** 2;

  const within = slotsWithin(2 * deadPs, slotPs, spreadPs) - deadSlots;
  const missed = bothLight * (deadPs - within * slotPs);
  const recovering = recoveryPs > 0 ? 1 / recoveryPs : Infinity;
  if (inSame === 1) {
    const window = deadPs - heardLess(recovering, deadPs) - missed;
    out.soonByCount = -Math.expm1(-rate * Math.max(0, window));
    out.soonByAfterPulse = (1 - out.soonByCount) * afterPulse * -Math.expm1(-deadPs / afterPulsePs);
  } else {
    // The first click after the dead time makes all detectors dead beyond its end: it is the one, or there is none.
    const window = heardLess(rate, deadPs) - heardLess(rate + recovering, deadPs) - missed;
    out.soonByCount = rate * Math.max(0, window);
    out.soonByAfterPulse = (afterPulse / afterPulsePs) * heardLess(rate + 1 / afterPulsePs, deadPs);
  }
  if (afterPulse === 0) out.soonByAfterPulse = 0;
  return out;
}

export function emptyRenewal(): Renewal {
  return {
    rate: 0,
    live: 1,
    recoveryPs: 0,
    clicksPerPs: 0,
    afterShare: 0,
    dispersion: 1,
    soonByCount: 0,
    soonByAfterPulse: 0,
  };
}

/** Integral of e^(-rate t) over a time. */
function heardLess(rate: number, timePs: number): number {
  return rate === Infinity ? 0 : -Math.expm1(-rate * timePs) / rate;
}

/** Mean number of later slots whose light comes less than `timePs` after that of a first. */
function slotsWithin(timePs: number, slotPs: number, spreadPs: number): number {
  const apart = Math.max(1e-3, Math.SQRT2 * spreadPs);
  const sure = Math.max(0, Math.floor((timePs - 8 * apart) / slotPs));
  let slots = sure;
  for (let j = sure + 1; j * slotPs < timePs + 8 * apart; j++) slots += normalCumulative((timePs - j * slotPs) / apart);
  return slots;
}

/**
 * By how much recovery lengthens the wait for the next count: with a = rate * recovery, e^a a^-a gamma(a, a) recovery
 * less 1 / rate, gamma(a, a) by its series with positive terms (DLMF 8.7.1).
 */
function meanRecovery(rate: number, recoveryPs: number): number {
  if (recoveryPs === 0) return 0;
  const a = rate * recoveryPs;
  let term = 1 / (a + 1);
  let sum = term;
  for (let k = 2; term > 1e-12 * sum; k++) {
    term *= a / (a + k);
    sum += term;
  }
  return recoveryPs * sum;
}
