import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emissionOf } from './emission.ts';
import type { Source } from './link.ts';
import { againstExpected } from './test/chi-square.ts';

const source: Source = {
  pulseRateHz: 1e8,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.3 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.2 },
  ],
  basisXProbability: 0.9,
};

test('what was sent unseen follows the settings of the source', () => {
  const slots = 100_000;
  const counts = new Float64Array(12);
  for (let slot = 0; slot < slots; slot++) {
    const { intensity, basis, bit } = emissionOf(11, slot, source);
    counts[intensity * 4 + basis * 2 + bit]!++;
  }
  const expected = Array.from(counts, (_, i) => {
    const basis = (i >> 1) & 1 ? 0.1 : 0.9;
    return slots * source.intensities[i >> 2]!.probability * basis * 0.5;
  });
  assert.ok(againstExpected(counts, expected) < 4);
});

test('the same seed and slot give the same answer, other seeds another', () => {
  let same = 0;
  for (let slot = 0; slot < 1000; slot++) {
    assert.deepEqual(emissionOf(3, slot * 2e7, source), emissionOf(3, slot * 2e7, source));
    same += Number(emissionOf(3, slot, source).bit === emissionOf(4, slot, source).bit);
  }
  assert.ok(Math.abs(same - 500) < 4 * Math.sqrt(250));
});

test('slots that no pass can have and sources that cannot be are refused', () => {
  for (const slot of [-1, 0.5, 2 ** 52, Number.NaN]) {
    assert.throws(() => emissionOf(1, slot, source), { code: 'photons/range' });
  }
  assert.throws(() => emissionOf(1, 0, { ...source, basisXProbability: 1.1 }), { code: 'photons/source' });
  emissionOf(1, 2 ** 52 - 1, source);
});
