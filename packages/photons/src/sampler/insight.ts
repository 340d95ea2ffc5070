import type { BinConditions } from '../light/conditions.ts';
import { CountLaw } from '../receiver/response.ts';
import type { BinTable } from './table.ts';

/** Levels in which probabilities of guessing a bit are counted together, 1/2 to 1 in steps of 1/256. */
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
  }

  /**
   * A row's sifted slots of one X state: `light` and `stray` single clicks of detectors 0 and 1, of which `counts` are the
   * probabilities that its light counts there; `settled` of several clicks, `own` of those with two of its light and
   * `others` with none. Of a click of its light and one of others either is kept as often.
   */
  add(
    table: BinTable,
    row: number,
    light: ArrayLike<number>,
    stray: ArrayLike<number>,
    counts: Float64Array,
    settled: number,
    own: number,
    others: number,
  ): void {
    const { responses, branches, kinds } = table;
    const branch = responses.branch[row]!;
    const guess = Math.max(branches.clickGuess[branch]!, this.#sideGuess);
    const strayGuess = Math.max(branches.guess[branch]!, this.#sideGuess);
    const known = branches.photons[branch]!;
    const mean = kinds.meanPhotons[branches.kind[branch]!]!;
    const counted = responses.amount[row]!;
    const nearby = (this.#flash0 + this.#flash1) / 2;
    const first = Math.min(settled, own);
    const third = Math.min(settled - first, others);
    const half = (settled - first - third) / 2;
    if (known !== 255) {
      const number = Math.min(known, PhotonNumber.more);
      for (let d = 0; d < 2; d++) {
        this.#put(guess, number, light[d]!, this.#flash(d));
        this.#put(strayGuess, number, stray[d]!, 0);
      }
      this.#put(guess, number, first + half, nearby);
      this.#put(strayGuess, number, half + third, 0);
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
        this.#putAll(strayGuess, noneLost, oneLost, stray[d]!, 0);
      }
      this.#put(guess, PhotonNumber.more, first, nearby);
      this.#put(guess, PhotonNumber.one, half * noneLost, nearby);
      this.#put(guess, PhotonNumber.more, half * (1 - noneLost), nearby);
      this.#put(strayGuess, PhotonNumber.one, half * noneLost, 0);
      this.#put(strayGuess, PhotonNumber.more, half * (1 - noneLost), 0);
      this.#putAll(strayGuess, noneLost, oneLost, third, 0);
      return;
    }
    // Light that the adversary sent in place of Alice's, of whose number it tells nothing.
    const none = Math.exp(-mean);
    for (let d = 0; d < 2; d++) {
      this.#putAll(guess, none, mean * none, light[d]!, this.#flash(d));
      this.#putAll(strayGuess, none, mean * none, stray[d]!, 0);
    }
    this.#putAll(guess, none, mean * none, first + half, nearby);
    this.#putAll(strayGuess, none, mean * none, half + third, 0);
  }

  /**
   * Slots of a diode (`class * 4 + state`) in which nothing of the pulse could be heard, `share` of all: blinded ones. What
   * is known of the pulse is known as in others.
   */
  addSilent(table: BinTable, diode: number, share: number, stray: ArrayLike<number>, settled: number): void {
    const { responses, branches, kinds } = table;
    const rows = responses.count / branches.count;
    const clicks = (stray[0]! + stray[1]! + settled) / share;
    for (let branch = 0; branch < branches.count; branch++) {
      const kind = branches.kind[branch]!;
      if (4 * kinds.intensity[kind]! + kinds.state[kind]! !== diode) continue;
      let unheard = branches.probability[branch]!;
      for (let row = rows * branch; row < rows * (branch + 1); row++) unheard -= responses.probability[row]!;
      const guess = Math.max(branches.guess[branch]!, this.#sideGuess);
      const known = branches.photons[branch]!;
      const mean = kinds.meanPhotons[kind]!;
      const none = Math.exp(-mean);
      if (known !== 255) this.#put(guess, Math.min(known, PhotonNumber.more), unheard * clicks, 0);
      else this.#putAll(guess, none, mean * none, unheard * clicks, 0);
    }
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
    if (flash < 1) this.#enter(Math.round(256 * (guess - 0.5)), number, weight * (1 - flash), this.#lastBits);
  }

  #enter(level: number, number: number, weight: number, bits: number): void {
    this.share[3 * level + number]! += weight;
    this.bits[level]! += weight * bits;
    this.#weight[level]! += weight;
    if (level < this.low) this.low = level;
    if (level > this.high) this.high = level;
  }
}
