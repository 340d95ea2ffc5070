import { PhotonsError } from '../error.ts';
import { CountLaw } from '../receiver/response.ts';
import { Alias, fill } from './alias.ts';
import type { BinTable } from './table.ts';

/** Photon numbers from 0 on that have a column of their own; the last column stands for itself and all above. */
export const NUMBERS = 8;

/** In an outcome, the detector's place where it is not the usual one of one count. */
export const UNUSUAL = 4;

/**
 * With what weight each row of a bin's responses is proposed for a slot, and what usually comes of it.
 *
 * A row of Alice's own light of mean a is proposed under a fading gain f with weight a f, which is linear, so that one
 * alias table serves all steps. Such a proposal is n counts with probability e^(-af) (af)^(n-1) / n!, none with the rest.
 * Photons that did not count are Poisson of mean mu - af; they are drawn as mu - a f_most, and a Poisson number of mean
 * a (f_most - f) added. So 'one count and none added' has probability e^(-af) e^(-a (f_most - f)) = e^(-a f_most) whatever
 * the step: the usual outcome, with a weight of its own.
 *
 * Other rows, which somebody else lit, do not fade and are proposed with the exact probability that they count.
 */
export class Proposals {
  /** Outcomes of Alice's own light at gain 1 and of other light: `row * 8 + detector`, or `row * 8 + UNUSUAL`. */
  readonly own = new Alias();
  readonly other = new Alias();
  /** Branches of slots without a photo-electron, at the bin's mean gain. */
  readonly silent = new Alias();
  /** By row: 1 where the light is Alice's own. */
  isOwn = new Uint8Array(0);
  /** By row: probability of the usual outcome, of a proposal. */
  usual = new Float64Array(0);
  /** By row: photons at the exit are this, plus a Poisson number, plus (with `counted`) all counts but one. */
  photons = new Uint8Array(0);
  counted = new Uint8Array(0);
  /** By row: mean of that Poisson number, and its probability of 0. */
  lost = new Float64Array(0);
  noneLost = new Float64Array(0);
  /** By row times `NUMBERS`, the alias columns of that number (`Alias.edge`, `Alias.pair`). */
  lostEdge = new Float64Array(0);
  lostPair = new Uint8Array(0);
  /** By branch: mean number of its photons that count. */
  seen = new Float64Array(0);
  /** Share of pulses that come while detectors can hear them. */
  heard = 1;

  readonly #queue = new Uint32Array(NUMBERS);
  #silence = new Float64Array(0);
  #items = new Uint32Array(0);
  #weights = new Float64Array(0);

  /** Prepares a bin in which the largest gain is `mostGain`. Throws `photons/trace` where that makes more light than left Alice. */
  build(table: BinTable, mostGain: number): void {
    const { responses, branches, kinds } = table;
    if (this.usual.length < responses.count) this.#grow(2 * responses.count);
    if (this.seen.length < branches.count) {
      this.seen = new Float64Array(2 * branches.count);
      this.#silence = new Float64Array(2 * branches.count);
    }
    for (let b = 0; b < branches.count; b++) {
      this.seen[b] = 0;
      this.#silence[b] = branches.probability[b]!;
    }
    let heard = 0;
    for (let row = 0; row < responses.count; row++) {
      const branch = responses.branch[row]!;
      const probability = responses.probability[row]!;
      const amount = responses.amount[row]!;
      const trials = responses.law[row] === CountLaw.binomial ? responses.photons[row]! : 1;
      heard += probability;
      this.#silence[branch]! -= probability * responses.click[row]!;
      this.seen[branch]! += (probability / branches.probability[branch]!) * amount * trials;
      this.#row(table, row, kinds.meanPhotons[branches.kind[branch]!]!, mostGain);
    }
    this.heard = Math.min(1, heard);
    this.#outcomes(table, this.own, 1);
    this.#outcomes(table, this.other, 0);
    for (let b = 0; b < branches.count; b++) {
      this.#items[b] = b;
      this.#weights[b] = Math.max(0, this.#silence[b]!);
    }
    this.silent.build(this.#items, this.#weights, branches.count);
  }

  #row(table: BinTable, row: number, mean: number, mostGain: number): void {
    const { responses, branches } = table;
    const [law, amount, click] = [responses.law[row]!, responses.amount[row]!, responses.click[row]!];
    const branch = responses.branch[row]!;
    const known = branches.photons[branch]!;
    const own = law === CountLaw.poisson && branches.attacked[branch] === 0;
    let lost = mean;
    this.isOwn[row] = own ? 1 : 0;
    if (own) {
      const brightest = amount * mostGain;
      if (brightest > mean * (1 + 1e-9)) {
        const rule = 'a link cannot amplify light';
        throw new PhotonsError(
          'photons/trace',
          `fading of bin ${table.conditions.bin} makes ${brightest} photo-electrons of ${mean} photons; ${rule}`,
        );
      }
      this.usual[row] = Math.exp(-brightest);
      lost = Math.max(0, mean - brightest);
    } else if (law === CountLaw.pattern || click === 0) {
      this.usual[row] = 0;
    } else if (law === CountLaw.poisson) {
      this.usual[row] = (amount * Math.exp(-amount)) / click;
    } else {
      const photons = responses.photons[row]!;
      // 0 ** 0 is 1: one photon that is sure to count is the usual case.
      this.usual[row] = (photons * amount * (1 - amount) ** (photons - 1)) / click;
    }
    // A share of Alice's light that somebody else sent on; of anything else the photon number knows nothing of the counts.
    const counted = law === CountLaw.poisson && amount <= mean;
    if (counted && !own) lost = mean - amount;
    if (known !== 255) lost = 0;
    this.counted[row] = counted && known === 255 ? 1 : 0;
    this.photons[row] = known !== 255 ? known : counted ? 1 : 0;
    this.lost[row] = lost;
    this.noneLost[row] = Math.exp(-lost);
    this.#lostColumns(row, lost);
  }

  #lostColumns(row: number, lost: number): void {
    const { lostEdge, lostPair } = this;
    const from = row * NUMBERS;
    let p = this.noneLost[row]!;
    let rest = 1;
    for (let n = 0; n < NUMBERS; n++) {
      lostPair[2 * (from + n)] = lostPair[2 * (from + n) + 1] = n;
      lostEdge[from + n] = NUMBERS * (n < NUMBERS - 1 ? p : Math.max(0, rest));
      rest -= p;
      p *= lost / (n + 1);
    }
    fill(lostEdge, lostPair, from, NUMBERS, this.#queue);
  }

  #outcomes({ responses }: BinTable, alias: Alias, own: number): void {
    const [items, weights] = [this.#items, this.#weights];
    let n = 0;
    for (let row = 0; row < responses.count; row++) {
      if (this.isOwn[row] !== own) continue;
      const weight = responses.probability[row]! * (own === 1 ? responses.amount[row]! : responses.click[row]!);
      if (!(weight > 0)) continue;
      const usual = this.usual[row]!;
      for (let d = 0; d < 4; d++) {
        const share = responses.share[row * 4 + d]!;
        if (!(usual * share > 0)) continue;
        items[n] = row * 8 + d;
        weights[n++] = weight * usual * share;
      }
      if (usual >= 1) continue;
      items[n] = row * 8 + UNUSUAL;
      weights[n++] = weight * (1 - usual);
    }
    alias.build(items, weights, n);
  }

  #grow(rows: number): void {
    this.isOwn = new Uint8Array(rows);
    this.usual = new Float64Array(rows);
    this.photons = new Uint8Array(rows);
    this.counted = new Uint8Array(rows);
    this.lost = new Float64Array(rows);
    this.noneLost = new Float64Array(rows);
    this.lostEdge = new Float64Array(NUMBERS * rows);
    this.lostPair = new Uint8Array(2 * NUMBERS * rows);
    this.#items = new Uint32Array(5 * rows);
    this.#weights = new Float64Array(5 * rows);
  }
}
