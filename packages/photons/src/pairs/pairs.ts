/** Entangled pairs from one source to two stations: what goes in and what comes out. */
import type { Visibility } from '../adversary/adversary.ts';
import type { FlightTime, Receiver, ReceiverFlaws } from '../link.ts';
import type { Random } from '../random.ts';
import type { Tags } from '../sampler/sampler.ts';

/**
 * A source of polarisation-entangled pairs in continuous time: Phi+ in linear polarisation, so that equal analysers give
 * equal bits and analysers at an angle d apart agree with probability 1/2 + V/2 cos 2d.
 */
export interface PairSource {
  /** Pairs per second, at Poisson times: two that come within one coincidence window do so by chance. */
  readonly pairRateHz: number;
  /** Visibility V of the correlations, alike in all bases of linear polarisation, 0..1. */
  readonly visibility: number;
  /** Probability that a second, independent pair comes at the same moment, beyond chance. 0 when left out. */
  readonly doubleProbability?: number;
}

/** What is modelled of a receiver for pairs. The choice of basis is passive. */
export interface PairReceiver extends Pick<Receiver, 'basisXProbability' | 'misalignment' | 'deadTimeNs' | 'jitterPs'> {
  /** Of each detector, efficiency and delay. */
  readonly flaws?: Pick<ReceiverFlaws, 'deadTogether' | 'afterPulse' | 'detectors'>;
}

/** One of the two stations and the way of the light to it; arrays have one element a bin. */
export interface PairStation {
  /** From the exit of the source to a photo-electron of a detector of efficiency 1, 0..1. */
  readonly transmittance: Float64Array;
  /** Counts per second of each detector that come from no pair. */
  readonly noiseHz: Float64Array;
  readonly receiver: PairReceiver;
  /** Angle of the port of bit 0 in basis X and in basis Z, rad; pi/4 and 0 when left out. */
  readonly analyserRad?: readonly [number, number];
  /** Left out: none, times are those of emission. */
  readonly flight?: FlightTime;
  /** The station's clock less the source's at the start of each bin, ps, straight between and steady in the last; white jitter. */
  readonly clock?: { readonly offsetPs: Float64Array; readonly jitterPs: number };
}

export interface PairInput {
  readonly source: PairSource;
  /** As many bins each. */
  readonly stations: readonly [PairStation, PairStation];
  /** Length of a bin, s; a whole number of ps. */
  readonly binS: number;
  /** A whole number from 0 to 2^53 - 1. Each bin has streams of its own, one for the light and one for the adversary. */
  readonly seed: number;
  readonly adversary?: PairAdversary;
}

/** A pair as it leaves the source, or what somebody sends in its place: two photons that share nothing but these angles. */
export interface PairState {
  /** True: Phi+ of this visibility; the angles mean nothing. False: photons of these angles and degrees of polarisation. */
  entangled: boolean;
  visibility: number;
  /** By station, rad. */
  readonly angleRad: Float64Array;
  /** By station, 0..1. */
  readonly purity: Float64Array;
  /** Whether the adversary knows the angles. */
  known: boolean;
  /** Whether she had a hand in it. */
  attacked: boolean;
}

/** Somebody at the source or on the way of one of the photons, or a source that is not what it should be. */
export interface PairAdversary {
  readonly name: string;
  readonly visibility: Visibility;
  /** The source as she lets it run. */
  source?(source: PairSource): PairSource;
  /**
   * Changes one pair, in place; called for pairs of which something is detected. Her channel has the loss of the honest
   * one: nobody sees her in the rates.
   */
  act?(state: PairState, random: Random): void;
}

/** Rows of one station in order of time. Arrays are the caller's. */
export interface StationTags {
  /**
   * What the station records: time on its clock, whole ps since the start of the pass (by jitter a little before it, where
   * the light takes no time), and detector.
   */
  readonly tags: Tags;
  /** The same as times of emission, whole ps, reckoned from ephemeris and a nominal clock. */
  readonly reckonedPs: Float64Array;
  readonly truth: PairTruth;
}

/** What is true of the rows beside them. */
export interface PairTruth {
  /** `Cause`: photon 0, noise 1, adversary 2, after-pulse 3. */
  readonly cause: Uint8Array;
  /** Number of the pair among those of which anything was seen, -1 for what comes from none. */
  readonly pair: Float64Array;
  /** The adversary's probability of guessing the bit right once bases are announced, times 65535, at least 32767 (1/2). */
  readonly guess: Uint16Array;
}

export interface PairBin {
  readonly bin: number;
  readonly startS: number;
  /** Up to this reckoned time nothing will come any more; what was later in the bin comes with the next one. */
  readonly completePs: number;
  readonly stations: readonly [StationTags, StationTags];
}

/** A run that advances bin by bin. */
export interface PairPass {
  readonly bins: number;
  readonly remaining: number;
  /** Throws `photons/range` after the last bin. */
  next(): PairBin;
}

/** Bob's angles, basis X and Z, for the greatest violation of CHSH with Alice's at pi/4 and 0. */
export const CHSH_ANALYSER_RAD: readonly [number, number] = [Math.PI / 8, (3 * Math.PI) / 8];
