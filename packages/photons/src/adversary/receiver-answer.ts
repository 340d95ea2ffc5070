import { Branches, type Light } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import type { Basis } from '../link.ts';
import { buildResponses, CountLaw, emptyResponses } from '../receiver/response.ts';
import { normalCumulative } from '../sampler/normal-law.ts';
import type { Pulse } from './adversary.ts';

/**
 * What Eve knows of the receiver: its own model, asked before she sends. Whoever forges light for detectors has measured
 * them, so that she is taken to know their flaws and their present efficiencies.
 */

const branches = new Branches();
const responses = emptyResponses();
const nothing = { guess: 0.5, attacked: true } as const;

/**
 * Probability that each detector clicks on a bright pulse, or on one photon of other light, whatever `amount` says; of an
 * active basis choice the mean. `offsetPs` is when the pulse that she replaces was emitted against its slot. Clicks outside
 * Bob's gate are left out, or not.
 */
export function answerOf(
  conditions: BinConditions,
  light: Light,
  offsetPs: number,
  where: 'gate' | 'anywhere' = 'gate',
): Float64Array {
  branches.clear();
  branches.add(0, 1, light, nothing);
  const kinds = {
    count: 1,
    intensity: new Uint8Array(1),
    state: new Uint8Array(1),
    probability: Float64Array.of(1),
    meanPhotons: new Float64Array(1),
    offsetPs: Float64Array.of(offsetPs),
  };
  const { count, law, amount, share, arrivalPs, spreadPs } = buildResponses(branches, kinds, conditions, responses);
  const answer = new Float64Array(4);
  const inX = conditions.receiver.basisXProbability;
  for (let row = 0; row < count; row++) {
    // Two rows are those of an active choice, X first.
    const weight = count === 1 ? 1 : row === 0 ? inX : 1 - inX;
    const perPhoton = law[row] === CountLaw.pattern ? 1 : amount[row]! / light.amount;
    for (let detector = 0; detector < 4; detector++) {
      const at = row * 4 + detector;
      const kept = where === 'gate' ? gateShare(arrivalPs[at]!, spreadPs, conditions) : 1;
      answer[detector]! += weight * perPhoton * share[at]! * kept;
    }
  }
  return answer;
}

/** Share of clicks inside the gate that arrive at this mean and spread, walk aside. */
function gateShare(onAlicesClockPs: number, spreadPs: number, { receiver, clockPs }: BinConditions): number {
  const halfPs = receiver.gateNs * 500;
  const arrivalPs = onAlicesClockPs + clockPs;
  if (spreadPs === 0) return Math.abs(arrivalPs) <= halfPs ? 1 : 0;
  return normalCumulative((halfPs - arrivalPs) / spreadPs) - normalCumulative((-halfPs - arrivalPs) / spreadPs);
}

/**
 * Her probability of guessing Alice's bit of a detection in basis `basis` right from nothing but which of its detectors
 * answers more readily: `answer` is that to unpolarised light. By Bayes, with equal bits and visibility V,
 * 1/2 + V/2 * (larger - smaller) / (larger + smaller).
 */
export function guessByEfficiency(answer: Float64Array, basis: Basis, visibility: number): number {
  const zero = answer[basis * 2]!;
  const one = answer[basis * 2 + 1]!;
  return zero + one === 0 ? 0.5 : 0.5 + (visibility / 2) * (Math.abs(zero - one) / (zero + one));
}

/** Visibility of Alice's pulse at the receiver's analysers. */
export function visibilityOf(pulse: Pulse, conditions: BinConditions): number {
  const contrast = pulse.purity * (1 - 2 * conditions.receiver.misalignment);
  return Math.max(0, contrast * Math.cos(2 * conditions.frameRad));
}

/**
 * Works something out once for each bin and time of emission: kinds of pulses are many, the diodes that make them few. Only
 * for use in `act`, when conditions stay as they are.
 */
export function oncePerBin<Plan>(
  workOut: (conditions: BinConditions, offsetPs: number) => Plan,
): (conditions: BinConditions, offsetPs: number) => Plan {
  const plans = new Map<number, Plan>();
  let bin: BinConditions | undefined;
  return (conditions, offsetPs) => {
    if (conditions !== bin) plans.clear();
    bin = conditions;
    let plan = plans.get(offsetPs);
    if (plan === undefined) plans.set(offsetPs, (plan = workOut(conditions, offsetPs)));
    return plan;
  };
}
