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

/** A body by ephemeris, whatever computes it. */
export interface Ephemeris {
  readonly kind: 'ephemeris';
  readonly name: string;
  /** Throws OrbitError `orbit/time` or `orbit/propagation` where the ephemeris ends. */
  motion(utcMs: number): Motion;
  /** Highest angular rate around the Earth's centre in inertial space, rad/s: a bound, not a mean. */
  readonly fastestRadS: number;
  /** Greatest distance from the Earth's centre, km: a bound. */
  readonly apogeeKm: number;
  /** Time in which the body comes round the Earth once in inertial space, ms. */
  readonly revolutionMs: number;
}

/** What passes, look angles and shadows are computed for. */
export type Target = Elements | Ephemeris;
