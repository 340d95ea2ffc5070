import type { Bits } from '@skykey/bits';
import { COLUMNS } from './design.ts';

/**
 * How the bits of a frame stand in the columns of a code: column `c` begins with bit `floor(c bits / COLUMNS)` of the frame.
 * What a column has beyond its bits, fewer than 17, is known to be zero on both sides.
 */
export interface FrameShape {
  readonly bits: number;
  /** Room of a column, a multiple of 16. */
  readonly lift: number;
  /** Bits of each column. */
  readonly filled: Uint32Array;
}

export function shapeOf(bits: number): FrameShape {
  const filled = Uint32Array.from({ length: COLUMNS }, (_, c) => start(bits, c + 1) - start(bits, c));
  return { bits, lift: 16 * Math.max(1, Math.ceil(bits / COLUMNS / 16)), filled };
}

function start(bits: number, column: number): number {
  return Math.floor((column * bits) / COLUMNS);
}

/** Where frame `index` of `frames` begins in a key: all have the same length or one more. */
export function frameStart(keyBits: number, frames: number, index: number): number {
  return Math.floor((index * keyBits) / frames);
}

/** The columns of the frame that begins at bit `from` of a key, `lift` packed bits each. */
export function toColumns({ bits, lift, filled }: FrameShape, key: Bits, from: number): Uint8Array {
  const out = new Uint8Array((COLUMNS * lift) / 8);
  for (let c = 0; c < COLUMNS; c++) addBits(out, c * lift, key.bytes, from + start(bits, c), filled[c]!);
  return out;
}

/** Adds the columns of a frame to the packed bits of a key, from bit `to` on. */
export function addColumns({ bits, lift, filled }: FrameShape, columns: Uint8Array, key: Uint8Array, to: number): void {
  for (let c = 0; c < COLUMNS; c++) addBits(key, to + start(bits, c), columns, c * lift, filled[c]!);
}

/** target[to + i] ^= source[from + i] for `length` packed bits. */
function addBits(target: Uint8Array, to: number, source: Uint8Array, from: number, length: number): void {
  for (let done = 0; done < length; ) {
    const at = to + done;
    const read = from + done;
    const take = Math.min(8 - (at & 7), length - done);
    const pair = source[read >> 3]! | ((source[(read >> 3) + 1] ?? 0) << 8);
    target[at >> 3]! ^= ((pair >> (read & 7)) & ((1 << take) - 1)) << (at & 7);
    done += take;
  }
}
