/** Sun and Moon over a station; positions by astronomy-engine (VSOP87, NOVAS; 1 arcmin). */
import {
  AstroTime,
  Body,
  Equator,
  EquatorFromVector,
  e_tilt,
  GeoVector,
  Horizon,
  Illumination,
  MoonPhase,
  Observer,
  RotateVector,
  Rotation_EQJ_EQD,
  SiderealTime,
} from 'astronomy-engine';
import { angleBetween, DEGREE, J2000_MS, type Vector, wrapDeg } from './earth.ts';
import { OrbitError } from './error.ts';
import { checkStation, type Station } from './station.ts';

const KM_PER_AU = 149_597_870.7;

/** Direction of a heavenly body: geometric, topocentric, no refraction. */
export interface Direction {
  readonly elevationDeg: number;
  /** From north over east, 0 to 360. */
  readonly azimuthDeg: number;
}

const DAY_MS = 86_400_000;

/** Days of J2000, of which any instant is far from one. */
const [EARLY, LATE] = [new AstroTime(0), new AstroTime(2)];

/**
 * An instant for astronomy-engine, from which it computes afresh. The library keeps the nutation of its last instant for
 * any within 0.09 s, and the sidereal time that it had from it: half a millimetre at the Moon's distance, which would
 * depend on what was asked before. An instant far away makes it forget.
 */
export function freshTime(utcMs: number): AstroTime {
  const far = utcMs < J2000_MS + DAY_MS ? LATE : EARLY;
  // The second is for when the first is remembered, and with it no nutation asked for.
  SiderealTime(far);
  e_tilt(far);
  return new AstroTime((utcMs - J2000_MS) / DAY_MS);
}

function timeOf(utcMs: number): AstroTime {
  if (!Number.isFinite(utcMs)) {
    throw new OrbitError('orbit/time', `utcMs is ${utcMs}; it must be milliseconds since 1970 UTC`);
  }
  return freshTime(utcMs);
}

function directionOf(body: Body, station: Station, utcMs: number): Direction {
  checkStation(station);
  const time = timeOf(utcMs);
  const observer = new Observer(station.latitudeDeg, station.longitudeDeg, station.altitudeM);
  const { ra, dec } = Equator(body, time, observer, true, true);
  const { altitude, azimuth } = Horizon(time, observer, ra, dec);
  return { elevationDeg: altitude, azimuthDeg: azimuth };
}

/** The centre of the Sun. Throws as `checkStation` and on a time that is no number (`orbit/time`). */
export function sun(station: Station, utcMs: number): Direction {
  return directionOf(Body.Sun, station, utcMs);
}

/** The Moon over a station, and how it is lit. */
export interface Moon extends Direction {
  /** How much of the disc is lit, 0 (new) to 1 (full). */
  readonly illuminatedFraction: number;
  /** Angle Sun - Moon - Earth, degrees: 180 (new) to 0 (full), from the Earth's centre (1 degree from a station). */
  readonly phaseAngleDeg: number;
  /** From new to full, by ecliptic longitude. */
  readonly waxing: boolean;
}

/** The centre of the Moon, and how much of its disc is lit. Throws as `sun` does. */
export function moon(station: Station, utcMs: number): Moon {
  const direction = directionOf(Body.Moon, station, utcMs);
  const time = timeOf(utcMs);
  const { phase_fraction, phase_angle } = Illumination(Body.Moon, time);
  return {
    ...direction,
    illuminatedFraction: phase_fraction,
    phaseAngleDeg: phase_angle,
    waxing: MoonPhase(time) < 180,
  };
}

/** Angle between two directions at the same station, degrees, 0 to 180. */
export function separationDeg(a: Direction, b: Direction): number {
  return angleBetween(unit(a), unit(b)) / DEGREE;
}

/** North, east, up. */
function unit({ elevationDeg, azimuthDeg }: Direction): Vector {
  const [elevation, azimuth] = [elevationDeg * DEGREE, azimuthDeg * DEGREE];
  const level = Math.cos(elevation);
  return { x: level * Math.cos(azimuth), y: level * Math.sin(azimuth), z: Math.sin(elevation) };
}

/** Apparent place of the Sun's centre seen from the Earth's, km, true equator and equinox of date. */
export const sunPosition = (utcMs: number): Vector => inKm(geocentric(Body.Sun, utcMs));

/** The Moon's, the same. */
export const moonPosition = (utcMs: number): Vector => inKm(geocentric(Body.Moon, utcMs));

const inKm = ({ x, y, z }: Vector): Vector => ({ x: x * KM_PER_AU, y: y * KM_PER_AU, z: z * KM_PER_AU });

/** Geocentric place of a body, equator and equinox of date, AU. */
function geocentric(body: Body, utcMs: number) {
  const time = timeOf(utcMs);
  return RotateVector(Rotation_EQJ_EQD(time), GeoVector(body, time, true));
}

/**
 * The place with the Sun in its zenith: geodetic, since the geodetic zenith there points at the Sun.
 * @throws OrbitError `orbit/time`
 */
export function subsolarPoint(utcMs: number): { latitudeDeg: number; longitudeDeg: number } {
  const { ra, dec } = EquatorFromVector(geocentric(Body.Sun, utcMs));
  return { latitudeDeg: dec, longitudeDeg: wrapDeg((ra - SiderealTime(timeOf(utcMs))) * 15) };
}
