import assert from 'node:assert/strict';
import { test } from 'node:test';
import { againstExpected, twoSamples } from '../test/chi-square.ts';
import { PATTERNS, type ReplacementInput, sourceReplacement } from './source-replacement.ts';

const input: ReplacementInput = {
  pulses: 300_000,
  meanPhotons: 0.1,
  basisXProbability: 0.7,
  transmittance: 0.5,
  noisePerPulse: 1e-3,
  receiver: { basisXProbability: 0.6, misalignment: 0.02, deadTimeNs: 0, jitterPs: 0 },
  intercepted: 0,
  seed: 92,
};
const unequal = [1, 0.7, 0.9, 0.8].map((efficiency) => ({ efficiency }));

for (const [name, change] of [
  ['weak pulses', {}],
  ['several photons', { meanPhotons: 1.5, transmittance: 0.8 }],
  ['a quarter intercepted', { intercepted: 0.25 }],
  ['all of bright pulses intercepted', { intercepted: 1, meanPhotons: 1.5, transmittance: 0.9 }],
  ['unequal detectors', { meanPhotons: 0.8, receiver: { ...input.receiver, flaws: { detectors: unequal } } }],
] as const) {
  test(`${name}: to prepare and send, or to keep half and measure it last, is the same to Bob`, () => {
    const { prepared, entangled } = sourceReplacement({ ...input, ...change });
    const deviate = twoSamples(prepared, entangled);
    assert.ok(Math.abs(deviate) < 4, `${deviate}`);
    // Both are what they should be, too: Alice's own results, and errors in X where both chose it.
    for (const table of [prepared, entangled]) {
      const own = [0, 1, 2, 3].map((state) => table.subarray(state * PATTERNS, (state + 1) * PATTERNS));
      const sums = own.map((row) => row.reduce((sum, count) => sum + count, 0));
      const expected = [0.35, 0.35, 0.15, 0.15].map((share) => share * input.pulses);
      assert.ok(againstExpected(sums, expected) < 4);
    }
  });
}

test('errors of single photons are those of the textbook, in either picture', () => {
  for (const [intercepted, expected] of [
    [0, 0.02],
    // What is measured in the wrong basis and sent on is right half of the time, whatever the misalignment.
    [1, 0.5 * 0.02 + 0.5 * 0.5],
  ] as const) {
    const tables = sourceReplacement({ ...input, intercepted, meanPhotons: 0.02, noisePerPulse: 0, transmittance: 1 });
    for (const table of Object.values(tables) as Float64Array[]) {
      const at = (state: number, detector: number): number => table[state * PATTERNS + (1 << detector)]!;
      const errors = at(0, 1) + at(1, 0) + at(2, 3) + at(3, 2);
      const sifted = errors + at(0, 0) + at(1, 1) + at(2, 2) + at(3, 3);
      const z = (errors - expected * sifted) / Math.sqrt(expected * (1 - expected) * sifted);
      // Pulses of two photons, one in a hundred, are intercepted with a little less error.
      assert.ok(Math.abs(z) < 4, `${errors} of ${sifted}, ${z}`);
    }
  }
});

test('the comparison can fail: pulses that are intercepted are not those that are not', () => {
  const { prepared } = sourceReplacement(input);
  const { entangled } = sourceReplacement({ ...input, intercepted: 0.5 });
  assert.ok(twoSamples(prepared, entangled) > 6);
});

test('input out of range is refused', () => {
  for (const change of [{ pulses: 0.5 }, { intercepted: 1.1 }, { meanPhotons: -1 }, { transmittance: Number.NaN }]) {
    assert.throws(() => sourceReplacement({ ...input, ...change }), { code: 'photons/pairs' });
  }
});
