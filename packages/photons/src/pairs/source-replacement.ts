/**
 * Source replacement (Bennett, Brassard and Mermin 1992, Phys. Rev. Lett. 68, 557; Curty, Lewenstein and Lütkenhaus 2004,
 * Phys. Rev. Lett. 92, 217903): a source that picks one of four states and sends it cannot be told from one that keeps half
 * of an entangled state and measures it afterwards. Proofs stand on it; here both are played, each in its own order.
 */
import { PhotonsError } from '../error.ts';
import { stateAngleRad } from '../link.ts';
import { poisson } from '../poisson.ts';
import { type Random, seededRandom } from '../random.ts';
import { checkPairReceiver } from './check.ts';
import type { PairReceiver } from './pairs.ts';

export interface ReplacementInput {
  /** Pulses that are played in either picture. */
  readonly pulses: number;
  /** Mean photon number of a phase-randomised pulse. */
  readonly meanPhotons: number;
  /** Probability that Alice chooses basis X. */
  readonly basisXProbability: number;
  /** From her exit to a photo-electron. */
  readonly transmittance: number;
  /** Expected counts per pulse and detector from noise. */
  readonly noisePerPulse: number;
  readonly receiver: PairReceiver;
  /** Share of pulses that are measured in X or Z at random and sent on as one photon of what was found. */
  readonly intercepted: number;
  readonly seed: number;
}

/** What Bob sees of a pulse: which detectors click, bit k for detector k. */
export const PATTERNS = 16;

/** Counts of pulses, `state of Alice * 16 + pattern of Bob`, 64 long; Alice's states as everywhere, `basis * 2 + bit`. */
export interface ReplacementTables {
  readonly prepared: Float64Array;
  readonly entangled: Float64Array;
}

/** Plays both pictures with independent random numbers. Throws `photons/pairs`, `photons/seed`. */
export function sourceReplacement(input: ReplacementInput): ReplacementTables {
  check(input);
  const prepared = new Float64Array(4 * PATTERNS);
  const entangled = new Float64Array(4 * PATTERNS);
  const first = seededRandom(input.seed, 0);
  const second = seededRandom(input.seed, 1);
  const prior = priorOf(input.basisXProbability);
  const weights = new Float64Array(4);
  for (let pulse = 0; pulse < input.pulses; pulse++) {
    // Alice picks, and what she sends is certain.
    const state = drawn(prior, first);
    weights.fill(0);
    weights[state] = 1;
    prepared[state * PATTERNS + received(input, weights, first)]!++;
    // Alice keeps; everybody else measures first, and her own result comes last, from what theirs left of her half.
    weights.set(prior);
    const pattern = received(input, weights, second);
    entangled[drawn(weights, second) * PATTERNS + pattern]!++;
  }
  return { prepared, entangled };
}

const priorOf = (x: number): Float64Array => Float64Array.of(x / 2, x / 2, (1 - x) / 2, (1 - x) / 2);

/** An index by these weights, which sum to 1. */
function drawn(weights: Float64Array, random: Random): number {
  let rest = random.uniform();
  for (let i = 0; i < 3; i++) if ((rest -= weights[i]!) < 0) return i;
  return 3;
}

/**
 * Bob's pattern of a pulse whose state stands with these weights (the diagonal of Alice's half in the basis of her four
 * results, all that later measurements can change of it). Each photon measured, lost ones aside, moves the weights.
 */
function received(input: ReplacementInput, weights: Float64Array, random: Random): number {
  const { meanPhotons, transmittance, noisePerPulse, receiver, intercepted } = input;
  let pattern = 0;
  const analysed = (contrast: number, basisX: number): number => {
    const basis = random.uniform() < basisX ? 0 : 1;
    return basis * 2 + measured(weights, basis, contrast, random);
  };
  const contrast = 1 - 2 * receiver.misalignment;
  const click = (detector: number): void => {
    const efficiency = receiver.flaws?.detectors?.[detector]?.efficiency ?? 1;
    if (efficiency === 1 || random.uniform() < efficiency) pattern |= 1 << detector;
  };
  let photons = poisson(random, meanPhotons);
  if (intercepted > 0 && random.uniform() < intercepted) {
    // She measures all of them in one basis and goes by the first.
    const basisX = random.uniform() < 0.5 ? 1 : 0;
    let found = -1;
    for (; photons > 0; photons--) {
      const here = analysed(1, basisX);
      if (found < 0) found = here;
    }
    if (found >= 0 && random.uniform() < transmittance) {
      const basis = random.uniform() < receiver.basisXProbability ? 0 : 1;
      const lean = contrast * Math.cos(2 * (stateAngleRad[found]! - stateAngleRad[basis * 2]!));
      click(basis * 2 + (random.uniform() < 0.5 + lean / 2 ? 0 : 1));
    }
  } else {
    for (; photons > 0; photons--) {
      if (random.uniform() < transmittance) click(analysed(contrast, receiver.basisXProbability));
    }
  }
  for (let detector = 0; detector < 4; detector++) {
    if (noisePerPulse > 0 && random.uniform() >= Math.exp(-noisePerPulse)) pattern |= 1 << detector;
  }
  return pattern;
}

/** The bit that a photon gives in a basis; the weights become those that are left after it (Bayes, which is Born here). */
function measured(weights: Float64Array, basis: number, contrast: number, random: Random): number {
  let zero = 0;
  for (let state = 0; state < 4; state++) zero += weights[state]! * zeroOf(state, basis, contrast);
  const bit = random.uniform() < zero ? 0 : 1;
  const all = bit === 0 ? zero : 1 - zero;
  for (let state = 0; state < 4; state++) {
    const one = zeroOf(state, basis, contrast);
    weights[state]! *= (bit === 0 ? one : 1 - one) / all;
  }
  return bit;
}

/** Probability of bit 0 for a photon of a state. */
const zeroOf = (state: number, basis: number, contrast: number): number =>
  0.5 + (contrast / 2) * Math.cos(2 * (stateAngleRad[state]! - stateAngleRad[basis * 2]!));

function check(input: ReplacementInput): void {
  const { pulses, meanPhotons, basisXProbability, transmittance, noisePerPulse, intercepted, receiver } = input;
  for (const [name, value, most] of [
    ['meanPhotons', meanPhotons, 100],
    ['basisXProbability', basisXProbability, 1],
    ['transmittance', transmittance, 1],
    ['noisePerPulse', noisePerPulse, 50],
    ['intercepted', intercepted, 1],
  ] as const) {
    if (!(value >= 0 && value <= most)) {
      throw new PhotonsError('photons/pairs', `${name} is ${value}; it must be from 0 to ${most}`);
    }
  }
  if (!(Number.isSafeInteger(pulses) && pulses >= 0)) {
    throw new PhotonsError('photons/pairs', `pulses is ${pulses}; it must be a whole number from 0 on`);
  }
  checkPairReceiver(receiver, 'receiver');
}
