import type { Bits } from '@skykey/bits';
import { COLUMNS } from './design.ts';

/**
 * How the bits of a key stand in frames, and those of a frame in the columns of a code: in whole bytes, cut as
 * evenly as bytes allow. Frame `f` of F begins with byte `floor(f B / F)` of the B bytes of the key, column `c` of a
 * frame with byte `floor(c b / COLUMNS)` of the b bytes of the frame. What a column has beyond its bits is known to
 * be zero on both sides.
 */

/** Part `index` of `parts` of a number of bytes begins here. */
function start(bytes: number, parts: number, index: number): number {
  return Math.floor((index * bytes) / parts);
}

/** The bits of a frame, in the bytes of the key itself. */
export function frameOf(key: Bits, frames: number, index: number): Bits {
  const from = start(key.bytes.length, frames, index);
  const to = start(key.bytes.length, frames, index + 1);
  return { length: Math.min(key.length, 8 * to) - 8 * from, bytes: key.bytes.subarray(from, to) };
}

/** Bits of the longest frame, at least; a column of it has room for `lift`. */
export function longestFrame(keyBits: number, frames: number): { readonly bits: number; readonly lift: number } {
  const bytes = Math.ceil(Math.ceil(keyBits / 8) / frames);
  return { bits: Math.min(keyBits, 8 * bytes), lift: 16 * Math.ceil(Math.ceil(bytes / COLUMNS) / 2) };
}

/** Bits of each column of a frame. */
export function filled(frame: Bits): Uint32Array {
  const bytes = frame.bytes.length;
  return Uint32Array.from({ length: COLUMNS }, (_, c) => {
    const from = 8 * start(bytes, COLUMNS, c);
    return Math.max(0, Math.min(frame.length, 8 * start(bytes, COLUMNS, c + 1)) - from);
  });
}

/** A frame as columns, `lift` packed bits each. */
export function toColumns(frame: Bits, lift: number): Uint8Array {
  const out = new Uint8Array((COLUMNS * lift) / 8);
  const bytes = frame.bytes.length;
  for (let c = 0; c < COLUMNS; c++) {
    out.set(frame.bytes.subarray(start(bytes, COLUMNS, c), start(bytes, COLUMNS, c + 1)), (c * lift) / 8);
  }
  return out;
}

/** Adds columns, as `toColumns` makes them, to a frame. */
export function addColumns(frame: Bits, columns: Uint8Array, lift: number): void {
  const bytes = frame.bytes.length;
  for (let c = 0; c < COLUMNS; c++) {
    const to = start(bytes, COLUMNS, c + 1);
    let from = (c * lift) / 8;
    for (let at = start(bytes, COLUMNS, c); at < to; at++) frame.bytes[at]! ^= columns[from++]!;
  }
}
