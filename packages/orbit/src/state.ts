import { checkForDecay, type PositionAndVelocity, SatRecError, sgp4 } from 'satellite.js';
import { EARTH_RATE_RAD_S, type Place, siderealTime, toGeodetic, type Vector } from './earth.ts';
import type { Elements } from './elements.ts';
import { OrbitError } from './error.ts';

/** Position and velocity in the rotating Earth-fixed frame, km and km/s. */
export interface State {
  readonly position: Vector;
  readonly velocity: Vector;
  /** Mean motion, rad/s, and eccentricity as SGP4 has them at this instant: they bound how fast things can change. */
  readonly meanMotionRadS: number;
  readonly eccentricity: number;
  /** Mean semi-major axis, Earth radii of SGP4 (6378.135 km). */
  readonly semiMajorAxisRadii: number;
}

/**
 * Position (km) and velocity (km/s) in the TEME frame by SGP4.
 * @throws OrbitError `orbit/time` when the instant is no number, `orbit/propagation` when the model says that the
 *   satellite has decayed or that its orbit has become impossible
 */
export function inertialState(elements: Elements, utcMs: number): PositionAndVelocity {
  if (!Number.isFinite(utcMs)) {
    throw new OrbitError('orbit/time', `utcMs is ${utcMs}; it must be milliseconds since 1970 UTC`);
  }
  const state = sgp4(elements.satrec, (utcMs - elements.epochMs) / 60_000);
  if (state === null || checkForDecay(elements.satrec)) {
    const reason = state === null ? SatRecError[elements.satrec.error] : SatRecError[SatRecError.Decayed];
    const days = ((utcMs - elements.epochMs) / 86_400_000).toFixed(1);
    throw new OrbitError(
      'orbit/propagation',
      `${elements.name}: SGP4 has no position ${days} days from the epoch of the elements (${reason}); ` +
        'use elements nearer to the time asked for',
    );
  }
  return state;
}

/** The state seen from the turning Earth, its figure WGS-84. Throws as `inertialState` does. */
export function earthFixedState(elements: Elements, utcMs: number): State {
  const { position: r, velocity: v, meanElements } = inertialState(elements, utcMs);
  const angle = siderealTime(utcMs);
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  const x = cosine * r.x + sine * r.y;
  const y = cosine * r.y - sine * r.x;
  return {
    position: { x, y, z: r.z },
    velocity: {
      x: cosine * v.x + sine * v.y + EARTH_RATE_RAD_S * y,
      y: cosine * v.y - sine * v.x - EARTH_RATE_RAD_S * x,
      z: v.z,
    },
    meanMotionRadS: meanElements.nm / 60,
    eccentricity: meanElements.em,
    semiMajorAxisRadii: meanElements.am,
  };
}

/** The place on WGS-84 right below the satellite, and its height above it. Throws as `inertialState` does. */
export function subpoint(elements: Elements, utcMs: number): Place {
  return toGeodetic(earthFixedState(elements, utcMs).position);
}
