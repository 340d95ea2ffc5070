/** At once, and a second after that. */
const BURST = 200;
const PER_SECOND = 10;

/**
 * How fast strangers may ask to be let in, all together. There is nothing to guess here: links hold 256 random bits, and
 * passkeys sign. What this bounds is the work they cause, and challenges: in the five minutes for which one is good fewer are
 * made than are kept, so that no flood takes away anybody's.
 */
export class Pace {
  readonly #now: () => number;
  #left = BURST;
  #atMs: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#atMs = now();
  }

  /** Takes one; false when there is none left. */
  take(): boolean {
    const now = this.#now();
    this.#left = Math.min(BURST, this.#left + (Math.max(0, now - this.#atMs) / 1000) * PER_SECOND);
    this.#atMs = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
