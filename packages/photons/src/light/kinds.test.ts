import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Source } from '../link.ts';
import { kindsOf, type PulseKinds, pulseKinds } from './kinds.ts';

const plain: Source = {
  pulseRateHz: 1e8,
  basisXProbability: 0.7,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.3 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.2 },
  ],
};

function sumOver(kinds: PulseKinds, value: (kind: number) => number, where: (kind: number) => boolean): number {
  let sum = 0;
  for (let kind = 0; kind < kinds.count; kind++) if (where(kind)) sum += kinds.probability[kind]! * value(kind);
  return sum;
}

test('a source without flaws has one kind for each class and state', () => {
  const kinds = pulseKinds(plain);
  assert.equal(kinds.count, 12);
  assert.deepEqual(Array.from(kinds.meanPhotons.subarray(0, 8)), [0.8, 0.8, 0.8, 0.8, 0.1, 0.1, 0.1, 0.1]);
  assert.ok(Math.abs(kinds.probability[0]! - 0.5 * 0.35) < 1e-15);
  assert.ok(Math.abs(kinds.probability[11]! - 0.2 * 0.15) < 1e-15);
  assert.ok(kinds.offsetPs.every((offset) => offset === 0));
});

test('probabilities of kinds sum to 1, and to those of classes and states, whatever the flaws', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 0.3, noNaN: true }),
      fc.boolean(),
      fc.double({ min: 0, max: 0.1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (fluctuation, patterned, leakage, basisXProbability) => {
        const correlation = [0, 1, 2].map((k) => [0.01 * k, -0.02, 0.1]);
        const source = {
          ...plain,
          basisXProbability,
          flaws: { fluctuation, leakage, ...(patterned ? { correlation } : {}) },
        };
        const kinds = pulseKinds(source);
        assert.equal(kinds.count, kindsOf(source));
        assert.ok(
          Math.abs(
            sumOver(
              kinds,
              () => 1,
              () => true,
            ) - 1,
          ) < 1e-12,
        );
        for (let k = 0; k < 3; k++) {
          const inX = sumOver(
            kinds,
            () => 1,
            (kind) => kinds.intensity[kind] === k && kinds.state[kind]! < 2,
          );
          assert.ok(Math.abs(inX - plain.intensities[k]!.probability * basisXProbability) < 1e-12);
        }
        assert.ok(kinds.meanPhotons.every((mean) => mean >= 0));
      },
    ),
  );
});

test('a fluctuation leaves the mean intensity as it is and gives its square the right excess', () => {
  const kinds = pulseKinds({ ...plain, flaws: { fluctuation: 0.2 } });
  const signal = (kind: number): boolean => kinds.intensity[kind] === 0;
  const mean = sumOver(kinds, (kind) => kinds.meanPhotons[kind]!, signal) / 0.5;
  const square = sumOver(kinds, (kind) => kinds.meanPhotons[kind]! ** 2, signal) / 0.5;
  assert.ok(Math.abs(mean - 0.8) < 1e-12);
  assert.ok(Math.abs(square - 0.64 * 1.04) < 1e-12);
});

test('a pattern effect weighs the classes before by their probabilities', () => {
  const correlation = [
    [0, 0.1, -0.2],
    [0, 0, 0],
    [0, 0, 0],
  ];
  const kinds = pulseKinds({ ...plain, flaws: { correlation } });
  const mean =
    sumOver(
      kinds,
      (kind) => kinds.meanPhotons[kind]!,
      (kind) => kinds.intensity[kind] === 0,
    ) / 0.5;
  assert.ok(Math.abs(mean - 0.8 * (1 + 0.3 * 0.1 - 0.2 * 0.2)) < 1e-12);
});

test('the signal leaks into the other classes, as bright as it is in the bin', () => {
  const intensityScale = Float64Array.of(1.5, 2, 1);
  const kinds = pulseKinds(
    { ...plain, flaws: { leakage: 0.01, diodeOffsetPs: Array.from({ length: 12 }, (_, i) => i) } },
    { intensityScale, diodeShiftPs: new Float64Array(12).fill(100) },
  );
  const first = (k: number): number => kinds.meanPhotons[kinds.intensity.indexOf(k)]!;
  assert.ok(Math.abs(first(0) - 1.2) < 1e-12);
  assert.ok(Math.abs(first(1) - (0.2 + 0.012)) < 1e-12);
  assert.ok(Math.abs(first(2) - 0.012) < 1e-12);
  assert.deepEqual(
    Array.from(kinds.offsetPs),
    Array.from({ length: 12 }, (_, i) => 100 + i),
  );
});

test('kinds are filled again where they fit', () => {
  const kinds = pulseKinds(plain);
  const again = pulseKinds(
    plain,
    { intensityScale: Float64Array.of(2, 1, 1), diodeShiftPs: new Float64Array(12) },
    kinds,
  );
  assert.equal(again, kinds);
  assert.equal(kinds.meanPhotons[0], 1.6);
  assert.notEqual(pulseKinds({ ...plain, flaws: { fluctuation: 0.1 } }, undefined, kinds), kinds);
});
