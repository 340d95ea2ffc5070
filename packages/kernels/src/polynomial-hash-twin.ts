import { BLOCK_BYTES, checkBlocks, POINT_BYTES } from './polynomial-hash.ts';

/**
 * The twin of `polynomial-hash.ts` in plain TypeScript.
 *
 * Numbers are kept as six signed digits in radix 2^22, in doubles that only ever hold integers: exact, no rounding.
 * Since 2^132 = 2^5 mod p, digits beyond the sixth come back times 32. Bounds: a digit of the point is at most 2^21, one
 * of the state at most 2^21 + 2^13, one of the text below 2^22; a column of a product sums to less than
 * 6 * 32 * 2^21 * 1.6 * 2^22 < 2^52, and a carry adds less than 2^36.
 */

const RADIX = 2 ** 22;
const PER_RADIX = 2 ** -22;
const MASK = 0x3fffff;
/** Added to and taken from an integer below 2^52, this rounds it to the nearest multiple of the radix. */
const ROUND = 1.5 * 2 ** 74;

type Digits = readonly [number, number, number, number, number, number];

/** Digits from 16 little-endian bytes, the top bit not read: at most 2^21, the second a little more. */
function decode(bytes: Uint8Array): Float64Array {
  const h = new Float64Array(6);
  for (let i = 0; i < 127; i++) h[Math.floor(i / 22)]! += ((bytes[i >> 3]! >> (i & 7)) & 1) * 2 ** (i % 22);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 6; i++) {
      const c = h[i]! + ROUND - ROUND;
      h[i]! -= c;
      if (i < 5) h[i + 1]! += c * PER_RADIX;
      else h[0]! += c * (32 * PER_RADIX);
    }
  }
  return h;
}

/** Writes the one representative in [0, p) as 16 little-endian bytes, and forgets the digits. */
function encode(d: Float64Array, out: Uint8Array): void {
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
  for (let i = 0; i < 6; i++) ones &= Number(d[i] === (i < 5 ? MASK : 0x1ffff));
  out.fill(0);
  for (let i = 0; i < 127; i++) out[i >> 3]! |= ((d[Math.floor(i / 22)]! >> (i % 22)) & 1) << (i & 7);
  // p itself stands for 0.
  for (let i = 0; i < POINT_BYTES; i++) out[i]! *= 1 - ones;
  d.fill(0);
}

/** As `hashBlocks` of `polynomial-hash.ts`. */
export function hashBlocks(state: Uint8Array, point: Uint8Array, text: Uint8Array): void {
  checkBlocks(state, point, text);
  if (!text.length) return;
  const r = decode(point);
  const h = decode(state);
  absorb(h, r, text);
  encode(h, state);
  r.fill(0);
}

/** The loop has no call and no allocation. */
function absorb(state: Float64Array, point: Float64Array, text: Uint8Array): void {
  const view = new DataView(text.buffer, text.byteOffset, text.length);
  const [r0, r1, r2, r3, r4, r5] = point as unknown as Digits;
  let [h0, h1, h2, h3, h4, h5] = state as unknown as Digits;
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
  state.set([h0, h1, h2, h3, h4, h5]);
}
