import type { Tags } from '../sampler/sampler.ts';

/** What a recording is like, as far as its tags tell. Times in ps, rates in 1/s, arrays of four by detector. */
export interface TagSummary {
  readonly tags: number;
  readonly counts: readonly number[];
  readonly ratesHz: readonly number[];
  readonly firstPs: number | null;
  readonly lastPs: number | null;
  /** From the first tag to the last, s. */
  readonly spanS: number;
  /** Between a tag and the next, of any detector; null for fewer than two tags. */
  readonly interArrival: {
    readonly leastPs: number;
    readonly meanPs: number;
    /** Quantiles, each the upper edge of a cell of `CELLS_PER_DECADE` a decade. */
    readonly p1Ps: number;
    readonly medianPs: number;
    readonly p99Ps: number;
  } | null;
  /** Least time between two tags of one detector, null for fewer than two: it shows the dead time. */
  readonly leastBetweenPs: readonly (number | null)[];
}

/** Fineness of the quantiles of the time between tags: cells a fifteenth wide. */
export const CELLS_PER_DECADE = 16;
const DECADES = 16;

/** Sums tags up as they come, in constant memory. */
export class TagStatistics {
  readonly #counts = new Float64Array(4);
  readonly #lastOf = new Float64Array(4).fill(Number.NEGATIVE_INFINITY);
  readonly #leastOf = new Float64Array(4).fill(Number.POSITIVE_INFINITY);
  /** Cell 0: less than a ps; then by the logarithm. */
  readonly #cells = new Float64Array(CELLS_PER_DECADE * DECADES + 1);
  #tags = 0;
  #firstPs = 0;
  #lastPs = 0;
  #leastPs = Number.POSITIVE_INFINITY;

  add({ timePs, detector }: Tags): void {
    for (let row = 0; row < timePs.length; row++) {
      const here = timePs[row]!;
      const which = detector[row]!;
      if (this.#tags++ === 0) this.#firstPs = here;
      else {
        const gap = here - this.#lastPs;
        if (gap < this.#leastPs) this.#leastPs = gap;
        this.#cells[gap < 1 ? 0 : Math.floor(Math.log10(gap) * CELLS_PER_DECADE) + 1]!++;
      }
      this.#counts[which]!++;
      const between = here - this.#lastOf[which]!;
      if (between < this.#leastOf[which]!) this.#leastOf[which] = between;
      this.#lastOf[which] = here;
      this.#lastPs = here;
    }
  }

  summary(): TagSummary {
    const some = this.#tags > 0;
    const spanS = some ? (this.#lastPs - this.#firstPs) / 1e12 : 0;
    const counts = Array.from(this.#counts);
    return {
      tags: this.#tags,
      counts,
      ratesHz: counts.map((count) => (spanS > 0 ? count / spanS : 0)),
      firstPs: some ? this.#firstPs : null,
      lastPs: some ? this.#lastPs : null,
      spanS,
      interArrival:
        this.#tags < 2
          ? null
          : {
              leastPs: this.#leastPs,
              meanPs: (this.#lastPs - this.#firstPs) / (this.#tags - 1),
              p1Ps: this.#quantile(0.01),
              medianPs: this.#quantile(0.5),
              p99Ps: this.#quantile(0.99),
            },
      leastBetweenPs: Array.from(this.#leastOf, (least) => (least < Infinity ? least : null)),
    };
  }

  #quantile(share: number): number {
    const wanted = share * (this.#tags - 1);
    let sum = 0;
    let cell = 0;
    while (cell < this.#cells.length - 1 && (sum += this.#cells[cell]!) < wanted) cell++;
    return cell === 0 ? 1 : 10 ** (cell / CELLS_PER_DECADE);
  }
}
