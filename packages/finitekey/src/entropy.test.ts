import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { binaryEntropy } from './entropy.ts';

describe('binaryEntropy', () => {
  it('counts bits, not natural units (P18)', () => {
    assert.equal(binaryEntropy(0.5), 1);
    // h(1/4) = 2 - (3/4) log2 3, h(0.11) the well-known half bit.
    assert.ok(Math.abs(binaryEntropy(0.25) - (2 - 0.75 * Math.log2(3))) < 1e-15);
    assert.ok(Math.abs(binaryEntropy(0.11) - 0.499916) < 1e-6);
  });

  it('is 0 at 0 and keeps its digits just above', () => {
    assert.equal(binaryEntropy(0), 0);
    // h(x) = x log2(e / x) to first order.
    const x = 1e-30;
    assert.ok(Math.abs(binaryEntropy(x) / (x * Math.log2(Math.E / x)) - 1) < 1e-12);
  });

  it('stays 1 beyond 1/2: a bound that weak leaves nothing known (P12)', () => {
    for (const x of [0.5000001, 0.75, 1, 3]) assert.equal(binaryEntropy(x), 1);
  });

  it('refuses what is no rate', () => {
    for (const x of [-1e-9, Number.NaN]) assert.throws(() => binaryEntropy(x), RangeError);
  });
});
