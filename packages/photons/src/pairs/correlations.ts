/** What two stations make of their coincidences: sifted bits, errors, and the inequality of CHSH. */
import type { Coincidences } from './coincidences.ts';

/** A share with its standard error; both NaN where nothing was counted. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

/** Counts of coincidences, `detector of Alice * 4 + detector of Bob`. */
export class CoincidenceTable {
  readonly counts = new Float64Array(16);

  add({ detectorA, detectorB }: Coincidences): void {
    for (let i = 0; i < detectorA.length; i++) this.counts[detectorA[i]! * 4 + detectorB[i]!]!++;
  }

  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** Coincidences with both in a basis (0 X, 1 Z). */
  sifted(basis: 0 | 1): number {
    return this.#of(basis, basis).reduce((sum, count) => sum + count, 0);
  }

  /** Share of them in which the bits differ. Of meaning where both look along the same angles. */
  qber(basis: 0 | 1): Estimate {
    const [same00, differ01, differ10, same11] = this.#of(basis, basis);
    const differ = differ01 + differ10;
    const sum = same00 + same11 + differ;
    const value = differ / sum;
    return { value, error: Math.sqrt((value * (1 - value)) / sum) };
  }

  /** Correlation of Alice's basis with Bob's: share of equal bits less share of different ones. */
  correlation(basisA: 0 | 1, basisB: 0 | 1): Estimate {
    const [same00, differ01, differ10, same11] = this.#of(basisA, basisB);
    const sum = same00 + same11 + differ01 + differ10;
    const value = (same00 + same11 - differ01 - differ10) / sum;
    return { value, error: Math.sqrt((1 - value * value) / sum) };
  }

  /**
   * S = E(X, X) + E(Z, X) + E(X, Z) - E(Z, Z), Alice's basis first (Clauser, Horne, Shimony and Holt 1969, Phys. Rev. Lett.
   * 23, 880): at most 2 without entanglement, whatever the angles; 2 sqrt 2 V with `CHSH_ANALYSER_RAD` at Bob's.
   */
  chsh(): Estimate {
    const terms = [this.correlation(0, 0), this.correlation(1, 0), this.correlation(0, 1), this.correlation(1, 1)];
    return {
      value: terms[0]!.value + terms[1]!.value + terms[2]!.value - terms[3]!.value,
      error: Math.hypot(...terms.map(({ error }) => error)),
    };
  }

  #of(basisA: 0 | 1, basisB: 0 | 1): [number, number, number, number] {
    const at = (bitA: number, bitB: number): number => this.counts[(basisA * 2 + bitA) * 4 + basisB * 2 + bitB]!;
    return [at(0, 0), at(0, 1), at(1, 0), at(1, 1)];
  }
}
