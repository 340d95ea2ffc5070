/** Counters behind the highest one seen that are still told apart (hotline reference, section 6, lane M). */
export const REPLAY_WINDOW = 2048;

/** Which counters have been accepted: each one once, and none that has fallen out of the window. */
export class ReplayWindow {
  /** One bit for each of the last REPLAY_WINDOW counters, at its place modulo REPLAY_WINDOW. */
  readonly #seen = new Uint32Array(REPLAY_WINDOW / 32);
  #highest = -1;

  /** Notes an authentic counter, a safe integer of 0 and up; only `new` ones may be used. */
  accept(counter: number): 'new' | 'replayed' | 'too-old' {
    if (counter <= this.#highest - REPLAY_WINDOW) return 'too-old';
    if (counter <= this.#highest) {
      if (this.#bit(counter)) return 'replayed';
    } else {
      // The places of the counters that were skipped still tell of those a window before.
      const from = Math.max(this.#highest + 1, counter - REPLAY_WINDOW + 1);
      for (let skipped = from; skipped < counter; skipped++) this.#clear(skipped);
      this.#highest = counter;
    }
    this.#set(counter);
    return 'new';
  }

  #bit(counter: number): boolean {
    const place = counter % REPLAY_WINDOW;
    return ((this.#seen[place >> 5]! >>> (place & 31)) & 1) === 1;
  }

  #set(counter: number): void {
    const place = counter % REPLAY_WINDOW;
    this.#seen[place >> 5]! |= 1 << (place & 31);
  }

  #clear(counter: number): void {
    const place = counter % REPLAY_WINDOW;
    this.#seen[place >> 5]! &= ~(1 << (place & 31));
  }
}
