import assert from 'node:assert/strict';
import type { Disturbance } from '../adversary/adversary.ts';
import { honestConditions } from '../light/conditions.ts';
import type { DetectorFlaws, LinkTrace, Receiver, Source } from '../link.ts';
import { CountLaw } from '../receiver/response.ts';
import { normalCumulative } from '../sampler/normal-law.ts';
import type { PassInput } from '../sampler/sampler.ts';
import { type BinTable, createTables } from '../sampler/table.ts';

/** A short downlink whose four detectors differ in everything, for tests of who exploits it. */

export const flawedSource: Source = {
  pulseRateHz: 1e9,
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
  basisXProbability: 0.5,
};

export const flawedDetectors: readonly DetectorFlaws[] = [1, 0.95, 0.9, 0.97].map((efficiency, d) => ({
  efficiency,
  timeResponse: { centrePs: [-80, 60, 50, -70][d]!, widthPs: 300 },
  angleResponse: { centreMicroRad: [-12, 9, 6, -8][d]!, widthMicroRad: 60 },
  blindingW: 1e-9,
  linearMode: { neverJ: 0.6e-15, alwaysJ: 1e-15 },
  backFlash: 0.01,
}));

export const flawedReceiver: Receiver = {
  basisXProbability: 0.5,
  misalignment: 0.01,
  deadTimeNs: 30,
  jitterPs: 100,
  gateNs: 0.8,
  flaws: { detectors: flawedDetectors },
};

/** Some bins of equal length, steady light. */
export function flawedInput(
  disturbances: readonly Disturbance[],
  change: { readonly source?: Source; readonly receiver?: Receiver; readonly trace?: Partial<LinkTrace> } = {},
): PassInput {
  const bins = change.trace?.channelTransmittance?.length ?? 4;
  return {
    trace: {
      binS: 0.5,
      channelTransmittance: new Float64Array(bins).fill(1e-3),
      receiverTransmittance: 0.25,
      noisePerGate: new Float64Array(bins).fill(4e-7),
      ...change.trace,
    },
    source: change.source ?? flawedSource,
    receiver: change.receiver ?? flawedReceiver,
    seed: 7,
    disturbances,
  };
}

export function tableOf(disturbances: readonly Disturbance[], change?: Parameters<typeof flawedInput>[1]): BinTable {
  return createTables(flawedInput(disturbances, change)).next(0);
}

/** What a table makes Bob expect from light, for each pulse, dead times and slots of several clicks aside. */
export interface Cells {
  /** Clicks in the gate, `[(class * 4 + state) * 4 + detector]`. */
  readonly inside: Float64Array;
  /** Clicks out of the gate, by detector. */
  readonly outside: Float64Array;
  /** Clicks in the gate in Alice's basis, and her knowledge of them by the ledger, bits. */
  readonly sifted: number;
  readonly knownBits: number;
}

export function cellsOf({ responses, branches, kinds, conditions }: BinTable): Cells {
  const inside = new Float64Array(conditions.source.intensities.length * 16);
  const outside = new Float64Array(4);
  let sifted = 0;
  let knownBits = 0;
  const halfPs = conditions.receiver.gateNs * 500;
  for (let row = 0; row < responses.count; row++) {
    const branch = responses.branch[row]!;
    const kind = branches.kind[branch]!;
    const state = kinds.state[kind]!;
    for (let detector = 0; detector < 4; detector++) {
      const at = row * 4 + detector;
      const count = responses.amount[row]! * responses.share[at]!;
      const law = responses.law[row];
      const clicks =
        law === CountLaw.pattern
          ? responses.share[at]!
          : law === CountLaw.poisson
            ? -Math.expm1(-count)
            : 1 - (1 - count) ** responses.photons[row]!;
      const kept = insideGate(responses.arrivalPs[at]!, responses.spreadPs, halfPs);
      const expected = responses.probability[row]! * clicks;
      inside[(kinds.intensity[kind]! * 4 + state) * 4 + detector]! += expected * kept;
      outside[detector]! += expected * (1 - kept);
      if (detector >> 1 !== state >> 1) continue;
      sifted += expected * kept;
      knownBits += expected * kept * (1 - binaryEntropy(branches.clickGuess[branch]!));
    }
  }
  return { inside, outside, sifted, knownBits };
}

/**
 * Information on Alice's bit of somebody who knows basis, shift and tilt of each detection in her basis, counted from the
 * joint distribution of bit, shift and detection, bits for each pulse.
 */
export function countedBits({ responses, branches, kinds, conditions }: BinTable): number {
  const joint = new Map<string, [number, number]>();
  const halfPs = conditions.receiver.gateNs * 500;
  for (let row = 0; row < responses.count; row++) {
    const branch = responses.branch[row]!;
    const kind = branches.kind[branch]!;
    const state = kinds.state[kind]!;
    const seen = `${kinds.intensity[kind]} ${state >> 1} ${branches.shiftPs[branch]} ${branches.tiltMicroRad[branch]}`;
    const bits = joint.get(seen) ?? [0, 0];
    joint.set(seen, bits);
    for (const detector of state < 2 ? [0, 1] : [2, 3]) {
      const at = row * 4 + detector;
      const kept = insideGate(responses.arrivalPs[at]!, responses.spreadPs, halfPs);
      bits[state & 1]! += responses.probability[row]! * responses.amount[row]! * responses.share[at]! * kept;
    }
  }
  let known = 0;
  for (const [zero, one] of joint.values()) {
    if (zero + one > 0) known += (zero + one) * (1 - binaryEntropy(zero / (zero + one)));
  }
  return known;
}

const insideGate = (arrivalPs: number, spreadPs: number, halfPs: number): number =>
  normalCumulative((halfPs - arrivalPs) / spreadPs) - normalCumulative((-halfPs - arrivalPs) / spreadPs);

export function near(actual: number, expected: number, relative: number): void {
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual} is not ${expected}`);
}

/** Share of wrong bits in slots of a basis, all classes or one. */
export function errorRate(cells: Cells, basis: 0 | 1, intensity?: number): number {
  let wrong = 0;
  let all = 0;
  for (let k = 0; k < cells.inside.length / 16; k++) {
    if (intensity !== undefined && k !== intensity) continue;
    for (const bit of [0, 1]) {
      for (const found of [0, 1]) {
        const clicks = cells.inside[(k * 4 + basis * 2 + bit) * 4 + basis * 2 + found]!;
        all += clicks;
        if (found !== bit) wrong += clicks;
      }
    }
  }
  return wrong / all;
}

/** Clicks in the gate for each pulse of a class. */
export function gain(cells: Cells, intensity: number, source: Source = flawedSource): number {
  let clicks = 0;
  for (let i = 0; i < 16; i++) clicks += cells.inside[intensity * 16 + i]!;
  return clicks / source.intensities[intensity]!.probability;
}

/** Clicks in the gate by detector. */
export function byDetector(cells: Cells): Float64Array {
  const clicks = new Float64Array(4);
  for (let i = 0; i < cells.inside.length; i++) clicks[i & 3]! += cells.inside[i]!;
  return clicks;
}

export function binaryEntropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -p * Math.log2(p) - (1 - p) * Math.log2(1 - p);
}

/** An undisturbed bin, for hooks called by hand. */
export function honestBin(startS = 0, receiver: Receiver = flawedReceiver) {
  return honestConditions(
    {
      source: flawedSource,
      receiver,
      channelTransmittance: 1e-3,
      receiverTransmittance: 0.25,
      noiseHz: [500, 500, 500, 500],
    },
    { bin: Math.round(startS / 0.5), startS, durationS: 0.5 },
  );
}
