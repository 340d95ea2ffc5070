import { DEGREE, toEarthFixed, type Vector } from './earth.ts';
import { OrbitError } from './error.ts';

/** A ground station. */
export interface Station {
  readonly id: string;
  readonly name: string;
  /** Geodetic latitude (WGS-84), north positive, -90 to 90. */
  readonly latitudeDeg: number;
  /** East positive, -180 to 180; the 0 to 360 form is refused, because it is mostly a lost sign. */
  readonly longitudeDeg: number;
  /** Height above the WGS-84 ellipsoid, -500 to 9000 m; height above sea level differs by at most 0.11 km. */
  readonly altitudeM: number;
}

/** A station as the geometry needs it: Earth-fixed position (km) and its unit vectors. */
export interface Site {
  readonly position: Vector;
  readonly east: Vector;
  readonly north: Vector;
  /** Geodetic zenith. */
  readonly up: Vector;
}

/** @throws OrbitError `orbit/latitude`, `orbit/longitude`, `orbit/altitude` when a coordinate is out of its range */
export function checkStation(station: Station): void {
  for (const [code, field, value, low, high, unit] of [
    ['orbit/latitude', 'latitudeDeg', station.latitudeDeg, -90, 90, 'degrees north'],
    ['orbit/longitude', 'longitudeDeg', station.longitudeDeg, -180, 180, 'degrees east (west is negative)'],
    ['orbit/altitude', 'altitudeM', station.altitudeM, -500, 9000, 'metres above the ellipsoid'],
  ] as const) {
    if (!(value >= low && value <= high)) {
      throw new OrbitError(code, `station ${station.id}: ${field} is ${value}; it must be ${low} to ${high} ${unit}`);
    }
  }
}

/** The station in the Earth-fixed frame. Throws as `checkStation` does. */
export function siteOf(station: Station): Site {
  checkStation(station);
  const { latitudeDeg, longitudeDeg, altitudeM } = station;
  const sinLatitude = Math.sin(latitudeDeg * DEGREE);
  const cosLatitude = Math.cos(latitudeDeg * DEGREE);
  const sinLongitude = Math.sin(longitudeDeg * DEGREE);
  const cosLongitude = Math.cos(longitudeDeg * DEGREE);
  return {
    position: toEarthFixed({ latitudeDeg, longitudeDeg, heightKm: altitudeM / 1000 }),
    east: { x: -sinLongitude, y: cosLongitude, z: 0 },
    north: { x: -sinLatitude * cosLongitude, y: -sinLatitude * sinLongitude, z: cosLatitude },
    up: { x: cosLatitude * cosLongitude, y: cosLatitude * sinLongitude, z: sinLatitude },
  };
}
