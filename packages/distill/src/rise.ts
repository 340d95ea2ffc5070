/**
 * Whether an error rate has risen above a limit, at some unknown moment, to some unknown height: a sequential test that may
 * be looked at after every bit. On a link that is never above the limit it cries, however long it is watched, with a
 * probability of at most alpha.
 *
 * For each rate q of RATES and each moment s at which the rise may have begun, the likelihood ratio of the bits since then,
 * q against the limit, has the mean 1 or less while the link is at the limit or below. So has their weighted sum over all q
 * and s, with weights that sum to 1, those of moments to come counted as they are: a non-negative supermartingale that
 * begins at 1, and reaches 1 / alpha with a probability of at most alpha (Ville's inequality). This is the Shiryaev-Roberts
 * sum, its beginnings weighted; compare Shin, Ramdas and Rinaldo, E-detectors, NEJSDS 2, 229 (2024). A rise that is far above the limit shows
 * after about ln(1 / (alpha * weight)) / D bits, D the relative entropy of the two rates in nats: no test with this promise
 * can be much faster.
 */

/** How far above the limit the rise is looked for, as shares of the way from the limit to 1. */
const HEIGHTS: readonly number[] = [1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2];
/**
 * The moment after s bits has the weight B / ((s + B) (s + B + 1)): nearly the same over the first B bits, then falling as
 * slowly as a sum that converges lets it. Those of moments still to come sum to B / (s + B).
 */
const B = 8192;

export class Rise {
  readonly #threshold: number;
  readonly #ifError: readonly number[];
  readonly #ifNone: readonly number[];
  /** By height: the weighted sum over all beginnings. */
  readonly #sums: number[] = HEIGHTS.map(() => 0);
  /** By height: the likeliest beginning so far, by its ratio, bits and errors since. Evidence for people. */
  readonly #best = HEIGHTS.map(() => ({ ratio: 1, compared: 0, errors: 0 }));
  #seen = 0;

  /** `limit`: error rate, 0 to 0.5. `alpha`: probability of a false alarm, above 0 and below 1. */
  constructor(limit: number, alpha: number) {
    this.#threshold = 1 / alpha;
    const rates = HEIGHTS.map((height) => limit + (1 - limit) * height);
    // Where there can be none, an error is proof: its ratio is infinite.
    this.#ifError = rates.map((rate) => rate / limit);
    this.#ifNone = rates.map((rate) => (1 - rate) / (1 - limit));
  }

  /** Takes one bit. Returns, when the test has decided, the stretch of the newest bits that speaks most for a rise. */
  observe(error: boolean): { readonly compared: number; readonly errors: number } | undefined {
    const weight = B / ((this.#seen + B) * (this.#seen + B + 1));
    this.#seen++;
    const ratios = error ? this.#ifError : this.#ifNone;
    let total = 0;
    let largest = 0;
    for (let i = 0; i < ratios.length; i++) {
      const ratio = ratios[i]!;
      const sum = ratio * (this.#sums[i]! + weight);
      this.#sums[i] = sum;
      total += sum;
      if (sum > this.#sums[largest]!) largest = i;
      const best = this.#best[i]!;
      best.ratio *= ratio;
      best.compared++;
      if (error) best.errors++;
      if (best.ratio < 1) this.#best[i] = { ratio: 1, compared: 0, errors: 0 };
    }
    const toCome = B / (this.#seen + B);
    if (total / HEIGHTS.length + toCome < this.#threshold) return undefined;
    const { compared, errors } = this.#best[largest]!;
    return { compared, errors };
  }
}
