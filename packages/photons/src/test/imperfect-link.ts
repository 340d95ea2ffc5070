import type { Adversary, Disturbance, Pulse } from '../adversary/adversary.ts';
import { type Branches, Statistics } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import { type LinkTrace, type Receiver, type ReceiverFlaws, type Source, stateAngleRad } from '../link.ts';
import type { PassInput } from '../sampler/sampler.ts';

/** A short, bright link on which everything is imperfect at once, and two people on it, for tests of the samplers. */

export const imperfectSource: Source = {
  pulseRateHz: 2e8,
  basisXProbability: 0.6,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.2, probability: 0.3 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.2 },
  ],
  flaws: {
    fluctuation: 0.1,
    correlation: [
      [0, 0.05, 0.1],
      [0, 0.05, -0.05],
      [0, 0, 0],
    ],
    leakage: 5e-3,
    polarisationLeakage: 5e-3,
    pulseWidthPs: 60,
    diodeOffsetPs: [0, 50, -40, 80, 20, -60, 30, 10, 0, 10, 20, 30],
  },
};

export const imperfections: ReceiverFlaws = {
  afterPulse: { probability: 0.03, timeConstantNs: 40 },
  recoveryNs: 10,
  walk: { latePs: 150, decayNs: 60 },
  detectors: [0, 1, 2, 3].map((d) => ({
    delayPs: [0, 60, -50, 90][d]!,
    efficiency: 1 - 0.06 * d,
    timeResponse: { centrePs: 40 * d - 50, widthPs: 400 },
    backFlash: 0.02 + 0.02 * d,
    linearMode: { neverJ: 0.3e-15, alwaysJ: 0.5e-15 },
  })),
};

export const imperfectReceiver: Receiver = {
  basisXProbability: 0.55,
  misalignment: 0.015,
  deadTimeNs: 40,
  jitterPs: 150,
  gateNs: 1.2,
  flaws: imperfections,
};

/** Four bins of 1 ms with some 1,200 clicks each. */
export function imperfectPass(
  seed: number,
  disturbances: readonly Disturbance[] = [],
  receiver: Receiver = imperfectReceiver,
  change: Partial<LinkTrace> = {},
): PassInput {
  return {
    seed,
    source: imperfectSource,
    receiver,
    disturbances,
    trace: {
      binS: 1e-3,
      channelTransmittance: Float64Array.of(0.03, 0.032, 0.033, 0.031),
      receiverTransmittance: 0.4,
      noisePerGate: new Float64Array(4).fill(6e-5),
      frameRad: Float64Array.of(0.05, 0.08, 0.1, 0.12),
      fading: { stepsPerBin: 4, gain: Float32Array.from({ length: 16 }, (_, i) => [0.8, 1.2, 1.2, 0.8][i % 4]!) },
      clock: { offsetPs: Float64Array.of(-100, -50, 0, 80), jitterPs: 40 },
      flight: {
        atStartPs: Float64Array.of(2e9, 2.00001e9, 2.00002e9, 2.00003e9),
        ratePsPerS: new Float64Array(4).fill(1e7),
        curvaturePsPerS2: new Float64Array(4).fill(1e5),
      },
      ...change,
    },
  };
}

/** Measures a share of the pulses in a random basis and sends on two photons of X, or one of Z, late. */
export function intercepting(share: number): Adversary {
  return {
    name: 'intercepting',
    visibility: 'D1',
    act(pulse, conditions, out) {
      const seen = -Math.expm1(-pulse.meanPhotons * conditions.channelTransmittance);
      for (let state = 0; state < 4; state++) {
        const same = state >> 1 === pulse.basis;
        const found = same ? ((state & 1) === pulse.bit ? 1 : 0) : 0.5;
        out.add(
          pulse.kind,
          pulse.probability * share * seen * 0.5 * found,
          {
            statistics: Statistics.fock,
            amount: state < 2 ? 2 : 1,
            angleRad: stateAngleRad[state as 0 | 1 | 2 | 3],
            shiftPs: 100,
          },
          { guess: same ? 1 : 0.5, attacked: true },
        );
      }
      const nothing = { statistics: Statistics.fock, amount: 0, angleRad: 0 };
      out.add(pulse.kind, pulse.probability * share * (1 - seen), nothing, { guess: 0.5, attacked: true });
      passOn(pulse, conditions, 1 - share, out);
    },
  };
}

/** Blinds for a share of the time and sends bright pulses there; catches back-flash and listens at the source. */
export function dazzling(share: number): Adversary {
  return {
    name: 'dazzling',
    visibility: 'D2',
    receiverFront(conditions) {
      conditions.blindedShare = share;
      conditions.backFlashCaught = true;
      conditions.sideChannelGuess = 0.6;
    },
    act(pulse, conditions, out) {
      const seen = -0.3 * Math.expm1(-pulse.meanPhotons * conditions.channelTransmittance);
      for (let state = 0; state < 4; state++) {
        const same = state >> 1 === pulse.basis;
        const found = same ? ((state & 1) === pulse.bit ? 1 : 0) : 0.5;
        out.add(
          pulse.kind,
          pulse.probability * share * seen * 0.5 * found,
          { statistics: Statistics.bright, amount: 1.15e-15, angleRad: stateAngleRad[state as 0 | 1 | 2 | 3] },
          { guess: same ? 1 : 0.5, attacked: true, photons: same ? 2 : 1 },
        );
      }
      const nothing = { statistics: Statistics.fock, amount: 0, angleRad: 0 };
      out.add(pulse.kind, pulse.probability * share * (1 - seen), nothing, { guess: 0.5, attacked: true });
      passOn(pulse, conditions, 1 - share, out);
    },
  };
}

function passOn(pulse: Pulse, conditions: BinConditions, share: number, out: Branches): void {
  const { kind, probability, meanPhotons, angleRad, purity } = pulse;
  const amount = meanPhotons * conditions.channelTransmittance;
  const light = { statistics: Statistics.coherent, amount, angleRad, purity };
  out.add(kind, probability * share, light, { guess: 0.5, attacked: false });
}
