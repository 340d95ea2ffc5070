/**
 * The figure and the rotation of the Earth: WGS-84 (NIMA TR8350.2) and Greenwich mean sidereal time
 * (Aoki et al. 1982, IAU 1982), the rotation that belongs to the TEME frame of SGP4 (Vallado et al., AIAA 2006-6753).
 * UT1 is taken as UTC (they differ by less than 0.9 s, 0.4 km at the equator) and polar motion as zero (10 m).
 */

/** WGS-84 equatorial radius, km. */
export const EQUATORIAL_RADIUS_KM = 6378.137;
/** WGS-84. */
export const FLATTENING = 1 / 298.257223563;
const ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING);

/** Ms since 1970 UTC of 2000-01-01 12:00. */
export const J2000_MS = 946_728_000_000;
const CENTURY_MS = 36_525 * 86_400_000;

/** Rate of Greenwich mean sidereal time, rad/s; the quadratic term changes it by less than 1e-15 a century. */
export const EARTH_RATE_RAD_S = 7.292115855306589e-5;

export const DEGREE = Math.PI / 180;

/** A vector, km unless a name says otherwise. */
export interface Vector {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** Geodetic place on WGS-84. */
export interface Place {
  readonly latitudeDeg: number;
  /** East positive, -180 to 180. */
  readonly longitudeDeg: number;
  readonly heightKm: number;
}

export function dot(a: Vector, b: Vector): number {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

export function minus(a: Vector, b: Vector): Vector {
  return { x: a.x - b.x, y: a.y - b.y, z: a.z - b.z };
}

export function norm(a: Vector): number {
  return Math.sqrt(dot(a, a));
}

/** Angle between two directions, rad, 0 to pi: by its tangent, exact for the smallest angles too. */
export function angleBetween(a: Vector, b: Vector): number {
  const cross = { x: a.y * b.z - a.z * b.y, y: a.z * b.x - a.x * b.z, z: a.x * b.y - a.y * b.x };
  return Math.atan2(norm(cross), dot(a, b));
}

/** The point of the line from `a` to `b` that is nearest to the origin. */
export function nearestPoint(a: Vector, b: Vector): Vector {
  const line = minus(b, a);
  const length2 = dot(line, line);
  const share = length2 === 0 ? 0 : Math.min(1, Math.max(0, -dot(a, line) / length2));
  return { x: a.x + share * line.x, y: a.y + share * line.y, z: a.z + share * line.z };
}

/** A vector turned around the axis of the Earth, to the east: from the Earth-fixed frame to TEME by the sidereal angle. */
export function turnedEast({ x, y, z }: Vector, angle: number): Vector {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  return { x: cosine * x - sine * y, y: sine * x + cosine * y, z };
}

/** Greenwich mean sidereal time, rad, 0 to 2 pi. */
export function siderealTime(utcMs: number): number {
  const centuries = (utcMs - J2000_MS) / CENTURY_MS;
  const seconds =
    67_310.54841 +
    (876_600 * 3600 + 8_640_184.812866) * centuries +
    0.093104 * centuries ** 2 -
    6.2e-6 * centuries ** 3;
  const turn = (seconds / 86_400) % 1;
  return 2 * Math.PI * (turn < 0 ? turn + 1 : turn);
}

/** Brings an angle in degrees to -180 (inclusive) to 180. */
export function wrapDeg(angleDeg: number): number {
  return angleDeg - 360 * Math.floor((angleDeg + 180) / 360);
}

/** Earth-fixed position of a geodetic place, km. */
export function toEarthFixed({ latitudeDeg, longitudeDeg, heightKm }: Place): Vector {
  const latitude = latitudeDeg * DEGREE;
  const longitude = longitudeDeg * DEGREE;
  const normal = EQUATORIAL_RADIUS_KM / Math.sqrt(1 - ECCENTRICITY_SQUARED * Math.sin(latitude) ** 2);
  const axial = (normal + heightKm) * Math.cos(latitude);
  return {
    x: axial * Math.cos(longitude),
    y: axial * Math.sin(longitude),
    z: (normal * (1 - ECCENTRICITY_SQUARED) + heightKm) * Math.sin(latitude),
  };
}

/**
 * Geodetic place of an Earth-fixed position, km (Bowring, Survey Review 28, 1985: one step from the parametric
 * latitude, better than a millimetre up to geostationary height).
 */
export function toGeodetic({ x, y, z }: Vector): Place {
  const axial = Math.hypot(x, y);
  const radius = Math.hypot(axial, z);
  const polarRadius = EQUATORIAL_RADIUS_KM * (1 - FLATTENING);
  const secondEccentricity = ECCENTRICITY_SQUARED / (1 - ECCENTRICITY_SQUARED);
  const parametric = Math.atan2(z * (1 - FLATTENING) * (1 + (secondEccentricity * polarRadius) / radius), axial);
  const latitude = Math.atan2(
    z + secondEccentricity * polarRadius * Math.sin(parametric) ** 3,
    axial - ECCENTRICITY_SQUARED * EQUATORIAL_RADIUS_KM * Math.cos(parametric) ** 3,
  );
  const sine = Math.sin(latitude);
  return {
    latitudeDeg: latitude / DEGREE,
    longitudeDeg: Math.atan2(y, x) / DEGREE,
    heightKm:
      axial * Math.cos(latitude) + z * sine - EQUATORIAL_RADIUS_KM * Math.sqrt(1 - ECCENTRICITY_SQUARED * sine * sine),
  };
}
