import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { binaryEntropy, keyLength } from './index.ts';
import { phaseErrorBound } from './lim2014.ts';
import { oneDecoy as published } from './test/documents.ts';

const near = (actual: number, expected: number, relative = 1e-12): void =>
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual} is not ${expected}`);

describe('Rusca 2018', () => {
  it('agrees with a public program in length and intermediates', () => {
    const { secretBits, rawSecretBits, s0, s1, phaseError, terms, rigorous } = keyLength('rusca2018', published);
    assert.equal(secretBits, 1464719);
    near(rawSecretBits, 1.4647190887320058e6);
    assert.equal(s0, 0);
    near(s1, 5.396516268816283e6);
    near(phaseError, 0.07917365937798954);
    near(terms.privacyAmplification!, -6 * Math.log2(19e9));
    assert.equal(rigorous, false);
  });

  it('has gamma as it is there, natural in the root (P16)', () => {
    // gamma(0.1, 0.1, 0.1, 0.1) with 19 in place of 21, and rate 0.1 = v / s; above 1/2, so seen through its formula.
    const spread = ((0.2 * 0.9 * 0.1) / (0.01 * Math.LN2)) * Math.log2((0.2 * 19 ** 2) / (0.01 * 0.09 * 0.01));
    near(Math.sqrt(spread), 7.717529454187349);
    const [v, s, d] = [5411.812583855381, 76462.2755485758, 5.396516268816283e6];
    near(phaseErrorBound(v, s, d, Math.log(19e9)), 0.07917365937798954);
  });

  it('grants empty pulses where there are some', () => {
    const dark = { ...published, nX: [7_000_000, 3_000_000], mX: [1e6, 1e6], leakBits: 0 };
    const { s0, terms } = keyLength('rusca2018', dark);
    const beta = Math.log(19e9);
    const tau0 = 0.7 * Math.exp(-0.51) + 0.3 * Math.exp(-0.15);
    const deviation = Math.sqrt((1e7 / 2) * beta);
    const scaled = (mu: number, p: number, n: number): number => (Math.exp(mu) / p) * n;
    const low = scaled(0.15, 0.3, 3_000_000 - deviation);
    const high = scaled(0.51, 0.7, 7_000_000 + deviation);
    near(s0, (tau0 / 0.36) * (0.51 * low - 0.15 * high));
    assert.equal(terms.vacuum, keyLength('rusca2018', dark).s1 > 0 ? s0 : 0);
  });
});

describe('Wiesemann 2024', () => {
  it('is Rusca 2018 with 15 shares, less for privacy amplification, and no empty pulses', () => {
    const { s1, phaseError, terms, rawSecretBits } = keyLength('wiesemann2024', published);
    near(terms.privacyAmplification!, -4 * Math.log2(15e9 / 2 ** 0.25));
    assert.equal(terms.vacuum, 0);
    near(terms.phaseErrors!, -s1 * binaryEntropy(phaseError));
    const before = keyLength('rusca2018', published);
    assert.ok(rawSecretBits > before.rawSecretBits && s1 > before.s1);
  });
});

describe('the default with one decoy', () => {
  it('gives more than either, by a fifth and more', () => {
    const { rawSecretBits } = keyLength('tilted', published);
    assert.ok(rawSecretBits > 1.2 * keyLength('wiesemann2024', published).rawSecretBits, `${rawSecretBits}`);
  });
});
