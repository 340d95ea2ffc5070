import type { Branches } from '../light/branches.ts';
import type { BinConditions } from '../light/conditions.ts';
import type { Basis } from '../link.ts';
import type { Random } from '../random.ts';

/**
 * D1 visible in link statistics, D2 with a dedicated monitor, D3 not visible at all: bounded by an assumption and paid for
 * in the length of the key, or refused.
 */
export type Visibility = 'D1' | 'D2' | 'D3';

/** A pulse as it leaves Alice, handed to the channel hook once for each kind and bin. */
export interface Pulse {
  /** Number of the kind, for `Branches.add`. */
  readonly kind: number;
  /** Probability of the kind among all pulses. */
  readonly probability: number;
  readonly intensity: number;
  readonly basis: Basis;
  readonly bit: 0 | 1;
  /** True mean photon number at the exit. */
  readonly meanPhotons: number;
  /** Polarisation angle at the receiver's front, frame rotation included, rad. */
  readonly angleRad: number;
  readonly purity: number;
  /** Time of emission against the slot centre, ps, diode offsets included. */
  readonly offsetPs: number;
}

/**
 * Whatever changes a link: the weather, drift, a fault, or somebody on the line. All run through the same hooks. Hooks of
 * a bin are called once a bin, in the order of a pass, before any pulse of it; what they draw, they draw from `random`,
 * which is the disturbance's own stream, so that samplers and workers do not matter.
 */
export interface Disturbance {
  readonly name: string;
  /** The transmitter: intensities, phases, diodes, its power meter. */
  source?(conditions: BinConditions, random: Random): void;
  /** The way: clouds, rotation, background. */
  channel?(conditions: BinConditions, random: Random): void;
  /** What shines into the receiver beside the pulses. */
  receiverFront?(conditions: BinConditions, random: Random): void;
  /** The detectors themselves. */
  detector?(conditions: BinConditions, random: Random): void;
  /** Clocks, sync, beacon, range. */
  clock?(conditions: BinConditions, random: Random): void;
}

/** Somebody on the line. */
export interface Adversary extends Disturbance {
  readonly visibility: Visibility;
  /**
   * `event`: what she does lies in which clicks hold which detectors dead, or bring which others, so that only the event
   * sampler plays it; the count sampler refuses her. Left out: either.
   */
  readonly level?: 'event';
  /**
   * What becomes of one pulse: adds its branches to `out`, their probabilities summing to `pulse.probability` (checked).
   * Left out, or not adding anything for a pulse: it passes as on an honest link. She has a lossless channel and photon
   * counters as quantum mechanics allows; she learns Alice's class, basis and bit only as far as her own measurement
   * tells (`pulse` carries them so that probabilities can be computed).
   */
  act?(pulse: Pulse, conditions: BinConditions, out: Branches): void;
}

/** What a strength means, for `skykey lab --list`. */
export interface StrengthScale {
  /** A sentence: `share of pulses measured and resent`. */
  readonly meaning: string;
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  /** The strength of the acceptance study, or a typical one. */
  readonly usual: number;
}

/** The verdict of an alarm; `clean` when nothing spoke. */
export type Verdict = 'tap' | 'jam' | 'fault' | 'time' | 'source' | 'clean';

/** An entry of the catalogue. */
export interface Attack {
  /** `intercept-resend`. */
  readonly name: string;
  /** One sentence: mechanism. */
  readonly description: string;
  /** The paper or reference that describes it. */
  readonly reference: string;
  /** `fault` for an honest breakdown that must not be called a tap; `none` for the clean link. */
  readonly kind: 'attack' | 'fault' | 'none';
  readonly visibility: Visibility | null;
  /** The verdict an alarm ought to give; `clean` for D3 and for none. */
  readonly expected: Verdict;
  /** What must hold so that no key leaks: name of an assumption (`assumptions.ts` of the lab), or null where the decoy bound alone pays. */
  readonly assumption: string | null;
  readonly strength: StrengthScale;
  /** That of the adversary (`Adversary.level`). */
  readonly level?: 'event';
  /**
   * True where she lives on a defect that the device has from its first day, of this strength: `create` for a time that
   * never comes leaves the defect alone, and what is usual on such a link is learned with it.
   */
  readonly defect?: boolean;
  /**
   * The adversary at a strength on a given honest link (the source's and receiver's flaws that she exploits are
   * there), acting from `fromS` to `toS` of pass time. Throws PhotonsError `photons/strength` outside the range.
   */
  create(strength: number, time?: { readonly fromS: number; readonly toS: number }): Disturbance | Adversary;
}
