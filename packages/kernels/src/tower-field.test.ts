import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CANTOR_BASIS, inPowers, multiply, POWERS } from './tower-field.ts';

fc.configureGlobal({ seed: 1989 });

const element = fc.nat(0xffff_ffff);
const sum = (...terms: number[]): number => terms.reduce((all, term) => (all ^ term) >>> 0, 0);

function power(base: number, exponent: bigint): number {
  let out = 1;
  for (let square = base, e = exponent; e > 0n; e >>= 1n, square = multiply(square, square)) {
    if (e & 1n) out = multiply(out, square);
  }
  return out;
}

describe('the tower', () => {
  it('is a commutative ring with 1', () => {
    fc.assert(
      fc.property(element, element, element, (a, b, c) => {
        assert.equal(multiply(a, 1), a);
        assert.equal(multiply(a, b), multiply(b, a));
        assert.equal(multiply(multiply(a, b), c), multiply(a, multiply(b, c)));
        assert.equal(multiply(a, sum(b, c)), sum(multiply(a, b), multiply(a, c)));
      }),
      { numRuns: 200 },
    );
  });

  it('is a field: an element has order 2^32 - 1', () => {
    const order = 2n ** 32n - 1n;
    let generator = 2 ** 31;
    while ([3n, 5n, 17n, 257n, 65537n].some((prime) => power(generator, order / prime) === 1)) generator++;
    assert.equal(power(generator, order), 1);
  });

  it('has GF(2^8) and GF(2^16) in its lowest bits', () => {
    for (const bits of [8, 16]) {
      fc.assert(
        fc.property(fc.nat(2 ** bits - 1), fc.nat(2 ** bits - 1), (a, b) => {
          assert.equal(multiply(a, b), multiply(a, b, bits));
          assert.ok(multiply(a, b) < 2 ** bits);
        }),
        { numRuns: 200 },
      );
    }
  });
});

describe('bases', () => {
  it('of Cantor: beta_0 = 1, beta_i^2 + beta_i = beta_(i-1), in the smallest field that has it', () => {
    assert.equal(CANTOR_BASIS.length, 32);
    assert.equal(CANTOR_BASIS[0], 1);
    for (let i = 1; i < 32; i++) {
      const beta = CANTOR_BASIS[i]!;
      assert.equal(sum(multiply(beta, beta), beta), CANTOR_BASIS[i - 1]);
      assert.ok(beta < 2 ** (2 ** Math.ceil(Math.log2(i + 1))), `beta_${i} = ${beta}`);
    }
  });

  it('of powers: an element is the sum of the powers that it is said to be', () => {
    for (let i = 1; i < 32; i++) assert.equal(POWERS[i], multiply(POWERS[i - 1]!, POWERS[1]!));
    for (const [j, powers] of inPowers().entries()) {
      assert.equal(sum(...POWERS.filter((_, i) => (powers >>> i) & 1)), 2 ** j);
    }
  });
});
