import { type Branches, Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import { pulseKinds } from '../light/kinds.ts';
import type { Adversary, Attack, Pulse } from './adversary.ts';
import { averageOfClass, blocks, frontPairs, frontProbability, handsOverSome, keptGuess, passes } from './forward.ts';
import { multiPhotonProbability } from './photon-numbers.ts';
import { type ActingTime, actsIn, checkedStrength } from './strength.ts';

/**
 * What a source without phase randomisation lets her do. Its pulses are taken as coherent states of known phase in two
 * circular components of equal intensity, of which one is the reference and the other is turned by the modulator: by 0,
 * 90, 180 or 270 degrees for the four states (Dusek, Jahma and Lütkenhaus 2000).
 */

/**
 * Probability of telling four symmetric states apart without ever being wrong: four times the smallest weight that they
 * have on an eigenvector of their symmetry (Chefles and Barnett 1998). For a coherent state of mean m/2 in the turned
 * component: 4 e^(-m/2) min over r of the sum over n = r mod 4 of (m/2)^n / n!.
 */
export function conclusiveProbability(meanPhotons: number): number {
  const half = meanPhotons / 2;
  const weights = [0, 0, 0, 0];
  let term = Math.exp(-half);
  for (let n = 0; n < 4 || term > 1e-18; n++) {
    weights[n % 4]! += term;
    term *= half / (n + 1);
  }
  return 4 * Math.min(...weights);
}

/** Photons that she sends for a conclusive result, and with what probability. */
interface Sending {
  readonly photons: number;
  readonly probability: number;
}

/** As few photons as keep the signal's gain; null when no eight of them do. */
function sendingFor(conditions: BinConditions): Sending | null {
  const { receiverTransmittance } = conditions;
  const kinds = pulseKinds(conditions.source, conditions);
  const wanted = receiverTransmittance * averageOfClass(kinds, 0, (mean) => frontProbability(mean, conditions));
  const conclusive = averageOfClass(kinds, 0, conclusiveProbability);
  for (let photons = 1; photons <= 8; photons++) {
    const found = conclusive * (1 - (1 - receiverTransmittance) ** photons);
    if (found > 0 && found >= wanted) return { photons, probability: wanted / found };
  }
  return null;
}

function loosePhases(conditions: BinConditions): void {
  // The defect is there whenever she comes to use it.
  conditions.phaseRandomised = false;
}

/**
 * Of a conclusive result she knows state and bit, and sends it without an error; otherwise nothing. She keeps the gain
 * of the signal, but brighter pulses are told apart more often: the weak decoy all but vanishes.
 */
export const unambiguousDiscrimination: Attack = {
  name: 'unambiguous-discrimination',
  description: 'tells the four states of pulses with known phase apart without error, and sends those alone',
  reference: 'Chefles and Barnett, Phys. Lett. A 250, 223 (1998); Dusek et al., Phys. Rev. A 62, 022306 (2000)',
  kind: 'attack',
  visibility: 'D1',
  expected: 'tap',
  assumption: 'phase-randomised',
  strength: { meaning: 'share of pulses measured', unit: '', low: 0, high: 1, usual: 0.2 },
  create(strength, time): Adversary {
    checkedStrength('unambiguous-discrimination', unambiguousDiscrimination.strength, strength);
    let sending: Sending | null = null;
    return {
      name: 'unambiguous-discrimination',
      visibility: 'D1',
      source: loosePhases,
      channel(conditions) {
        sending = actsIn(conditions, time) ? sendingFor(conditions) : null;
      },
      act(pulse, conditions, out) {
        if (sending === null) return;
        passes(pulse, conditions, 1 - strength, out);
        const sent = conclusiveProbability(pulse.meanPhotons) * sending.probability;
        const light = { statistics: Statistics.fock, amount: sending.photons, angleRad: pulse.angleRad };
        // Of one photon, whose states fill two dimensions, she could not tell four apart: two stands for several.
        out.add(pulse.kind, pulse.probability * strength * sent, light, { guess: 1, attacked: true, photons: 2 });
        blocks(pulse, strength * (1 - sent), out);
      },
    };
  },
};

/** How she divides her means between the two classes. */
export interface ClassTag {
  /** Share of pulses at which she tries; the others she lets pass with twice the transmittance, to make up for it. */
  readonly share: number;
  /** Share of the light that is split off to tell the class. */
  readonly split: number;
  /**
   * By class: of tries that leave several photons in the rest, how many are recognised and handed over as one photon.
   */
  readonly recognised: readonly number[];
  /** The same as two photons, so that double clicks stay as many. */
  readonly pairs: readonly number[];
  /** Of what Bob finds of the signal: share whose bits she knows. */
  readonly knownShare: number;
}

/** To which the share of tries is found. */
const leastStep = 1e-4;
const splits = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);

/**
 * Signal and brightest decoy are two coherent states in the reference component, sqrt(split m / 2) each; they are
 * recognised without error with probabilities p and q as long as (1 - p)(1 - q) >= overlap^2 (Jaeger and Shimony 1995).
 * The largest share of tries at which that is enough for both gains, which are those of intensities over `raised` of what
 * they are.
 */
export function classTag(conditions: BinConditions, raised: number): ClassTag | null {
  const means = conditions.source.intensities.map((one, k) => one.meanPhotons * conditions.intensityScale[k]!);
  const [signal = 0, decoy = 0] = means;
  if (!(signal > decoy && decoy > 0) || conditions.channelTransmittance > 0.5) return null;
  const clear = { ...conditions, channelTransmittance: 2 * conditions.channelTransmittance };
  const needs = (split: number, share: number): [number, number] =>
    [signal, decoy].map((mean) => {
      const agreed = mean / raised;
      const missing = frontProbability(agreed, conditions) - (1 - share) * frontProbability(agreed, clear);
      return missing / share / multiPhotonProbability((1 - split) * mean);
    }) as [number, number];
  const enough = (split: number, share: number): boolean => {
    const [p, q] = needs(split, share);
    const overlap = Math.exp((-split * (Math.sqrt(signal) - Math.sqrt(decoy)) ** 2) / 4);
    return p >= 0 && q >= 0 && p <= 1 && q <= 1 && (1 - p) * (1 - q) >= overlap ** 2;
  };
  let best = { share: 0.5, split: 0 };
  for (const split of splits) {
    // Shares that are not better than what was found need no search.
    let low = best.share;
    if (!enough(split, low + leastStep)) continue;
    let high = 1;
    if (enough(split, 1)) low = 1;
    while (high - low > leastStep) {
      const middle = (low + high) / 2;
      if (enough(split, middle)) low = middle;
      else high = middle;
    }
    best = { share: low, split };
  }
  const { share, split } = best;
  if (share === 0.5) return null;
  const kinds = pulseKinds(conditions.source, conditions);
  const recognised = means.map(() => 0);
  const pairs = means.map(() => 0);
  const twice = 2 - conditions.receiverTransmittance;
  for (const k of [0, 1]) {
    const average = (of: typeof frontPairs, way: BinConditions): number =>
      averageOfClass(kinds, k, (mean) => of(mean / raised, way));
    const others = (of: typeof frontPairs): number => (1 - share) * average(of, clear);
    const expected = (of: typeof frontPairs): number => average(of, conditions);
    const several = share * averageOfClass(kinds, k, (mean) => multiPhotonProbability((1 - split) * mean));
    const three = share * averageOfClass(kinds, k, (mean) => threeOrMore((1 - split) * mean));
    const missing = Math.max(0, expected(frontProbability) - others(frontProbability));
    // Two photons go on of pulses that had three, at the most of all that she may recognise.
    const two = Math.min(Math.max(0, expected(frontPairs) - others(frontPairs)), (three * missing) / several);
    pairs[k] = two / several;
    recognised[k] = Math.min(1, (missing - twice * two) / several);
  }
  const [found, passed] = [conditions, clear].map((way) => frontProbability(signal / raised, way)) as [number, number];
  return { share, split, recognised, pairs, knownShare: 1 - ((1 - share) * passed) / found };
}

/** Probability of three photons or more. */
function threeOrMore(mean: number): number {
  return Math.max(0, multiPhotonProbability(mean) - (mean ** 2 / 2) * Math.exp(-mean));
}

/** What becomes of a pulse whose class she tries to tell at the share of the tag. */
export function tags(pulse: Pulse, conditions: BinConditions, raised: number, tag: ClassTag, out: Branches): void {
  const { share, split, recognised, pairs } = tag;
  const { kind, probability, meanPhotons, angleRad, purity } = pulse;
  const amount = (2 * meanPhotons * conditions.channelTransmittance) / raised;
  const light = { statistics: Statistics.coherent, amount, angleRad, purity };
  out.add(kind, probability * (1 - share), light, { guess: 0.5, attacked: false });
  const several = share * multiPhotonProbability((1 - split) * meanPhotons);
  const one = several * recognised[pulse.intensity]!;
  const two = several * pairs[pulse.intensity]!;
  handsOverSome(pulse, one, 1, 2, keptGuess(pulse), out);
  handsOverSome(pulse, two, 2, 2, keptGuess(pulse), out);
  const empty = share * Math.exp((split - 1) * meanPhotons);
  blocks(pulse, empty, out);
  // What she did not hand over she kept.
  blocks(pulse, Math.max(0, share - empty - one - two), out, undefined, keptGuess(pulse));
}

function classTagAdversary(name: string, strength: number, time: ActingTime | undefined): Adversary {
  let tag: ClassTag | null = null;
  return {
    name,
    visibility: 'D3',
    source: loosePhases,
    channel(conditions) {
      tag = actsIn(conditions, time) ? classTag(conditions, 1) : null;
    },
    act(pulse, conditions, out) {
      if (tag === null) return;
      passes(pulse, conditions, 1 - strength, out);
      tags({ ...pulse, probability: pulse.probability * strength }, conditions, 1, tag, out);
    },
  };
}

/**
 * With known phases signal and decoy are pure states, and she can tell them apart now and then without error. She splits
 * off a part of each pulse for that; of those that she recognised and whose rest still holds several photons, she keeps
 * one and hands one over, each class with the probability that keeps its gain. No gain and no error changes, and she
 * knows the bits. From some 30 dB of loss on that can be every bit; with less she tries at a share of the pulses. Of a
 * source with more than two classes of light she knows what to do with the two brightest alone, and the others go dark.
 */
export const classDiscrimination: Attack = {
  name: 'class-discrimination',
  description: 'tells signal from decoy by their known phase, and splits photon numbers so that gains stay as expected',
  reference:
    'Tang et al., Phys. Rev. A 88, 022308 (2013), arXiv:1304.2541; Jaeger and Shimony, Phys. Lett. A 197, 83 (1995)',
  kind: 'attack',
  visibility: 'D3',
  expected: 'clean',
  assumption: 'phase-randomised',
  strength: { meaning: 'share of pulses on which it is tried', unit: '', low: 0, high: 1, usual: 1 },
  create(strength, time): Adversary {
    checkedStrength('class-discrimination', classDiscrimination.strength, strength);
    return classTagAdversary('class-discrimination', strength, time);
  },
};
