import type { BinConditions } from '../light/conditions.ts';
import { CountLaw } from '../receiver/response.ts';
import type { BinTable } from './table.ts';

/** Levels of her probability of guessing a bit, 127/255 to 1, as the event sampler's ledger has them. */
const LEVELS = 129;
/** Of a sifted slot's pulse: photons at the exit. */
const PhotonNumber = { none: 0, one: 1, more: 2 } as const;

/** Bits known of one that can be guessed right with probability `guess`: 1 less its binary entropy. */
export function bitsKnown(guess: number): number {
  if (guess <= 0.5) return 0;
  if (guess >= 1) return 1;
  return 1 + guess * Math.log2(guess) + (1 - guess) * Math.log2(1 - guess);
}

/** What is true of the sifted slots of a bin, as a histogram: how well she guesses, times photons in the pulse. */
export class Insight {
  /** `[level * 3 + PhotonNumber]`: sifted slots, in any unit, and `[level]`: mean bits known of each. */
  readonly share: Float64Array = new Float64Array(LEVELS * 3);
  readonly bits: Float64Array = new Float64Array(LEVELS);
  readonly #weight: Float64Array = new Float64Array(LEVELS);
  /** First and last level in use. */
  low = 0;
  high = LEVELS - 1;
  #sideGuess = 0.5;
  #flash0 = 0;
  #flash1 = 0;
  #lastGuess = 0.5;
  #lastBits = 0;
  #silentMeans: readonly number[] = [];

  begin(conditions: BinConditions): void {
    this.share.fill(0);
    this.bits.fill(0);
    this.#weight.fill(0);
    this.low = LEVELS - 1;
    this.high = 0;
    this.#sideGuess = conditions.sideChannelGuess;
    const detectors = conditions.backFlashCaught ? conditions.receiver.flaws?.detectors : undefined;
    this.#flash0 = detectors?.[0]?.backFlash ?? 0;
    this.#flash1 = detectors?.[1]?.backFlash ?? 0;
    this.#silentMeans = conditions.source.intensities.map(
      ({ meanPhotons }, k) => meanPhotons * conditions.intensityScale[k]!,
    );
  }

  /**
   * A row's sifted slots of one X state: `light` and `stray` single clicks of detectors 0 and 1, of which `counts` are the
   * probabilities that its light counts there; `settled` of several clicks, `own` of those with two of its light.
   */
  add(
    table: BinTable,
    row: number,
    light: ArrayLike<number>,
    stray: ArrayLike<number>,
    counts: Float64Array,
    settled: number,
    own: number,
  ): void {
    const { responses, branches, kinds } = table;
    const branch = responses.branch[row]!;
    const guess = Math.max(branches.guess[branch]!, this.#sideGuess);
    const known = branches.photons[branch]!;
    const mean = kinds.meanPhotons[branches.kind[branch]!]!;
    const counted = responses.amount[row]!;
    const nearby = (this.#flash0 + this.#flash1) / 2;
    const first = Math.min(settled, own);
    if (known !== 255) {
      const number = Math.min(known, PhotonNumber.more);
      for (let d = 0; d < 2; d++) {
        this.#put(guess, number, light[d]!, this.#flash(d));
        this.#put(this.#sideGuess, number, stray[d]!, this.#flash(d));
      }
      this.#put(guess, number, settled, nearby);
      return;
    }
    if (responses.law[row] === CountLaw.poisson && counted <= mean) {
      // Photons that did not count are Poisson, whatever the others did.
      const noneLost = Math.exp(counted - mean);
      const oneLost = (mean - counted) * noneLost;
      for (let d = 0; d < 2; d++) {
        const heard = counts[4 * row + d]!;
        const single = heard > 0 ? (noneLost * counted * responses.share[4 * row + d]! * (1 - heard)) / heard : 0;
        this.#put(guess, PhotonNumber.one, light[d]! * single, this.#flash(d));
        this.#put(guess, PhotonNumber.more, light[d]! * (1 - single), this.#flash(d));
        this.#putAll(this.#sideGuess, noneLost, oneLost, stray[d]!, this.#flash(d));
      }
      this.#put(guess, PhotonNumber.more, first, nearby);
      this.#put(guess, PhotonNumber.one, (settled - first) * noneLost, nearby);
      this.#put(guess, PhotonNumber.more, (settled - first) * (1 - noneLost), nearby);
      return;
    }
    // Light that the adversary sent in place of Alice's, of whose number it tells nothing.
    const none = Math.exp(-mean);
    for (let d = 0; d < 2; d++) {
      this.#putAll(guess, none, mean * none, light[d]!, this.#flash(d));
      this.#putAll(this.#sideGuess, none, mean * none, stray[d]!, this.#flash(d));
    }
    this.#putAll(guess, none, mean * none, settled, nearby);
  }

  /** Slots in which nothing of the pulse could be heard. */
  addSilent(intensity: number, stray: ArrayLike<number>, settled: number): void {
    const mean = this.#silentMeans[intensity]!;
    const none = Math.exp(-mean);
    for (let d = 0; d < 2; d++) this.#putAll(this.#sideGuess, none, mean * none, stray[d]!, this.#flash(d));
    this.#putAll(this.#sideGuess, none, mean * none, settled, (this.#flash0 + this.#flash1) / 2);
  }

  /** Normalises the histogram to `sifted` slots and returns what they are on average. */
  sum(sifted: number): { knownBits: number; siftedSingles: number; siftedVacuum: number } {
    const totals = { knownBits: 0, siftedSingles: 0, siftedVacuum: 0 };
    let all = 0;
    for (let i = 3 * this.low; i < 3 * (this.high + 1); i++) all += this.share[i]!;
    if (!(all > 0)) return totals;
    for (let level = this.low; level <= this.high; level++) {
      if (this.#weight[level] === 0) continue;
      this.bits[level]! /= this.#weight[level]!;
      for (let number = 0; number < 3; number++) this.share[3 * level + number]! *= sifted / all;
      const [none, one, more] = [this.share[3 * level]!, this.share[3 * level + 1]!, this.share[3 * level + 2]!];
      totals.knownBits += (none + one + more) * this.bits[level]!;
      totals.siftedSingles += one;
      totals.siftedVacuum += none;
    }
    return totals;
  }

  /** Back-flash of a detector of X, where it is caught. */
  #flash(d: number): number {
    return d === 0 ? this.#flash0 : this.#flash1;
  }

  #putAll(guess: number, none: number, one: number, weight: number, flash: number): void {
    this.#put(guess, PhotonNumber.none, none * weight, flash);
    this.#put(guess, PhotonNumber.one, one * weight, flash);
    this.#put(guess, PhotonNumber.more, (1 - none - one) * weight, flash);
  }

  #put(guess: number, number: number, weight: number, flash: number): void {
    if (!(weight > 0)) return;
    if (guess !== this.#lastGuess) {
      this.#lastGuess = guess;
      this.#lastBits = bitsKnown(guess);
    }
    if (flash > 0) this.#enter(LEVELS - 1, number, weight * flash, 1);
    if (flash < 1) this.#enter(Math.round(guess * 255) - 127, number, weight * (1 - flash), this.#lastBits);
  }

  #enter(level: number, number: number, weight: number, bits: number): void {
    this.share[3 * level + number]! += weight;
    this.bits[level]! += weight * bits;
    this.#weight[level]! += weight;
    if (level < this.low) this.low = level;
    if (level > this.high) this.high = level;
  }
}
