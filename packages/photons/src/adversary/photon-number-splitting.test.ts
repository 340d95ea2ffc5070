import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertNear, binOf, decoySource, found, idealReceiver } from '../test/attacked-bin.ts';
import { photonNumberSplitting } from './photon-number-splitting.ts';
import { multiPhotonProbability } from './photon-numbers.ts';

const receiver = { ...idealReceiver, misalignment: 0.015 };

test('the weak decoy falls to R_A = 0.025 to 0.032 of the signal where 0.125 to 0.132 were honest, over 30 to 45 dB', () => {
  const y0 = 2e-7;
  for (const lossDb of [30, 35, 40, 45]) {
    const link = { channelTransmittance: 10 ** (-lossDb / 10), receiverTransmittance: 1 };
    const honest = binOf(link);
    const attacked = binOf({ ...link, disturbances: [photonNumberSplitting.create(1)] });
    const withNoise = (gain: number): number => 1 - (1 - y0) * (1 - gain);
    const q = withNoise(found(honest, 0).gain);
    const r0 = withNoise(found(honest, 1).gain) / q;
    const rA = withNoise(found(attacked, 1).gain) / withNoise(found(attacked, 0).gain);
    assert.ok(r0 > 0.1245 && r0 < 0.1325, `${r0}`);
    assert.ok(rA > 0.0242 && rA < 0.0325, `${rA}`);
    const closed = y0 / q + (multiPhotonProbability(0.1) / multiPhotonProbability(0.8)) * (1 - y0 / q);
    assertNear(rA, closed, 1e-5);
  }
});

test('the signal keeps its gain and its errors, single photons vanish, and she knows every bit', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -5, max: -0.7, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (decades, share) => {
        const link = { receiver, channelTransmittance: 10 ** decades, receiverTransmittance: 0.4 };
        const honest = binOf(link);
        const attacked = binOf({ ...link, disturbances: [photonNumberSplitting.create(share)] });
        assertNear(found(attacked, 0).gain, found(honest, 0).gain, 1e-9);
        assertNear(found(attacked, 0).errorRate, found(honest, 0).errorRate, 1e-9);
        assert.ok(Math.abs(found(attacked, 0).sureShare - share) < 1e-9);
        assert.ok(found(attacked, 0).singleShare < 1e-12);
      },
    ),
    { seed: 4, numRuns: 100 },
  );
});

test('with little loss single photons pass to keep the signal, and with next to none she lets everything be', () => {
  const some = { channelTransmittance: 0.4, receiverTransmittance: 0.5 };
  const attacked = found(binOf({ ...some, disturbances: [photonNumberSplitting.create(1)] }), 0);
  assertNear(attacked.gain, found(binOf(some), 0).gain, 1e-9);
  assert.ok(attacked.singleShare > 0.1 && attacked.singleShare < 0.9);
  const none = { channelTransmittance: 1, receiverTransmittance: 0.5 };
  const left = found(binOf({ ...none, disturbances: [photonNumberSplitting.create(1)] }), 0);
  assert.deepEqual(left, found(binOf(none), 0));
});

test('fluctuation and pattern of the source do not show in the signal', () => {
  const flaws = {
    fluctuation: 0.05,
    correlation: [
      [0, 0.03, 0.05],
      [0.02, 0, 0],
      [0, 0, 0],
    ],
    leakage: 1e-3,
  };
  const source = { ...decoySource, flaws };
  const attacked = found(binOf({ source, disturbances: [photonNumberSplitting.create(1)] }), 0);
  assertNear(attacked.gain, found(binOf({ source }), 0).gain, 1e-9);
});

test('outside her time the link is honest', () => {
  const adversary = photonNumberSplitting.create(1, { fromS: 1, toS: 2 });
  const honest = found(binOf({}), 1).gain;
  assert.equal(found(binOf({ disturbances: [adversary] }, 0), 1).gain, honest);
  assert.ok(
    found(binOf({ disturbances: [photonNumberSplitting.create(1, { fromS: 1, toS: 2 })] }, 1), 1).gain < honest / 3,
  );
  assert.equal(
    found(binOf({ disturbances: [photonNumberSplitting.create(1, { fromS: 1, toS: 2 })] }, 2), 1).gain,
    honest,
  );
});
