import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lossDbOf, transmittanceOf } from './decibel.ts';

describe('decibels', () => {
  it('are losses: 10 dB a factor of ten, 0 dB nothing lost', () => {
    assert.equal(transmittanceOf(10), 0.1);
    assert.equal(transmittanceOf(0), 1);
    assert.equal(lossDbOf(0.001), 30);
    assert.ok(Object.is(lossDbOf(1), 0));
    assert.equal(lossDbOf(0), Number.POSITIVE_INFINITY);
    assert.equal(transmittanceOf(Number.POSITIVE_INFINITY), 0);
  });
});
