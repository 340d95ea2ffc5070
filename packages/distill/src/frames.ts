import { type Bits, zeros } from '@skykey/bits';
import { ErrorSearch } from './cascade.ts';
import { Shuffles } from './shuffle.ts';

/** Most bits of a frame. */
export const FRAME_BITS = 65_536;

/**
 * One party's copy of a raw key, dealt out into frames of equal length, with its search for errors. Frame f of F holds the
 * bits f, f + F, f + 2F …: a stretch of bad light spreads over all frames. Where the key does not divide evenly, the last
 * frames end in one bit more, which is 0 at both ends and leaks nothing.
 *
 * The searches of all frames go in lockstep: one message carries the parities of all.
 */
export class Frames {
  readonly count: number;
  readonly #keyBits: number;
  readonly #frames: readonly Frame[];

  /** `seed`: 16 public bytes for the shuffles. */
  constructor(key: Bits, seed: Uint8Array, errorRate: number) {
    this.#keyBits = key.length;
    this.count = Math.ceil(key.length / FRAME_BITS);
    const shuffles = new Shuffles(seed, Math.ceil(key.length / this.count));
    this.#frames = Array.from({ length: this.count }, (_, f) => {
      const bits = new Uint8Array(shuffles.length);
      for (let i = f, at = 0; i < key.length; i += this.count, at++) bits[at] = (key.bytes[i >> 3]! >> (i & 7)) & 1;
      return new Frame(bits, shuffles, errorRate);
    });
  }

  /** Number of parities that these frames ask for in this round; 0 when their searches are over. */
  next(frames: readonly number[]): number {
    let wanted = 0;
    for (const f of frames) wanted += this.#frames[f]!.search.next();
    return wanted;
  }

  /** This party's parities of the ranges asked for, one byte each. */
  parities(frames: readonly number[], wanted: number): Uint8Array {
    const out = new Uint8Array(wanted);
    let at = 0;
    for (const f of frames) at = this.#frames[f]!.parities(out, at);
    return out;
  }

  /** Takes one answer, 1 where the parties differ, for each range asked for; with `correct`, flips the bits found wrong. */
  learn(frames: readonly number[], differences: Uint8Array, correct: boolean): void {
    let at = 0;
    for (const f of frames) at = this.#frames[f]!.learn(differences, at, correct);
  }

  /** More passes for these frames. */
  extend(frames: readonly number[]): void {
    for (const f of frames) this.#frames[f]!.search.extend();
  }

  /** Errors found in all frames. */
  found(): number {
    return this.#frames.reduce((sum, frame) => sum + frame.search.found, 0);
  }

  /** Number of key bits in frame `f`. */
  length(f: number): number {
    return Math.ceil((this.#keyBits - f) / this.count);
  }

  /** The bits of frame `f` as they stand. */
  bits(f: number): Bits {
    const out = zeros(this.length(f));
    const bits = this.#frames[f]!.bits;
    for (let i = 0; i < out.length; i++) out.bytes[i >> 3]! |= bits[i]! << (i & 7);
    return out;
  }

  /** Puts disclosed bits, from `at` on, in the place of frame `f`. */
  replace(f: number, disclosed: Bits, at: number): void {
    const bits = this.#frames[f]!.bits;
    for (let i = 0; i < this.length(f); i++) bits[i] = (disclosed.bytes[(at + i) >> 3]! >> ((at + i) & 7)) & 1;
  }

  /** The whole key as it stands. */
  key(): Bits {
    const out = zeros(this.#keyBits);
    for (const [f, { bits }] of this.#frames.entries()) {
      for (let i = f, at = 0; i < this.#keyBits; i += this.count, at++) out.bytes[i >> 3]! |= bits[at]! << (i & 7);
    }
    return out;
  }

  /** Overwrites all copies of the key. */
  wipe(): void {
    for (const frame of this.#frames) frame.wipe();
  }
}

/** One frame: its bits, and the same bits packed in the order of each pass that was opened. */
class Frame {
  readonly bits: Uint8Array;
  readonly search: ErrorSearch;
  readonly #shuffles: Shuffles;
  readonly #words: Uint32Array[] = [];

  constructor(bits: Uint8Array, shuffles: Shuffles, errorRate: number) {
    this.bits = bits;
    this.#shuffles = shuffles;
    this.search = new ErrorSearch(shuffles, errorRate);
  }

  parities(out: Uint8Array, at: number): number {
    let next = at;
    this.search.forEachRange((pass, from, to) => {
      out[next++] = rangeParity(this.#pass(pass), from, to);
    });
    return next;
  }

  learn(differences: Uint8Array, at: number, correct: boolean): number {
    return this.search.learn(differences, at, (bit) => {
      if (!correct) return;
      this.bits[bit]! ^= 1;
      for (const [pass, words] of this.#words.entries()) {
        const position = this.#shuffles.place(pass)[bit]!;
        words[position >> 5]! ^= 1 << (position & 31);
      }
    });
  }

  wipe(): void {
    this.bits.fill(0);
    for (const words of this.#words) words.fill(0);
  }

  #pass(pass: number): Uint32Array {
    while (this.#words.length <= pass) {
      const order = this.#shuffles.order(this.#words.length);
      const words = new Uint32Array((order.length + 31) >> 5);
      const { bits } = this;
      for (let from = 0; from < order.length; from += 32) {
        const to = Math.min(from + 32, order.length);
        let word = 0;
        for (let i = from; i < to; i++) word |= bits[order[i]!]! << i;
        words[from >> 5] = word;
      }
      this.#words.push(words);
    }
    return this.#words[pass]!;
  }
}

/** Parity of positions `from` to `to` (exclusive, not empty) of bits packed 32 to a word. */
function rangeParity(words: Uint32Array, from: number, to: number): number {
  const first = from >> 5;
  const last = (to - 1) >> 5;
  const head = -1 << (from & 31);
  const tail = -1 >>> (31 - ((to - 1) & 31));
  let sum: number;
  if (first === last) sum = words[first]! & head & tail;
  else {
    sum = (words[first]! & head) ^ (words[last]! & tail);
    for (let i = first + 1; i < last; i++) sum ^= words[i]!;
  }
  sum ^= sum >>> 16;
  sum ^= sum >>> 8;
  sum ^= sum >>> 4;
  return (0x6996 >> (sum & 15)) & 1;
}
