import { checkForDecay, type PositionAndVelocity, SatRecError, sgp4 } from 'satellite.js';
import { EARTH_RATE_RAD_S, EQUATORIAL_RADIUS_KM, type Place, siderealTime, toGeodetic, type Vector } from './earth.ts';
import type { Elements } from './elements.ts';
import { OrbitError } from './error.ts';
import type { Motion, Target } from './target.ts';

/** Position and velocity in the rotating Earth-fixed frame, km and km/s. */
export interface State {
  readonly position: Vector;
  readonly velocity: Vector;
  /** Highest angular rate around the Earth's centre, inertial, rad/s, of the orbit as it is now: a bound. */
  readonly fastestRadS: number;
  /** Greatest distance from the Earth's centre of the orbit as it is now, km: a bound. */
  readonly apogeeKm: number;
}

/**
 * Position (km) and velocity (km/s) in the TEME frame by SGP4, `offsetS` after `utcMs`: as two numbers the instant is
 * good to a nanosecond, as one only to 0.2 us, in which a low orbit moves 2 mm.
 * @throws OrbitError `orbit/time` when the instant is no number, `orbit/propagation` when the model says that the
 *   satellite has decayed or that its orbit has become impossible
 */
export function inertialState(elements: Elements, utcMs: number, offsetS = 0): PositionAndVelocity {
  if (!Number.isFinite(utcMs)) {
    throw new OrbitError('orbit/time', `utcMs is ${utcMs}; it must be milliseconds since 1970 UTC`);
  }
  const state = sgp4(elements.satrec, (utcMs - elements.epochMs + offsetS * 1000) / 60_000);
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

/** Highest angular rate around the Earth's centre on a Kepler orbit, that of its perigee, rad/s. */
export function perigeeRate(meanMotionRadS: number, eccentricity: number): number {
  return meanMotionRadS * Math.sqrt((1 + eccentricity) / (1 - eccentricity) ** 3);
}

/** Osculating motion differs from the mean by J2 terms of about 0.2 %. */
const RATE_MARGIN = 1.02;
const RADIUS_MARGIN_KM = 30;
/** Room for what Sun, Moon and drag change in the shape of an orbit within the time of a search. */
const SPEED_MARGIN = 1.05;

/** Inertial position and velocity, TEME, `offsetS` after `utcMs`. Throws as `inertialState` does, or as the ephemeris. */
export function motionOf(target: Target, utcMs: number, offsetS = 0): Motion {
  return target.kind === 'sgp4' ? inertialState(target, utcMs, offsetS) : target.motion(utcMs + offsetS * 1000);
}

/** Highest inertial speed, km/s: a bound, from which searches prove that nothing happens in a step. */
export function fastestKmS(target: Target, utcMs: number): number {
  if (target.kind === 'ephemeris') return target.fastestKmS;
  const { nm, am, em } = inertialState(target, utcMs).meanElements;
  return SPEED_MARGIN * (nm / 60) * am * EQUATORIAL_RADIUS_KM * Math.sqrt((1 + em) / (1 - em));
}

/** Greatest distance from the Earth's centre, km: a bound. */
export function farthestKm(target: Target, utcMs: number): number {
  if (target.kind === 'ephemeris') return target.apogeeKm;
  return apogeeKm(inertialState(target, utcMs).meanElements);
}

const apogeeKm = ({ am, em }: { am: number; em: number }): number =>
  am * (1 + em) * EQUATORIAL_RADIUS_KM + RADIUS_MARGIN_KM;

/** The state seen from the turning Earth, its figure WGS-84. Throws as `motionOf` does. */
export function earthFixedState(target: Target, utcMs: number): State {
  if (target.kind === 'ephemeris') return turned(target.motion(utcMs), utcMs, target.fastestRadS, target.apogeeKm);
  const motion = inertialState(target, utcMs);
  const { nm, em } = motion.meanElements;
  return turned(motion, utcMs, RATE_MARGIN * perigeeRate(nm / 60, em), apogeeKm(motion.meanElements));
}

function turned({ position: r, velocity: v }: Motion, utcMs: number, fastestRadS: number, apogeeKm: number): State {
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
    fastestRadS,
    apogeeKm,
  };
}

/** The place on WGS-84 right below the satellite, and its height above it. Throws as `motionOf` does. */
export function subpoint(target: Target, utcMs: number): Place {
  return toGeodetic(earthFixedState(target, utcMs).position);
}
