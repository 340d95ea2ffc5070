import { type Bits, zeros } from '@skykey/bits';
import { ones, wordAt } from '../differences.ts';
import { Frame } from './frame.ts';
import { Shuffles } from './shuffle.ts';
import { TapeReader, TapeWriter } from './tape.ts';

/** Rows of a frame, and bits of a row, at most. */
const MOST_ROWS = 2 ** 15;
const MOST_LANES = 32;
/** Most bits of a frame. */
export const FRAME_BITS = MOST_ROWS * MOST_LANES;

/**
 * One party's copy of a raw key, dealt out into frames, with their searches for errors. A key of up to FRAME_BITS is one frame;
 * its rows have the smallest power of two of lanes with which there are at most 2^15. A longer key is dealt out in words of
 * 32 bits, each a row: frame f of F holds the words f, f + F, f + 2F …, so that a stretch of bad light spreads over all
 * frames, as over all blocks of a frame. Where bits are missing at the end they are 0 at both ends, and leak nothing.
 *
 * The searches of all frames go in lockstep: one message carries the parities of all.
 */
export class Frames {
  readonly count: number;
  readonly #keyBits: number;
  readonly #lanes: number;
  readonly #frames: readonly Frame[];
  readonly #tape = new TapeWriter();

  /** `seed`: 16 public bytes for the shuffles. `corrects`: this is Bob. */
  constructor(key: Bits, seed: Uint8Array, errorRate: number, corrects: boolean) {
    this.#keyBits = key.length;
    this.count = Math.ceil(key.length / FRAME_BITS);
    let lanes = 1;
    while (lanes < MOST_LANES && key.length > lanes * MOST_ROWS) lanes *= 2;
    this.#lanes = lanes;
    const words = this.count * Math.ceil(key.length / lanes / this.count);
    const shuffles = new Shuffles(seed, words / this.count, lanes);
    this.#frames = Array.from({ length: this.count }, (_, f) => {
      const rows = new Uint32Array(words / this.count);
      for (let r = 0; r < rows.length; r++) rows[r] = rowAt(key.bytes, r * this.count + f, lanes);
      return new Frame(rows, shuffles, errorRate, corrects);
    });
  }

  /** This party's parities of what these frames ask in this round; none when their searches are over. */
  ask(frames: readonly number[]): Bits {
    for (const f of frames) this.#frames[f]!.ask(this.#tape);
    return this.#tape.finish();
  }

  /** Takes one answer, 1 where the parities differ, for each parity. */
  learn(frames: readonly number[], differences: Bits): void {
    const tape = new TapeReader(differences);
    for (const f of frames) this.#frames[f]!.learn(tape);
  }

  /** More passes for these frames. */
  extend(frames: readonly number[]): void {
    for (const f of frames) this.#frames[f]!.extend();
  }

  /** The searches of these frames are over: their memory is given back. Only rows and errors stay. */
  close(frames: readonly number[]): void {
    for (const f of frames) this.#frames[f]!.close();
  }

  /** Errors found in all frames. */
  found(): number {
    let sum = 0;
    for (const { errors } of this.#frames) for (const word of errors) sum += ones(word);
    return sum;
  }

  /** Number of bits in frame `f`, those that are missing in the key included. */
  length(f: number): number {
    return this.#frames[f]!.rows.length * this.#lanes;
  }

  /** The bits of frame `f` as they stand, row by row. */
  bits(f: number): Bits {
    const out = zeros(this.length(f));
    const { rows } = this.#frames[f]!;
    for (let r = 0; r < rows.length; r++) setRow(out.bytes, r, this.#lanes, rows[r]!);
    return out;
  }

  /** Puts disclosed bits in the place of frame `f`. */
  replace(f: number, disclosed: Bits): void {
    const { rows } = this.#frames[f]!;
    for (let r = 0; r < rows.length; r++) rows[r] = rowAt(disclosed.bytes, r, this.#lanes);
  }

  /** The whole key as it stands. */
  key(): Bits {
    const out = zeros(this.#keyBits);
    for (const [f, { rows }] of this.#frames.entries()) {
      for (let r = 0; r < rows.length; r++) setRow(out.bytes, r * this.count + f, this.#lanes, rows[r]!);
    }
    // A peer that discloses a frame may have put anything behind the last bit.
    if (out.length & 7) out.bytes[out.bytes.length - 1]! &= (1 << (out.length & 7)) - 1;
    return out;
  }

  /** Overwrites all copies of the key. */
  wipe(): void {
    for (const frame of this.#frames) frame.wipe();
    this.#tape.wipe();
  }
}

/** Row `index` of packed bits, `lanes` bits each; zeros beyond the end. */
function rowAt(bytes: Uint8Array, index: number, lanes: number): number {
  if (lanes < 8) return (bytes[(index * lanes) >> 3]! >> ((index * lanes) & 7)) & ((1 << lanes) - 1);
  const word = wordAt(bytes, (index * lanes) / 8);
  return lanes === 32 ? word : word & ((1 << lanes) - 1);
}

/** Writes a row where there are zeros; what goes beyond the end is dropped. */
function setRow(bytes: Uint8Array, index: number, lanes: number, word: number): void {
  if (lanes < 8) {
    bytes[(index * lanes) >> 3]! |= word << ((index * lanes) & 7);
    return;
  }
  const at = (index * lanes) / 8;
  for (let i = 0; 8 * i < lanes; i++) bytes[at + i] = word >>> (8 * i);
}
