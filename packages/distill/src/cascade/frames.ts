import { type Bits, zeros } from '@skykey/bits';
import { CascadeMemory } from '@skykey/kernels';
import { wordAt } from '../differences.ts';
import { Frame } from './frame.ts';
import { lateBlocks } from './schedule.ts';
import { Shuffles } from './shuffle.ts';
import { TapeReader, TapeWriter } from './tape.ts';

/** Rows of a frame, and bits of a row, at most. */
const MOST_ROWS = 2 ** 15;
const MOST_LANES = 32;
/** Most bits of a frame. */
export const FRAME_BITS = MOST_ROWS * MOST_LANES;

/**
 * One party's copy of a raw key, dealt out into frames, with their searches for errors. A key of up to FRAME_BITS is one frame;
 * its rows have at most 32 lanes. A longer key is dealt out in words of
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
  readonly #shuffles: Shuffles;
  readonly #tape = new TapeWriter();
  /** Of the searches that are going on. */
  #memory: CascadeMemory | undefined;

  /** `seed`: 16 public bytes for the shuffles. `corrects`: this is Bob. */
  constructor(key: Bits, seed: Uint8Array, errorRate: number, corrects: boolean) {
    this.#keyBits = key.length;
    this.count = Math.ceil(key.length / FRAME_BITS);
    const lanes = lanesOf(key.length, errorRate);
    this.#lanes = lanes;
    const words = this.count * Math.ceil(key.length / lanes / this.count);
    this.#shuffles = new Shuffles(seed, words / this.count, lanes);
    this.#frames = Array.from({ length: this.count }, (_, f) => {
      const rows = new Uint32Array(words / this.count);
      readRows(rows, key.bytes, f, this.count, lanes);
      return new Frame(rows, this.#shuffles, errorRate, corrects);
    });
  }

  /** This party's parities of what these frames ask in this round; none when their searches are over. */
  ask(frames: readonly number[]): Bits {
    for (const f of frames) {
      const frame = this.#frames[f]!;
      if (!frame.isOpen) {
        this.#memory ??= new CascadeMemory(this.#shuffles.rows, this.#shuffles.lanes);
        frame.begin(this.#memory);
      }
      frame.ask(this.#tape);
    }
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

  /** Errors found in all frames. */
  found(): number {
    let sum = 0;
    for (const { found } of this.#frames) sum += found;
    return sum;
  }

  /** Number of bits in frame `f`, those that are missing in the key included. */
  length(f: number): number {
    return this.#frames[f]!.length;
  }

  /** The bits of frame `f` as they stand, row by row. */
  bits(f: number): Bits {
    const out = zeros(this.length(f));
    const { rows } = this.#frames[f]!;
    writeRows(rows, out.bytes, 0, 1, this.#lanes);
    return out;
  }

  /** Puts disclosed bits in the place of frame `f`. */
  replace(f: number, disclosed: Bits): void {
    const { rows } = this.#frames[f]!;
    readRows(rows, disclosed.bytes, 0, 1, this.#lanes);
  }

  /** The whole key as it stands. */
  key(): Bits {
    const out = zeros(this.#keyBits);
    for (const [f, frame] of this.#frames.entries()) {
      writeRows(frame.rows, out.bytes, f, this.count, this.#lanes);
    }
    // A peer that discloses a frame may have put anything behind the last bit.
    if (out.length & 7) out.bytes[out.bytes.length - 1]! &= (1 << (out.length & 7)) - 1;
    return out;
  }

  /** Overwrites all copies of the key. */
  wipe(): void {
    for (const frame of this.#frames) frame.wipe();
    this.#tape.wipe();
    this.#memory?.wipe();
    this.#memory = undefined;
  }
}

/**
 * Lanes of a row: as many as late passes have blocks, which are whole lanes then, and more where there would be too many rows.
 * More lanes are faster, but a pass has a block in each at least.
 */
function lanesOf(bits: number, errorRate: number): number {
  let lanes = 1;
  while (lanes < MOST_LANES && (lanes * MOST_ROWS < bits || 2 * lanes <= lateBlocks(bits, errorRate))) lanes *= 2;
  return lanes;
}

/** Rows of packed bits of `lanes` bits each, from row `first` on every `step`-th; zeros beyond the end. */
function readRows(rows: Uint32Array, bytes: Uint8Array, first: number, step: number, lanes: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = lanes === 32 ? bytes.length >> 2 : 0;
  for (let r = 0, index = first; r < rows.length; r++, index += step)
    rows[r] = index < whole ? view.getUint32(4 * index, true) : rowAt(bytes, index, lanes);
}

/** Row `index` of packed bits, `lanes` bits each; zeros beyond the end. */
function rowAt(bytes: Uint8Array, index: number, lanes: number): number {
  if (lanes < 8) return (bytes[(index * lanes) >> 3]! >> ((index * lanes) & 7)) & ((1 << lanes) - 1);
  const word = wordAt(bytes, (index * lanes) / 8);
  return lanes === 32 ? word : word & ((1 << lanes) - 1);
}

/** Writes what `readRows` reads, where there are zeros; what goes beyond the end is dropped. */
function writeRows(rows: Uint32Array, bytes: Uint8Array, first: number, step: number, lanes: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = lanes === 32 ? bytes.length >> 2 : 0;
  for (let r = 0, index = first; r < rows.length; r++, index += step) {
    if (index < whole) view.setUint32(4 * index, rows[r]!, true);
    else setRow(bytes, index, lanes, rows[r]!);
  }
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
