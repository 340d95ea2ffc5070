import { PhotonsError } from '../error.ts';
import type { BinConditions } from '../light/conditions.ts';
import type { Intensity } from '../link.ts';
import type { Adversary, Attack, StrengthScale } from './adversary.ts';
import { frontPairs, frontProbability } from './forward.ts';
import { addPhotonNumbers } from './photon-numbers.ts';
import { type ActingTime, actsIn, checkedStrength } from './strength.ts';
import { type GuessCell, handsOver, noGuess, pulsesByDiode } from './tagged-forwarding.ts';
import { mostPhotons, normalBetween, type TaggedYields, taggedYields } from './tagged-yields.ts';

/**
 * Diodes that fire at different times mark their pulses. Pulses are taken as mixtures of emission times (coherence much
 * shorter than the pulse), Gaussian about the diode's offset, every photon by itself; measuring a time disturbs nothing.
 */

/** Assumed where a source does not say: 200 ps full width at half maximum. */
const usualWidthPs = 85;
/** Assumed: she cannot tell times better than to a tenth of a picosecond. */
const resolutionPs = 0.1;

/** What `timingTaggedYields` has to know of a link. */
export interface TimedLink {
  readonly intensities: readonly Intensity[];
  /** `[class * 4 + state]`. */
  readonly offsetPs: ArrayLike<number>;
  /** Standard deviation of a pulse, positive: at least 0.001 ps. */
  readonly pulseWidthPs: number;
  readonly channelTransmittance: number;
  readonly receiverTransmittance: number;
  /**
   * What she leaves as it is: the detections of each class together, or those of every diode too (to 0.2 %). Class when
   * left out, which helps her more; where states of a class differ in time it may show in the balance of bits and bases.
   */
  readonly balance?: 'class' | 'diode';
}

/**
 * The best class-tagged photon-number splitting by emission times that keeps every gain (`taggedYields`), diode by diode
 * as `[class * 4 + state]`, basis and bit equally likely. Null where the way has too little loss to hide it. The bits
 * that the times of single photons tell are counted. Throws `photons/range` for a pulse width out of range.
 */
export function timingTaggedYields(link: TimedLink): TaggedYields | null {
  const { intensities, offsetPs, pulseWidthPs, balance = 'class' } = link;
  if (!(pulseWidthPs >= 1e-3 && pulseWidthPs < Infinity)) {
    throw new PhotonsError('photons/range', `pulseWidthPs is ${pulseWidthPs}; it must be at least 0.001 and finite`);
  }
  const pulses = intensities.flatMap(({ meanPhotons, probability }, k) =>
    [0, 1, 2, 3].map((state) => {
      const numbers = new Float64Array(mostPhotons + 1);
      addPhotonNumbers(meanPhotons, 1, numbers);
      const diode = k * 4 + state;
      return {
        probability: probability / 4,
        numbers,
        offsetPs: offsetPs[diode]!,
        front: frontProbability(meanPhotons, link),
        pairs: frontPairs(meanPhotons, link),
        singleBits: bitsOf(guessesByTime(offsetPs[diode]! - offsetPs[diode ^ 1]!, pulseWidthPs)),
      };
    }),
  );
  return taggedYields(pulses, { pulseWidthPs, balance, receiverTransmittance: link.receiverTransmittance });
}

/** Borders of the cells in which she groups what a single photon's time tells, standard deviations from the middle. */
const certaintyEdges = [0, 0.5, 1, 1.5, 2.5, Number.POSITIVE_INFINITY];

/** What one time tells of the bit when the diodes of the two bits of its basis are so far apart. */
export function guessesByTime(apartPs: number, pulseWidthPs: number): readonly GuessCell[] {
  // Beyond some ten there is no doubt left, and infinities would not add up.
  const half = Math.min(30, Math.abs(apartPs) / (2 * pulseWidthPs));
  if (half === 0) return noGuess;
  return certaintyEdges.slice(1).map((to, i) => {
    const from = certaintyEdges[i]!;
    const right = normalBetween(from - half, to - half);
    const wrong = normalBetween(from + half, to + half);
    return { probability: right + wrong, guess: right / (right + wrong) };
  });
}

function bitsOf(cells: readonly GuessCell[]): number {
  let bits = 0;
  for (const { probability, guess } of cells) {
    const rest = 1 - guess;
    bits += probability * (1 + guess * Math.log2(guess) + (rest > 0 ? rest * Math.log2(rest) : 0));
  }
  return bits;
}

/**
 * Plans are made for losses in steps of half a decibel and scaled down to the loss at hand, and for intensities in steps
 * of 1/400: gains stay as expected to a part in a thousand, and a pass needs few plans.
 */
const stepsPerDb = 2;
const stepsPerScale = 400;

class TimingPlans {
  readonly #plans = new Map<string, TaggedYields | null>();
  yields: TaggedYields | null = null;
  factor = 1;
  guesses: readonly (readonly GuessCell[])[] = [];

  choose(conditions: BinConditions): void {
    const { channelTransmittance, intensityScale, source } = conditions;
    const steps = Math.floor(-10 * stepsPerDb * Math.log10(channelTransmittance));
    if (!(channelTransmittance > 0)) {
      this.yields = null;
      return;
    }
    const planned = { ...conditions, channelTransmittance: 10 ** (-steps / (10 * stepsPerDb)) };
    const key = `${steps} ${intensityScale.map((scale) => Math.round(scale * stepsPerScale)).join(' ')}`;
    const widthPs = Math.hypot(source.flaws?.pulseWidthPs || usualWidthPs, resolutionPs);
    let yields = this.#plans.get(key);
    if (yields === undefined) {
      const offsets = diodeOffsets(conditions);
      this.guesses = Array.from(offsets, (offset, diode) => guessesByTime(offset - offsets[diode ^ 1]!, widthPs));
      const pulses = pulsesByDiode(planned, 1, (diode) => bitsOf(this.guesses[diode]!));
      yields = taggedYields(pulses, {
        pulseWidthPs: widthPs,
        balance: 'diode',
        receiverTransmittance: conditions.receiverTransmittance,
      });
      this.#plans.set(key, yields);
    }
    this.yields = yields;
    const signal = source.intensities[0]!.meanPhotons * intensityScale[0]!;
    this.factor = frontProbability(signal, conditions) / frontProbability(signal, planned);
  }
}

function diodeOffsets({ source, diodeShiftPs }: BinConditions): Float64Array {
  return diodeShiftPs.map((shift, diode) => shift + (source.flaws?.diodeOffsetPs?.[diode] ?? 0));
}

/**
 * Offsets of the eight diodes as parts of the strength, signal and decoys; a decoy of another class fires with the first
 * one. Assumed patterns.
 */
interface OffsetPattern {
  readonly signal: readonly [number, number, number, number];
  readonly decoy: readonly [number, number, number, number];
}

function timingAdversary(
  name: string,
  strength: number,
  pattern: OffsetPattern,
  plans: TimingPlans,
  time?: ActingTime,
) {
  let acting = false;
  const adversary: Adversary = {
    name,
    visibility: 'D3',
    source({ diodeShiftPs }) {
      // The defect is there from the first bin on, whenever she comes to use it.
      for (let diode = 0; diode < diodeShiftPs.length; diode++) {
        const part = (diode < 4 ? pattern.signal : pattern.decoy)[diode % 4]!;
        diodeShiftPs[diode]! += strength * part;
      }
    },
    channel(conditions) {
      acting = actsIn(conditions, time);
      if (acting) plans.choose(conditions);
    },
    act(pulse, _conditions, out) {
      if (!acting || plans.yields === null) return;
      const diode = pulse.intensity * 4 + pulse.basis * 2 + pulse.bit;
      handsOver(pulse, plans.yields, plans.factor, plans.guesses[diode]!, out);
    },
  };
  return adversary;
}

/** Eight diodes of a satellite were found 100 to 300 ps apart (Miller, arXiv:2505.06532, as others report it). */
const offsetScale: StrengthScale = {
  meaning: 'distance in time between the diodes that are furthest apart',
  unit: 'ps',
  low: 0,
  high: 300,
  usual: 100,
};

/** Signal diodes against decoy diodes; the mean over all detections stays about where it was. */
const classesApart: OffsetPattern = { signal: [-0.06, -0.06, -0.06, -0.06], decoy: [0.94, 0.94, 0.94, 0.94] };

/**
 * She counts photons, measures when those that she keeps were emitted, and hands over one of each multi-photon pulse with
 * a probability that depends on that time, so that the gain of every class is as expected while multi-photon pulses make
 * up as much of it as can be, and that of every diode within 0.2 % of its class. She knows the bits of those, and of
 * single photons what their times tell. No error, no gain, no double click, no time of arrival changes by what she does:
 * there is nothing to see at Bob's, only diodes to align. At strength 0 she does what the decoy bound grants anybody.
 *
 * The defect itself is in the source from the first bin on, whether or not she acts (`fromS: Infinity`): it moves the
 * means of diodes, widens what arrives, and at its largest throws decoys out of a narrow gate. All of that is to be seen
 * without her; a baseline for what she does is one that was learned with the defect.
 */
export const sourceTiming: Attack = {
  name: 'source-timing',
  description:
    'tells signal from decoy by emission time and splits photon numbers so that every gain stays as expected',
  reference: 'Huang et al., Phys. Rev. A 98, 012330 (2018), arXiv:1711.00597; Miller, arXiv:2505.06532',
  kind: 'attack',
  visibility: 'D3',
  expected: 'clean',
  assumption: 'source-timing',
  defect: true,
  strength: offsetScale,
  create(strength, time): Adversary {
    checkedStrength('source-timing', offsetScale, strength);
    return timingAdversary('source-timing', strength, classesApart, new TimingPlans(), time);
  },
};

/** All eight diodes apart from each other, none of the gaps like another. */
const diodesApart: OffsetPattern = { signal: [-0.5, 0.1, 0.35, -0.25], decoy: [0.5, -0.1, -0.35, 0.2] };

/**
 * All eight diodes differ, so that times tell something of every bit as well. She leaves the detections of each diode as
 * many as they were, balance of bits and bases included, which costs her most of the classes' tag below some 150 ps.
 */
export const sourceTimingStates: Attack = {
  ...sourceTiming,
  name: 'source-timing-states',
  description: 'reads bits and classes off the emission times of eight unaligned diodes and keeps the gain of each',
  create(strength, time): Adversary {
    checkedStrength('source-timing-states', offsetScale, strength);
    return timingAdversary('source-timing-states', strength, diodesApart, new TimingPlans(), time);
  },
};
