/**
 * Light on its way from one satellite to another, and what stands around it in the sky of the receiver. In the inertial
 * frame around the Earth's centre, in vacuum; left out is what `light-time.ts` leaves out.
 */
import {
  angleBetween,
  DEGREE,
  dot,
  EQUATORIAL_RADIUS_KM,
  FLATTENING,
  minus,
  norm,
  toGeodetic,
  type Vector,
} from './earth.ts';
import { SUN_RADIUS_KM } from './eclipse.ts';
import { cellOf } from './grid.ts';
import { moonPosition, sunPosition } from './heavens.ts';
import { leadRad, ROUNDS, STEPS_PER_CELL, slowness } from './light-time.ts';
import { LIGHT_KM_S } from './look.ts';
import { MOON_RADIUS_KM } from './lunar.ts';
import { motionOf } from './state.ts';
import type { Target } from './target.ts';

/** Light between two satellites. */
export interface IntersatelliteLight {
  /** Of reception. */
  readonly utcMs: number;
  readonly delayS: number;
  /** How the flight time changes with the time of reception, s/s. */
  readonly rate: number;
  /** Received over sent frequency, each on the clock beside it (`LightTime`). */
  readonly frequencyRatio: number;
  /**
   * Angle at the sender, `utcMs` being its own now, between the light that it gets from the receiver and the light that
   * it has to send to meet it, as its telescope has to realise it.
   */
  readonly pointAheadRad: number;
}

/** One-way light between a target that moves and a place at an instant: `sign` -1 where the target sent it, 1 where it gets it. */
function flight(target: Target, from: Vector, utcMs: number, offsetS: number, sign: 1 | -1) {
  let motion = motionOf(target, utcMs, offsetS);
  let delayS = norm(minus(motion.position, from)) / LIGHT_KM_S;
  for (let round = 1; round < ROUNDS; round++) {
    motion = motionOf(target, utcMs, offsetS + sign * delayS);
    delayS = norm(minus(motion.position, from)) / LIGHT_KM_S;
  }
  return { motion, delayS };
}

/**
 * Flight time, Doppler factor and point-ahead angle of the light from one satellite to another. The rate is a difference
 * of the flight time over seven points, as in `lightTime`.
 * @throws OrbitError `orbit/time`, `orbit/propagation`
 */
export function intersatelliteLight(from: Target, to: Target, utcMs: number): IntersatelliteLight {
  const h = Math.min(cellOf(from), cellOf(to)) / 1000 / STEPS_PER_CELL;
  const received = (steps: number) => flight(from, motionOf(to, utcMs, steps * h).position, utcMs, steps * h, -1);
  const odd = (steps: number) => received(steps).delayS - received(-steps).delayS;
  const rate = (45 * odd(1) - 9 * odd(2) + odd(3)) / (60 * h);
  const { motion: sender, delayS } = received(0);
  const here = motionOf(from, utcMs);
  const seen = flight(to, here.position, utcMs, 0, -1).motion;
  const met = flight(to, here.position, utcMs, 0, 1).motion;
  return {
    utcMs,
    delayS,
    rate,
    frequencyRatio: ((1 - rate) * (1 - slowness(sender))) / (1 - slowness(motionOf(to, utcMs))),
    pointAheadRad: leadRad(here, seen.position, met.position),
  };
}

/**
 * The sky of a satellite that looks at another: geometric, both at the same instant. Angles are from the line of sight to
 * the limb of a round body, negative in front of it, whether or not another body hides it.
 */
export interface IntersatelliteSky {
  readonly sunDeg: number;
  /** From a satellite at the Moon good to 30 km of the limb. */
  readonly moonDeg: number;
  readonly earthDeg: number;
  /**
   * Height of the lowest point that the look passes or would pass behind the other satellite, above WGS-84, km: negative
   * where the Earth stands behind it. The height of the satellite that looks, where it looks up.
   */
  readonly lowestHeightKm: number;
  /** Elevation of the Sun at the place below that point, round Earth. */
  readonly sunElevationDeg: number;
}

/**
 * What stands around `seen` in the sky of `from`, which receives its light.
 * @throws OrbitError `orbit/time`, `orbit/propagation`
 */
export function intersatelliteSky(from: Target, seen: Target, utcMs: number): IntersatelliteSky {
  const { position } = motionOf(from, utcMs);
  const line = minus(motionOf(seen, utcMs).position, position);
  const sun = sunPosition(utcMs);
  const toLimb = (centre: Vector, radiusKm: number): number => {
    const to = minus(centre, position);
    return (angleBetween(line, to) - Math.asin(Math.min(1, radiusKm / norm(to)))) / DEGREE;
  };
  const lowest = lowestOnRay(position, line);
  return {
    sunDeg: toLimb(sun, SUN_RADIUS_KM),
    moonDeg: toLimb(moonPosition(utcMs), MOON_RADIUS_KM),
    earthDeg: toLimb({ x: 0, y: 0, z: 0 }, EQUATORIAL_RADIUS_KM),
    lowestHeightKm: toGeodetic(lowest).heightKm,
    sunElevationDeg: 90 - angleBetween(lowest, sun) / DEGREE,
  };
}

/** The point of a ray over which the ellipsoid, stretched to a sphere, is nearest to its centre. */
function lowestOnRay(from: Vector, along: Vector): Vector {
  const factor = 1 / (1 - FLATTENING);
  const [start, way] = [from, along].map(({ x, y, z }) => ({ x, y, z: z * factor })) as [Vector, Vector];
  const share = Math.max(0, -dot(start, way) / dot(way, way));
  return { x: from.x + share * along.x, y: from.y + share * along.y, z: from.z + share * along.z };
}
