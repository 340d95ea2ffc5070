import type { Bits } from '@skykey/bits';

/** Number of places in which two strings of the same length differ: all of both is looked at (pitfall P22). */
export function countDifferences(a: Bits, b: Bits): number {
  const length = a.bytes.length;
  let sum = 0;
  for (let at = 0; at < length; at += 4) sum += ones(wordAt(a.bytes, at) ^ wordAt(b.bytes, at));
  return sum;
}

/** Four bytes, the first the lowest; zeros beyond the end. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Number of ones in a word. */
export function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
