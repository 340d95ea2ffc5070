/**
 * Products of strings of elements with one constant. A byte times a constant byte is linear in its nibbles: two table
 * lookups that never leave a register. A field element of two parts over a subfield takes three products there
 * (Karatsuba): a = a0 + a1 x, w = w0 + w1 x, x^2 = x + t give
 *   a w = a0 w0 + a1 (t w1) + ((a0 + a1) (w0 + w1) + a0 w0) x.
 *
 * Elements stand in groups of sixteen: sixteen lowest bytes, sixteen next ones, and so on.
 */
import { timesByte } from './gf-tables';

/** t of GF(2^16) over GF(2^8). */
const T8: u32 = 0x80;

/** Sixteen bytes times that whose products with low and with high nibbles are in the tables. */
function scale8(v: v128, low: v128, high: v128): v128 {
  const nibbles = i8x16.splat(15);
  return v128.xor(i8x16.swizzle(low, v128.and(v, nibbles)), i8x16.swizzle(high, v128.and(i16x8.shr_u(v, 4), nibbles)));
}

/** Sixteen bytes times w, tables from memory. */
function scaled(v: v128, table: usize): v128 {
  return scale8(v, v128.load(table), v128.load(table, 16));
}

/** Product of two constants of GF(2^8), from the tables. */
function times8(a: u32, b: u32): u32 {
  const table = timesByte(a);
  return <u32>load<u8>(table + (b & 15)) ^ <u32>load<u8>(table + (b >> 4), 16);
}

/** t w in GF(2^16), t = 0x80 x of GF(2^32) over it: 0x80 x (w0 + w1 x) = 0x80 (0x80 w1 + (w0 + w1) x). */
function timesTop16(w: u32): u32 {
  const w0 = w & 255;
  const w1 = w >> 8;
  return times8(T8, times8(T8, w1)) | (times8(T8, w0 ^ w1) << 8);
}

/** Butterflies of a whole block: b times w onto a, then a onto b. */
export function butterfly(a: usize, b: usize, bytes: usize, w: u32): void {
  const end = b + bytes;
  if (w === 0) {
    for (; b < end; a += 64, b += 64) {
      v128.store(b, v128.xor(v128.load(a), v128.load(b)));
      v128.store(b, v128.xor(v128.load(a, 16), v128.load(b, 16)), 16);
      v128.store(b, v128.xor(v128.load(a, 32), v128.load(b, 32)), 32);
      v128.store(b, v128.xor(v128.load(a, 48), v128.load(b, 48)), 48);
    }
  } else if (w < 0x100) {
    const table = timesByte(w);
    const low = v128.load(table);
    const high = v128.load(table, 16);
    for (; b < end; a += 32, b += 32) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const a0 = v128.xor(v128.load(a), scale8(b0, low, high));
      const a1 = v128.xor(v128.load(a, 16), scale8(b1, low, high));
      v128.store(a, a0);
      v128.store(a, a1, 16);
      v128.store(b, v128.xor(a0, b0));
      v128.store(b, v128.xor(a1, b1), 16);
    }
  } else if (w < 0x10000) {
    const t0 = timesByte(w & 255);
    const t1 = timesByte(times8(T8, w >> 8));
    const t2 = timesByte((w & 255) ^ (w >> 8));
    const low0 = v128.load(t0);
    const high0 = v128.load(t0, 16);
    const low1 = v128.load(t1);
    const high1 = v128.load(t1, 16);
    const low2 = v128.load(t2);
    const high2 = v128.load(t2, 16);
    for (; b < end; a += 32, b += 32) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const p0 = scale8(b0, low0, high0);
      const a0 = v128.xor(v128.load(a), v128.xor(p0, scale8(b1, low1, high1)));
      const a1 = v128.xor(v128.load(a, 16), v128.xor(p0, scale8(v128.xor(b0, b1), low2, high2)));
      v128.store(a, a0);
      v128.store(a, a1, 16);
      v128.store(b, v128.xor(a0, b0));
      v128.store(b, v128.xor(a1, b1), 16);
    }
  } else {
    for (; b < end; a += 64, b += 64) {
      addScaled32(a, b, w);
      v128.store(b, v128.xor(v128.load(a), v128.load(b)));
      v128.store(b, v128.xor(v128.load(a, 16), v128.load(b, 16)), 16);
      v128.store(b, v128.xor(v128.load(a, 32), v128.load(b, 32)), 32);
      v128.store(b, v128.xor(v128.load(a, 48), v128.load(b, 48)), 48);
    }
  }
}

/** The inverse of `butterfly`. */
export function unbutterfly(a: usize, b: usize, bytes: usize, w: u32): void {
  const end = b + bytes;
  if (w === 0) {
    butterfly(a, b, bytes, 0);
  } else if (w < 0x100) {
    const table = timesByte(w);
    const low = v128.load(table);
    const high = v128.load(table, 16);
    for (; b < end; a += 32, b += 32) {
      const a0 = v128.load(a);
      const a1 = v128.load(a, 16);
      const b0 = v128.xor(a0, v128.load(b));
      const b1 = v128.xor(a1, v128.load(b, 16));
      v128.store(b, b0);
      v128.store(b, b1, 16);
      v128.store(a, v128.xor(a0, scale8(b0, low, high)));
      v128.store(a, v128.xor(a1, scale8(b1, low, high)), 16);
    }
  } else if (w < 0x10000) {
    const t0 = timesByte(w & 255);
    const t1 = timesByte(times8(T8, w >> 8));
    const t2 = timesByte((w & 255) ^ (w >> 8));
    const low0 = v128.load(t0);
    const high0 = v128.load(t0, 16);
    const low1 = v128.load(t1);
    const high1 = v128.load(t1, 16);
    const low2 = v128.load(t2);
    const high2 = v128.load(t2, 16);
    for (; b < end; a += 32, b += 32) {
      const a0 = v128.load(a);
      const a1 = v128.load(a, 16);
      const b0 = v128.xor(a0, v128.load(b));
      const b1 = v128.xor(a1, v128.load(b, 16));
      v128.store(b, b0);
      v128.store(b, b1, 16);
      const p0 = scale8(b0, low0, high0);
      v128.store(a, v128.xor(a0, v128.xor(p0, scale8(b1, low1, high1))));
      v128.store(a, v128.xor(a1, v128.xor(p0, scale8(v128.xor(b0, b1), low2, high2))), 16);
    }
  } else {
    for (; b < end; a += 64, b += 64) {
      v128.store(b, v128.xor(v128.load(a), v128.load(b)));
      v128.store(b, v128.xor(v128.load(a, 16), v128.load(b, 16)), 16);
      v128.store(b, v128.xor(v128.load(a, 32), v128.load(b, 32)), 32);
      v128.store(b, v128.xor(v128.load(a, 48), v128.load(b, 48)), 48);
      addScaled32(a, b, w);
    }
  }
}

/** Adds a group times w to another group. */
export function addScaled(sum: usize, group: usize, w: u32): void {
  if (w < 0x10000) {
    const t0 = timesByte(w & 255);
    const t1 = timesByte(times8(T8, w >> 8));
    const t2 = timesByte((w & 255) ^ (w >> 8));
    for (let at: usize = 0; at < 64; at += 32) {
      const b0 = v128.load(group + at);
      const b1 = v128.load(group + at, 16);
      const p0 = scaled(b0, t0);
      v128.store(sum + at, v128.xor(v128.load(sum + at), v128.xor(p0, scaled(b1, t1))));
      v128.store(sum + at, v128.xor(v128.load(sum + at, 16), v128.xor(p0, scaled(v128.xor(b0, b1), t2))), 16);
    }
  } else {
    addScaled32(sum, group, w);
  }
}

function addScaled32(sum: usize, group: usize, w: u32): void {
  const u = w & 0xffff;
  const v = timesTop16(w >> 16);
  const s = u ^ (w >> 16);
  const b0 = v128.load(group);
  const b1 = v128.load(group, 16);
  const b2 = v128.load(group, 32);
  const b3 = v128.load(group, 48);

  // b0, b1 times u: onto both halves.
  let p = scaled(b0, timesByte(u & 255));
  const low0 = v128.xor(p, scaled(b1, timesByte(times8(T8, u >> 8))));
  const low1 = v128.xor(p, scaled(v128.xor(b0, b1), timesByte((u & 255) ^ (u >> 8))));
  // b2, b3 times t w1: onto the lower half.
  p = scaled(b2, timesByte(v & 255));
  const top0 = v128.xor(p, scaled(b3, timesByte(times8(T8, v >> 8))));
  const top1 = v128.xor(p, scaled(v128.xor(b2, b3), timesByte((v & 255) ^ (v >> 8))));
  v128.store(sum, v128.xor(v128.load(sum), v128.xor(low0, top0)));
  v128.store(sum, v128.xor(v128.load(sum, 16), v128.xor(low1, top1)), 16);
  // Sums times sums: onto the upper half.
  const c0 = v128.xor(b0, b2);
  const c1 = v128.xor(b1, b3);
  p = scaled(c0, timesByte(s & 255));
  const both0 = v128.xor(p, scaled(c1, timesByte(times8(T8, s >> 8))));
  const both1 = v128.xor(p, scaled(v128.xor(c0, c1), timesByte((s & 255) ^ (s >> 8))));
  v128.store(sum, v128.xor(v128.load(sum, 32), v128.xor(low0, both0)), 32);
  v128.store(sum, v128.xor(v128.load(sum, 48), v128.xor(low1, both1)), 48);
}
