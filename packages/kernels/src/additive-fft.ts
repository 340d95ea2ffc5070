/**
 * Additive fast Fourier transform over GF(2^16), for exact products of binary polynomials without carries, without
 * rounding and without a table or a branch that depends on the data.
 *
 * A transform of 2^K points, K a power of two up to 16, evaluates a polynomial at the span V of beta_0 … beta_(K-1), a
 * Cantor basis: beta_0 = 1, beta_i^2 + beta_i = beta_(i-1). With s_j the polynomial that vanishes on the span of the first
 * j (so s_0 = x, s_(j+1) = s_j^2 + s_j, and s_j(beta_i) = beta_(i-j)), products come back modulo
 *   s_K = x^(2^K) + x,
 * which is cyclic but for the constant term: coefficient i >= 2^K is added to coefficient i - 2^K + 1.
 *
 * Sources: Cantor, J. Combin. Theory A 50 (1989); Gao and Mateer, IEEE Trans. Inf. Theory 56 (2010) for the change of
 * basis; Lin, Chung and Han, FOCS 2014 (arXiv:1404.3458) for the butterflies; Chen et al., arXiv:1708.09746.
 */

/** Largest transform. */
export const MAX_POINTS = 65536;

/** GF(2^16) is GF(2)[x] modulo x^16 + x^5 + x^3 + x^2 + 1; element bit i is the coefficient of x^i. */
export const CANTOR_BASIS: readonly number[] = [
  0x0001, 0xacca, 0x3c0e, 0x163e, 0xc582, 0xed2e, 0x914c, 0x4012, 0x6c98, 0x10d8, 0x6a72, 0xb900, 0xfdb8, 0xfb34,
  0xff38, 0x991e,
];

// Every third bit of an element. Among 16 bits these are at most six, so an integer product of two such parts counts to
// at most six in a column, which the two empty bits beside it hold: the low bit of each column is the carry-less product.
const THIRD_0 = 0x9249;
const THIRD_1 = 0x2492;
const THIRD_2 = 0x4924;
const COLUMN_0 = 0x49249249;
const COLUMN_1 = 0x92492492 | 0;
const COLUMN_2 = 0x24924924;

/** Product of two elements as polynomials, degree up to 30, not reduced. */
function multiplyWide(a: number, b: number): number {
  const a0 = a & THIRD_0;
  const a1 = a & THIRD_1;
  const a2 = a & THIRD_2;
  const b0 = b & THIRD_0;
  const b1 = b & THIRD_1;
  const b2 = b & THIRD_2;
  return (
    ((Math.imul(a0, b0) ^ Math.imul(a1, b2) ^ Math.imul(a2, b1)) & COLUMN_0) |
    ((Math.imul(a0, b1) ^ Math.imul(a1, b0) ^ Math.imul(a2, b2)) & COLUMN_1) |
    ((Math.imul(a0, b2) ^ Math.imul(a1, b1) ^ Math.imul(a2, b0)) & COLUMN_2)
  );
}

/** Remainder of a polynomial of degree up to 30. */
function reduce(wide: number): number {
  const high = wide >>> 16;
  // What x^16 = x^5 + x^3 + x^2 + 1 pushes past bit 15 a second time.
  const h = high ^ (high >>> 14) ^ (high >>> 13) ^ (high >>> 11);
  return (wide ^ h ^ (h << 2) ^ (h << 3) ^ (h << 5)) & 0xffff;
}

/** Product in GF(2^16). */
export function multiply(a: number, b: number): number {
  return reduce(multiplyWide(a, b));
}

/**
 * Twiddle factors: s_(k-1) at the offset of block q of any layer is the sum of beta_(t+1) over the set bits t of q; it is 0
 * for the first block, which therefore needs no product.
 */
const TWIDDLE = new Uint16Array(MAX_POINTS / 2);
for (let t = 0; t < 15; t++) {
  for (let q = 0; q < 1 << t; q++) TWIDDLE[q + (1 << t)] = TWIDDLE[q]! ^ CANTOR_BASIS[t + 1]!;
}

/**
 * In every block of 2 `half` elements, divides by x^half + x^shift: quotient in the upper half, remainder in the lower.
 * From the top down, since the quotient's own top part changes the rest of it.
 */
function divide(values: Uint16Array, half: number, shift: number): void {
  const down = half - shift;
  for (let block = 0; block < values.length; block += 2 * half) {
    for (let m = block + 2 * half - 1; m >= block + half; m--) values[m - down]! ^= values[m]!;
  }
}

/** `divide` two elements at a time, for an even shift; a function of its own so that each sees one type of array. */
function dividePairs(pairs: Int32Array, half: number, shift: number): void {
  const down = half - shift;
  for (let block = 0; block < pairs.length; block += 2 * half) {
    for (let m = block + 2 * half - 1; m >= block + half; m--) pairs[m - down]! ^= pairs[m]!;
  }
}

/** The inverse of `divide`. */
function undivide(values: Uint16Array, half: number, shift: number): void {
  const down = half - shift;
  for (let block = 0; block < values.length; block += 2 * half) {
    for (let m = block + half; m < block + 2 * half; m++) values[m - down]! ^= values[m]!;
  }
}

/** The inverse of `dividePairs`. */
function undividePairs(pairs: Int32Array, half: number, shift: number): void {
  const down = half - shift;
  for (let block = 0; block < pairs.length; block += 2 * half) {
    for (let m = block + half; m < block + 2 * half; m++) pairs[m - down]! ^= pairs[m]!;
  }
}

/**
 * The divisions, in order, that lead from powers of x to the products of s_j(x) over the set bits j of the index. With
 * s = K / 2, K / 4 … 1: a polynomial in groups of 2 s dimensions is expanded in powers of s_s, which is sparse because s
 * is a power of two: s_s^(2^u) = x^(2^(s + u)) + x^(2^u).
 */
function divisions(k: number): readonly (readonly [half: number, shift: number])[] {
  const out: [number, number][] = [];
  for (let s = k / 2; s >= 1; s /= 2) {
    for (let group = 0; group < k; group += 2 * s) {
      for (let u = s - 1; u >= 0; u--) out.push([2 ** (group + s + u), 2 ** (group + u)]);
    }
  }
  return out;
}

const DIVISIONS = new Map([1, 2, 4, 8, 16].map((k) => [2 ** k, divisions(k)]));

function divisionsFor(points: number): readonly (readonly [half: number, shift: number])[] {
  const found = DIVISIONS.get(points);
  if (!found) throw new RangeError(`an additive transform has 2, 4, 16, 256 or 65536 points, not ${points}`);
  return found;
}

/** Polynomial (coefficients, lowest first) to values at the points of V, in place. Throws RangeError on other sizes. */
export function evaluate(values: Uint16Array): void {
  const pairs = new Int32Array(values.buffer, values.byteOffset, values.length / 2);
  for (const [half, shift] of divisionsFor(values.length)) {
    if (shift > 1) dividePairs(pairs, half / 2, shift / 2);
    else divide(values, half, shift);
  }
  for (let half = values.length / 2; half >= 1; half /= 2) {
    for (let i = 0; i < half; i++) values[i + half]! ^= values[i]!;
    for (let block = 2 * half, q = 1; block < values.length; block += 2 * half, q++) {
      const w = TWIDDLE[q]!;
      for (let i = block; i < block + half; i++) {
        const b = values[i + half]!;
        const a = values[i]! ^ multiply(w, b);
        values[i] = a;
        values[i + half] = a ^ b;
      }
    }
  }
}

/** Values at the points of V to the polynomial, in place: the inverse of `evaluate`. Throws RangeError on other sizes. */
export function interpolate(values: Uint16Array): void {
  const steps = divisionsFor(values.length).toReversed();
  for (let half = 1; half < values.length; half *= 2) {
    for (let i = 0; i < half; i++) values[i + half]! ^= values[i]!;
    for (let block = 2 * half, q = 1; block < values.length; block += 2 * half, q++) {
      const w = TWIDDLE[q]!;
      for (let i = block; i < block + half; i++) {
        const b = values[i + half]! ^ values[i]!;
        values[i + half] = b;
        values[i]! ^= multiply(w, b);
      }
    }
  }
  const pairs = new Int32Array(values.buffer, values.byteOffset, values.length / 2);
  for (const [half, shift] of steps) {
    if (shift > 1) undividePairs(pairs, half / 2, shift / 2);
    else undivide(values, half, shift);
  }
}

/** Adds the products of values, point by point and not reduced, to `sum`. */
export function accumulateProducts(sum: Int32Array, a: Uint16Array, b: Uint16Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! ^= multiplyWide(a[i]!, b[i]!);
}

/** Brings sums of products back into the field. */
export function reduceAll(sum: Int32Array): Uint16Array {
  const out = new Uint16Array(sum.length);
  for (let i = 0; i < sum.length; i++) out[i] = reduce(sum[i]!);
  return out;
}
