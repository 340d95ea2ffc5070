/**
 * Light on its way between a station and a satellite: it leaves one where that was and meets the other where that will
 * be. Computed in the inertial frame around the Earth's centre, in vacuum.
 *
 * Left out: the air (8 ns at the zenith, some 45 ns at 10 degrees, at sea level), the delay by the Earth's gravity
 * (0.12 ns to the Moon, far less nearby), polar motion and UT1 - UTC (see `earth.ts`).
 */
import { angleBetween, dot, EARTH_RATE_RAD_S, minus, norm, siderealTime, type Vector } from './earth.ts';
import { cellOf } from './grid.ts';
import { LIGHT_KM_S } from './look.ts';
import { motionOf } from './state.ts';
import { type Site, type Station, siteOf } from './station.ts';
import type { Motion, Target } from './target.ts';

/** `down`: from the satellite, received at the station at the given instant; `up`: sent from the station then. */
export type LightDirection = 'down' | 'up';

/** One-way flight time, and how it changes with the time on the station's clock. */
export interface LightTime {
  /** At the station: of reception (down) or of sending (up). */
  readonly utcMs: number;
  readonly direction: LightDirection;
  readonly delayS: number;
  /** First derivative, s/s. */
  readonly rate: number;
  /** Second derivative, s/s^2. */
  readonly ratePerS: number;
  /** Third derivative, s/s^3. */
  readonly ratePerS2: number;
  /**
   * Received over sent frequency, each on the clock beside it: the first-order Doppler shift, and the shifts of both
   * clocks by speed and by the gravity of a round Earth (order c^-2). Left out: the Earth's oblateness (4e-13), the
   * gravity of Sun and Moon (3e-11 for a clock on the Moon), order c^-3 of the clocks.
   */
  readonly frequencyRatio: number;
}

/** Gravitational parameter of the Earth, km^3/s^2 (WGS-84, TR8350.2). */
const EARTH_GM = 398_600.4418;

/** Rounds of the light-time equation: each gains a factor v/c, below 3e-5, on the geometric range over c. */
export const ROUNDS = 4;

/** The step of the differences is this part of a cell of the grid: about 1 s for a low orbit, 15 s beyond. */
export const STEPS_PER_CELL = 32;

/** Motion of a place on the turning Earth in the inertial frame, at the sidereal angle. */
function stationMotion({ position }: Site, angle: number): Motion {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const x = cosine * position.x - sine * position.y;
  const y = sine * position.x + cosine * position.y;
  return {
    position: { x, y, z: position.z },
    velocity: { x: -EARTH_RATE_RAD_S * y, y: EARTH_RATE_RAD_S * x, z: 0 },
  };
}

/** Both ends of the light that leaves or reaches the station `offsetS` after `utcMs`. */
function lightPath(target: Target, site: Site, utcMs: number, offsetS: number, direction: LightDirection) {
  const station = stationMotion(site, siderealTime(utcMs) + EARTH_RATE_RAD_S * offsetS);
  const sign = direction === 'down' ? -1 : 1;
  let satellite = motionOf(target, utcMs, offsetS);
  let delayS = norm(minus(satellite.position, station.position)) / LIGHT_KM_S;
  for (let round = 1; round < ROUNDS; round++) {
    satellite = motionOf(target, utcMs, offsetS + sign * delayS);
    delayS = norm(minus(satellite.position, station.position)) / LIGHT_KM_S;
  }
  return { station, satellite, delayS };
}

/** By how much a clock in this motion is slow against one at rest far away: v^2 / 2 c^2 + GM / r c^2. */
export function slowness({ position, velocity }: Motion): number {
  return (dot(velocity, velocity) / 2 + EARTH_GM / norm(position)) / LIGHT_KM_S ** 2;
}

/**
 * One-way flight time between satellite and station, its derivatives and the Doppler factor.
 *
 * The derivatives are differences of the flight time itself over seven points (order 6, 6 and 4), so that they agree
 * with it and not with SGP4's velocities, which are some cm/s off their own positions. In orbits from 200 km up they
 * follow the flight time to 1e-12 s/s, 1e-13 s/s^2 and 1e-12 s/s^3; what is wrong with them is the elements, whose
 * kilometres make a microsecond and 1e-8 to 1e-7 s/s.
 * @throws OrbitError as `look`
 */
export function lightTime(target: Target, station: Station, utcMs: number, direction: LightDirection): LightTime {
  const site = siteOf(station);
  const h = cellOf(target) / 1000 / STEPS_PER_CELL;
  const delay = (steps: number) => lightPath(target, site, utcMs, steps * h, direction).delayS;
  const middle = lightPath(target, site, utcMs, 0, direction);
  const [before3, before2, before1] = [delay(-3), delay(-2), delay(-1)];
  const [after1, after2, after3] = [delay(1), delay(2), delay(3)];
  const [odd1, odd2, odd3] = [after1 - before1, after2 - before2, after3 - before3];
  const [even1, even2, even3] = [
    after1 + before1 - 2 * middle.delayS,
    after2 + before2 - 2 * middle.delayS,
    after3 + before3 - 2 * middle.delayS,
  ];
  const rate = (45 * odd1 - 9 * odd2 + odd3) / (60 * h);
  const clocks = (1 - slowness(middle.satellite)) / (1 - slowness(middle.station));
  return {
    utcMs,
    direction,
    delayS: middle.delayS,
    rate,
    ratePerS: (270 * even1 - 27 * even2 + 2 * even3) / (180 * h ** 2),
    ratePerS2: (-13 * odd1 + 8 * odd2 - odd3) / (8 * h ** 3),
    frequencyRatio: direction === 'down' ? (1 - rate) * clocks : 1 / ((1 + rate) * clocks),
  };
}

/**
 * Angle, rad, between the light that reaches the station now and the light it has to send now to meet the satellite, as
 * its telescope has to realise it (with aberration, first order in v/c): 2 v / c for the relative speed v across the line
 * of sight, about 50 urad for a low orbit. The satellite needs the same angle towards the station.
 * @throws OrbitError as `look`
 */
export function pointAheadRad(target: Target, station: Station, utcMs: number): number {
  const site = siteOf(station);
  const seen = lightPath(target, site, utcMs, 0, 'down');
  const met = lightPath(target, site, utcMs, 0, 'up');
  return leadRad(seen.station, seen.satellite.position, met.satellite.position);
}

/** Angle at a moving telescope between the light that comes from one position and the light for another, aberration included. */
export function leadRad({ position, velocity }: Motion, seen: Vector, met: Vector): number {
  // A moving telescope sees light come from farther ahead, and has to send it less far ahead.
  const along = (to: Vector, sign: 1 | -1): Vector => {
    const line = minus(to, position);
    const share = (sign * norm(line)) / LIGHT_KM_S;
    return { x: line.x + share * velocity.x, y: line.y + share * velocity.y, z: line.z + share * velocity.z };
  };
  return angleBetween(along(seen, 1), along(met, -1));
}
