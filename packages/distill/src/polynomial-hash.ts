import { DistillError } from './error.ts';

/**
 * Polynomial hash over the prime field of p = 2^127 - 1: almost Delta-universal, the core of authentication and of
 * verification.
 *
 * The text is cut into blocks of 15 bytes, each read as a little-endian integer; the last is filled with zero bytes, and
 * one more block holds the number of bytes of the text. With blocks c_1 … c_k the digest at point r is
 *   c_1 r^k + c_2 r^(k-1) + … + c_k r  mod p.
 * Two different texts give polynomials that differ in a coefficient of r or above: in the last one when their lengths
 * differ, else in another. So their digests differ by a given value at no more than k points of the field, and for a
 * point drawn from 2^127 strings, of which 0 alone has two, with probability at most
 *   (k + 1) / 2^127,  k = ceil(bytes / 15) + 1 of the longer text.
 *
 * Numbers are kept as six signed digits in radix 2^22, in doubles that only ever hold integers: exact, no rounding.
 * Since 2^132 = 2^5 mod p, digits beyond the sixth come back times 32. Bounds: a digit of the point is at most 2^21, one
 * of the state at most 2^21 + 2^13, one of the text below 2^22; a column of a product sums to less than
 * 6 * 32 * 2^21 * 1.6 * 2^22 < 2^52, and a carry adds less than 2^36.
 */

/** Bytes of a point. */
export const POINT_BYTES = 16;
/** Bytes of a digest. */
export const DIGEST_BYTES = 16;
/** Bytes of a block. */
export const BLOCK_BYTES = 15;

const RADIX = 2 ** 22;
const PER_RADIX = 2 ** -22;
const MASK = 0x3fffff;
/** Added to and taken from an integer below 2^52, this rounds it to the nearest multiple of the radix. */
const ROUND = 1.5 * 2 ** 74;

type Digits = readonly [number, number, number, number, number, number];

/** Five digits of 22 bits and one of 17, unsigned, from 16 little-endian bytes; the top bit is not read. */
function digits(bytes: Uint8Array): Float64Array {
  const out = new Float64Array(6);
  for (let i = 0; i < 127; i++) out[Math.floor(i / 22)]! += ((bytes[i >> 3]! >> (i & 7)) & 1) * 2 ** (i % 22);
  return out;
}

/** Brings digits of any size below 2^52 back to at most 2^21 (the second a little more), the value modulo p kept. */
function carry(h: Float64Array): void {
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 6; i++) {
      const c = h[i]! + ROUND - ROUND;
      h[i]! -= c;
      if (i < 5) h[i + 1]! += c * PER_RADIX;
      else h[0]! += c * (32 * PER_RADIX);
    }
  }
}

/** a b mod p, digits in, digits out. */
function multiply(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(6);
  for (let i = 0; i < 6; i++) {
    for (let j = 0; j < 6; j++) {
      if (i + j < 6) out[i + j]! += a[i]! * b[j]!;
      else out[i + j - 6]! += a[i]! * b[j]! * 32;
    }
  }
  carry(out);
  return out;
}

/** The one representative in [0, p) as 16 little-endian bytes. */
function encode(h: Float64Array): Uint8Array {
  const d = h.slice();
  // Each round carries once around at bit 127 (bit 17 of the last digit); after three nothing is left to carry.
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 6; i++) {
      const size = i < 5 ? RADIX : 2 ** 17;
      const c = Math.floor(d[i]! / size);
      d[i]! -= c * size;
      d[i < 5 ? i + 1 : 0]! += c;
    }
  }
  let ones = 1;
  for (let i = 0; i < 6; i++) ones &= d[i] === (i < 5 ? MASK : 0x1ffff) ? 1 : 0;
  const out = new Uint8Array(DIGEST_BYTES);
  for (let i = 0; i < 127; i++) out[i >> 3]! |= ((d[Math.floor(i / 22)]! >> (i % 22)) & 1) << (i & 7);
  // p itself stands for 0.
  for (let i = 0; i < out.length; i++) out[i]! *= 1 - ones;
  d.fill(0);
  return out;
}

function pointDigits(point: Uint8Array): Float64Array {
  if (point.length !== POINT_BYTES) {
    throw new DistillError(
      'distill/bad-argument',
      `a hash point has ${POINT_BYTES} bytes, this one has ${point.length}`,
    );
  }
  const out = digits(point);
  carry(out);
  return out;
}

/** x times y modulo p; 16 little-endian bytes each, the top bit of either not read. */
export function multiplyBytes(x: Uint8Array, y: Uint8Array): Uint8Array {
  return encode(multiply(pointDigits(x), pointDigits(y)));
}

export class PolynomialHash {
  readonly #point: Float64Array;
  readonly #state = new Float64Array(6);
  /** Bytes that do not fill a block yet, and the rest of the block. */
  readonly #tail = new Uint8Array(BLOCK_BYTES);
  #tailBytes = 0;
  #totalBytes = 0;
  #wiped = false;

  /** `point`: 16 little-endian bytes, uniform and (for authentication) secret; the top bit is not read. */
  constructor(point: Uint8Array) {
    this.#point = pointDigits(point);
  }

  /** Hashes more of the text. How the text is cut into calls does not matter. */
  update(bytes: Uint8Array): this {
    this.#alive();
    this.#totalBytes += bytes.length;
    let at = 0;
    if (this.#tailBytes > 0) {
      at = Math.min(bytes.length, BLOCK_BYTES - this.#tailBytes);
      this.#tail.set(bytes.subarray(0, at), this.#tailBytes);
      this.#tailBytes += at;
      if (this.#tailBytes < BLOCK_BYTES) return this;
      this.#absorb(this.#tail, 0, 1);
      this.#tailBytes = 0;
    }
    const blocks = Math.floor((bytes.length - at) / BLOCK_BYTES);
    if (blocks > 0) this.#absorb(bytes, at, blocks);
    at += blocks * BLOCK_BYTES;
    this.#tail.set(bytes.subarray(at));
    this.#tailBytes = bytes.length - at;
    return this;
  }

  /** The digest of the text so far, 16 little-endian bytes, below 2^127 - 1; the hash can go on. */
  digest(): Uint8Array {
    this.#alive();
    const end = this.clone();
    if (end.#tailBytes > 0) {
      end.#tail.fill(0, end.#tailBytes);
      end.#absorb(end.#tail, 0, 1);
    }
    const length = new DataView(new ArrayBuffer(BLOCK_BYTES));
    length.setUint32(0, this.#totalBytes >>> 0, true);
    length.setUint32(4, Math.floor(this.#totalBytes / 2 ** 32), true);
    end.#absorb(new Uint8Array(length.buffer), 0, 1);
    const out = encode(end.#state);
    end.wipe();
    return out;
  }

  /** A hash of the same point and the same text so far, on its own from here. */
  clone(): PolynomialHash {
    this.#alive();
    const copy = new PolynomialHash(new Uint8Array(POINT_BYTES));
    copy.#point.set(this.#point);
    copy.#state.set(this.#state);
    copy.#tail.set(this.#tail);
    copy.#tailBytes = this.#tailBytes;
    copy.#totalBytes = this.#totalBytes;
    return copy;
  }

  /** Overwrites point and state; every later use throws. */
  wipe(): void {
    for (const part of [this.#point, this.#state, this.#tail]) part.fill(0);
    this.#wiped = true;
  }

  #alive(): void {
    if (this.#wiped) throw new DistillError('distill/wiped', 'this hash was wiped and cannot be used again');
  }

  /** state = (… ((state + c_1) r + c_2) r + …) r over whole blocks; the loop has no call and no allocation. */
  #absorb(bytes: Uint8Array, from: number, blocks: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + from, blocks * BLOCK_BYTES);
    const [r0, r1, r2, r3, r4, r5] = this.#point as unknown as Digits;
    let [h0, h1, h2, h3, h4, h5] = this.#state as unknown as Digits;
    const s1 = r1 * 32;
    const s2 = r2 * 32;
    const s3 = r3 * 32;
    const s4 = r4 * 32;
    const s5 = r5 * 32;
    for (let at = 0; at < view.byteLength; at += BLOCK_BYTES) {
      const w0 = view.getUint32(at, true);
      const w1 = view.getUint32(at + 4, true);
      const w2 = view.getUint32(at + 8, true);
      const w3 = view.getUint32(at + 11, true);
      const a0 = h0 + (w0 & MASK);
      const a1 = h1 + (((w0 >>> 22) | (w1 << 10)) & MASK);
      const a2 = h2 + (((w1 >>> 12) | (w2 << 20)) & MASK);
      const a3 = h3 + ((w2 >>> 2) & MASK);
      const a4 = h4 + (w3 & MASK);
      const a5 = h5 + (w3 >>> 22);
      // Six products summed a column, then two chains of carries side by side: 0 1 2 3 4 and 3 4 5 0 1.
      let d0 = a0 * r0 + a1 * s5 + a2 * s4 + a3 * s3 + a4 * s2 + a5 * s1;
      let d1 = a0 * r1 + a1 * r0 + a2 * s5 + a3 * s4 + a4 * s3 + a5 * s2;
      let d2 = a0 * r2 + a1 * r1 + a2 * r0 + a3 * s5 + a4 * s4 + a5 * s3;
      let d3 = a0 * r3 + a1 * r2 + a2 * r1 + a3 * r0 + a4 * s5 + a5 * s4;
      let d4 = a0 * r4 + a1 * r3 + a2 * r2 + a3 * r1 + a4 * r0 + a5 * s5;
      let d5 = a0 * r5 + a1 * r4 + a2 * r3 + a3 * r2 + a4 * r1 + a5 * r0;
      let c = d0 + ROUND - ROUND;
      let e = d3 + ROUND - ROUND;
      d0 -= c;
      d3 -= e;
      d1 += c * PER_RADIX;
      d4 += e * PER_RADIX;
      c = d1 + ROUND - ROUND;
      e = d4 + ROUND - ROUND;
      d1 -= c;
      d4 -= e;
      d2 += c * PER_RADIX;
      d5 += e * PER_RADIX;
      c = d2 + ROUND - ROUND;
      e = d5 + ROUND - ROUND;
      d2 -= c;
      d5 -= e;
      d3 += c * PER_RADIX;
      d0 += e * (32 * PER_RADIX);
      c = d3 + ROUND - ROUND;
      e = d0 + ROUND - ROUND;
      h0 = d0 - e;
      h1 = d1 + e * PER_RADIX;
      h2 = d2;
      h3 = d3 - c;
      h4 = d4 + c * PER_RADIX;
      h5 = d5;
    }
    this.#state.set([h0, h1, h2, h3, h4, h5]);
  }
}
