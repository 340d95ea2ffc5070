import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { binaryEntropy } from './entropy.ts';
import { FiniteKeyError } from './error.ts';
import { lim2014 } from './lim2014.ts';
import { securedKeyLength } from './secure.ts';
import type { SecuredKeyLength, SideChannels } from './side-channels.ts';
import { expectedPass, gain } from './test/link.ts';
import { bestTaggedAttack } from './test/tagged-attack.ts';

fc.configureGlobal({ seed: 408, numRuns: 60 });

const pass = expectedPass();
const plain = lim2014(pass);
const secured = (sideChannels: SideChannels): SecuredKeyLength => securedKeyLength({ ...pass, sideChannels });
const apart = (ps: number) => ({
  offsetsPs: [0, ps / 2, ps / 2, 0, ps, 0, ps, ps / 2],
  errorPs: 0,
  pulseWidthPs: 85,
  model: 'incoherent' as const,
});

/** Each side channel as strong as `x`, 0..1, in the units of its own that reach from nothing to no key. */
const scales: Readonly<Record<string, (x: number) => SideChannels>> = {
  intensityTolerance: (x) => ({ intensityTolerance: 0.3 * x }),
  fluctuation: (x) => ({ fluctuation: 0.3 * x }),
  correlation: (x) => ({ correlation: { deviation: 0.05 * x, range: 1 } }),
  classTraceDistance: (x) => ({ classTraceDistance: 2e-5 * x * x }),
  timing: (x) => ({ timing: apart(10 * x) }),
  timingError: (x) => ({ timing: { ...apart(0), errorPs: 10 * x } }),
  trojanMeanPhotons: (x) => ({ trojanMeanPhotons: 1e-6 * x * x }),
  efficiencyMismatch: (x) => ({ efficiencyMismatch: x }),
  backFlashProbability: (x) => ({ backFlashProbability: x }),
};

describe('side channels in the length', () => {
  it('without any it is Lim et al. 2014, to the bit, for either bound', () => {
    for (const bound of ['hoeffding', 'chernoff'] as const) {
      const { plainSecretBits, costs, refusals, ...length } = securedKeyLength({ ...pass, bound, sideChannels: {} });
      assert.deepEqual(length, lim2014({ ...pass, bound }));
      assert.equal(plainSecretBits, length.secretBits);
      assert.deepEqual([costs, refusals], [[], []]);
    }
  });

  it('of strength 0 it costs nothing', () => {
    for (const at of Object.values(scales)) {
      const { secretBits, rawSecretBits, costs } = secured(at(0));
      assert.equal(secretBits, plain.secretBits);
      assert.equal(rawSecretBits, plain.rawSecretBits);
      assert.equal(costs[0]!.bits, 0);
    }
    assert.equal(secured({ phaseRandomised: true }).secretBits, plain.secretBits);
  });

  for (const [name, at] of Object.entries(scales)) {
    it(`${name}: more of it never gives more key, none of it less than nothing, all of it no key`, () => {
      fc.assert(
        fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (a, b) => {
          const less = secured(at(Math.min(a, b)));
          const more = secured(at(Math.max(a, b)));
          assert.ok(more.secretBits <= less.secretBits + 1e-3 * plain.secretBits, `${a} ${b}`);
          assert.ok(more.secretBits >= 0 && less.secretBits <= plain.secretBits);
          assert.equal(less.refusals.length === 0, less.secretBits > 0);
          assert.equal(less.costs[0]!.bits, plain.secretBits - less.secretBits);
        }),
        { numRuns: 25 },
      );
      const all = secured(at(name.startsWith('intensity') || name === 'fluctuation' ? 3 : 1));
      assert.equal(all.secretBits, 0);
      assert.match(all.refusals[0]!, /side channels declared take all/);
    });
  }

  it('several are charged one after the other, their costs adding up', () => {
    const channels: SideChannels = {
      backFlashProbability: 0.01,
      efficiencyMismatch: 0.03,
      timing: apart(0.3),
      intensityTolerance: 0.01,
      correlation: { deviation: 1e-3, range: 2 },
      trojanMeanPhotons: 1e-10,
    };
    const all = secured(channels);
    assert.ok(all.secretBits > 0);
    assert.equal(all.costs.length, 6);
    assert.equal(
      all.costs.reduce((sum, { bits }) => sum + bits, all.secretBits),
      plain.secretBits,
    );
    for (const [name, value] of Object.entries(channels)) {
      assert.ok(secured({ [name]: value }).secretBits > all.secretBits, name);
      assert.ok(all.costs.every((cost) => cost.source !== '' && cost.assumption !== ''));
    }
  });

  it('without phases of their own pulses give no key, and the reason', () => {
    const { secretBits, refusals, costs } = secured({ phaseRandomised: false });
    assert.equal(secretBits, 0);
    assert.match(refusals[0]!, /not phase-randomised/);
    assert.equal(costs[0]!.bits, plain.secretBits);
  });

  it('a pass without key before is refused for that', () => {
    const { secretBits, refusals } = securedKeyLength({
      ...pass,
      leakedBits: 1e9,
      sideChannels: { efficiencyMismatch: 0.1 },
    });
    assert.equal(secretBits, 0);
    assert.match(refusals[0]!, /even without side channels/);
  });

  it('errors of the Trojan light follow Lucamarini et al. 2015, eq. 7, to the second order of loss', () => {
    // Their Delta' = Delta / Y on detected pulses against the angle on all: the same where Y is small.
    const mu = 1e-7;
    const { phaseErrorRate, keySingles } = secured({ trojanMeanPhotons: mu });
    const singles = [0.8, 0.1].reduce((sum, m, k) => sum + [0.5, 0.25][k]! * m * Math.exp(-m), 0);
    const y = keySingles / (pass.pulses.key * singles);
    const delta = (1 - Math.exp(-mu) * Math.cos(mu)) / 2 / y;
    // The error rate that went in, solved for by bisection on theirs.
    const theirs = (e: number): number =>
      e + 4 * delta * (1 - delta) * (1 - 2 * e) + 4 * (1 - 2 * delta) * Math.sqrt(delta * (1 - delta) * e * (1 - e));
    let low = 0;
    let high = 0.5;
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (theirs(middle) < phaseErrorRate) low = middle;
      else high = middle;
    }
    // Single-photon errors of the pass: 1 % of light, half of the noise; with statistics and the decoy bound 2 to 5 %.
    assert.ok(low > 0.01 && low < 0.05, `${low}`);
  });
});

/** Bits known beyond what the length leaves open, of a pass of which `known` and `sifted` are true. */
function excess(length: SecuredKeyLength, knownBits: number): number {
  const { keyDetections } = pass.counts;
  const sifted = keyDetections[0] + keyDetections[1] + keyDetections[2];
  if (length.secretBits === 0) return 0;
  // What was disclosed and the fixed costs are taken off on both sides.
  const fixed = 6 * Math.log2(21 / pass.epsSec) + Math.log2(2 / pass.epsCor);
  return knownBits - (sifted - pass.leakedBits - fixed - length.secretBits);
}

describe('attacks whose truth is known', () => {
  const gains = [gain(0.8, 2.4e-4, 8e-7), gain(0.1, 2.4e-4, 8e-7), gain(0, 2.4e-4, 8e-7)] as const;
  const probabilities = [0.5, 0.25, 0.25] as const;
  const honest = bestTaggedAttack({ meanPhotons: [0.8, 0.1, 0], probabilities, gains });

  it('brighter pulses, several photons split: paid for with the tolerance, a violation without', () => {
    for (const increase of [0.05, 0.1, 0.2]) {
      const sent = [0.8 * (1 + increase), 0.1 * (1 + increase), 0] as const;
      const attack = bestTaggedAttack({ meanPhotons: sent, probabilities, gains });
      const known = pass.pulses.key * attack.knownBits;
      assert.ok(secured({ intensityTolerance: increase }).keySingles <= pass.pulses.key * attack.singles);
      assert.ok(excess(secured({ intensityTolerance: increase }), known) <= 0);
      assert.ok(
        plain.keySingles > pass.pulses.key * attack.singles,
        'the plain bound counts singles that are not there',
      );
      // 5 % stays within what phase errors cost anyway.
      if (increase >= 0.2) assert.ok(excess(secured({}), known) > 0);
    }
  });

  it('a Trojan horse that reads the modulator: refused, a violation without', () => {
    for (const mu of [1e-3, 0.01, 0.1, 1]) {
      const guess = (1 + Math.sqrt(1 - Math.exp(-4 * mu))) / 2;
      const told = 1 - binaryEntropy(1 - guess);
      const known = pass.pulses.key * (honest.knownBits + told * honest.singles);
      assert.ok(excess(secured({ trojanMeanPhotons: mu }), known) <= 0);
      if (mu >= 0.1) assert.ok(excess(secured({}), known) > 0);
    }
  });

  it('back-flash: paid for, a violation without', () => {
    for (const probability of [0.01, 0.1, 0.3]) {
      const untagged = (honest.singles + honest.vacuum) * (1 - probability);
      const known = pass.pulses.key * (honest.detections - untagged);
      assert.ok(excess(secured({ backFlashProbability: probability }), known) <= 0);
      if (probability >= 0.3) assert.ok(excess(secured({}), known) > 0);
    }
  });

  it('unambiguous discrimination of pulses without random phases: refused, a violation without', () => {
    const known = pass.counts.keyDetections[0] + pass.counts.keyDetections[1];
    assert.equal(secured({ phaseRandomised: false }).secretBits, 0);
    assert.ok(excess(secured({}), known) > 0);
  });
});

describe('bad input', () => {
  const bad: readonly (readonly [string, SideChannels | object, string])[] = [
    ['a name that is none', { intensity: 0.1 }, 'sideChannels.intensity'],
    ['a tolerance of 1', { intensityTolerance: 1 }, 'sideChannels.intensityTolerance'],
    ['a negative fluctuation', { fluctuation: -0.1 }, 'sideChannels.fluctuation'],
    ['NaN', { efficiencyMismatch: Number.NaN }, 'sideChannels.efficiencyMismatch'],
    ['a probability above 1', { backFlashProbability: 1.1 }, 'sideChannels.backFlashProbability'],
    ['half a pulse of memory', { correlation: { deviation: 0.1, range: 0.5 } }, 'sideChannels.correlation.range'],
    ['infinite light', { trojanMeanPhotons: Number.POSITIVE_INFINITY }, 'sideChannels.trojanMeanPhotons'],
    ['three diodes', { timing: { ...apart(1), offsetsPs: [0, 0, 0] } }, 'sideChannels.timing.offsetsPs'],
    ['a pulse without width', { timing: { ...apart(1), pulseWidthPs: 0 } }, 'sideChannels.timing.pulseWidthPs'],
    ['an unknown model', { timing: { ...apart(1), model: 'chirped' } }, 'sideChannels.timing.model'],
    ['intensities together below 0', { intensityTolerance: 0.6, fluctuation: 0.6 }, 'sideChannels'],
  ];
  for (const [what, sideChannels, field] of bad) {
    it(`${what} is refused by the name of the field`, () => {
      assert.throws(
        () => securedKeyLength({ ...pass, sideChannels: sideChannels as SideChannels }),
        (error) => error instanceof FiniteKeyError && error.field === field,
      );
    });
  }

  it('pulses are needed where yields are, and cannot be fewer than detections', () => {
    const { pulses, ...rest } = pass;
    assert.throws(() => securedKeyLength({ ...rest, sideChannels: { timing: apart(1) } }), /pulses/);
    assert.ok(securedKeyLength({ ...rest, sideChannels: { intensityTolerance: 0.01 } }).secretBits > 0);
    assert.throws(
      () => securedKeyLength({ ...pass, pulses: { ...pulses, key: 5 }, sideChannels: {} }),
      (error) => error instanceof FiniteKeyError && error.field === 'pulses.key',
    );
  });
});
