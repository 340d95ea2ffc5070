/** Durations in buckets a hundredth wide: an hour of them takes no more room than a second. */
const LEAST_US = 10;
const STEP = Math.log(1.01);
/** Up to LEAST_US · 1.01^2000: more than an hour. */
const BUCKETS = 2000;

export class Latencies {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  add(ms: number): void {
    const bucket = Math.ceil(Math.log((ms * 1000) / LEAST_US) / STEP);
    this.#counts[Math.max(0, Math.min(BUCKETS - 1, bucket))]!++;
    this.#total++;
  }

  /** The duration, milliseconds, that the share `at` (0 to 1) of all does not exceed; NaN when there is none. */
  quantile(at: number): number {
    if (this.#total === 0) return Number.NaN;
    let left = Math.ceil(at * this.#total);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket]!;
      if (left <= 0) return (LEAST_US * Math.exp(STEP * bucket)) / 1000;
    }
    return Number.POSITIVE_INFINITY;
  }
}
