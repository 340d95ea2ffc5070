/** The shadow of the Earth on a satellite. */
import { dot, EQUATORIAL_RADIUS_KM, norm, type Vector } from './earth.ts';
import { cellOf, checkInterval, type Interval, originOf, revolutionOf } from './grid.ts';
import { sunPosition } from './heavens.ts';
import { spells } from './spells.ts';
import { farthestKm, fastestKmS, motionOf } from './state.ts';
import type { Target } from './target.ts';

/** Nominal solar radius, km (IAU 2015 resolution B3). */
export const SUN_RADIUS_KM = 695_700;
/** The axis of the shadow follows the Sun: at perihelion 1.02 degrees a day. */
const AXIS_RATE_RAD_S = 2.1e-7;

/** A stay in the umbra; times are ms since 1970 UTC, not whole numbers. */
export interface Eclipse {
  readonly enterMs: number;
  readonly leaveMs: number;
}

/**
 * How deep a position is inside the umbra, km: the distance to the cone that touches Sun and Earth, positive where the
 * Earth hides the whole disc of the Sun. The Earth is a sphere of equatorial radius without an atmosphere; entry and
 * exit in a low orbit are off by some seconds.
 */
function depthKm(position: Vector, sun: Vector): number {
  const sunKm = norm(sun);
  const sine = (SUN_RADIUS_KM - EQUATORIAL_RADIUS_KM) / sunKm;
  const behind = -dot(position, sun) / sunKm;
  const fromAxis = Math.sqrt(Math.max(0, dot(position, position) - behind * behind));
  const cone = EQUATORIAL_RADIUS_KM - fromAxis * Math.sqrt(1 - sine * sine) - behind * sine;
  // Between Earth and Sun the same cone is in full light.
  return Math.min(cone, behind - EQUATORIAL_RADIUS_KM * sine);
}

/** Knots of the Sun's path, ms: between two of them it leaves the chord by 5e-10 rad, 1 us of a low orbit. */
const KNOT_MS = 300_000;

/** The Sun for a search that asks hundreds of times while it hardly moves: on the chord between two knots. */
function sunOnChords(): (utcMs: number) => Vector {
  let knot = 0;
  let [from, to] = [sunPosition(0), sunPosition(KNOT_MS)];
  return (utcMs) => {
    const here = Math.floor(utcMs / KNOT_MS);
    if (here !== knot) [knot, from, to] = [here, sunPosition(here * KNOT_MS), sunPosition((here + 1) * KNOT_MS)];
    const share = utcMs / KNOT_MS - here;
    return {
      x: from.x + share * (to.x - from.x),
      y: from.y + share * (to.y - from.y),
      z: from.z + share * (to.z - from.z),
    };
  };
}

/**
 * Whether any of the Sun's disc is visible from the satellite: false in the umbra of a conical shadow, true in the
 * penumbra, where reflected sunlight already matters for background. TEME is taken as the true equator of date (1
 * arcsec). Of shadows the Earth's alone counts, also for a target at the Moon.
 * @throws OrbitError `orbit/time`, `orbit/propagation`
 */
export function sunlit(target: Target, utcMs: number): boolean {
  return depthKm(motionOf(target, utcMs).position, sunPosition(utcMs)) <= 0;
}

/**
 * The stays in the umbra that overlap the interval, whole, by the same test as `sunlit`; stays of less than 50 ms may be
 * missing.
 * @throws OrbitError `orbit/interval`, `orbit/propagation`
 */
export function eclipses(target: Target, interval: Interval): Eclipse[] {
  checkInterval(interval, 'eclipses');
  const { fromMs, toMs } = interval;
  const fastest = Math.max(fastestKmS(target, fromMs), fastestKmS(target, toMs));
  const sunAt = sunOnChords();
  return spells(
    {
      value: (utcMs) => depthKm(motionOf(target, utcMs).position, sunAt(utcMs)),
      ratePerMs: (fastest + AXIS_RATE_RAD_S * farthestKm(target, fromMs)) / 1000,
      originMs: originOf(target),
      cellMs: cellOf(target),
      reachMs: revolutionOf(target),
    },
    fromMs,
    toMs,
  ).map(({ startMs, endMs }) => ({ enterMs: startMs, leaveMs: endMs }));
}
