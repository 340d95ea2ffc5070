/** The additive Fourier transform on strings in memory; `src/amplify.ts` says which steps make one. */
import { butterfly, unbutterfly } from './gf-scale';
import { gatherTable, spreadTable, twiddle } from './gf-tables';

/**
 * Divides by x^half + x^shift: quotient above, remainder below, from the top down, since the quotient's own top part
 * changes the rest of it. Lengths in bytes; half - shift is 30 or more, so that a vector never needs one of its own parts.
 */
function divide(at: usize, half: usize, shift: usize): void {
  const down = half - shift;
  for (let p = at + half + half - 16; p >= at + half; p -= 16) {
    v128.store(p - down, v128.xor(v128.load(p - down), v128.load(p)));
  }
}

function undivide(at: usize, half: usize, shift: usize): void {
  const down = half - shift;
  const end = at + half + half;
  for (let p = at + half; p < end; p += 16) {
    v128.store(p - down, v128.xor(v128.load(p - down), v128.load(p)));
  }
}

/** Expands a string of 2^r times `unit` bytes in powers of s = x^unit + x^step, in place. */
export function expand(at: usize, unit: usize, step: usize, r: u32): void {
  if (r === 0) return;
  const half = unit << (r - 1);
  divide(at, half, step << (r - 1));
  expand(at, unit, step, r - 1);
  expand(at + half, unit, step, r - 1);
}

/** The inverse of `expand`. */
export function contract(at: usize, unit: usize, step: usize, r: u32): void {
  if (r === 0) return;
  const half = unit << (r - 1);
  contract(at, unit, step, r - 1);
  contract(at + half, unit, step, r - 1);
  undivide(at, half, step << (r - 1));
}

/** Largest power of two below d. */
function powerBelow(d: u32): u32 {
  return 1 << (31 - clz(d - 1));
}

/** All divisions from powers of x to products of s_j, but those inside groups of sixteen: 2^d coefficients of `size` bytes. */
export function convert(at: usize, size: usize, d: u32): void {
  if (d <= 4) return;
  const t = powerBelow(d);
  const unit = size << t;
  expand(at, unit, size, d - t);
  convertRows(at, unit, unit, d - t);
  const end = at + (size << d);
  for (; at < end; at += unit) convert(at, size, t);
}

/** The inverse of `convert`. */
export function unconvert(at: usize, size: usize, d: u32): void {
  if (d <= 4) return;
  const t = powerBelow(d);
  const unit = size << t;
  const end = at + (size << d);
  for (let row = at; row < end; row += unit) unconvert(row, size, t);
  unconvertRows(at, unit, unit, d - t);
  contract(at, unit, size, d - t);
}

/** Adds a row to another. */
function addRow(to: usize, from: usize, width: usize): void {
  for (const end = from + width; from < end; from += 32, to += 32) {
    v128.store(to, v128.xor(v128.load(to), v128.load(from)));
    v128.store(to, v128.xor(v128.load(to, 16), v128.load(from, 16)), 16);
  }
}

/** The same for 2^d rows, `stride` bytes apart, of which `width` bytes are taken along. */
export function convertRows(at: usize, stride: usize, width: usize, d: u32): void {
  if (d <= 1) return;
  const t = powerBelow(d);
  for (let r = d - t; r > 0; r--) {
    const half: usize = 1 << (t + r - 1);
    const down = (half - (1 << (r - 1))) * stride;
    for (let block: usize = 0; block < 1 << d; block += half + half) {
      for (let row = block + half + half - 1; row >= block + half; row--) {
        const from = at + row * stride;
        addRow(from - down, from, width);
      }
    }
  }
  for (let row: usize = 0; row < 1 << t; row++) convertRows(at + row * stride, stride << t, width, d - t);
  for (let row: usize = 0; row < 1 << d; row += 1 << t) convertRows(at + row * stride, stride, width, t);
}

/** The inverse of `convertRows`. */
export function unconvertRows(at: usize, stride: usize, width: usize, d: u32): void {
  if (d <= 1) return;
  const t = powerBelow(d);
  for (let row: usize = 0; row < 1 << d; row += 1 << t) unconvertRows(at + row * stride, stride, width, t);
  for (let row: usize = 0; row < 1 << t; row++) unconvertRows(at + row * stride, stride << t, width, d - t);
  for (let r: u32 = 1; r <= d - t; r++) {
    const half: usize = 1 << (t + r - 1);
    const down = (half - (1 << (r - 1))) * stride;
    for (let block: usize = 0; block < 1 << d; block += half + half) {
      for (let row = block + half; row < block + half + half; row++) {
        const from = at + row * stride;
        addRow(from - down, from, width);
      }
    }
  }
}

/**
 * Polynomial to values: the layers from block q of `bytes` bytes down to blocks of `least`, 64 for groups of sixteen
 * elements, more than one of them.
 */
export function evaluate(at: usize, bytes: usize, q: u32, least: usize): void {
  const half = bytes >> 1;
  butterfly(at, at + half, half, twiddle(q));
  if (half === least) return;
  evaluate(at, half, q << 1, least);
  evaluate(at + half, half, (q << 1) | 1, least);
}

/** The inverse of `evaluate`. */
export function interpolate(at: usize, bytes: usize, q: u32, least: usize): void {
  const half = bytes >> 1;
  if (half > least) {
    interpolate(at, half, q << 1, least);
    interpolate(at + half, half, (q << 1) | 1, least);
  }
  unbutterfly(at, at + half, half, twiddle(q));
}

/** Copies 2^d pieces of `width` bytes, `stride` bytes apart, to where they stand one behind the other. */
export function collect(from: usize, stride: usize, width: usize, d: u32, to: usize): void {
  for (let row: usize = 0; row < 1 << d; row++) memory.copy(to + row * width, from + row * stride, width);
}

/** The inverse of `collect`. */
export function distribute(to: usize, stride: usize, width: usize, d: u32, from: usize): void {
  for (let row: usize = 0; row < 1 << d; row++) memory.copy(to + row * stride, from + row * width, width);
}

/** Chunks of 16 bits at `from` to elements at `to`, sixteen at a time. */
export function spread(from: usize, to: usize, count: usize): void {
  const nibbles = i8x16.splat(15);
  const table = spreadTable();
  for (const end = from + 2 * count; from < end; from += 32, to += 64) {
    const u = v128.load(from);
    const v = v128.load(from, 16);
    const low = i8x16.shuffle(u, v, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const high = i8x16.shuffle(u, v, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    const n0 = v128.and(low, nibbles);
    const n1 = v128.and(i16x8.shr_u(low, 4), nibbles);
    const n2 = v128.and(high, nibbles);
    const n3 = v128.and(i16x8.shr_u(high, 4), nibbles);
    for (let byte: usize = 0; byte < 64; byte += 16) {
      const t = table + byte;
      v128.store(
        to + byte,
        v128.xor(
          v128.xor(i8x16.swizzle(v128.load(t), n0), i8x16.swizzle(v128.load(t, 64), n1)),
          v128.xor(i8x16.swizzle(v128.load(t, 128), n2), i8x16.swizzle(v128.load(t, 192), n3)),
        ),
      );
    }
  }
}

/** Elements to polynomials of 32 bits, in place. */
export function gather(at: usize, count: usize): void {
  for (const end = at + 4 * count; at < end; at += 64) {
    const b0 = gathered(at, 0);
    const b1 = gathered(at, 16);
    const b2 = gathered(at, 32);
    const b3 = gathered(at, 48);
    const low0 = i8x16.shuffle(b0, b1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const low1 = i8x16.shuffle(b0, b1, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    const high0 = i8x16.shuffle(b2, b3, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const high1 = i8x16.shuffle(b2, b3, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    v128.store(at, i16x8.shuffle(low0, high0, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(at, i16x8.shuffle(low0, high0, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    v128.store(at, i16x8.shuffle(low1, high1, 0, 8, 1, 9, 2, 10, 3, 11), 32);
    v128.store(at, i16x8.shuffle(low1, high1, 4, 12, 5, 13, 6, 14, 7, 15), 48);
  }
}

/** One byte of each of sixteen polynomials; `byte` is sixteen times its number. */
function gathered(at: usize, byte: usize): v128 {
  const nibbles = i8x16.splat(15);
  let sum = i8x16.splat(0);
  let table = gatherTable() + byte;
  for (let part: usize = 0; part < 64; part += 16, table += 128) {
    const v = v128.load(at + part);
    sum = v128.xor(sum, i8x16.swizzle(v128.load(table), v128.and(v, nibbles)));
    sum = v128.xor(sum, i8x16.swizzle(v128.load(table, 64), v128.and(i16x8.shr_u(v, 4), nibbles)));
  }
  return sum;
}
