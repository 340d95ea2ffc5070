/** One thing that can happen, and where it leads; or the rule that it breaks. */
export interface Move<S> {
  readonly letter: string;
  readonly to: S;
  readonly broken?: string | undefined;
}

/** What is searched. */
export interface Hunt<S> {
  readonly name: string;
  /** In a sentence, for the report. */
  readonly about: string;
  readonly start: S;
  /** Two places with one key go on alike. */
  readonly keyOf: (place: S) => string;
  /** All that can happen. A promise only where something has to be computed for the first time. */
  readonly moves: (place: S) => readonly Move<S>[] | Promise<readonly Move<S>[]>;
}

export interface Violation {
  readonly rule: string;
  /** The shortest way there. */
  readonly path: readonly string[];
}

export interface Found {
  /** New places at each depth; the first is the beginning. */
  readonly depths: readonly number[];
  readonly states: number;
  readonly transitions: number;
  /** Every place of `depths` was left by every letter. */
  readonly exhausted: boolean;
  /** The first of each rule; nothing beyond it is searched. */
  readonly violations: readonly Violation[];
}

export interface Limits {
  readonly depth: number;
  /** Where the search gives up, and says so. */
  readonly states?: number;
  /** Ends with the first violation. */
  readonly first?: boolean;
  readonly onProgress?: (states: number, depth: number) => void;
}

const PROGRESS_EVERY = 20_000;

/** All that can happen, breadth first, to a depth: every place once. */
export async function search<S>(hunt: Hunt<S>, { depth, states = 5e6, first, onProgress }: Limits): Promise<Found> {
  const seen = new Set([hunt.keyOf(hunt.start)]);
  const ways = new Ways();
  const violations = new Map<string, Violation>();
  const depths = [1];
  let border: { readonly place: S; readonly at: number }[] = [{ place: hunt.start, at: ways.add(-1, '') }];
  let transitions = 0;
  const found = (exhausted: boolean): Found => ({
    ...{ depths, states: seen.size, transitions, exhausted, violations: [...violations.values()] },
  });
  for (let step = 1; step <= depth && border.length > 0; step++) {
    const next: typeof border = [];
    for (const { place, at } of border) {
      const moves = hunt.moves(place);
      for (const { letter, to, broken } of moves instanceof Promise ? await moves : moves) {
        transitions++;
        if (broken !== undefined) {
          if (!violations.has(broken)) violations.set(broken, { rule: broken, path: [...ways.to(at), letter] });
          if (first) return found(false);
          continue;
        }
        const key = hunt.keyOf(to);
        if (seen.has(key)) continue;
        seen.add(key);
        if (seen.size % PROGRESS_EVERY === 0) onProgress?.(seen.size, step);
        next.push({ place: to, at: ways.add(at, letter) });
      }
      if (seen.size >= states) return found(false);
    }
    if (next.length > 0) depths.push(next.length);
    border = next;
  }
  return found(true);
}

/** How each place was come to first. */
class Ways {
  readonly #letters: string[] = [];
  readonly #codes = new Map<string, number>();
  #parents = new Int32Array(1 << 16);
  #names = new Uint16Array(1 << 16);
  #size = 0;

  add(parent: number, letter: string): number {
    let code = this.#codes.get(letter);
    if (code === undefined) {
      code = this.#letters.push(letter) - 1;
      this.#codes.set(letter, code);
    }
    if (this.#size === this.#parents.length) {
      const parents = new Int32Array(2 * this.#size);
      parents.set(this.#parents);
      const names = new Uint16Array(2 * this.#size);
      names.set(this.#names);
      this.#parents = parents;
      this.#names = names;
    }
    this.#parents[this.#size] = parent;
    this.#names[this.#size] = code;
    return this.#size++;
  }

  to(at: number): readonly string[] {
    const letters: string[] = [];
    for (let here = at; this.#parents[here]! >= 0; here = this.#parents[here]!) {
      letters.push(this.#letters[this.#names[here]!]!);
    }
    return letters.reverse();
  }
}
