import type { Disturbance } from '../adversary/adversary.ts';
import type { LinkTrace, Receiver, Source } from '../link.ts';
import type { Monitors } from '../observe/monitors.ts';

/** A pass to be played, by either sampler. */
export interface PassInput {
  readonly trace: LinkTrace;
  readonly source: Source;
  readonly receiver: Receiver;
  /** A whole number from 0 to 2^53 - 1. Every bin is drawn from a stream of its own of this seed. */
  readonly seed: number;
  /** Weather, drift and faults, in this order; then, last, an adversary. Each has a stream of its own. */
  readonly disturbances?: readonly Disturbance[];
  /**
   * In bins that begin inside, somebody keeps all of Alice's light that is lost before the receiver, until bases are
   * announced: nobody can see it. Of each of her own pulses (`Branches.own`) she then holds a photon, or none, with the
   * probability of the light that is missing. What reaches Bob stays as it is and counts as not attacked.
   */
  readonly collects?: { readonly fromS: number; readonly toS: number };
  /** Left out: `usualMonitors`. */
  readonly monitors?: Monitors;
  /** First bin to play, 0 by default. Detectors are rested when it begins. */
  readonly firstBin?: number;
  /** How many bins, by default all from `firstBin` to the end of the trace. */
  readonly bins?: number;
}

/**
 * Columns of one bin of the event sampler, in order of time. Arrays are views that stay the caller's: they are not used
 * again.
 */
export interface EventBin {
  readonly bin: number;
  readonly startS: number;
  readonly firstSlot: number;
  readonly pulses: number;
  /** What a time tagger records: time on Bob's clock since the start of the pass, whole ps below 2^53, and detector. */
  readonly tags: Tags;
  /**
   * The same rows as Bob reckons them from ephemeris and nominal clock: nearest slot, and time against its centre, ps,
   * -32767..32767, -32768 for anything beyond. Slots of one bin may belong to the next one's first pulses by jitter.
   */
  readonly slot: Float64Array;
  readonly offsetPs: Int16Array;
  /** What Alice sent in that slot: class, and `basis * 2 + bit`. */
  readonly intensity: Uint8Array;
  readonly state: Uint8Array;
  /** The truth beside it; only a harness and the sky itself may look. */
  readonly truth: EventTruth;
  /** Monitor readings as in `Observation`. */
  readonly monitors: Float64Array;
}

export interface Tags {
  readonly timePs: Float64Array;
  readonly detector: Uint8Array;
}

/** `EventTruth.guess` of somebody who knows the bit. */
export const CERTAIN_GUESS = 65535;

export interface EventTruth {
  /** `Cause`: photon 0, noise 1, adversary 2, after-pulse 3. */
  readonly cause: Uint8Array;
  /** Photons in the pulse at the exit; 255 stands for 255 and more. */
  readonly photons: Uint8Array;
  /** 1 where the adversary acted on the pulse; keeping what is lost anyway (`PassInput.collects`) is no act. */
  readonly attacked: Uint8Array;
  /**
   * Her probability of guessing Alice's bit of this row's slot right once bases are announced, times `CERTAIN_GUESS`, at
   * least 32767 (1/2).
   */
  readonly guess: Uint16Array;
}
