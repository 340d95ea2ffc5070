// Quasi-cyclic LDPC: syndromes of packed strings, and layered belief propagation on eight rows at once. What the numbers
// mean and where everything stands in memory is told in `src/ldpc.ts`; `src/ldpc-twin.ts` does the same, number by number.

/** Largest message of a row to a bit, in units. */
const MOST: i16 = 127;
/** Units of a log-likelihood ratio from which on a value is as good as certain. */
const KNEE: i16 = 171;
/** (171^2 + b) / 2^15 = 1.018, see `src/ldpc.ts`. */
const BASE: i16 = 4114;
/** 17.56 ln 2 / 2^8 in Q15: from the exponent bits of a float, cut to sixteen, to units. */
const UNITS: i16 = 1558;
/** c(x) = ln(1 + exp -x) is taken as (56 - x)^2 / 256 units. */
const NEAR: i16 = 56;

const CONSTANTS = memory.data<i16>([KNEE, BASE, 32767, UNITS, MOST, NEAR]);
const WIDE = memory.data<i32>([32768, (127 + 15) << 23]);

/** Bytes that describe a layer, four each: degree, rows in use, where its edges, messages and wanted parities stand. */
const LAYER: usize = 20;
/** Bytes that describe an edge, four each: its column's values, shift; the third is an edge, first to wrap first. */
const EDGE: usize = 12;

/** Bytes kept of an edge while its rows are worked on: what 16 rows hear of it, and where its next values stand. */
const HEARD: usize = 80;

/**
 * Rounded product in Q15. The relaxed instruction is one of the processor where the other is five; they differ only for
 * twice -2^15, which is never among the factors here.
 */
// @ts-expect-error: decorator
@inline
function product(a: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i16x8.relaxed_q15mulr_s(a, b);
  return i16x8.q15mulr_sat_s(a, b);
}

/** Units of `2 atanh(t)` for t in Q15, at most MOST: the bits of a float as its logarithm, at most 6 % off. */
// @ts-expect-error: decorator
@inline
function units(t: v128, one: v128, exponent: v128, scale: v128, most: v128): v128 {
  const low = i32x4.sub(exponent, f32x4.convert_i32x4_s(i32x4.sub(one, i32x4.extend_low_i16x8_s(t))));
  const high = i32x4.sub(exponent, f32x4.convert_i32x4_s(i32x4.sub(one, i32x4.extend_high_i16x8_s(t))));
  const steps = i16x8.narrow_i32x4_s(i32x4.shr_u(low, 15), i32x4.shr_u(high, 15));
  return i16x8.min_s(product(i16x8.add(steps, i16x8.shr_u(t, 7)), scale), most);
}

/** The parity of two values: min - c(a - b) + c(a + b). */
// @ts-expect-error: decorator
@inline
function both(a: v128, b: v128, width: v128): v128 {
  const least = i16x8.min_s(a, b);
  const near = i16x8.sub_sat_u(width, i16x8.sub(i16x8.max_s(a, b), least));
  const far = i16x8.sub_sat_u(width, i16x8.add(a, b));
  return i16x8.sub(least, i16x8.shr_s(i16x8.sub(i16x8.mul(near, near), i16x8.mul(far, far)), 8));
}

/**
 * One sweep over all layers. Returns in how many rows the signs that went into the row contradict the syndrome.
 * `layers`: descriptors; `count` of them; `lift` rows of a layer; `scratch`: HEARD bytes for
 * each edge of the widest layer. `wrong`: 0, or a bit a row; then sixteen rows without a set bit are passed over.
 */
export function sweep(layers: usize, count: i32, lift: i32, scratch: usize, wrong: usize): i32 {
  // Read, not written down: the engine puts a constant together again at each of its uses.
  const knee = v128.load16_splat(CONSTANTS);
  const base = v128.load16_splat(CONSTANTS, 2);
  const one = v128.load16_splat(CONSTANTS, 4);
  const scale = v128.load16_splat(CONSTANTS, 6);
  const most = v128.load16_splat(CONSTANTS, 8);
  const width = v128.load16_splat(CONSTANTS, 10);
  const wide = v128.load32_splat(WIDE);
  const exponent = v128.load32_splat(WIDE, 4);
  let unsatisfied = 0;
  for (let layer = 0; layer < count; layer++, layers += LAYER) {
    const degree = load<i32>(layers);
    const rows = load<i32>(layers, 4);
    const edges = load<usize>(layers, 8);
    let message = load<usize>(layers, 12);
    let wanted = load<usize>(layers, 16);
    const end = scratch + <usize>degree * HEARD;
    for (let e = 0; e < degree; e++) {
      const edge = edges + <usize>e * EDGE;
      store<usize>(scratch + <usize>e * HEARD, load<usize>(edge) + 2 * load<usize>(edge, 4), 32);
    }
    let next = edges;
    let wrap = wrapOf(edges, load<usize>(next, 8), lift);
    let left = degree;
    for (let row = 0; row < rows; row += 16) {
      while (left > 0 && wrap <= row) {
        const at = scratch + load<usize>(next, 8) * HEARD;
        store<usize>(at, load<usize>(at, 32) - 2 * <usize>lift, 32);
        next += EDGE;
        if (--left > 0) wrap = wrapOf(edges, load<usize>(next, 8), lift);
      }
      if (wrong && !load<u16>(wrong + (row >> 3))) {
        message += 16 * <usize>degree;
        wanted += 16;
        continue;
      }
      const step = 2 * <usize>row;
      let signA = v128.load8x8_s(wanted);
      let signB = v128.load8x8_s(wanted, 8);
      let leastA = knee;
      let leastB = knee;
      let othersA = one;
      let othersB = one;
      for (let value = scratch; value < end; value += HEARD, message += 16) {
        const place = load<usize>(value, 32) + step;
        const a = i16x8.sub(v128.load(place), v128.load8x8_s(message));
        const b = i16x8.sub(v128.load(place, 16), v128.load8x8_s(message, 8));
        v128.store(value, a);
        v128.store(value, b, 16);
        v128.store(value, i16x8.abs(a), 48);
        v128.store(value, i16x8.abs(b), 64);
        signA = v128.xor(signA, a);
        signB = v128.xor(signB, b);
        const sureA = i16x8.abs(a);
        const sureB = i16x8.abs(b);
        othersA = product(othersA, tanh(i16x8.max_s(leastA, sureA), knee, base, one));
        othersB = product(othersB, tanh(i16x8.max_s(leastB, sureB), knee, base, one));
        leastA = i16x8.min_s(leastA, sureA);
        leastB = i16x8.min_s(leastB, sureB);
      }
      unsatisfied += i32.popcnt(i8x16.bitmask(i8x16.narrow_i16x8_s(signA, signB)));
      const restA = units(othersA, wide, exponent, scale, most);
      const restB = units(othersB, wide, exponent, scale, most);
      const oddA = i16x8.shr_s(signA, 15);
      const oddB = i16x8.shr_s(signB, 15);
      const allA = i16x8.sub(v128.xor(both(restA, leastA, width), oddA), oddA);
      const allB = i16x8.sub(v128.xor(both(restB, leastB, width), oddB), oddB);
      const flipA = v128.xor(i16x8.sub(v128.xor(restA, oddA), oddA), allA);
      const flipB = v128.xor(i16x8.sub(v128.xor(restB, oddB), oddB), allB);
      message -= 16 * <usize>degree;
      for (let value = scratch; value < end; value += HEARD, message += 16) {
        const place = load<usize>(value, 32) + step;
        const a = v128.load(value);
        const b = v128.load(value, 16);
        const negativeA = i16x8.shr_s(a, 15);
        const negativeB = i16x8.shr_s(b, 15);
        const sizeA = v128.xor(allA, v128.and(flipA, i16x8.eq(v128.load(value, 48), leastA)));
        const sizeB = v128.xor(allB, v128.and(flipB, i16x8.eq(v128.load(value, 64), leastB)));
        const toA = i16x8.sub(v128.xor(sizeA, negativeA), negativeA);
        const toB = i16x8.sub(v128.xor(sizeB, negativeB), negativeB);
        v128.store(message, i8x16.narrow_i16x8_s(toA, toB));
        v128.store(place, i16x8.add(a, toA));
        v128.store(place, i16x8.add(b, toB), 16);
      }
      wanted += 16;
    }
    mend(edges, degree, lift);
    if (wrong) wrong += <usize>lift >> 3;
  }
  return unsatisfied;
}

/** t = tanh(L / 2) in Q15 of a size in units: 1 - (y^2 + b)^4. */
// @ts-expect-error: decorator
@inline
function tanh(size: v128, knee: v128, base: v128, one: v128): v128 {
  const y = i16x8.sub_sat_u(knee, size);
  const u = i16x8.add_sat_s(i16x8.mul(y, y), base);
  const u2 = product(u, u);
  return i16x8.sub(one, product(u2, u2));
}

/** First group of rows in which edge `e` is past the end of its column. */
// @ts-expect-error: decorator
@inline
function wrapOf(edges: usize, e: usize, lift: i32): i32 {
  return (lift - load<i32>(edges + e * EDGE, 4) + 15) & ~15;
}

/** A column's first 16 values stand behind its end again; each place was written in one of them, the other follows. */
function mend(edges: usize, degree: i32, lift: i32): void {
  const low = i16x8(0, 1, 2, 3, 4, 5, 6, 7);
  const high = i16x8(8, 9, 10, 11, 12, 13, 14, 15);
  for (let e = 0; e < degree; e++, edges += EDGE) {
    const column = load<usize>(edges);
    const behind = column + 2 * <usize>lift;
    const shift = i16x8.splat(<i16>(load<i32>(edges, 4) & 15));
    const a = v128.bitselect(v128.load(behind), v128.load(column), i16x8.lt_s(low, shift));
    const b = v128.bitselect(v128.load(behind, 16), v128.load(column, 16), i16x8.lt_s(high, shift));
    v128.store(column, a);
    v128.store(column, b, 16);
    v128.store(behind, a);
    v128.store(behind, b, 16);
  }
}

/** Fills `bytes` bytes with one value. */
export function fill(values: usize, bytes: i32, value: i32): void {
  const v = i16x8.splat(<i16>value);
  for (let at = values, end = values + bytes; at < end; at += 16) v128.store(at, v);
}

/** Bits as bytes whose top bit they are. `bytes` packed bytes, eight times that `out`. */
export function spread(bits: usize, bytes: i32, out: usize): void {
  const mask = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
  const eight = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  const top = i8x16.splat(-128);
  for (const end = bits + bytes; bits < end; bits += 2, out += 16) {
    const pair = i8x16.swizzle(v128.load16_splat(bits), eight);
    v128.store(out, v128.and(i8x16.eq(v128.and(pair, mask), mask), top));
  }
}

/** Adds `bytes` bytes of bits, a multiple of two, to others; returns how many ones are left. */
export function compare(to: usize, from: usize, bytes: i32): i32 {
  let ones = 0;
  for (const end = to + bytes; to < end; to += 2, from += 2) {
    const word = load<u16>(to) ^ load<u16>(from);
    store<u16>(to, word);
    ones += i32.popcnt(word);
  }
  return ones;
}

/** Signs of the first `lift` values of each column as packed bits, columns `bitStride` bytes apart. */
export function signs(values: usize, stride: i32, columns: i32, lift: i32, bits: usize, bitStride: i32): void {
  for (let column = 0; column < columns; column++, values += stride, bits += bitStride) {
    for (let i = 0; i < lift; i += 16) {
      const at = values + 2 * i;
      store<u16>(bits + (i >> 3), <u16>i8x16.bitmask(i8x16.narrow_i16x8_s(v128.load(at), v128.load(at, 16))));
    }
  }
}

/**
 * Parities of `count` layers of a packed string: columns `bitStride` bytes apart, each followed by room for as many bytes
 * again, which get a copy, and 16 more. `out`: `lift / 8` bytes a layer.
 */
export function syndrome(
  layers: usize,
  count: i32,
  lift: i32,
  values: usize,
  stride: i32,
  bits: usize,
  columns: i32,
  bitStride: i32,
  out: usize,
): void {
  const bytes = <usize>lift >> 3;
  for (let column = 0; column < columns; column++) {
    const at = bits + <usize>(column * bitStride);
    memory.copy(at + bytes, at, bytes);
    memory.copy(at + 2 * bytes, at, 2);
  }
  for (let layer = 0; layer < count; layer++, layers += LAYER, out += bytes) {
    const degree = load<i32>(layers);
    let edge = load<usize>(layers, 8);
    memory.fill(out, 0, bytes);
    for (let e = 0; e < degree; e++, edge += EDGE) {
      const column = (load<usize>(edge) - values) / stride;
      const shift = load<i32>(edge, 4);
      add(out, bits + column * bitStride + (<usize>shift >> 3), shift & 7, bytes);
    }
  }
}

/** Adds `bytes` bytes of bits, a multiple of two, from `low` bits behind `from` on. */
function add(to: usize, from: usize, low: i32, bytes: usize): void {
  const end = to + bytes;
  // Two loads a byte apart: the first lacks at most the top 7 bits of each half.
  const top = i64x2.splat(0xff << 56);
  for (; to + 16 <= end; to += 16, from += 16) {
    const body = v128.andnot(i64x2.shr_u(v128.load(from), low), top);
    const rest = v128.and(i64x2.shl(v128.load(from, 1), 8 - low), top);
    v128.store(to, v128.xor(v128.load(to), v128.or(body, rest)));
  }
  for (; to < end; to += 2, from += 2) {
    const word = load<u16>(from) | (<u32>load<u8>(from, 2) << 16);
    store<u16>(to, load<u16>(to) ^ <u16>(word >> low));
  }
}
