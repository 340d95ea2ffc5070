import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Bbm92Request, bbm92, bbm92Rate, binaryEntropy, FiniteKeyError } from './index.ts';

fc.configureGlobal({ seed: 1992 });

const request: Bbm92Request = {
  keyBits: 100_000,
  testBits: 100_000,
  testErrors: 2000,
  leakedBits: 1.16 * 100_000 * binaryEntropy(0.02),
  epsSec: 1e-9,
  epsCor: 1e-15,
};

/** A block of `sifted` bits, half of them tested, of one error rate in both bases. */
function block(sifted: number, qber: number, efficiency: number, epsSec: number): Bbm92Request {
  const keyBits = sifted / 2;
  const leakedBits = efficiency * keyBits * binaryEntropy(qber);
  return { keyBits, testBits: keyBits, testErrors: Math.ceil(qber * keyBits), leakedBits, epsSec, epsCor: epsSec };
}

describe('bbm92', () => {
  it('puts phase errors, leak and the price of both eps together as stated', () => {
    const result = bbm92(request);
    const fixed = 2 * Math.log2(1e9) + Math.log2(2e15);
    const expected = request.keyBits * (1 - binaryEntropy(result.phaseErrorRate)) - request.leakedBits - fixed;
    assert.ok(Math.abs(result.rawSecretBits - expected) < 1e-6);
    assert.equal(result.secretBits, Math.floor(result.rawSecretBits));
    assert.ok(Math.abs(result.epsSampling / 6.25e-20 - 1) < 1e-12);
    // About nine standard deviations of the difference of two samples: 0.02 + 9.2 * 0.00067.
    assert.ok(result.phaseErrorRate > 0.025 && result.phaseErrorRate < 0.028, `${result.phaseErrorRate}`);
    assert.match(result.proof, /hypergeometric/);
    assert.ok(result.gaps.length >= 4);
  });

  it('reaches the asymptotic rate with a block that grows', () => {
    const limit = bbm92Rate(0.02, 0.02, 1.16);
    let before = 1;
    for (const keyBits of [1e4, 1e6, 1e8, 1e10]) {
      const leakedBits = 1.16 * keyBits * binaryEntropy(0.02);
      const all = { ...request, keyBits, testBits: keyBits, testErrors: 0.02 * keyBits, leakedBits };
      const short = 1 - bbm92(all).rawSecretBits / keyBits / limit;
      assert.ok(short > 0 && short < before / 5, `${keyBits}: ${short}`);
      before = short;
    }
  });

  it('never gains by errors, leak or a smaller eps, and always by bits to test', () => {
    fc.assert(
      fc.property(
        fc.record({
          keyBits: fc.integer({ min: 1, max: 200_000 }),
          testBits: fc.integer({ min: 1, max: 200_000 }),
          share: fc.double({ min: 0, max: 0.2, noNaN: true }),
          exponent: fc.integer({ min: 1, max: 30 }),
        }),
        ({ keyBits, testBits, share, exponent }) => {
          const testErrors = Math.floor(share * testBits);
          const base: Bbm92Request = {
            keyBits,
            testBits,
            testErrors,
            leakedBits: 10,
            epsSec: 10 ** -exponent,
            epsCor: 1e-10,
          };
          const bits = bbm92(base).rawSecretBits;
          assert.ok(bits < keyBits);
          if (testErrors < testBits) {
            assert.ok(bbm92({ ...base, testErrors: testErrors + 1 }).rawSecretBits <= bits);
          }
          assert.ok(bbm92({ ...base, testBits: testBits + 1 }).rawSecretBits >= bits - 1e-9);
          assert.ok(bbm92({ ...base, leakedBits: 11 }).rawSecretBits < bits);
          assert.ok(bbm92({ ...base, epsSec: base.epsSec / 10 }).rawSecretBits < bits);
        },
      ),
    );
  });

  it('gives nothing without a test, without bits, or at a quarter of errors', () => {
    assert.equal(bbm92({ ...request, testBits: 0, testErrors: 0 }).secretBits, 0);
    assert.equal(bbm92({ ...request, keyBits: 0 }).secretBits, 0);
    assert.equal(bbm92({ ...request, testErrors: 25_000, leakedBits: 0 }).phaseErrorRate < 0.5, true);
    assert.equal(bbm92(block(200_000, 0.25, 1, 1e-10)).secretBits, 0);
  });

  it('refuses counts that cannot be, with the field', () => {
    for (const [field, wrong] of [
      ['keyBits', { keyBits: 0.5 }],
      ['testBits', { testBits: -1 }],
      ['testErrors', { testErrors: 100_001 }],
      ['leakedBits', { leakedBits: Number.NaN }],
      ['epsSec', { epsSec: 0 }],
      ['epsCor', { epsCor: 1 }],
    ] as const) {
      assert.throws(
        () => bbm92({ ...request, ...wrong }),
        (error) => error instanceof FiniteKeyError && error.field === field,
      );
    }
  });
});

/**
 * Sampling failure of Lim, Xu, Pan and Ekert, Phys. Rev. Lett. 126:100501 (2021), as a public program of it has it (the
 * paper itself was not seen): with m sifted bits, k of them tested, n = m - k, an error rate d, and any x from 0 to v,
 * P <= exp(-2 m k x^2 / (n + 1)) + exp(-2 G ((n (v - x))^2 - 1)), G = 1 / (m (d + x) + 1) + 1 / (m - m (d + x) + 1),
 * bounds the chance that the other bits hold more than d + v of errors. v is the least for which some x keeps P in bounds.
 */
function lim2021(m: number, k: number, d: number, logP: number): number {
  const n = m - k;
  const fails = (v: number): number => {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 1; i < 1000; i++) {
      const x = (v * i) / 1000;
      const g = 1 / (m * (d + x) + 1) + 1 / (m - m * (d + x) + 1);
      least = Math.min(least, Math.exp((-2 * m * k * x * x) / (n + 1)) + Math.exp(-2 * g * ((n * (v - x)) ** 2 - 1)));
    }
    return least;
  };
  let [low, high] = [0, 0.5 - d];
  for (let round = 0; round < 40; round++) {
    const v = (low + high) / 2;
    if (fails(v) > Math.exp(logP)) low = v;
    else high = v;
  }
  return high;
}

describe('the exact tail beside Lim et al. 2021, whose eps is spent alike', () => {
  it('is never above their closed form, and well below it where errors are rare', () => {
    for (const [m, d, eps] of [
      [3100, 0.0451, 1e-6],
      [10_000, 0.02, 1e-9],
      [100_000, 0.05, 1e-10],
    ] as const) {
      const bits = m / 2;
      const found = Math.round(d * bits);
      const counts = { keyBits: bits, testBits: bits, testErrors: found, leakedBits: 0, epsCor: eps };
      const { phaseErrorRate, epsSampling } = bbm92({ ...counts, epsSec: eps });
      const theirs = lim2021(m, bits, found / bits, Math.log(epsSampling));
      const mine = phaseErrorRate - found / bits;
      assert.ok(mine > 0 && mine < 0.75 * theirs, `${m}: ${mine} beside ${theirs}`);
    }
  });
});

/**
 * Yin et al., Nature 582:501 (2020): 3,100 s of coincidences, QBER 4.5 %, f 1.19, eps 1e-10; 1.1 sifted bits a second, 0.43
 * secret bits a second without end, 372 bits (0.12 a second) in this block. How many bits were sifted exactly, and how the
 * paper spends its eps, are not in the sources at hand; the bound here was fixed before it was compared.
 */
const SIFTED = 3410;

describe('Yin 2020', () => {
  it('the asymptotic rate is within 10 % of the published one, from published figures alone (C7)', () => {
    const rate = 1.1 * bbm92Rate(0.045, 0.045, 1.19);
    assert.ok(Math.abs(rate / 0.43 - 1) < 0.1, `${rate}`);
  });

  it('the finite block gives less than published: the bound here asks for more (C7, reported, not met)', () => {
    const { secretBits } = bbm92(block(SIFTED, 0.045, 1.19, 1e-10));
    assert.equal(secretBits, 80);
  });

  it('key ends below 5 % of errors, where the paper has about 6 % (C8, regression band)', () => {
    const some = (qber: number): boolean => bbm92(block(SIFTED, qber, 1.19, 1e-10)).secretBits > 0;
    assert.ok(some(0.045) && !some(0.055));
  });
});
