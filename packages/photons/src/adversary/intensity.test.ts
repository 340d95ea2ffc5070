import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MONITORS } from '../observe/observation.ts';
import { assertNear, binOf, decoySource, doubles, found, idealReceiver } from '../test/attacked-bin.ts';
import type { Disturbance } from './adversary.ts';
import { intensity, laserSeeding } from './intensity.ts';

const receiver = { ...idealReceiver, misalignment: 0.015 };

/** Single-photon share of the signal that two decoys grant when all gains look honest (Ma et al., Phys. Rev. A 72, 012326, 2005, without noise). */
function grantedShare(mu: number, nu: number): number {
  const y1 = (mu / (mu * nu - nu * nu)) * (nu * Math.exp(nu) - ((nu * nu) / (mu * mu)) * mu * Math.exp(mu));
  return y1 * Math.exp(-mu);
}

test('Bob finds what he expects, class by class, and only the meter at the source tells', () => {
  for (const channelTransmittance of [1e-4, 1e-3, 1e-2, 0.1, 0.9]) {
    const link = { receiver, channelTransmittance };
    const honest = binOf(link);
    for (const strength of [0, 0.1, 1]) {
      const attacked = binOf({ ...link, disturbances: [intensity.create(strength)] });
      for (const k of [0, 1]) {
        assertNear(found(attacked, k).gain, found(honest, k).gain, 1e-7, 'gain');
        assertNear(found(attacked, k).errorRate, found(honest, k).errorRate, 1e-9, 'error rate');
      }
      assertNear(doubles(attacked), doubles(honest), 0.02, 'double counts');
      assertNear(attacked.conditions.monitors.sourcePowerRatio, 1 + strength, 1e-12);
      assert.ok(Math.abs(attacked.monitors[MONITORS.indexOf('source-power')]! - 1 - strength) < 0.06);
    }
  }
});

test('what the decoy bound grants is true at nominal intensity, and false from the first rise on', () => {
  const granted = grantedShare(0.8, 0.1);
  const truth = (strength: number): number => {
    const { sureShare } = found(binOf({ channelTransmittance: 1e-4, disturbances: [intensity.create(strength)] }), 0);
    return 1 - sureShare;
  };
  // At nominal intensity she gets what the bound leaves her to the last bit: the bound is tight.
  assertNear(truth(0), granted, 1e-3);
  assert.ok(truth(0.02) < granted);
  assertNear(truth(0.1), 0.386, 2e-3);
  assert.ok(truth(1) < truth(0.5) && truth(0.5) < truth(0.1));
});

test('flaws of the source are in her reckoning: fluctuation, pattern and leaking light do not show', () => {
  const source = {
    ...decoySource,
    basisXProbability: 0.7,
    flaws: {
      fluctuation: 0.05,
      leakage: 1e-3,
      correlation: [
        [0, 0.02, 0.03],
        [-0.02, 0, 0.01],
        [0, 0, 0],
      ],
      polarisationLeakage: 0.002,
    },
  };
  const honest = binOf({ source });
  const attacked = binOf({ source, disturbances: [intensity.create(0.1)] });
  for (const k of [0, 1]) {
    for (const basis of [0, 1] as const) {
      assertNear(found(attacked, k, basis).gain, found(honest, k, basis).gain, 1e-6);
      assertNear(found(attacked, k, basis).errorRate, found(honest, k, basis).errorRate, 1e-9);
    }
  }
});

test('with the phase of the seed she tells classes apart, where that pays, and no gain shows it', () => {
  for (const [channelTransmittance, pays] of [
    [1e-4, true],
    [1e-3, true],
    [0.1, false],
  ] as const) {
    const link = { receiver, channelTransmittance };
    const honest = binOf(link);
    const of = (disturbance: Disturbance) => binOf({ ...link, disturbances: [disturbance] });
    for (const strength of [0.1, 0.5]) {
      const seeded = of(laserSeeding.create(strength));
      for (const k of [0, 1]) {
        assertNear(found(seeded, k).gain, found(honest, k).gain, 2e-4, 'gain');
        assertNear(found(seeded, k).errorRate, found(honest, k).errorRate, 1e-9, 'error rate');
      }
      assertNear(doubles(seeded), doubles(honest), 0.02, 'double counts');
      const known = found(seeded, 0).sureShare;
      const without = found(of(intensity.create(strength)), 0).sureShare;
      assert.equal(known > without + 0.01, pays, `${known} against ${without} at ${channelTransmittance}`);
      if (channelTransmittance === 1e-4) assert.ok(known > 0.99, `${known}`);
    }
    // Too little light for the phase is a rise like any other.
    const [faint, rise] = [laserSeeding, intensity].map((attack) => found(of(attack.create(0.05)), 0).sureShare);
    assert.equal(faint, rise);
  }
});

test('seeding shows as injected light too, and takes the randomness of phases', () => {
  const { conditions } = binOf({ disturbances: [laserSeeding.create(0.1)] });
  assertNear(conditions.monitors.injectedW, 1e-7, 1e-12);
  assertNear(conditions.monitors.sourcePowerRatio, 1.1, 1e-12);
  assert.equal(conditions.phaseRandomised, false);
  assert.equal(binOf({ disturbances: [laserSeeding.create(0.05)] }).conditions.phaseRandomised, true);
});
