/**
 * Products of polynomials over GF(2^32), 128 at a time in bit slices: nothing but AND and exclusive or, so that neither
 * time nor memory access knows a bit of them. Karatsuba all the way down: polynomials, and every step of the tower,
 *   (a0 + a1 x) (b0 + b1 x) = a0 b0 + t a1 b1 + ((a0 + a1) (b0 + b1) + a0 b0) x,  x^2 = x + t.
 */

/** Bytes of a bit-sliced element of GF(2^32). */
const ELEMENT: usize = 512;

/** GF(2^4), by way of GF(2^2): sixteen bits in, four out. */
function product4(a0: v128, a1: v128, a2: v128, a3: v128, b0: v128, b1: v128, b2: v128, b3: v128, out: usize): void {
  // Lower and upper half, then their sums: three products of GF(2^2), each by three of bits.
  const l0 = v128.and(a0, b0);
  const l = v128.xor(l0, v128.and(a1, b1));
  const k = v128.xor(l0, v128.and(v128.xor(a0, a1), v128.xor(b0, b1)));
  const h0 = v128.and(a2, b2);
  const h1 = v128.and(a3, b3);
  const h2 = v128.and(v128.xor(a2, a3), v128.xor(b2, b3));
  a0 = v128.xor(a0, a2);
  a1 = v128.xor(a1, a3);
  b0 = v128.xor(b0, b2);
  b1 = v128.xor(b1, b3);
  const m0 = v128.and(a0, b0);
  const m1 = v128.and(a1, b1);
  const m2 = v128.and(v128.xor(a0, a1), v128.xor(b0, b1));
  v128.store(out, v128.xor(l, v128.xor(h0, h2)));
  v128.store(out, v128.xor(k, v128.xor(h1, h2)), 16);
  v128.store(out, v128.xor(l, v128.xor(m0, m1)), 32);
  v128.store(out, v128.xor(k, v128.xor(m0, m2)), 48);
}

/** GF(2^8). `room` has 192 bytes. */
function product8(a: usize, b: usize, out: usize, room: usize): void {
  const a0 = v128.load(a);
  const a1 = v128.load(a, 16);
  const a2 = v128.load(a, 32);
  const a3 = v128.load(a, 48);
  const a4 = v128.load(a, 64);
  const a5 = v128.load(a, 80);
  const a6 = v128.load(a, 96);
  const a7 = v128.load(a, 112);
  const b0 = v128.load(b);
  const b1 = v128.load(b, 16);
  const b2 = v128.load(b, 32);
  const b3 = v128.load(b, 48);
  const b4 = v128.load(b, 64);
  const b5 = v128.load(b, 80);
  const b6 = v128.load(b, 96);
  const b7 = v128.load(b, 112);
  inline.always(product4(a0, a1, a2, a3, b0, b1, b2, b3, room));
  inline.always(product4(a4, a5, a6, a7, b4, b5, b6, b7, room + 64));
  inline.always(
    product4(
      v128.xor(a0, a4),
      v128.xor(a1, a5),
      v128.xor(a2, a6),
      v128.xor(a3, a7),
      v128.xor(b0, b4),
      v128.xor(b1, b5),
      v128.xor(b2, b6),
      v128.xor(b3, b7),
      room + 128,
    ),
  );
  const l0 = v128.load(room);
  const l1 = v128.load(room, 16);
  const l2 = v128.load(room, 32);
  const l3 = v128.load(room, 48);
  // t (h0, h1, h2, h3) = (h2 + h3, h2, h1 + h3, h0 + h1 + h2 + h3).
  const h0 = v128.load(room, 64);
  const h1 = v128.load(room, 80);
  const h2 = v128.load(room, 96);
  const h3 = v128.load(room, 112);
  const h23 = v128.xor(h2, h3);
  v128.store(out, v128.xor(l0, h23));
  v128.store(out, v128.xor(l1, h2), 16);
  v128.store(out, v128.xor(l2, v128.xor(h1, h3)), 32);
  v128.store(out, v128.xor(l3, v128.xor(v128.xor(h0, h1), h23)), 48);
  v128.store(out, v128.xor(l0, v128.load(room, 128)), 64);
  v128.store(out, v128.xor(l1, v128.load(room, 144)), 80);
  v128.store(out, v128.xor(l2, v128.load(room, 160)), 96);
  v128.store(out, v128.xor(l3, v128.load(room, 176)), 112);
}

/**
 * Adds t a to eight vectors, t = 0x80 of GF(2^8): with u = 0x8 of GF(2^4), t (a0 + a1 x) = u^2 a1 + u (a0 + a1) x,
 * u^2 (h0, h1, h2, h3) = (h0 + h2, h1 + h3, h0 + h1 + h3, h0 + h2 + h3).
 */
function addTop8(a: usize, to: usize): void {
  const h0 = v128.load(a, 64);
  const h1 = v128.load(a, 80);
  const h2 = v128.load(a, 96);
  const h3 = v128.load(a, 112);
  const h02 = v128.xor(h0, h2);
  const h13 = v128.xor(h1, h3);
  v128.store(to, v128.xor(v128.load(to), h02));
  v128.store(to, v128.xor(v128.load(to, 16), h13), 16);
  v128.store(to, v128.xor(v128.load(to, 32), v128.xor(h0, h13)), 32);
  v128.store(to, v128.xor(v128.load(to, 48), v128.xor(h02, h3)), 48);
  const s0 = v128.xor(h0, v128.load(a));
  const s1 = v128.xor(h1, v128.load(a, 16));
  const s2 = v128.xor(h2, v128.load(a, 32));
  const s3 = v128.xor(h3, v128.load(a, 48));
  const s23 = v128.xor(s2, s3);
  v128.store(to, v128.xor(v128.load(to, 64), s23), 64);
  v128.store(to, v128.xor(v128.load(to, 80), s2), 80);
  v128.store(to, v128.xor(v128.load(to, 96), v128.xor(s1, s3)), 96);
  v128.store(to, v128.xor(v128.load(to, 112), v128.xor(v128.xor(s0, s1), s23)), 112);
}

/** to = a + b, two vectors at a time. */
function add(a: usize, b: usize, to: usize, bytes: usize): void {
  for (const end = a + bytes; a < end; a += 32, b += 32, to += 32) {
    v128.store(to, v128.xor(v128.load(a), v128.load(b)));
    v128.store(to, v128.xor(v128.load(a, 16), v128.load(b, 16)), 16);
  }
}

/** GF(2^16). `room` has 704 bytes. */
function product16(a: usize, b: usize, out: usize, room: usize): void {
  const high = room;
  const sumA = room + 128;
  const sumB = room + 256;
  const deeper = room + 384;
  product8(a, b, out, deeper);
  product8(a + 128, b + 128, high, deeper);
  add(a, a + 128, sumA, 128);
  add(b, b + 128, sumB, 128);
  product8(sumA, sumB, out + 128, deeper);
  add(out + 128, out, out + 128, 128);
  addTop8(high, out);
}

/** GF(2^32). `room` has 1728 bytes. */
function product32(a: usize, b: usize, out: usize, room: usize): void {
  const high = room;
  const sumA = room + 256;
  const sumB = room + 512;
  const deeper = room + 1024;
  product16(a, b, out, deeper);
  product16(a + 256, b + 256, high, deeper);
  add(a, a + 256, sumA, 256);
  add(b, b + 256, sumB, 256);
  product16(sumA, sumB, out + 256, deeper);
  add(out + 256, out, out + 256, 256);
  // t (h0 + h1 x) = 0x80 (0x80 h1) + 0x80 (h0 + h1) x.
  memory.fill(sumB, 0, 128);
  addTop8(high + 128, sumB);
  addTop8(sumB, out);
  add(high, high + 128, sumA, 128);
  addTop8(sumA, out + 128);
}

/**
 * Product of two polynomials of k coefficients, a power of two from 2 on: 2 k - 1 coefficients. `room` has 2 k times
 * 2 ELEMENT bytes and 1728 more.
 */
export function product(a: usize, b: usize, k: usize, out: usize, room: usize): void {
  const bytes = k * ELEMENT;
  const half = bytes >> 1;
  const sumA = room;
  const sumB = room + half;
  const middle = room + bytes;
  const deeper = room + 2 * bytes;
  add(a, a + half, sumA, half);
  add(b, b + half, sumB, half);
  if (k === 2) {
    product32(a, b, out, deeper);
    product32(a + half, b + half, out + bytes, deeper);
    product32(sumA, sumB, out + half, deeper);
    add(out + half, out, out + half, half);
    add(out + half, out + bytes, out + half, half);
    return;
  }
  product(a, b, k >> 1, out, deeper);
  product(a + half, b + half, k >> 1, out + bytes, deeper);
  product(sumA, sumB, k >> 1, middle, deeper);
  // Lower, middle and upper product have k - 1 coefficients each; where they overlap, all three meet.
  let at = out;
  for (const end = out + half - ELEMENT; at < end; at += 16) {
    const m = middle + (at - out);
    const l0 = v128.load(at);
    const h0 = v128.load(at + bytes);
    const h1 = v128.load(at + bytes + half);
    const both = v128.xor(v128.load(at + half), h0);
    v128.store(at + half, v128.xor(both, v128.xor(l0, v128.load(m))));
    v128.store(at + bytes, v128.xor(both, v128.xor(h1, v128.load(m + half))));
  }
  for (const end = out + half; at < end; at += 16) {
    const l0 = v128.load(at);
    const h0 = v128.load(at + bytes);
    v128.store(at + half, v128.xor(v128.xor(l0, h0), v128.load(middle + (at - out))));
  }
}
