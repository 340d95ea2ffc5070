import { type EventBin, events, type PassInput, type Receiver, type Source } from '@skykey/photons';
import type { EmissionRecord } from '../../types.ts';
import type { LightTimeTable } from '../prediction.ts';

/**
 * A pass for tests and benchmarks: the photon engine plays it, with flight time and jitter in every tag, and keeps the
 * truth. A satellite on a straight line at 7.6 km/s, 500 km away at the closest: its flight time has the derivatives of a
 * pass through the zenith (2.4e-5 s/s, 3.9e-7 s/s^2, 5e-9 s/s^3). Bob's clock and ephemeris are wrong by what is said here.
 */
export interface FlybyOptions {
  readonly pulseRateHz: number;
  /** Exit of the transmitter to photo-electron, dB. */
  readonly lossDb: number;
  readonly durationS: number;
  /** Closest approach, s after the start. */
  readonly closestS: number;
  readonly seed: number;
  readonly noiseHz?: number;
  readonly jitterPs?: number;
  /** Of Bob's clock, against the time of the common scale. */
  readonly clockOffsetPs?: number;
  readonly clockDriftPsPerS?: number;
  readonly clockJitterPs?: number;
  /** By how much the satellite is ahead of its ephemeris. */
  readonly aheadS?: number;
  /** Seconds without light, from and to. */
  readonly cloud?: readonly [number, number];
}

const BIN_S = 0.1;
const SPEED_KM_S = 7.6;
const CLOSEST_KM = 500;
const LIGHT_KM_S = 299_792.458;

/** Intensities and errors of Micius (Liao et al., Nature 549:43, 2017, as quoted by later texts). */
export const MICIUS: Omit<Source, 'pulseRateHz'> = {
  intensities: [
    { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
    { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
    { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
  ],
  basisXProbability: 0.5,
};
export const SETTINGS = { meanPhotons: [0.8, 0.1, 0], probabilities: [0.5, 0.25, 0.25] };
/** Jitter as published for Micius at Xinglong, read as a standard deviation. */
export const JITTER_PS = 350;

export interface Flyby {
  readonly periodPs: number;
  /** Tags on Bob's clock with their truth, bin after bin. */
  bins(): Generator<FlybyBin>;
  /** What Bob's ephemeris says. */
  readonly light: LightTimeTable;
  /** What Alice says of slots; those with a tag in a bin that was played are in it. */
  readonly emissions: (slot: Float64Array) => EmissionRecord;
}

export interface FlybyBin extends EventBin {
  /** On Bob's clock, whole ps. */
  readonly readingPs: Float64Array;
}

export function flyby(options: FlybyOptions): Flyby {
  const { pulseRateHz, durationS, seed, jitterPs = JITTER_PS, noiseHz = 25 } = options;
  const { clockOffsetPs = 0, clockDriftPsPerS = 0, clockJitterPs = 0, aheadS = 0, cloud = [0, 0] } = options;
  const bins = Math.round(durationS / BIN_S);
  const gateNs = Math.min(2, 1e9 / pulseRateHz);
  const source: Source = { ...MICIUS, pulseRateHz };
  const receiver: Receiver = {
    basisXProbability: 0.5,
    misalignment: 0.01,
    deadTimeNs: 50,
    jitterPs,
    gateNs,
  };
  const flightS = (s: number): number => Math.hypot(CLOSEST_KM, SPEED_KM_S * (s - options.closestS)) / LIGHT_KM_S;
  const derivatives = (f: (s: number) => number, s: number): readonly number[] => {
    const h = 0.25;
    const [b2, b1, o, a1, a2] = [-2, -1, 0, 1, 2].map((i) => f(s + i * h)) as [number, number, number, number, number];
    return [
      o,
      (8 * (a1 - b1) - (a2 - b2)) / (12 * h),
      (16 * (a1 + b1) - (a2 + b2) - 30 * o) / (12 * h * h),
      (a2 - b2 - 2 * (a1 - b1)) / (2 * h ** 3),
    ];
  };
  const column = (rows: number, stepS: number, f: (s: number) => number, order: number): Float64Array =>
    Float64Array.from({ length: rows }, (_, row) => 1e12 * derivatives(f, row * stepS)[order]!);
  const lit = (bin: number): boolean => bin * BIN_S < cloud[0] || bin * BIN_S >= cloud[1];
  const input: PassInput = {
    trace: {
      binS: BIN_S,
      channelTransmittance: Float64Array.from({ length: bins }, (_, bin) =>
        lit(bin) ? 2 * 10 ** (-options.lossDb / 10) : 0,
      ),
      receiverTransmittance: 0.5,
      noisePerGate: new Float64Array(bins).fill(noiseHz * gateNs * 1e-9),
      flight: {
        atStartPs: column(bins, BIN_S, flightS, 0),
        ratePsPerS: column(bins, BIN_S, flightS, 1),
        curvaturePsPerS2: column(bins, BIN_S, flightS, 2),
      },
      clock: { offsetPs: new Float64Array(bins), jitterPs: clockJitterPs },
    },
    source,
    receiver,
    seed,
  };
  // The delay by time of reception, as an ephemeris for the station has it.
  const delayS = (receivedS: number): number => {
    let delay = 0;
    for (let round = 0; round < 5; round++) delay = flightS(receivedS - aheadS - delay);
    return delay;
  };
  const rows = Math.ceil(durationS) + 2;
  const seen = new Map<number, number>();
  return {
    periodPs: 1e12 / pulseRateHz,
    *bins() {
      for (const bin of events(input)) {
        for (let i = 0; i < bin.slot.length; i++) seen.set(bin.slot[i]!, bin.intensity[i]! * 4 + bin.state[i]!);
        const readingPs = bin.tags.timePs.map((t) => Math.round(t + clockOffsetPs + clockDriftPsPerS * (t * 1e-12)));
        yield { ...bin, readingPs };
      }
    },
    light: {
      startPs: 0,
      stepPs: 1e12,
      delayPs: column(rows, 1, delayS, 0),
      ratePsPerS: column(rows, 1, delayS, 1),
      accelerationPsPerS2: column(rows, 1, delayS, 2),
      jerkPsPerS3: column(rows, 1, delayS, 3),
    },
    emissions(slot) {
      const intensity = new Uint8Array(slot.length);
      const basis = new Uint8Array(slot.length);
      const bit = new Uint8Array(slot.length);
      for (let i = 0; i < slot.length; i++) {
        const setting = seen.get(slot[i]!) ?? silent(slot[i]!, seed);
        intensity[i] = setting >> 2;
        basis[i] = (setting >> 1) & 1;
        bit[i] = setting & 1;
      }
      return { intensity, basis, bit };
    },
  };
}

/** What was sent in a slot that nobody saw: by the source's law, always the same. (MurmurHash3's finaliser.) */
function silent(slot: number, seed: number): number {
  let h = (slot | 0) ^ Math.imul((slot / 2 ** 32) | 0, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  for (const factor of [0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f]) h = Math.imul(h ^ (h >>> 15), factor);
  h ^= h >>> 16;
  const k = (h & 1) === 0 ? 0 : 1 + ((h >> 1) & 1);
  return k * 4 + ((h >> 2) & 3);
}
