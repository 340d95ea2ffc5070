import { FiniteKeyError } from './error.ts';

/**
 * What a link is expected to count, from what is known of it before: the click and error model of Lim et al., Phys. Rev. A
 * 89, 022307 (2014), section IV, in the form of SatQuMA (Sidhu et al., npj Quantum Inf. 8:18 (2022)). A gate of a pulse of
 * intensity mu, at transmittance eta, clicks and errs with
 *
 *   D = (1 + p_ap) (1 - (1 - 2 p_noise) e^{-mu eta}),   e = p_noise + p_ap D / 2 + e_mis (1 - e^{-mu eta}).
 *
 * Counts are expectations, real numbers. Sums over the transmittances of a pass are power series in mu, whose coefficients
 * are the moments of eta: a setting of the source costs the same however finely the pass is cut.
 */
export interface ExpectedLink {
  /**
   * From the sender's exit to a photo-electron, the detectors' efficiency included: one value, or one for each of slices of
   * equal length.
   */
  readonly transmittance: number | readonly number[];
  /** Pulses sent in one slice, all bases and intensities together. */
  readonly pulses: number;
  /** p_noise: a dark or background count in one of the two detectors of a basis, per gate. */
  readonly noise: number;
  /** e_mis: share of the photons sent that the wrong detector sees. */
  readonly misalignment: number;
  /** p_ap: after-pulses a click. */
  readonly afterPulsing: number;
}

/** How the source is set and the bases are chosen. */
export interface Setting {
  /** Probability of the key basis at the sender, at the receiver. */
  readonly keyBasis: { readonly sender: number; readonly receiver: number };
  /** Mean photon numbers, the brightest first, and their probabilities. */
  readonly intensities: readonly number[];
  readonly probabilities: readonly number[];
}

/** Expected detections n and errors m of key (X) and test (Z) basis, by intensity. */
export interface ExpectedCounts {
  readonly nX: readonly number[];
  readonly mX: readonly number[];
  readonly nZ: readonly number[];
  readonly mZ: readonly number[];
}

/** No source of decoy states is brighter; it bounds the length of the series. */
export const BRIGHTEST = 2;

/** Rounding of logarithms of factorials is bounded up to here. */
const MOST_DETECTIONS = 1e12;

/**
 * Slices of a link, the best first. A window is all slices at least as transparent as some threshold: fixed before the pass
 * from the expected loss, never by what was counted. Slices equal in transmittance are in or out together.
 */
export class LinkModel {
  readonly link: ExpectedLink;
  /** Thresholds of the windows, falling: the first window is the best slices alone, the last the whole pass. */
  readonly thresholds: Float64Array;
  /** Slices of each window. */
  readonly slices: Uint32Array;
  /** For each window, sums over its slices of (-1)^(j + 1) eta^j / j!, j = 1..terms. */
  readonly #moments: Float64Array;
  readonly #terms: number;

  /** Throws FiniteKeyError, naming the field. */
  constructor(link: ExpectedLink) {
    check(link);
    this.link = link;
    const { transmittance } = link;
    const falling = Float64Array.from(typeof transmittance === 'number' ? [transmittance] : transmittance)
      .sort()
      .reverse();
    const ends: number[] = [];
    for (let i = 0; i < falling.length; i++) if (falling[i + 1] !== falling[i]) ends.push(i + 1);
    this.slices = Uint32Array.from(ends);
    this.thresholds = Float64Array.from(ends, (end) => falling[end - 1]!);
    this.#terms = termsFor(BRIGHTEST * falling[0]!);
    this.#moments = new Float64Array(ends.length * this.#terms);
    const running = new Float64Array(this.#terms);
    let from = 0;
    for (const [window, end] of ends.entries()) {
      const eta = falling[from]!;
      let term = from - end;
      for (let j = 0; j < this.#terms; j++) running[j]! += term *= -eta / (j + 1);
      this.#moments.set(running, window * this.#terms);
      from = end;
    }
    if (this.mostBlocks < 1) {
      throw new FiniteKeyError(
        'link.pulses',
        `would bring more than ${MOST_DETECTIONS} detections; cut the pass into blocks of fewer pulses`,
      );
    }
  }

  get windows(): number {
    return this.slices.length;
  }

  /** So many times the pulses bring as many detections as proofs can count. */
  get mostBlocks(): number {
    const { pulses, noise, afterPulsing } = this.link;
    const last = this.windows - 1;
    const clicks = 2 * noise * this.slices[last]! + this.#seen(last, BRIGHTEST);
    return MOST_DETECTIONS / (pulses * (1 + afterPulsing) * clicks);
  }

  /** `more` times as many pulses in every slice, for blocks of another size. */
  counts(window: number, setting: Setting, more = 1): ExpectedCounts {
    const { keyBasis, intensities, probabilities } = setting;
    const { pulses, noise, misalignment, afterPulsing } = this.link;
    const gates = this.slices[window]!;
    const key = pulses * more * keyBasis.sender * keyBasis.receiver;
    const test = pulses * more * (1 - keyBasis.sender) * (1 - keyBasis.receiver);
    const detections: number[] = [];
    const errors: number[] = [];
    for (let k = 0; k < intensities.length; k++) {
      const seen = this.#seen(window, intensities[k]!);
      const clicks = (1 + afterPulsing) * (2 * noise * gates + (1 - 2 * noise) * seen);
      detections.push(probabilities[k]! * clicks);
      errors.push(probabilities[k]! * (noise * gates + (afterPulsing / 2) * clicks + misalignment * seen));
    }
    return {
      nX: detections.map((n) => key * n),
      mX: errors.map((m) => key * m),
      nZ: detections.map((n) => test * n),
      mZ: errors.map((m) => test * m),
    };
  }

  /** Sum over the slices of 1 - e^{-mu eta}. */
  #seen(window: number, mu: number): number {
    const first = window * this.#terms;
    let sum = 0;
    for (let j = this.#terms - 1; j >= 0; j--) sum = mu * (this.#moments[first + j]! + sum);
    return sum;
  }
}

/** Terms of e^{-x} - 1 after which nothing is left to a double. */
function termsFor(x: number): number {
  let terms = 1;
  for (let term = x; term > 1e-18 * x; term *= x / terms) terms++;
  return terms;
}

function check(link: ExpectedLink): void {
  const values = typeof link.transmittance === 'number' ? [link.transmittance] : link.transmittance;
  if (!Array.isArray(values) || values.length === 0) {
    throw new FiniteKeyError('link.transmittance', 'must be a number, or one for each slice of the pass');
  }
  for (const [i, eta] of values.entries()) {
    if (!(typeof eta === 'number' && eta > 0 && eta <= 1)) {
      const field = typeof link.transmittance === 'number' ? 'link.transmittance' : `link.transmittance[${i}]`;
      throw new FiniteKeyError(field, `must lie above 0 and at most at 1 (0.001 is a loss of 30 dB), not ${eta}`);
    }
  }
  const ranges = {
    pulses: [1, 1e18, 'pulses sent in one slice'],
    noise: [0, 0.1, 'the probability of a dark or background count per detector and gate'],
    misalignment: [0, 0.5, 'the share of photons that the wrong detector sees'],
    afterPulsing: [0, 0.5, 'after-pulses a click'],
  } as const;
  for (const [field, [least, most, meaning]] of Object.entries(ranges)) {
    const value = link[field as keyof typeof ranges];
    if (!(typeof value === 'number' && value >= least && value <= most)) {
      throw new FiniteKeyError(`link.${field}`, `${meaning}, must lie from ${least} to ${most}, not ${value}`);
    }
  }
}
