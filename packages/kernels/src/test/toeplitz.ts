/** For tests only: reproducible bits, and Toeplitz products by the definition and by an exact number-theoretic transform. */
import { type Bits, fromBytes, pack, unpack } from '@skykey/bits';

/** Reproducible bits, good enough to fill a matrix (xorshift32). */
export function bitsFrom(seed: number, length: number): Bits {
  const bytes = new Uint8Array(Math.ceil(length / 8));
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  for (let i = 0; i < bytes.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state >>> 11;
  }
  return fromBytes(bytes, length);
}

/** out[i] = sum over j of seed[i + n - 1 - j] input[j], as it is written. */
export function byDefinition(input: Bits, seed: Bits, outputBits: number): Bits {
  const [x, s] = [unpack(input), unpack(seed)];
  const out = new Uint8Array(outputBits);
  for (let i = 0; i < outputBits; i++) {
    for (let j = 0; j < x.length; j++) out[i]! ^= s[i + x.length - 1 - j]! & x[j]!;
  }
  return pack(out);
}

/** 11 * 2^21 + 1, of which 3 is a primitive root; products of two remainders are exact in a double. */
const PRIME = 23_068_673;
const MOST_POINTS = 2 ** 21;

function times(a: number, b: number): number {
  const product = a * b;
  const rest = product - Math.floor(product / PRIME) * PRIME;
  return rest < 0 ? rest + PRIME : rest >= PRIME ? rest - PRIME : rest;
}

function power(base: number, exponent: number): number {
  let out = 1;
  for (let square = base, e = exponent; e > 0; e = Math.floor(e / 2), square = times(square, square)) {
    if (e % 2) out = times(out, square);
  }
  return out;
}

/** Values at the powers of `root`, in bit-reversed order, in place. */
function evaluate(values: Float64Array, root: number): void {
  for (let half = values.length / 2, step = root; half >= 1; half /= 2, step = times(step, step)) {
    for (let i = 0, factor = 1; i < half; i++, factor = times(factor, step)) {
      for (let at = i; at < values.length; at += 2 * half) {
        const [a, b] = [values[at]!, values[at + half]!];
        values[at] = a + b >= PRIME ? a + b - PRIME : a + b;
        values[at + half] = times(a >= b ? a - b : a - b + PRIME, factor);
      }
    }
  }
}

/** The inverse, but for the factor of the length. */
function interpolate(values: Float64Array, root: number): void {
  for (let half = 1; half < values.length; half *= 2) {
    const step = power(root, PRIME - 1 - values.length / (2 * half));
    for (let i = 0, factor = 1; i < half; i++, factor = times(factor, step)) {
      for (let at = i; at < values.length; at += 2 * half) {
        const a = values[at]!;
        const b = times(values[at + half]!, factor);
        values[at] = a + b >= PRIME ? a + b - PRIME : a + b;
        values[at + half] = a >= b ? a - b : a - b + PRIME;
      }
    }
  }
}

/**
 * The same by counting: how many ones meet in each row, modulo a prime above every count, and of that the lowest bit. What
 * wraps around in a transform of n + outputBits - 1 points or more stays below coefficient n - 1. Up to 2^21 points.
 */
export function byCounting(input: Bits, seed: Bits, outputBits: number): Bits {
  const points = 2 ** Math.ceil(Math.log2(seed.length + 1));
  if (points > MOST_POINTS) throw new RangeError(`at most ${MOST_POINTS} points, not ${points}`);
  const root = power(3, (PRIME - 1) / points);
  const [a, b] = [new Float64Array(points), new Float64Array(points)];
  a.set(unpack(input));
  b.set(unpack(seed));
  evaluate(a, root);
  evaluate(b, root);
  for (let i = 0; i < points; i++) a[i] = times(a[i]!, b[i]!);
  interpolate(a, root);
  const scale = power(points, PRIME - 2);
  return pack(Array.from({ length: outputBits }, (_, i) => times(a[i + input.length - 1]!, scale) % 2));
}
