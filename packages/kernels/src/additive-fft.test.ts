import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { accumulateProducts, CANTOR_BASIS, evaluate, interpolate, multiply, reduceAll } from './additive-fft.ts';

fc.configureGlobal({ seed: 1989 });

const SIZES = [2, 4, 16, 256, 65536];
const element = fc.nat(0xffff);

/** Bit by bit, modulo x^16 + x^5 + x^3 + x^2 + 1. */
function slowMultiply(a: number, b: number): number {
  let product = 0;
  for (let shifted = a, rest = b; rest; rest >>= 1) {
    if (rest & 1) product ^= shifted;
    shifted <<= 1;
    if (shifted & 0x10000) shifted ^= 0x1002d;
  }
  return product;
}

/** Elements that look random and cover the field: powers of a generator. */
function elements(count: number, start: number): Uint16Array {
  const out = new Uint16Array(count);
  for (let i = 0, power = start; i < count; i++, power = slowMultiply(power, 0x3a7b)) out[i] = power;
  return out;
}

/** Point `index` of the transform. */
const pointAt = (index: number): number =>
  CANTOR_BASIS.reduce((sum, beta, t) => ((index >> t) & 1 ? sum ^ beta : sum), 0);

describe('GF(2^16)', () => {
  it('multiplies as the bit-by-bit definition does', () => {
    fc.assert(
      fc.property(element, element, (a, b) => assert.equal(multiply(a, b), slowMultiply(a, b))),
      { numRuns: 10_000 },
    );
    for (const a of [0, 1, 2, 0x8000, 0x9249, 0x2492, 0x4924, 0xffff]) {
      for (const b of [0, 1, 2, 0x8000, 0x9249, 0x2492, 0x4924, 0xffff])
        assert.equal(multiply(a, b), slowMultiply(a, b));
    }
  });

  it('is a field: x has order 65535, so the modulus is primitive', () => {
    let order = 1;
    for (let power = 2; power !== 1; power = slowMultiply(power, 2)) order++;
    assert.equal(order, 65535);
  });

  it('has the Cantor basis: beta_0 = 1, beta_i^2 + beta_i = beta_(i-1)', () => {
    assert.equal(CANTOR_BASIS.length, 16);
    assert.equal(CANTOR_BASIS[0], 1);
    for (let i = 1; i < 16; i++) {
      const beta = CANTOR_BASIS[i]!;
      assert.equal(slowMultiply(beta, beta) ^ beta, CANTOR_BASIS[i - 1]);
    }
    assert.equal(new Set(Array.from({ length: 65536 }, (_, i) => pointAt(i))).size, 65536);
  });
});

describe('transform', () => {
  for (const size of SIZES) {
    it(`of ${size} points evaluates the polynomial at every point (some, of the largest)`, () => {
      const coefficients = elements(size, 0x1234);
      const values = coefficients.slice();
      evaluate(values);
      const points =
        size <= 256
          ? Array.from({ length: size }, (_, i) => i)
          : [0, 1, 2, 3, 255, 256, 257, 4711, 32767, 32768, 65534, 65535];
      for (const index of points) {
        const x = pointAt(index);
        const horner = coefficients.reduceRight((value, c) => slowMultiply(value, x) ^ c, 0);
        assert.equal(values[index], horner);
      }
    });

    it(`of ${size} points is undone by its inverse`, () => {
      const coefficients = elements(size, 0xbeef);
      const values = coefficients.slice();
      evaluate(values);
      interpolate(values);
      assert.deepEqual(values, coefficients);
    });
  }

  it('refuses other sizes before it touches anything', () => {
    for (const size of [0, 1, 3, 8, 32, 512, 131072]) {
      const values = elements(size, 7);
      assert.throws(() => evaluate(values), RangeError);
      assert.throws(() => interpolate(values), RangeError);
      assert.deepEqual(values, elements(size, 7));
    }
  });
});

describe('products', () => {
  for (const size of [2, 4, 16, 256]) {
    it(`of ${size} points: sums of products come back modulo x^${size} + x`, () => {
      const expected = new Uint16Array(size);
      const sum = new Int32Array(size);
      for (const start of [1, 0x7777, 0xfffe]) {
        const [a, b] = [elements(size, start), elements(size, slowMultiply(start, 0x5555))];
        for (let i = 0; i < size; i++) {
          for (let j = 0; j < size; j++) {
            const degree = i + j < size ? i + j : i + j - size + 1;
            expected[degree]! ^= slowMultiply(a[i]!, b[j]!);
          }
        }
        evaluate(a);
        evaluate(b);
        accumulateProducts(sum, a, b);
      }
      const product = reduceAll(sum);
      interpolate(product);
      assert.deepEqual(product, expected);
    });
  }
});
