/** How long media may flow after a renewal was asked for, ms: with the way to the desk and back, silent within 1 s. */
export const LEASE_MS = 900;

/**
 * Leave to let media flow, which runs out by itself: a page that hears nothing from its desk any more, for whatever
 * reason, falls silent without being told. Counted from the moment the renewal was *asked for*, so that no delay of the
 * answer makes it longer. Times are ms of one clock that is handed in; it should be monotonic, and when it is set back
 * the lease does not hold.
 */
export class Lease {
  readonly #lengthMs: number;
  #fromMs = Number.POSITIVE_INFINITY;

  /** No media flow before the first renewal. Throws RangeError unless `lengthMs` is above 0 and at most LEASE_MS. */
  constructor(lengthMs: number = LEASE_MS) {
    if (!(lengthMs > 0 && lengthMs <= LEASE_MS))
      throw new RangeError(`a lease is of 0 to ${LEASE_MS} ms, not ${lengthMs}`);
    this.#lengthMs = lengthMs;
  }

  /** The desk said yes to what was asked at `askedAtMs`. An answer that comes late does not shorten a newer one. */
  renew(askedAtMs: number): void {
    if (!Number.isFinite(askedAtMs)) throw new RangeError(`a lease is asked for at a time, not at ${askedAtMs}`);
    if (this.#fromMs === Number.POSITIVE_INFINITY || askedAtMs > this.#fromMs) this.#fromMs = askedAtMs;
  }

  /** Whether media may flow at `nowMs`. */
  holds(nowMs: number): boolean {
    return nowMs >= this.#fromMs && nowMs < this.#fromMs + this.#lengthMs;
  }
}
