import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertNear, binOf, decoySource, doubles, entropy, found, idealReceiver } from '../test/attacked-bin.ts';
import { addPhotonNumbers } from './photon-numbers.ts';
import { guessesByTime, sourceTiming, sourceTimingStates, timingTaggedYields } from './source-timing.ts';
import { mostPhotons, normalBetween } from './tagged-yields.ts';

const { intensities } = decoySource;
const link = { intensities, pulseWidthPs: 85, receiverTransmittance: 0.5 };
const apart = (ps: number, classes = 3): number[] => Array.from({ length: classes * 4 }, (_, d) => (d < 4 ? 0 : ps));
const yieldsAt = (ps: number, channelTransmittance = 1e-3) =>
  timingTaggedYields({ ...link, offsetPs: apart(ps), channelTransmittance })!;

test('aligned diodes leave her what the decoy bound leaves anybody, and the further apart the more she knows', () => {
  // Vacuum and weak decoy (Ma et al., Phys. Rev. A 72, 012326, 2005) without noise: e^-mu (mu e^nu - nu e^mu) / (mu - nu).
  const granted = (Math.exp(-0.8) * (0.8 * Math.exp(0.1) - 0.1 * Math.exp(0.8))) / 0.7;
  assertNear(yieldsAt(0, 1e-4).singleShare[0]!, granted, 1e-3);
  const shares = [0, 1, 3, 10, 20, 30, 50].map((ps) => yieldsAt(ps).singleShare[0]!);
  for (let i = 1; i < shares.length; i++) assert.ok(shares[i]! < shares[i - 1]!, `${shares}`);
  assert.ok(yieldsAt(100).singleShare[0]! < 1e-6);
  assertNear(yieldsAt(100).knownBits, 1, 1e-3);
});

test('more loss never helps Bob', () => {
  for (const ps of [3, 10, 30]) {
    const shares = [0.03, 0.01, 1e-3, 1e-4].map((t) => yieldsAt(ps, t).singleShare[0]!);
    for (let i = 1; i < shares.length; i++) assert.ok(shares[i]! <= shares[i - 1]! + 1e-4, `${ps} ps: ${shares}`);
  }
});

test('diodes far apart: every class is filled by its own multi-photon pulses, by hand', () => {
  const { forward, forwardTwo } = yieldsAt(2000);
  for (const [k, mean] of [0.8, 0.1].entries()) {
    const numbers = new Float64Array(mostPhotons + 1);
    addPhotonNumbers(mean, 1, numbers);
    const at = k * 4 * (mostPhotons + 1);
    // Two photons at once are found 2 - 0.5 times as often as one.
    const multi = [2, 3, 4].reduce((sum, n) => sum + numbers[n]! * (forward[at + n]! + 1.5 * forwardTwo[n]!), 0);
    assert.ok(forward[at + 1]! < 1e-12);
    assertNear(multi, -Math.expm1(-mean * 1e-3 * 0.5) / 0.5, 1e-9);
  }
});

test('yields are probabilities and keep every gain, for any offsets, or there is too little loss', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -150, max: 150, noNaN: true }), { minLength: 12, maxLength: 12 }),
      fc.double({ min: -4.5, max: -1, noNaN: true }),
      fc.constantFrom('class' as const, 'diode' as const),
      (offsetPs, decades, balance) => {
        const channelTransmittance = 10 ** decades;
        const tagged = timingTaggedYields({ ...link, offsetPs, channelTransmittance, balance });
        assert.notEqual(tagged, null);
        const { forward, forwardTwo, singleShare, knownBits } = tagged!;
        assert.ok(forward.every((p) => p >= 0 && p <= 1 + 1e-12));
        assert.ok(singleShare.every((p) => p >= 0 && p <= 1 + 1e-12));
        assert.ok(knownBits >= 0 && knownBits <= 1 + 1e-12);
        for (const [k, mean] of [0.8, 0.1].entries()) {
          const numbers = [1, mean, mean ** 2 / 2, mean ** 3 / 6].map((p) => p * Math.exp(-mean));
          numbers.push(1 - numbers.reduce((a, b) => a + b));
          const gains = [0, 1, 2, 3].map((state) =>
            numbers.reduce(
              (sum, p, n) => sum + p * (forward[(k * 4 + state) * (mostPhotons + 1) + n]! + 1.5 * forwardTwo[n]!),
              0,
            ),
          );
          const wanted = -Math.expm1(-mean * channelTransmittance * 0.5) / 0.5;
          assertNear(gains.reduce((a, b) => a + b) / 4, wanted, 1e-5);
          // Each but the first within 0.2 % of the class, so that the first is within 0.6 %.
          if (balance === 'diode') for (const gain of gains) assertNear(gain, wanted, 0.0061);
        }
      },
    ),
    { seed: 12, numRuns: 60 },
  );
  assert.equal(timingTaggedYields({ ...link, offsetPs: apart(100), channelTransmittance: 1 }), null);
});

test('what a time tells of a bit: all cells together are the error of a threshold', () => {
  for (const apartPs of [0, 5, 50, 200, 600]) {
    const cells = guessesByTime(apartPs, 85);
    assertNear(
      cells.reduce((sum, { probability }) => sum + probability, 0),
      1,
      1e-12,
    );
    const right = cells.reduce((sum, { probability, guess }) => sum + probability * guess, 0);
    assertNear(right, normalBetween(Number.NEGATIVE_INFINITY, apartPs / 170), 1e-12);
    const bits = cells.reduce((sum, { probability, guess }) => sum + probability * (1 - entropy(guess)), 0);
    assert.ok(bits >= 1 - entropy(right) - 1e-12);
  }
});

test('on the link: gains, errors and times of arrival stay, loss and drift of the source whatever they are', () => {
  const receiver = { ...idealReceiver, misalignment: 0.015 };
  const source = { ...decoySource, flaws: { pulseWidthPs: 85, fluctuation: 0.03, leakage: 1e-4 } };
  for (const [attack, strength, known] of [
    [sourceTiming, 0, 0.54],
    [sourceTiming, 30, 0.7],
    [sourceTiming, 100, 0.999],
    [sourceTimingStates, 300, 0.7],
  ] as const) {
    const drift = {
      name: 'drift',
      source: ({ intensityScale }: { intensityScale: Float64Array }) => {
        for (let k = 0; k < 3; k++) intensityScale[k]! *= 1.004;
      },
    };
    for (const channelTransmittance of [1.3e-4, 9e-4]) {
      const setting = { source, receiver, channelTransmittance };
      const idle = binOf({ ...setting, disturbances: [drift, attack.create(strength, { fromS: 9, toS: 9 })] });
      const attacked = binOf({ ...setting, disturbances: [drift, attack.create(strength)] });
      for (const k of [0, 1]) {
        assertNear(found(attacked, k).gain, found(idle, k).gain, 1.5e-3, 'gain');
        assertNear(found(attacked, k).errorRate, found(idle, k).errorRate, 1e-9, 'error rate');
      }
      assert.deepEqual(attacked.kinds.offsetPs, idle.kinds.offsetPs);
      assert.ok(attacked.branches.shiftPs.subarray(0, attacked.branches.count).every((ps) => ps === 0));
      assertNear(doubles(attacked), doubles(idle), 0.02, 'double counts');
      assert.ok(found(attacked, 0).knownBits > known, `${attack.name} ${strength}: ${found(attacked, 0).knownBits}`);
      assert.equal(found(idle, 0).knownBits, 0);
    }
  }
});
