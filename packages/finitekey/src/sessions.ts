import type { DecoyDocument } from './document.ts';
import { logFactorial } from './hypergeometric.ts';

/**
 * Blocks of decoy BB84 as an adversary of a fixed strategy makes them, with the truth that no party sees: how many of the
 * detected pulses held how many photons, and how many of the single photons of the key basis would have been wrong in the
 * test basis. Exact draws from a seed.
 */

/** What Eve does with a pulse, by its number of photons; the last entry is for all above. */
export interface Strategy {
  /** Probability of a detection. */
  readonly yields: readonly number[];
  /** Probability that a detection is wrong; that of empty pulses is 1/2 whatever she does. */
  readonly errors: readonly number[];
}

/** A link for the study. */
export interface StudiedLink {
  readonly intensities: readonly number[];
  readonly probabilities: readonly number[];
  /** Pulses with both parties in the key basis, and in the test basis. */
  readonly keyPulses: number;
  readonly testPulses: number;
  /** Transmittance of the honest channel. */
  readonly transmittance: number;
  /** Probability of a detection without light. */
  readonly background: number;
  /** Error probability of light. */
  readonly misalignment: number;
}

export const STUDIED_ATTACKS = ['honest', 'splitting', 'intercept', 'worst-yields', 'worst-errors'] as const;
export type StudiedAttack = (typeof STUDIED_ATTACKS)[number];

/** Counts of one block with the truth beside them. */
export interface Session {
  readonly counts: Pick<DecoyDocument, 'nX' | 'mX' | 'nZ' | 'mZ'>;
  readonly keyVacuum: number;
  readonly keySingles: number;
  readonly testSingles: number;
  readonly testSingleErrors: number;
  /** Errors that the singles of the key basis would have shown in the test basis. */
  readonly phaseErrors: number;
}

/** Photon numbers told apart; three photons or more fare alike in every attack here but for their yields. */
const PHOTONS = 9;

/** Strategy of an attack; each but the honest one keeps the rate of signal detections as it was. */
export function strategyOf(attack: StudiedAttack, link: StudiedLink): Strategy {
  const { transmittance, background, misalignment, intensities } = link;
  const honest = Array.from({ length: PHOTONS }, (_, n) => 1 - (1 - background) * (1 - transmittance) ** n);
  const errors = honest.map((y, n) => (n === 0 ? 0.5 : (background / 2 + misalignment * (y - background)) / y));
  const signal = poisson(intensities[0]!);
  const gain = (yields: readonly number[]): number => yields.reduce((sum, y, n) => sum + y * signal[n]!, 0);
  switch (attack) {
    case 'honest':
      return { yields: honest, errors };
    case 'splitting': {
      // Half of the single photons are blocked; of pulses with more she keeps one photon and forwards the rest so much better.
      const blocked = honest.map((y, n) => (n === 1 ? y / 2 : y));
      const many = gain(honest.map((y, n) => (n > 1 ? y : 0)));
      const factor = 1 + (gain(honest) - gain(blocked)) / many;
      return { yields: blocked.map((y, n) => (n > 1 ? Math.min(1, y * factor) : y)), errors };
    }
    case 'intercept':
      // A fifth of all light measured in a basis at random and sent again: wrong a quarter of the time.
      return { yields: honest, errors: errors.map((e, n) => (n === 0 ? e : 0.8 * e + 0.2 * 0.25)) };
    case 'worst-yields':
    case 'worst-errors': {
      // Where the decoy statements have nothing to give: no more than two photons pass, and pairs are never wrong.
      const passed = honest.map((y, n) => (n === 0 ? y : n === 1 ? 0.7 * y : 0));
      const two = (gain(honest) - gain(passed)) / signal[2]!;
      const wrong = attack === 'worst-errors' ? 3 * errors[1]! : 0;
      return {
        yields: passed.map((y, n) => (n === 2 ? Math.min(1, two) : y)),
        errors: errors.map((e, n) => (n === 0 ? e : n === 1 ? wrong : 0)),
      };
    }
  }
}

/** One block. */
export function playSession(link: StudiedLink, { yields, errors }: Strategy, draw: () => number): Session {
  const { intensities, probabilities } = link;
  const distributions = intensities.map(poisson);
  const none = intensities.map(() => 0);
  const counts = { nX: [...none], mX: [...none], nZ: [...none], mZ: [...none] };
  const truth = { keyVacuum: 0, keySingles: 0, testSingles: 0, testSingleErrors: 0, phaseErrors: 0 };
  for (let n = 0; n < PHOTONS; n++) {
    const shares = probabilities.map((p, k) => p * distributions[k]![n]!);
    const sent = shares.reduce((sum, share) => sum + share, 0);
    for (const [pulses, detections, wrongs] of [
      [link.keyPulses, counts.nX, counts.mX],
      [link.testPulses, counts.nZ, counts.mZ],
    ] as const) {
      const detected = binomial(pulses, sent * yields[n]!, draw);
      const wrong = binomial(detected, errors[n]!, draw);
      scatter(wrong, shares, sent, draw, [detections, wrongs]);
      scatter(detected - wrong, shares, sent, draw, [detections]);
      const key = detections === counts.nX;
      if (n === 0 && key) truth.keyVacuum = detected;
      if (n === 1 && key) {
        truth.keySingles = detected;
        truth.phaseErrors = binomial(detected, errors[1]!, draw);
      }
      if (n === 1 && !key) [truth.testSingles, truth.testSingleErrors] = [detected, wrong];
    }
  }
  return { counts, ...truth };
}

/** Adds `count` events, spread over intensities in proportion to `shares`, to each of the lists. */
function scatter(
  count: number,
  shares: readonly number[],
  sum: number,
  draw: () => number,
  lists: readonly number[][],
): void {
  let left = count;
  let rest = sum;
  for (const [k, share] of shares.entries()) {
    const here = k === shares.length - 1 ? left : binomial(left, Math.min(1, share / rest), draw);
    for (const list of lists) list[k]! += here;
    left -= here;
    rest -= share;
  }
}

/** Probabilities of 0..PHOTONS - 2 photons, and of more. */
function poisson(mean: number): number[] {
  const terms = [Math.exp(-mean)];
  for (let n = 1; n < PHOTONS - 1; n++) terms.push((terms[n - 1]! * mean) / n);
  terms.push(Math.max(0, 1 - terms.reduce((sum, term) => sum + term, 0)));
  return terms;
}

/** A binomial number: the cumulative sum turned round, beginning at the mode. */
export function binomial(trials: number, p: number, draw: () => number): number {
  if (trials === 0 || p <= 0) return 0;
  if (p >= 1) return trials;
  const mode = Math.min(trials, Math.floor((trials + 1) * p));
  const first = Math.exp(
    logFactorial(trials) -
      logFactorial(mode) -
      logFactorial(trials - mode) +
      mode * Math.log(p) +
      (trials - mode) * Math.log1p(-p),
  );
  const odds = p / (1 - p);
  return fromMode(mode, first, (k) => ((trials - k) / (k + 1)) * odds, 0, trials, draw());
}

/** How many of `marked` are among `drawn` of `population`. */
export function hypergeometric(drawn: number, marked: number, population: number, draw: () => number): number {
  const fewest = Math.max(0, drawn - (population - marked));
  const most = Math.min(drawn, marked);
  if (fewest === most) return most;
  const mode = Math.floor(((drawn + 1) * (marked + 1)) / (population + 2));
  const choose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k);
  const first = Math.exp(choose(marked, mode) + choose(population - marked, drawn - mode) - choose(population, drawn));
  const ratio = (k: number): number => ((marked - k) * (drawn - k)) / ((k + 1) * (population - marked - drawn + k + 1));
  return fromMode(mode, first, ratio, fewest, most, draw());
}

/** The number whose turn it is when probabilities, from the mode outwards to both sides, have added up to `u`. */
function fromMode(
  mode: number,
  first: number,
  ratio: (k: number) => number,
  fewest: number,
  most: number,
  u: number,
): number {
  let left = u - first;
  if (left < 0) return mode;
  let [down, up] = [mode, mode];
  let [below, above] = [first, first];
  while (down > fewest || up < most) {
    if (up < most) {
      above *= ratio(up++);
      left -= above;
      if (left < 0) return up;
    }
    if (down > fewest) {
      below /= ratio(--down);
      left -= below;
      if (left < 0) return down;
    }
    if (above + below < 1e-18) break;
  }
  return mode;
}

/** Uniform numbers from a seed: xoshiro128** (Blackman and Vigna, ACM Trans. Math. Softw. 47, 36 (2021)), 32 bits each. */
export function uniform(seed: number): () => number {
  const state = new Uint32Array(4);
  let word = seed >>> 0;
  // SplitMix32 fills the state, so that seeds that lie close give streams that do not.
  for (let i = 0; i < 4; i++) {
    word = (word + 0x9e3779b9) >>> 0;
    let z = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    state[i] = z ^ (z >>> 16);
  }
  const turn = (x: number, k: number): number => (x << k) | (x >>> (32 - k));
  const next = (): number => {
    const result = Math.imul(turn(Math.imul(state[1]!, 5), 7), 9) >>> 0;
    const shifted = state[1]! << 9;
    state[2]! ^= state[0]!;
    state[3]! ^= state[1]!;
    state[1]! ^= state[2]!;
    state[0]! ^= state[3]!;
    state[2]! ^= shifted;
    state[3] = turn(state[3]!, 11);
    return result;
  };
  return () => (next() * 2 ** 21 + (next() >>> 11)) / 2 ** 53;
}
