import { PhotonsError } from './error.ts';
import type { Random } from './random.ts';
import type { Adversary, Receiver, Source } from './types.ts';

/** What the link does to every pulse of one bin. */
export interface LinkConditions {
  readonly channelTransmittance: number;
  readonly receiverTransmittance: number;
  /** Share of photo-electrons that fall in the gate. */
  readonly gateTransmission: number;
  /** Expected noise counts per gate and detector. */
  readonly noisePerGate: number;
}

/**
 * How likely each kind of pulse is to click in one bin: before dead time, a pulse clicks when at least one photo-electron
 * or noise count falls in its gate. A kind is an intensity, honest (`2 k`) or attacked (`2 k + 1`).
 */
export interface Odds {
  /** Probability that a pulse clicks. */
  readonly click: number;
  /** Running sum over the kinds of the probability that a pulse is of this kind and clicks. */
  readonly cumulative: Float64Array;
  /** The last kind that can click at all. */
  readonly lastKind: number;
  /** By intensity: mean photo-electrons in the gate of an honest pulse. */
  readonly detected: Float64Array;
  /** By intensity: probabilities that an honest pulse does not click, and that it does. */
  readonly silent: Float64Array;
  readonly heard: Float64Array;
  /** By intensity: mean of the photons of an honest pulse that do not become one of those, independent of them. */
  readonly lost: Float64Array;
  /** By intensity: probability e^-lost that there are none of them. */
  readonly noneLost: Float64Array;
  /** By intensity: mean photons in front of the receiver, and mean of those that do not get there. */
  readonly arriving: Float64Array;
  readonly strayed: Float64Array;
  /** By intensity: probability that an attacked pulse leads to a photo-electron in the gate. */
  readonly response: Float64Array;
}

/**
 * Thinning a Poisson number leaves two independent Poisson numbers: of mean mu at the exit, mu t reach a detector in
 * the gate and mu (1 - t) do not.
 */
export function oddsOf(source: Source, link: LinkConditions, adversary: Adversary | undefined): Odds {
  const { channelTransmittance, receiverTransmittance, gateTransmission } = link;
  const kinds = source.intensities.length;
  const fraction = adversary?.fraction ?? 0;
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new PhotonsError('photons/adversary', `fraction is ${fraction}; it must be from 0 to 1`);
  }
  const noise = 4 * link.noisePerGate;
  const cumulative = new Float64Array(2 * kinds);
  const detected = new Float64Array(kinds);
  const silent = new Float64Array(kinds);
  const heard = new Float64Array(kinds);
  const lost = new Float64Array(kinds);
  const noneLost = new Float64Array(kinds);
  const arriving = new Float64Array(kinds);
  const strayed = new Float64Array(kinds);
  const response = new Float64Array(kinds);
  let click = 0;
  let lastKind = 0;
  const add = (kind: number, probability: number): void => {
    cumulative[kind] = click += probability;
    if (probability > 0) lastKind = kind;
  };
  for (let k = 0; k < kinds; k++) {
    const { meanPhotons, probability } = source.intensities[k]!;
    const seen = channelTransmittance * receiverTransmittance * gateTransmission;
    detected[k] = meanPhotons * seen;
    silent[k] = Math.exp(-detected[k]! - noise);
    heard[k] = -Math.expm1(-detected[k]! - noise);
    lost[k] = meanPhotons * (1 - seen);
    noneLost[k] = Math.exp(-lost[k]!);
    arriving[k] = meanPhotons * channelTransmittance;
    strayed[k] = meanPhotons * (1 - channelTransmittance);
    add(2 * k, probability * (1 - fraction) * heard[k]!);
    if (adversary === undefined || fraction === 0) {
      add(2 * k + 1, 0);
      continue;
    }
    response[k] = checkedResponse(adversary, arriving[k]!, receiverTransmittance) * gateTransmission;
    add(2 * k + 1, probability * fraction * (response[k]! - (1 - response[k]!) * Math.expm1(-noise)));
  }
  return {
    click: Math.min(1, click),
    cumulative,
    lastKind,
    detected,
    silent,
    heard,
    lost,
    noneLost,
    arriving,
    strayed,
    response,
  };
}

/** The adversary's own response probability, once it agrees with what she answers to each number of photons. */
function checkedResponse(adversary: Adversary, mean: number, receiverTransmittance: number): number {
  const claimed = adversary.responseProbability(mean, receiverTransmittance);
  let average = 0;
  let p = Math.exp(-mean);
  for (let n = 0; n <= mean || p > 1e-12 * claimed; n++) {
    const answer = adversary.responseGivenPhotons(n, receiverTransmittance);
    if (!(answer >= 0 && answer <= 1)) {
      const rule = `for ${n} photons is ${answer}; it must be from 0 to 1`;
      throw new PhotonsError('photons/adversary', `responseGivenPhotons of ${adversary.name} ${rule}`);
    }
    average += p * answer;
    p *= mean / (n + 1);
  }
  // Wide enough for an author who writes 1 - exp(-m) at small m.
  if (!(Math.abs(claimed - average) <= 1e-6 * average)) {
    const rule = `at ${mean} photons is ${claimed}, but its responseGivenPhotons averages to ${average}`;
    throw new PhotonsError('photons/adversary', `responseProbability of ${adversary.name} ${rule}`);
  }
  return claimed;
}

/**
 * Photons in front of the receiver in an attacked pulse, given that a photo-electron of hers did (`answered`) or did not
 * reach the gate: Poisson(`mean`) weighted with the probability of that, which is `total` in all.
 */
export function arrivedPhotons(
  random: Random,
  mean: number,
  total: number,
  answered: boolean,
  inGate: (photons: number) => number,
): number {
  let rest = random.uniform() * total;
  let p = Math.exp(-mean);
  let likely = 0;
  for (let n = 0; n <= mean || p > 1e-18 * total; n++) {
    const weight = p * (answered ? inGate(n) : 1 - inGate(n));
    if (weight > 0) likely = n;
    if (rest < weight) break;
    rest -= weight;
    p *= mean / (n + 1);
  }
  return likely;
}

/**
 * Where a photo-electron goes: row `basis * 2 + bit` of the state that arrives holds the running sums of the
 * probabilities of detectors 0 to 3.
 */
export function ports(receiver: Receiver): Float64Array {
  const { basisXProbability, misalignment } = receiver;
  const cumulative = new Float64Array(16);
  for (let state = 0; state < 4; state++) {
    let sum = 0;
    for (let detector = 0; detector < 4; detector++) {
      const analyser = detector < 2 ? basisXProbability : 1 - basisXProbability;
      const matched = detector >> 1 === state >> 1;
      const port = !matched ? 0.5 : detector === state ? 1 - misalignment : misalignment;
      cumulative[state * 4 + detector] = sum += analyser * port;
    }
  }
  return cumulative;
}
