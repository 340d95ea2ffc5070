import type { Adversary } from '../adversary/adversary.ts';
import type { LinkTrace, Receiver, Source } from '../link.ts';
import type { EventBin, PassInput } from '../sampler/sampler.ts';

/** Passes for the tests of the event sampler: any bin, any device, any adversary. */

export const source: Source = {
  pulseRateHz: 1e8,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
  basisXProbability: 0.7,
};
export const receiver: Receiver = {
  basisXProbability: 0.6,
  misalignment: 0.02,
  deadTimeNs: 0,
  jitterPs: 300,
  gateNs: 1,
};

export function input(
  bins: number,
  pulses: number,
  change: {
    readonly source?: Partial<Source>;
    readonly receiver?: Partial<Receiver>;
    readonly trace?: Partial<LinkTrace>;
    readonly channel?: number;
    readonly noisePerGate?: number;
    readonly seed?: number;
    readonly adversary?: Adversary;
  } = {},
): PassInput {
  const { channel = 1e-2, noisePerGate = 1e-4, seed = 1, adversary } = change;
  const played = { ...source, ...change.source };
  return {
    trace: {
      binS: pulses / played.pulseRateHz,
      channelTransmittance: new Float64Array(bins).fill(channel),
      receiverTransmittance: 0.5,
      noisePerGate: new Float64Array(bins).fill(noisePerGate),
      ...change.trace,
    },
    source: played,
    receiver: { ...receiver, ...change.receiver },
    seed,
    ...(adversary && { disturbances: [adversary] }),
  };
}

/** Everything wrong at once, in a bright link so that clicks meet each other. */
export const flawed = (bins: number, pulses: number, seed: number): PassInput =>
  input(bins, pulses, {
    seed,
    channel: 0.2,
    noisePerGate: 2e-3,
    source: {
      flaws: {
        fluctuation: 0.1,
        correlation: [
          [0, 0.1, 0.2],
          [-0.2, 0, 0.1],
          [0, 0, 0],
        ],
        diodeOffsetPs: [0, 120, -80, 50, 30, -40, 90, -110, 0, 0, 0, 0],
        pulseWidthPs: 100,
        leakage: 0.01,
        polarisationLeakage: 0.01,
      },
    },
    receiver: {
      deadTimeNs: 35,
      flaws: {
        afterPulse: { probability: 0.05, timeConstantNs: 60 },
        recoveryNs: 30,
        walk: { latePs: 200, decayNs: 50 },
        detectors: [1, 0.9, 0.8, 0.95].map((efficiency, d) => ({
          efficiency,
          delayPs: [100, -150, 200, 0][d]!,
          timeResponse: { centrePs: [80, -80, 40, 0][d]!, widthPs: 400 },
        })),
      },
    },
    trace: { frameRad: new Float64Array(bins).fill(0.1) },
  });

export const total = (bins: Iterable<EventBin>): number => {
  let rows = 0;
  for (const bin of bins) rows += bin.slot.length;
  return rows;
};

/** Rows without what is read again from the monitors. */
export const columns = (bin: EventBin): unknown => ({ ...bin, monitors: Array.from(bin.monitors) });
