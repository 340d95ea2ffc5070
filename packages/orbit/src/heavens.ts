/** Sun and Moon over a station, and the shadow of the Earth; positions by astronomy-engine (VSOP87, NOVAS; 1 arcmin). */
import {
  Body,
  Equator,
  EquatorFromVector,
  GeoVector,
  Horizon,
  Illumination,
  MakeTime,
  Observer,
  RotateVector,
  Rotation_EQJ_EQD,
  SiderealTime,
} from 'astronomy-engine';
import { dot, EQUATORIAL_RADIUS_KM, J2000_MS, wrapDeg } from './earth.ts';
import { OrbitError } from './error.ts';
import { motionOf } from './state.ts';
import { checkStation, type Station } from './station.ts';
import type { Target } from './target.ts';

const KM_PER_AU = 149_597_870.7;
/** Nominal solar radius, km (IAU 2015 resolution B3). */
const SUN_RADIUS_KM = 695_700;

/** Direction of a heavenly body: geometric, topocentric, no refraction. */
export interface Direction {
  readonly elevationDeg: number;
  /** From north over east, 0 to 360. */
  readonly azimuthDeg: number;
}

function timeOf(utcMs: number) {
  if (!Number.isFinite(utcMs)) {
    throw new OrbitError('orbit/time', `utcMs is ${utcMs}; it must be milliseconds since 1970 UTC`);
  }
  return MakeTime((utcMs - J2000_MS) / 86_400_000);
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

/** The centre of the Moon, and how much of its disc is lit, 0 (new) to 1 (full). Throws as `sun` does. */
export function moon(station: Station, utcMs: number): Direction & { readonly illuminatedFraction: number } {
  return {
    ...directionOf(Body.Moon, station, utcMs),
    illuminatedFraction: Illumination(Body.Moon, timeOf(utcMs)).phase_fraction,
  };
}

/** Geocentric Sun, equator and equinox of date, AU. */
function sunVector(utcMs: number) {
  const time = timeOf(utcMs);
  return RotateVector(Rotation_EQJ_EQD(time), GeoVector(Body.Sun, time, true));
}

/**
 * The place with the Sun in its zenith: geodetic, since the geodetic zenith there points at the Sun.
 * @throws OrbitError `orbit/time`
 */
export function subsolarPoint(utcMs: number): { latitudeDeg: number; longitudeDeg: number } {
  const { ra, dec } = EquatorFromVector(sunVector(utcMs));
  return { latitudeDeg: dec, longitudeDeg: wrapDeg((ra - SiderealTime(timeOf(utcMs))) * 15) };
}

/**
 * Whether any of the Sun's disc is visible from the satellite: false in the umbra of a conical shadow, true in the
 * penumbra, where reflected sunlight already matters for background. The Earth is a sphere of equatorial radius without
 * an atmosphere; entry and exit are off by some seconds. TEME is taken as the true equator of date (1 arcsec).
 * @throws OrbitError `orbit/time`, `orbit/propagation`
 */
export function sunlit(target: Target, utcMs: number): boolean {
  const { position } = motionOf(target, utcMs);
  const { x, y, z } = sunVector(utcMs);
  const toSun = { x: x * KM_PER_AU - position.x, y: y * KM_PER_AU - position.y, z: z * KM_PER_AU - position.z };
  const sunKm = Math.sqrt(dot(toSun, toSun));
  const earthKm = Math.sqrt(dot(position, position));
  const separation = Math.acos(-dot(toSun, position) / (sunKm * earthKm));
  return separation > Math.asin(EQUATORIAL_RADIUS_KM / earthKm) - Math.asin(SUN_RADIUS_KM / sunKm);
}
