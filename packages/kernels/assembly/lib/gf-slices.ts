/**
 * Bit slices: 128 groups of sixteen elements, 64 bytes each, turned so that a vector holds one bit of one coefficient of
 * all 128: vector 32 c + i is bit i of element c.
 */

/** The quarter of a byte transposition of sixteen vectors that starts from vectors i, i + 4, i + 8, i + 12. */
function turnQuarter(from: usize, to: usize, step: usize): void {
  const v0 = v128.load(from);
  const v1 = v128.load(from, 64);
  const v2 = v128.load(from, 128);
  const v3 = v128.load(from, 192);
  const x0 = i8x16.shuffle(v0, v2, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const x1 = i8x16.shuffle(v0, v2, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const y0 = i8x16.shuffle(v1, v3, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const y1 = i8x16.shuffle(v1, v3, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  v128.store(to, i8x16.shuffle(x0, y0, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
  to += step;
  v128.store(to, i8x16.shuffle(x0, y0, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
  to += step;
  v128.store(to, i8x16.shuffle(x1, y1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
  to += step;
  v128.store(to, i8x16.shuffle(x1, y1, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
}

/** Sixteen vectors, one behind the other, to their sixteen bytes each, `step` bytes apart. `room` has 256 bytes. */
function turnBytes(from: usize, to: usize, step: usize, room: usize): void {
  for (let i: usize = 0; i < 64; i += 16) turnQuarter(from + i, room + 4 * i, 16);
  for (let i: usize = 0; i < 4; i++) turnQuarter(room + 16 * i, to + 4 * i * step, step);
}

/** What two vectors exchange: bits of x, `by` places up, against bits of y. */
function exchange(x: v128, y: v128, by: i32, mask: v128): v128 {
  return v128.and(v128.xor(i16x8.shr_u(x, by), y), mask);
}

/** In every byte: bit i of vector j to bit j of vector i, of eight vectors. */
function turnBits(from: usize, fromStep: usize, to: usize, toStep: usize): void {
  let v0 = v128.load(from);
  let v1 = v128.load(from + fromStep);
  let v2 = v128.load(from + 2 * fromStep);
  let v3 = v128.load(from + 3 * fromStep);
  let v4 = v128.load(from + 4 * fromStep);
  let v5 = v128.load(from + 5 * fromStep);
  let v6 = v128.load(from + 6 * fromStep);
  let v7 = v128.load(from + 7 * fromStep);
  let mask = i8x16.splat(0x0f);
  let t = exchange(v0, v4, 4, mask);
  v0 = v128.xor(v0, i16x8.shl(t, 4));
  v4 = v128.xor(v4, t);
  t = exchange(v1, v5, 4, mask);
  v1 = v128.xor(v1, i16x8.shl(t, 4));
  v5 = v128.xor(v5, t);
  t = exchange(v2, v6, 4, mask);
  v2 = v128.xor(v2, i16x8.shl(t, 4));
  v6 = v128.xor(v6, t);
  t = exchange(v3, v7, 4, mask);
  v3 = v128.xor(v3, i16x8.shl(t, 4));
  v7 = v128.xor(v7, t);
  mask = i8x16.splat(0x33);
  t = exchange(v0, v2, 2, mask);
  v0 = v128.xor(v0, i16x8.shl(t, 2));
  v2 = v128.xor(v2, t);
  t = exchange(v1, v3, 2, mask);
  v1 = v128.xor(v1, i16x8.shl(t, 2));
  v3 = v128.xor(v3, t);
  t = exchange(v4, v6, 2, mask);
  v4 = v128.xor(v4, i16x8.shl(t, 2));
  v6 = v128.xor(v6, t);
  t = exchange(v5, v7, 2, mask);
  v5 = v128.xor(v5, i16x8.shl(t, 2));
  v7 = v128.xor(v7, t);
  mask = i8x16.splat(0x55);
  t = exchange(v0, v1, 1, mask);
  v128.store(to, v128.xor(v0, i16x8.shl(t, 1)));
  v128.store(to + toStep, v128.xor(v1, t));
  t = exchange(v2, v3, 1, mask);
  v128.store(to + 2 * toStep, v128.xor(v2, i16x8.shl(t, 1)));
  v128.store(to + 3 * toStep, v128.xor(v3, t));
  t = exchange(v4, v5, 1, mask);
  v128.store(to + 4 * toStep, v128.xor(v4, i16x8.shl(t, 1)));
  v128.store(to + 5 * toStep, v128.xor(v5, t));
  t = exchange(v6, v7, 1, mask);
  v128.store(to + 6 * toStep, v128.xor(v6, i16x8.shl(t, 1)));
  v128.store(to + 7 * toStep, v128.xor(v7, t));
}

/** 8192 bytes of groups to 512 vectors. `room` has 2304 bytes. */
export function slice(groups: usize, to: usize, room: usize): void {
  for (let byte: usize = 0; byte < 4; byte++) {
    for (let s: usize = 0; s < 16; s++) turnBits(groups + 16 * byte + 512 * s, 64, room + 16 * s, 256);
    for (let bit: usize = 0; bit < 8; bit++) {
      turnBytes(room + 256 * bit, to + 128 * byte + 16 * bit, 512, room + 2048);
    }
  }
}

/** The inverse of `slice`, which leaves a group of zeros where `count` of the sixteen coefficients do not reach. */
export function unslice(from: usize, count: usize, groups: usize, room: usize): void {
  const column = room + 2304;
  for (let byte: usize = 0; byte < 4; byte++) {
    for (let bit: usize = 0; bit < 8; bit++) {
      const vectors = from + 128 * byte + 16 * bit;
      for (let c: usize = 0; c < count; c++) v128.store(column + 16 * c, v128.load(vectors + 512 * c));
      for (let c = count; c < 16; c++) v128.store(column + 16 * c, i8x16.splat(0));
      turnBytes(column, room + 256 * bit, 16, room + 2048);
    }
    for (let s: usize = 0; s < 16; s++) turnBits(room + 16 * s, 256, groups + 16 * byte + 512 * s, 64);
  }
}
