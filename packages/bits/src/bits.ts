/** A packed bit string. `bytes.length === Math.ceil(length / 8)`; bits beyond `length` are zero. */
export interface Bits {
  /** Number of bits. */
  readonly length: number;
  /** Packed content, least significant bit first. */
  readonly bytes: Uint8Array;
}

/** Longest string: bit indices stay in 32-bit integers, which is what makes the loops fast. */
export const MAX_LENGTH = 2 ** 31 - 1;

function checkLength(length: number): void {
  if (!Number.isInteger(length) || length < 0 || length > MAX_LENGTH) {
    throw new RangeError(`a bit string needs a length that is a whole number from 0 to ${MAX_LENGTH}, not ${length}`);
  }
}

function checkRange(bits: Bits, from: number, to: number): void {
  if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= bits.length)) {
    throw new RangeError(`bits ${from} to ${to} are not a part of a string of ${bits.length} bits`);
  }
}

/** A string of `length` zero bits. Throws RangeError unless `length` is a whole number from 0 to MAX_LENGTH. */
export function zeros(length: number): Bits {
  checkLength(length);
  return { length, bytes: new Uint8Array(Math.ceil(length / 8)) };
}

/** Packs one bit per element (any non-zero element is a one). */
export function pack(values: ArrayLike<number>): Bits {
  const out = zeros(values.length);
  for (let i = 0; i < values.length; i++) if (values[i]) out.bytes[i >> 3]! |= 1 << (i & 7);
  return out;
}

/** The inverse of `pack`: one byte, 0 or 1, per bit. */
export function unpack(bits: Bits): Uint8Array {
  const out = new Uint8Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = (bits.bytes[i >> 3]! >> (i & 7)) & 1;
  return out;
}

/** Copies `length` bits from packed bytes; bits beyond are dropped. Throws RangeError when the bytes are too few. */
export function fromBytes(bytes: Uint8Array, length = bytes.length * 8): Bits {
  checkLength(length);
  const need = Math.ceil(length / 8);
  if (bytes.length < need) throw new RangeError(`${length} bits need ${need} bytes, got ${bytes.length}`);
  const out = new Uint8Array(bytes.subarray(0, need)); // a Buffer's own slice would share its memory
  if (length & 7) out[need - 1]! &= (1 << (length & 7)) - 1;
  return { length, bytes: out };
}

/** Bit `index`, 0 or 1. Throws RangeError outside the string. */
export function get(bits: Bits, index: number): 0 | 1 {
  if (!(Number.isInteger(index) && index >= 0 && index < bits.length))
    throw new RangeError(`bit ${index} of a string of ${bits.length}`);
  return ((bits.bytes[index >> 3]! >> (index & 7)) & 1) as 0 | 1;
}

/** Bits `from` (inclusive) to `to` (exclusive) as a new string. Throws RangeError when they are not all there. */
export function slice(bits: Bits, from: number, to: number): Bits {
  checkRange(bits, from, to);
  const out = zeros(to - from);
  const shift = from & 7;
  let source = from >> 3;
  for (let i = 0; i < out.bytes.length; i++, source++) {
    out.bytes[i] = (bits.bytes[source]! >> shift) | (shift ? (bits.bytes[source + 1] ?? 0) << (8 - shift) : 0);
  }
  if (out.length & 7) out.bytes[out.bytes.length - 1]! &= (1 << (out.length & 7)) - 1;
  return out;
}

/** Bitwise exclusive or of two strings of the same length. Throws RangeError when lengths differ. */
export function xor(a: Bits, b: Bits): Bits {
  if (a.length !== b.length) throw new RangeError(`xor of ${a.length} and ${b.length} bits`);
  const out = zeros(a.length);
  for (let i = 0; i < out.bytes.length; i++) out.bytes[i] = a.bytes[i]! ^ b.bytes[i]!;
  return out;
}

const POPCOUNT = new Uint8Array(256);
for (let i = 1; i < 256; i++) POPCOUNT[i] = POPCOUNT[i >> 1]! + (i & 1);

/** Number of ones. */
export function popcount(bits: Bits): number {
  let ones = 0;
  const { bytes } = bits;
  for (let i = 0; i < bytes.length; i++) ones += POPCOUNT[bytes[i]!]!;
  return ones;
}

/** Parity of bits `from` (inclusive) to `to` (exclusive). Throws RangeError when they are not all there. */
export function parity(bits: Bits, from = 0, to = bits.length): 0 | 1 {
  checkRange(bits, from, to);
  if (from === to) return 0;
  const first = from >> 3;
  const last = (to - 1) >> 3;
  const headMask = 0xff << (from & 7);
  const tailMask = 0xff >> (7 - ((to - 1) & 7));
  if (first === last) return (POPCOUNT[bits.bytes[first]! & headMask & tailMask & 0xff]! & 1) as 0 | 1;
  let acc = (bits.bytes[first]! & headMask) ^ (bits.bytes[last]! & tailMask);
  for (let i = first + 1; i < last; i++) acc ^= bits.bytes[i]!;
  return (POPCOUNT[acc & 0xff]! & 1) as 0 | 1;
}

/** Concatenates bit strings. */
export function concat(...parts: readonly Bits[]): Bits {
  const out = zeros(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    const shift = at & 7;
    let target = at >> 3;
    for (const byte of part.bytes) {
      out.bytes[target]! |= byte << shift;
      if (shift && target + 1 < out.bytes.length) out.bytes[target + 1]! |= byte >> (8 - shift);
      target++;
    }
    at += part.length;
  }
  return out;
}

/** Whether two byte strings are equal, in time that depends on their lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
