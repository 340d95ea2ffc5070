import type { Disturbance } from '../adversary/adversary.ts';
import type { PassInput } from '../sampler/sampler.ts';
import { flawedReceiver, flawedSource } from './flawed-link.ts';

/** Two short, bright bins of a link on which every attack of the catalogue finds what it needs, some 2,500 clicks each. */
export function cataloguePass(seed: number, disturbances: readonly Disturbance[]): PassInput {
  return {
    seed,
    disturbances,
    source: {
      ...flawedSource,
      flaws: {
        fluctuation: 0.05,
        leakage: 1e-3,
        polarisationLeakage: 1e-3,
        pulseWidthPs: 50,
        diodeOffsetPs: [3, -2, 2, -3, -3, 2, -2, 3, 0, 0, 0, 0],
      },
    },
    receiver: {
      ...flawedReceiver,
      flaws: {
        afterPulse: { probability: 0.01, timeConstantNs: 60 },
        recoveryNs: 10,
        walk: { latePs: 40, decayNs: 60 },
        detectors: flawedReceiver.flaws!.detectors!.map((detector, d) => ({
          ...detector,
          delayPs: [0, 20, -15, 10][d]!,
          wavelengthResponse: { centreNm: [849, 851, 850, 850][d]!, widthNm: 60 },
        })),
        splitter: [
          [750, 0.95],
          [830, 0.5],
          [870, 0.5],
          [950, 0.05],
        ],
        filter: { centreNm: 850, widthNm: 1, outside: 1e-3 },
      },
    },
    trace: {
      binS: 1e-3,
      channelTransmittance: Float64Array.of(0.024, 0.026),
      receiverTransmittance: 0.25,
      noisePerGate: new Float64Array(2).fill(2e-5),
      frameRad: Float64Array.of(0.04, 0.06),
      clock: { offsetPs: Float64Array.of(20, -30), jitterPs: 30 },
    },
  };
}
