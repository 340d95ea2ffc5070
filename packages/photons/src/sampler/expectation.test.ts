import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Disturbance } from '../adversary/adversary.ts';
import { Statistics } from '../light/branches.ts';
import { type Receiver, type Source, stateAngleRad } from '../link.ts';
import { dazzling, imperfectPass, intercepting } from '../test/imperfect-link.ts';
import { type Expectation, expectedObservation } from './expectation.ts';
import type { PassInput } from './sampler.ts';
import { createTables } from './table.ts';

const source: Source = {
  pulseRateHz: 1e8,
  basisXProbability: 0.5,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
};
const receiver: Receiver = { basisXProbability: 0.5, misalignment: 0.02, deadTimeNs: 0, jitterPs: 100, gateNs: 2 };

function expect(change: Partial<PassInput['trace']> = {}, disturbances: readonly Disturbance[] = []): Expectation {
  const trace = {
    binS: 1,
    channelTransmittance: Float64Array.of(2e-3),
    receiverTransmittance: 0.5,
    noisePerGate: Float64Array.of(0),
    ...change,
  };
  return expectedObservation(createTables({ seed: 1, source, receiver, trace, disturbances }).next(0));
}

const near = (actual: number, expected: number, relative: number): void =>
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual} is not ${expected}`);

function errorRate({ single, classes }: Expectation, basis: number): number {
  let [wrong, all] = [0, 0];
  for (let i = 0; i < 16 * classes; i++) {
    const [state, detector] = [(i >> 2) & 3, i & 3];
    if (state >> 1 !== basis || detector >> 1 !== basis) continue;
    all += single[i]!;
    if (state !== detector) wrong += single[i]!;
  }
  return wrong / all;
}

/** Slots with a click, of those in which the class was sent. */
function gain({ single, double, pulses }: Expectation, k: number): number {
  const slots =
    single.subarray(16 * k, 16 * k + 16).reduce((sum, n) => sum + n, 0) + double[2 * k]! + double[2 * k + 1]!;
  return slots / (pulses * source.intensities[k]!.probability);
}

test('gains are 1 - (1 - Y0) e^(-mean transmittance), errors those of the misalignment', () => {
  const clean = expect();
  near(errorRate(clean, 0), 0.02, 1e-3);
  near(errorRate(clean, 1), 0.02, 1e-3);
  const noisy = expect({ noisePerGate: Float64Array.of(1e-5) });
  // The gate holds whole picoseconds, one more than its width, and all but 1e-23 of the light.
  const quiet = Math.exp(-4e-5 * (2001 / 2000));
  for (const [k, { meanPhotons }] of source.intensities.entries()) {
    near(gain(noisy, k), 1 - quiet * Math.exp(-meanPhotons * 1e-3), 1e-6);
  }
});

test('a rotation of the frames shows in the other basis at first order', () => {
  const { single } = expect({ frameRad: Float64Array.of(0.1) });
  const seen = (state: number, detector: number): number => single[4 * state + detector]!;
  const contrast = 0.96;
  for (const state of [0, 1, 2, 3] as const) {
    const sum = seen(state, 0) + seen(state, 1) + seen(state, 2) + seen(state, 3);
    for (const d of [0, 1, 2, 3] as const) {
      const expected = (1 + contrast * Math.cos(2 * (stateAngleRad[state] + 0.1 - stateAngleRad[d]))) / 4;
      assert.ok(Math.abs(seen(state, d) / sum - expected) < 2e-4, `${state} ${d}`);
    }
  }
});

test('intercept-resend of a share f makes an error rate of e (1 - f/2) + f/4', () => {
  for (const share of [0.1, 0.5, 1]) {
    const resend: Disturbance & { act: NonNullable<import('../adversary/adversary.ts').Adversary['act']> } = {
      name: 'resend',
      act(pulse, conditions, out) {
        const reached = -Math.expm1(-pulse.meanPhotons * conditions.channelTransmittance);
        for (const state of [0, 1, 2, 3] as const) {
          const same = state >> 1 === pulse.basis;
          const found = same ? ((state & 1) === pulse.bit ? 1 : 0) : 0.5;
          const light = { statistics: Statistics.fock, amount: 1, angleRad: stateAngleRad[state] };
          const ledger = { guess: same ? 1 : 0.5, attacked: true };
          out.add(pulse.kind, (pulse.probability * share * reached * found) / 2, light, ledger);
        }
        const nothing = { statistics: Statistics.fock, amount: 0, angleRad: 0 };
        out.add(pulse.kind, pulse.probability * share * (1 - reached), nothing, { guess: 0.5, attacked: true });
        const amount = pulse.meanPhotons * conditions.channelTransmittance;
        const light = { statistics: Statistics.coherent, amount, angleRad: pulse.angleRad };
        out.add(pulse.kind, pulse.probability * (1 - share), light, { guess: 0.5, attacked: false });
      },
    };
    const attacked = expect({}, [resend]);
    near(errorRate(attacked, 0), 0.02 * (1 - share / 2) + share / 4, 2e-3);
    near(gain(attacked, 0), gain(expect(), 0), 2e-3);
    near(attacked.knownBits, (attacked.sifted * share) / 2, 2e-3);
  }
});

test('single photons and empty pulses among the sifted are those of a Poisson source', () => {
  const noisy = expect({ noisePerGate: Float64Array.of(1e-5) });
  const noiseX = 2e-5;
  let [all, none, one] = [0, 0, 0];
  for (const { meanPhotons, probability } of source.intensities) {
    const light = meanPhotons * 1e-3 * 0.5;
    all += probability * (light + noiseX);
    none += probability * noiseX * Math.exp(-meanPhotons);
    one += probability * Math.exp(-meanPhotons) * (light + noiseX * meanPhotons);
  }
  near(noisy.siftedSingles / noisy.sifted, one / all, 2e-3);
  near(noisy.siftedVacuum / noisy.sifted, none / all, 2e-3);
});

test('double clicks are of the second order in the gain', () => {
  const { double, pulses } = expect();
  const each = 0.8e-3 / 4;
  // Four pairs of detectors of different bases; in each basis the two ports, even or misaligned.
  const cross = pulses * 0.5 * (2 * each) ** 2;
  const same = pulses * 0.5 * each ** 2 * (0.5 * (1 + 4 * 0.02 * 0.98) * 2);
  near(double[1]!, cross, 2e-3);
  near(double[0]!, same, 2e-3);
});

test('the parts of an expectation fit together, whoever is on the line', () => {
  for (const disturbances of [[], [intercepting(0.4)], [dazzling(0.3)]]) {
    const tables = createTables(imperfectPass(3, disturbances));
    const expected = expectedObservation(tables.next(2));
    const { single, arrival, clicks, outside, double, doubleSent, classes, arrivalMeanPs, cellMeanPs, insight } =
      expected;
    for (let d = 0; d < 4; d++) {
      let [singles, inCells, moment] = [0, 0, 0];
      for (let diode = 0; diode < 4 * classes; diode++) singles += single[4 * diode + d]!;
      for (let i = 0; i < 16; i++) {
        inCells += arrival[16 * d + i]!;
        moment += arrival[16 * d + i]! * cellMeanPs[16 * d + i]!;
      }
      near(inCells, singles, 1e-9);
      near(moment / inCells, arrivalMeanPs[d]!, 1e-9);
      assert.ok(clicks[d]! > singles + outside[d]!);
      assert.ok(clicks[d]! <= singles + outside[d]! + double.reduce((sum, n) => sum + n, 0));
    }
    near(
      doubleSent.reduce((sum, n) => sum + n, 0),
      double.reduce((sum, n) => sum + n, 0),
      1e-12,
    );
    near(
      insight.share.reduce((sum, n) => sum + n, 0),
      expected.sifted,
      1e-12,
    );
    assert.ok(expected.knownBits <= expected.sifted);
    assert.ok(expected.siftedSingles + expected.siftedVacuum <= expected.sifted);
  }
});

test('extremes have finite expectations', () => {
  const dark = expect({ channelTransmittance: Float64Array.of(0) });
  assert.ok(dark.single.every((n) => n === 0));
  assert.ok(dark.clicks.every((n) => n === 0));
  assert.ok(dark.arrivalMeanPs.every((mean) => Number.isNaN(mean)));
  assert.equal(dark.sifted, 0);
  const bright = expect({
    channelTransmittance: Float64Array.of(1),
    receiverTransmittance: 1,
    noisePerGate: Float64Array.of(0.5),
  });
  const flooded = expect({ noisePerGate: Float64Array.of(50) });
  assert.ok(flooded.single.every((n) => n >= 0));
  assert.ok(flooded.double[1]! > 0.99 * flooded.pulses * 0.25);
  for (const values of [bright.single, bright.double, bright.clicks, bright.outside, bright.arrival]) {
    assert.ok(values.every((n) => n >= 0 && n < 1e9));
  }
});
