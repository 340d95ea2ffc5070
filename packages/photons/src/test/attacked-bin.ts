import type { Disturbance } from '../adversary/adversary.ts';
import type { Receiver, Source } from '../link.ts';
import { CountLaw } from '../receiver/response.ts';
import { type BinTable, createTables } from '../sampler/table.ts';

/** One bin of a link with somebody on it, and what it comes to on average without noise and dead time. */

export const decoySource: Source = {
  pulseRateHz: 1e8,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
  basisXProbability: 0.5,
};
export const idealReceiver: Receiver = {
  basisXProbability: 0.5,
  misalignment: 0,
  deadTimeNs: 0,
  jitterPs: 100,
  gateNs: 2,
};

export interface BinSetting {
  readonly source?: Source;
  readonly receiver?: Receiver;
  readonly channelTransmittance?: number;
  readonly receiverTransmittance?: number;
  readonly frameRad?: number;
  readonly disturbances?: readonly Disturbance[];
}

/** Bin `bin`, of one second, of a steady link. */
export function binOf(setting: BinSetting, bin = 0): BinTable {
  const { source = decoySource, receiver = idealReceiver, channelTransmittance = 1e-3 } = setting;
  const { receiverTransmittance = 0.5, frameRad = 0, disturbances = [] } = setting;
  const bins = bin + 1;
  return createTables({
    trace: {
      binS: 1,
      channelTransmittance: new Float64Array(bins).fill(channelTransmittance),
      receiverTransmittance,
      noisePerGate: new Float64Array(bins),
      frameRad: new Float64Array(bins).fill(frameRad),
    },
    source,
    receiver,
    seed: 1,
    disturbances,
  }).next(bin);
}

/** What Bob finds of the pulses of one class, in one of Alice's bases or both. */
export interface Found {
  /** Probability that a pulse makes at least one count. */
  readonly gain: number;
  /** Of counts in Alice's basis, the share in the wrong detector. */
  readonly errorRate: number;
  /** Of what is found: bits known to her, share known for sure, and share whose pulse is said to hold one photon. */
  readonly knownBits: number;
  readonly sureShare: number;
  readonly singleShare: number;
}

export function found(table: BinTable, intensity: number, basis?: 0 | 1): Found {
  const { kinds, branches, responses } = table;
  const sum = { pulses: 0, found: 0, matched: 0, wrong: 0, bits: 0, sure: 0, single: 0 };
  for (let kind = 0; kind < kinds.count; kind++) {
    if (counts(kinds.intensity[kind]!, kinds.state[kind]! >> 1)) sum.pulses += kinds.probability[kind]!;
  }
  for (let row = 0; row < responses.count; row++) {
    const branch = responses.branch[row]!;
    const kind = branches.kind[branch]!;
    const state = kinds.state[kind]!;
    if (!counts(kinds.intensity[kind]!, state >> 1)) continue;
    const weight = responses.probability[row]! * responses.click[row]!;
    sum.found += weight;
    const right = responses.share[row * 4 + state]!;
    const wrong = responses.share[row * 4 + (state ^ 1)]!;
    sum.matched += weight * (right + wrong);
    sum.wrong += weight * wrong;
    sum.bits += weight * (1 - entropy(branches.clickGuess[branch]!));
    if (branches.clickGuess[branch]! > 1 - 1e-12) sum.sure += weight;
    if (branches.photons[branch] === 1) sum.single += weight;
  }
  return {
    gain: sum.found / sum.pulses,
    errorRate: sum.wrong / sum.matched,
    knownBits: sum.bits / sum.found,
    sureShare: sum.sure / sum.found,
    singleShare: sum.single / sum.found,
  };

  function counts(k: number, b: number): boolean {
    return k === intensity && (basis === undefined || b === basis);
  }
}

/** Probability that a pulse makes two counts or more. */
export function doubles({ responses }: BinTable): number {
  let sum = 0;
  for (let row = 0; row < responses.count; row++) {
    const amount = responses.amount[row]!;
    const several =
      responses.law[row] === CountLaw.poisson
        ? -Math.expm1(-amount) - amount * Math.exp(-amount)
        : responses.photons[row]! > 1
          ? 1 -
            (1 - amount) ** responses.photons[row]! -
            responses.photons[row]! * amount * (1 - amount) ** (responses.photons[row]! - 1)
          : 0;
    sum += responses.probability[row]! * several;
  }
  return sum;
}

export function entropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -p * Math.log2(p) - (1 - p) * Math.log2(1 - p);
}

export function assertNear(value: number, expected: number, relative: number, what = ''): void {
  if (!(Math.abs(value - expected) <= relative * Math.abs(expected))) {
    throw new RangeError(`${what} is ${value}, not ${expected} within ${relative}`);
  }
}
