import { DistillError } from './error.ts';
import type { Shuffles } from './shuffle.ts';

/**
 * Cascade (Brassard and Salvail, EUROCRYPT '93) as a search for errors that both parties run alike.
 *
 * The search knows one thing only: of which ranges the parities of the two strings differ. Alice says her parity, Bob
 * answers whether his differs, and from these answers both sides derive the same next questions. So no coordinates are
 * sent, and neither party can make the other ask anything.
 *
 * In every pass the bits stand in another shuffled order, cut into blocks. Between two neighbouring boundaries lies an
 * interval whose parity is known; where the parities differ, the interval is odd and holds an error. Every round halves
 * each odd interval of every pass at once; half of it is asked, the other half follows. An error found changes the parity
 * of the interval that holds it in each other pass: there its partner is, and the search goes on. The last block of a
 * pass follows from the parity of the whole, which is known after the first pass. Nothing that follows from known
 * parities of the same pass is ever asked.
 *
 * All odd intervals at once, not the smallest first: it costs about 1 % more parities and halves the round trips.
 */

/** Passes of a frame, by how many are opened together once no odd interval is left; late passes tell pairs apart. */
const GROUPS: readonly number[] = [1, 1, 1, 11];
/** Passes added to a frame whose tag still differs. */
export const EXTRA_PASSES = 8;

/**
 * Bits in a block of each of the first three passes; later ones have two blocks. Powers of two: the first pass has about
 * one error in a block, the second at most four (more, and errors keep finding each other one by one, a round trip each),
 * the third sixteen times as many. Values from simulation at 0.5 to 8 %.
 */
function blockSizes(errorRate: number, frameBits: number): [number, number, number, number] {
  let half = 1;
  while (half * 2 < frameBits) half *= 2;
  let first = 2;
  while (first < half && first * errorRate < 0.7) first *= 2;
  let second = first * 2;
  while (second < half && second * 2 * errorRate <= 4) second *= 2;
  return [Math.min(half, first), Math.min(half, second), Math.min(half, second * 16), half];
}

/** Numbers that describe a cut: pass, from, to, step, asked. */
const CUT = 5;

/** The search in one frame. */
export class ErrorSearch {
  readonly #shuffles: Shuffles;
  readonly #bits: number;
  readonly #sizes: readonly [number, number, number, number];
  /** Groups of passes not opened yet. */
  readonly #groups: number[] = [...GROUPS];
  /** Per pass: a bit is set where an interval begins; and where an odd one begins. */
  readonly #starts: Uint32Array[] = [];
  readonly #odd: Uint32Array[] = [];
  readonly #oddCount: number[] = [];
  /**
   * What is being asked, CUT numbers each: positions `from` to `to` of `pass` are cut into parts of `step` bits, of which the
   * first `asked` are asked for.
   */
  #cuts: number[] = [];
  #found = 0;

  /** All frames of a key share `shuffles`; `errorRate` is in (0, 1/2]. */
  constructor(shuffles: Shuffles, errorRate: number) {
    this.#shuffles = shuffles;
    this.#bits = shuffles.length;
    this.#sizes = blockSizes(errorRate, this.#bits);
  }

  /** Errors found so far. */
  get found(): number {
    return this.#found;
  }

  /** More passes for a frame that is not equal yet. */
  extend(): void {
    this.#groups.push(EXTRA_PASSES);
  }

  /**
   * Decides what to ask next; returns the number of parities, 0 when the search is over. Throws DistillError
   * `distill/protocol` when the answers so far cannot come from two strings.
   */
  next(): number {
    for (;;) {
      this.#cuts = [];
      for (let pass = 0; pass < this.#starts.length; pass++) if (this.#oddCount[pass]) this.#halve(pass);
      if (!this.#cuts.length) {
        const passes = this.#groups.shift();
        if (!passes) return 0;
        for (let i = 0; i < passes; i++) this.#open();
      }
      let wanted = 0;
      for (let c = 0; c < this.#cuts.length; c += CUT) wanted += this.#cuts[c + 4]!;
      if (wanted) return wanted;
      this.learn(new Uint8Array(0), 0, () => undefined);
    }
  }

  /** The ranges asked for, in order: positions `from` to `to` (exclusive) in the order of `pass`. */
  forEachRange(visit: (pass: number, from: number, to: number) => void): void {
    const cuts = this.#cuts;
    for (let c = 0; c < cuts.length; c += CUT) {
      const to = cuts[c + 2]!;
      const step = cuts[c + 3]!;
      for (let start = cuts[c + 1]!, part = 0; part < cuts[c + 4]!; start += step, part++) {
        visit(cuts[c]!, start, Math.min(start + step, to));
      }
    }
  }

  /**
   * Takes the answers to the ranges of `forEachRange`, 1 where the parities differ, from `differences[at]` on, and calls
   * `onError` with each bit of the frame now known to be wrong. Returns the index after the last answer.
   */
  learn(differences: Uint8Array, at: number, onError: (bit: number) => void): number {
    const cuts = this.#cuts;
    const single: number[] = [];
    let next = at;
    for (let c = 0; c < cuts.length; c += CUT) {
      const pass = cuts[c]!;
      const from = cuts[c + 1]!;
      const to = cuts[c + 2]!;
      const step = cuts[c + 3]!;
      const asked = cuts[c + 4]!;
      let rest = this.#oddCount[pass] && this.#isOdd(pass, from) ? 1 : 0;
      if (rest) this.#toggle(pass, from);
      for (let start = from, part = 0; start < to; start += step, part++) {
        const odd = part < asked ? differences[next++]! : rest;
        rest ^= odd;
        this.#starts[pass]![start >> 5]! |= 1 << (start & 31);
        if (!odd) continue;
        this.#toggle(pass, start);
        if (Math.min(start + step, to) - start === 1) single.push(pass, start);
      }
    }
    this.#cuts = [];
    // Only now: the answers were about the strings as they stood when they were asked.
    for (let i = 0; i < single.length; i += 2) {
      const pass = single[i]!;
      const position = single[i + 1]!;
      if (this.#isOdd(pass, position)) this.#mark(this.#shuffles.order(pass)[position]!, onError);
    }
    return next;
  }

  #open(): void {
    const pass = this.#starts.length;
    const words = (this.#bits + 31) >> 5;
    this.#starts.push(new Uint32Array(words));
    this.#odd.push(new Uint32Array(words));
    this.#oddCount.push(0);
    this.#starts[pass]![0] = 1;
    const step = this.#sizes[Math.min(pass, 3)]!;
    const blocks = Math.ceil(this.#bits / step);
    this.#cuts.push(pass, 0, this.#bits, step, pass ? blocks - 1 : blocks);
  }

  /** Asks for the first half of every odd interval of a pass. */
  #halve(pass: number): void {
    const odd = this.#odd[pass]!;
    for (let word = 0; word < odd.length; word++) {
      for (let rest = odd[word]!; rest; rest &= rest - 1) {
        const from = (word << 5) + 31 - Math.clz32(rest & -rest);
        const to = this.#endOf(pass, from);
        // A single bit that was settled and is odd again: no two strings answer like that, and it bounds every search.
        if (to - from === 1)
          throw new DistillError('distill/protocol', 'the parities of reconciliation contradict each other');
        this.#cuts.push(pass, from, to, 1 << (31 - Math.clz32(to - from - 1)), 1);
      }
    }
  }

  #isOdd(pass: number, start: number): boolean {
    return ((this.#odd[pass]![start >> 5]! >>> (start & 31)) & 1) === 1;
  }

  #toggle(pass: number, start: number): void {
    this.#odd[pass]![start >> 5]! ^= 1 << (start & 31);
    this.#oddCount[pass]! += this.#isOdd(pass, start) ? 1 : -1;
  }

  /** Where the interval that begins at `start` ends. */
  #endOf(pass: number, start: number): number {
    const starts = this.#starts[pass]!;
    const next = start + 1;
    let word = next >> 5;
    if (word >= starts.length) return this.#bits;
    let rest = starts[word]! & (-1 << (next & 31));
    while (!rest) {
      if (++word === starts.length) return this.#bits;
      rest = starts[word]!;
    }
    return (word << 5) + 31 - Math.clz32(rest & -rest);
  }

  /** Where the interval that holds `position` begins. */
  #startOf(pass: number, position: number): number {
    const starts = this.#starts[pass]!;
    let word = position >> 5;
    let rest = starts[word]! & (-1 >>> (31 - (position & 31)));
    while (!rest) rest = starts[--word]!;
    return (word << 5) + 31 - Math.clz32(rest);
  }

  /** A bit is wrong: in every pass the interval that holds it changes parity. */
  #mark(bit: number, onError: (bit: number) => void): void {
    this.#found++;
    for (let pass = 0; pass < this.#starts.length; pass++) {
      this.#toggle(pass, this.#startOf(pass, this.#shuffles.place(pass)[bit]!));
    }
    onError(bit);
  }
}
