/**
 * What a station looks at: a satellite by its mean elements, or a body whose motion somebody else computes (a relay
 * around the Moon, a place on it). Both give an inertial state at an instant, and bounds on how fast they can move,
 * from which every search derives its steps.
 */
import type { Vector } from './earth.ts';
import type { Elements } from './elements.ts';

/** Position, km, and velocity, km/s, in the inertial frame of this package: true equator, mean equinox of date (TEME). */
export interface Motion {
  readonly position: Vector;
  readonly velocity: Vector;
}

/** The round body that a target flies around or stands on, and that hides it: the Moon. Its methods throw as `motion`. */
export interface Occluder {
  /**
   * `sphere`: what is behind the sphere of `radiusKm` is hidden. `ground`: the target stands on the body, however high,
   * and is hidden from whoever is below its level horizon; terrain and the dip of the horizon are left out.
   */
  readonly kind: 'sphere' | 'ground';
  /** Mean radius of the body, km. */
  readonly radiusKm: number;
  /** The body's centre as `Motion` has it, km. */
  centre(utcMs: number): Vector;
  /** The target from there, same axes, km. */
  fromCentre(utcMs: number): Vector;
  /** Least distance of the centre from the Earth's, km, and its highest speed there, km/s: bounds. */
  readonly nearestKm: number;
  readonly centreKmS: number;
  /** Greatest distance of the target from the body's centre, km, and its highest speed around it, km/s: bounds. */
  readonly reachKm: number;
  readonly aroundKmS: number;
}

/** A body by ephemeris, whatever computes it. */
export interface Ephemeris {
  readonly kind: 'ephemeris';
  readonly name: string;
  /** Throws OrbitError `orbit/time` or `orbit/propagation` where the ephemeris ends. */
  motion(utcMs: number): Motion;
  /** Highest angular rate around the Earth's centre in inertial space, rad/s: a bound, not a mean. */
  readonly fastestRadS: number;
  /** Highest speed in the inertial frame, km/s: a bound. */
  readonly fastestKmS: number;
  /** Greatest distance from the Earth's centre, km: a bound. */
  readonly apogeeKm: number;
  /** Time in which the body comes round the Earth once in inertial space, ms. */
  readonly revolutionMs: number;
  /** What can come between it and an observer, beside the Earth; nothing where it is left out. */
  readonly occluder?: Occluder;
}

/** What passes, look angles and shadows are computed for. */
export type Target = Elements | Ephemeris;
