/**
 * A relay around the Moon and a place on it, as seen from the Earth's centre: the Moon's place by astronomy-engine
 * (Brown's theory as shortened by Montenbruck and Pfleger: within 1 arcsec of a published eclipse, and 9 km nearer than
 * published distances), its pole and prime meridian by the IAU's Working Group on Cartographic Coordinates (Archinal et
 * al., Celest. Mech. Dyn. Astron. 109, 101, 2011, table 2; 150 m on the ground), those of the mean Earth/polar axes of
 * maps.
 *
 * Results are in the frame of SGP4, true equator and mean equinox of date (TEME): the true equator and equinox of date,
 * turned by the equation of the equinoxes (up to 18 arcsec, 30 km at the Moon). Velocities are the time derivatives of
 * those coordinates; the precession of the frame is 3 mm/s of them at the Moon. Positions are geometric, without light
 * time. Later than 2017 the library's guess at TT - UT1 runs ahead of the Earth by up to 6 s, 6 km of the Moon's way.
 */
import {
  AstroTime,
  Vector as AstroVector,
  type AxisInfo,
  Body,
  e_tilt,
  GeoMoon,
  MassProduct,
  RotateVector,
  Rotation_EQJ_EQD,
  RotationAxis,
} from 'astronomy-engine';
import { DEGREE, J2000_MS, type Vector } from './earth.ts';
import { OrbitError } from './error.ts';
import { freshTime } from './heavens.ts';
import type { Ephemeris, Motion, Occluder } from './target.ts';

const KM_PER_AU = 149_597_870.7;
const DAY_MS = 86_400_000;
/** Gravitational constant of the Moon as astronomy-engine has it, km^3/s^2. */
const MOON_GM = (MassProduct(Body.Moon) * KM_PER_AU ** 3) / 86_400 ** 2;
/** Mean radius of the Moon, to which heights refer (Archinal et al. 2011, table 5), km. */
export const MOON_RADIUS_KM = 1737.4;

/** Distance and speed of the Moon's centre from 1950 to 2100: 356,421 to 406,701 km, at most 1.105 km/s. */
const NEAREST_KM = 356_300;
const FARTHEST_KM = 406_800;
const FASTEST_KM_S = 1.11;
const FIRST_MS = Date.UTC(1950, 0);
const LAST_MS = Date.UTC(2100, 0);
/** The ground turns at 4.6 m/s, and librates by a thousandth of that. */
const SPIN_KM_S = 0.005;
/** The sidereal month is 27.32 days on average; no revolution of what is near the Moon takes longer than this. */
const REVOLUTION_MS = 28.5 * DAY_MS;

/** An assumption of ours: from here on the Earth's tide is over 2 % of the Moon's pull, and a conic is no orbit. */
const HIGHEST_APOSELENE_KM = 20_000;

/** Half the step of the numerical derivative, s: truncated by 4e-6 m/s for the Moon, rounded by less. */
const STEP_S = 60;

const timeOf = (utcMs: number) => new AstroTime((utcMs - J2000_MS) / DAY_MS);

const sum = (a: Vector, b: Vector): Vector => ({ x: a.x + b.x, y: a.y + b.y, z: a.z + b.z });
const scaled = ({ x, y, z }: Vector, factor: number): Vector => ({ x: x * factor, y: y * factor, z: z * factor });

/** Derivative of a vector by time, 1/s, from its values a step before and after. */
const slope = (of: (seconds: number) => Vector): Vector =>
  scaled(sum(of(STEP_S), scaled(of(-STEP_S), -1)), 1 / (2 * STEP_S));

/** J2000 equatorial coordinates to TEME. */
function ofDate({ x, y, z }: Vector, time: AstroTime): Vector {
  const eqd = RotateVector(Rotation_EQJ_EQD(time), new AstroVector(x, y, z, time));
  // `ee` is in seconds of time: how far apparent sidereal time is ahead of mean.
  const angle = (e_tilt(time).ee / 240) * DEGREE;
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  return { x: cosine * eqd.x + sine * eqd.y, y: cosine * eqd.y - sine * eqd.x, z: eqd.z };
}

/** @throws OrbitError `orbit/time` when the instant is no number, `orbit/propagation` outside of 1950 to 2099 */
function checkTime(name: string, utcMs: number): void {
  if (!Number.isFinite(utcMs)) {
    throw new OrbitError('orbit/time', `utcMs is ${utcMs}; it must be milliseconds since 1970 UTC`);
  }
  if (utcMs < FIRST_MS || utcMs >= LAST_MS) {
    throw new OrbitError(
      'orbit/propagation',
      `${name}: the Moon is known here from 1950 to 2099, not at ${utcMs} ms since 1970`,
    );
  }
}

/**
 * Something beside the Moon's centre by its offset from there, J2000 equator, km: what it is, how far it gets from the
 * centre and how fast it moves around it.
 */
function besideMoon(
  name: string,
  kind: Occluder['kind'],
  { position: offset, velocity: rate }: Beside,
  reachKm: number,
  aroundKmS: number,
): Ephemeris {
  const motion = (utcMs: number): Motion => {
    checkTime(name, utcMs);
    const beside = offset(utcMs);
    /** Moon and frame move, the offset stays: an orbit of hours must not be blurred by a step of minutes. */
    const carried = (seconds: number) => {
      const time = freshTime(utcMs + 1000 * seconds);
      return ofDate(sum(scaled(GeoMoon(time), KM_PER_AU), beside), time);
    };
    return { position: carried(0), velocity: sum(slope(carried), ofDate(rate(utcMs), freshTime(utcMs))) };
  };
  return {
    kind: 'ephemeris',
    name,
    motion,
    fastestRadS: (FASTEST_KM_S + aroundKmS) / (NEAREST_KM - reachKm),
    fastestKmS: FASTEST_KM_S + aroundKmS,
    apogeeKm: FARTHEST_KM + reachKm,
    revolutionMs: REVOLUTION_MS,
    occluder: {
      kind,
      radiusKm: MOON_RADIUS_KM,
      centre: (utcMs) => {
        checkTime(name, utcMs);
        const time = freshTime(utcMs);
        return ofDate(scaled(GeoMoon(time), KM_PER_AU), time);
      },
      fromCentre: (utcMs) => {
        checkTime(name, utcMs);
        return ofDate(offset(utcMs), freshTime(utcMs));
      },
      nearestKm: NEAREST_KM,
      centreKmS: FASTEST_KM_S,
      reachKm,
      aroundKmS,
    },
  };
}

/** A place from the Moon's centre and its velocity, J2000 equator, km and km/s; each alone, since searches want one. */
interface Beside {
  position(utcMs: number): Vector;
  velocity(utcMs: number): Vector;
}

/** Axes of the Moon's equator, J2000: `node` where the equator rises through that of J2000, `pole` north. */
function equatorOf({ ra, dec }: AxisInfo): { node: Vector; ahead: Vector; pole: Vector } {
  const [alpha, delta] = [ra * 15 * DEGREE, dec * DEGREE];
  const [sinAlpha, cosAlpha, sinDelta, cosDelta] = [Math.sin(alpha), Math.cos(alpha), Math.sin(delta), Math.cos(delta)];
  return {
    node: { x: -sinAlpha, y: cosAlpha, z: 0 },
    ahead: { x: -sinDelta * cosAlpha, y: -sinDelta * sinAlpha, z: cosDelta },
    pole: { x: cosDelta * cosAlpha, y: cosDelta * sinAlpha, z: sinDelta },
  };
}

/** @throws OrbitError `code` unless the number is from `low` to `high` */
function check(
  code: 'orbit/synthetic' | 'orbit/latitude' | 'orbit/longitude' | 'orbit/altitude',
  of: string,
  [field, value]: readonly [string, number],
  low: number,
  high: number,
  unit: string,
): void {
  if (value >= low && value <= high) return;
  throw new OrbitError(code, `${of}: ${field} is ${value}; it must be ${low} to ${high} ${unit}`.trim());
}

/** An orbit around the Moon by osculating elements at its epoch. */
export interface LunarOrbit {
  readonly name: string;
  /** Ms since 1970 UTC, 1950 to 2099. */
  readonly epochMs: number;
  /** Periselene above 1737.4 km, aposelene up to 20,000 km from the Moon's centre. */
  readonly semiMajorAxisKm: number;
  readonly eccentricity: number;
  /** To the Moon's equator at the epoch, 0 to 180. */
  readonly inclinationDeg: number;
  /** East along that equator from where it rises through the equator of J2000 (the node from which the IAU counts the
   * prime meridian). This and the other angles: -360 to 360. */
  readonly ascendingNodeDeg: number;
  readonly argumentOfPeriapsisDeg: number;
  readonly meanAnomalyDeg: number;
}

/** Eccentric anomaly, rad, by Newton's method. */
function eccentricAnomaly(meanAnomaly: number, eccentricity: number): number {
  let anomaly = eccentricity < 0.8 ? meanAnomaly : Math.PI;
  for (let round = 0; round < 50; round++) {
    const step = (anomaly - eccentricity * Math.sin(anomaly) - meanAnomaly) / (1 - eccentricity * Math.cos(anomaly));
    anomaly -= step;
    if (Math.abs(step) < 1e-14) break;
  }
  return anomaly;
}

/**
 * A satellite of the Moon on a fixed ellipse: two bodies, nothing else. Good for where a relay stands in the sky, how far
 * it is and when the Moon hides it, not for pointing. What is left out, relative to the Moon's pull: the Earth's tide,
 * 2 (GM Earth / GM Moon) (r / 384,400 km)^3, is 2e-5 at 100 km height and 0.3 % at 10,000 km from the centre; the Moon's
 * flattening 3e-4 in a low orbit. Integrated with both, an orbit at 100 km leaves the ellipse by 2 to 6 km a revolution
 * (20 to 70 km a day); one of 12 h and eccentricity 0.6 by 200 km a revolution; one of 24 h and eccentricity 0.8 by
 * 3,000 km. Mascons are not in these figures.
 * @throws OrbitError `orbit/time`, `orbit/synthetic` for an epoch or an element out of its range; its `motion` throws
 *   `orbit/time` for an instant that is no number and `orbit/propagation` outside of 1950 to 2099
 */
export function lunarOrbit(orbit: LunarOrbit): Ephemeris {
  const { name, epochMs, semiMajorAxisKm: a, eccentricity: e } = orbit;
  if (!(epochMs >= FIRST_MS && epochMs < LAST_MS)) {
    throw new OrbitError(
      'orbit/time',
      `${name}: epochMs is ${epochMs}; it must be milliseconds since 1970 UTC in the years 1950 to 2099`,
    );
  }
  check('orbit/synthetic', name, ['eccentricity', e], 0, 0.95, '');
  check('orbit/synthetic', name, ['inclinationDeg', orbit.inclinationDeg], 0, 180, 'degrees');
  for (const field of ['ascendingNodeDeg', 'argumentOfPeriapsisDeg', 'meanAnomalyDeg'] as const) {
    check('orbit/synthetic', name, [field, orbit[field]], -360, 360, 'degrees');
  }
  for (const [apsis, sign] of [
    ['periselene, semiMajorAxisKm (1 - eccentricity),', -1],
    ['aposelene, semiMajorAxisKm (1 + eccentricity),', 1],
  ] as const) {
    check('orbit/synthetic', name, [apsis, a * (1 + sign * e)], MOON_RADIUS_KM, HIGHEST_APOSELENE_KM, 'km');
  }
  const { node, ahead, pole } = equatorOf(RotationAxis(Body.Moon, timeOf(epochMs)));
  const [cosNode, sinNode] = [Math.cos(orbit.ascendingNodeDeg * DEGREE), Math.sin(orbit.ascendingNodeDeg * DEGREE)];
  const [cosTilt, sinTilt] = [Math.cos(orbit.inclinationDeg * DEGREE), Math.sin(orbit.inclinationDeg * DEGREE)];
  const [cosPeri, sinPeri] = [
    Math.cos(orbit.argumentOfPeriapsisDeg * DEGREE),
    Math.sin(orbit.argumentOfPeriapsisDeg * DEGREE),
  ];
  // In the plane: along the ascending node, and 90 degrees on.
  const along = sum(scaled(node, cosNode), scaled(ahead, sinNode));
  const across = sum(sum(scaled(node, -sinNode * cosTilt), scaled(ahead, cosNode * cosTilt)), scaled(pole, sinTilt));
  const toPeriapsis = sum(scaled(along, cosPeri), scaled(across, sinPeri));
  const beyond = sum(scaled(along, -sinPeri), scaled(across, cosPeri));
  const b = a * Math.sqrt(1 - e * e);
  const meanMotion = Math.sqrt(MOON_GM / a ** 3);
  const anomalyAt = (utcMs: number): number => {
    const turns = orbit.meanAnomalyDeg / 360 + (meanMotion * (utcMs - epochMs)) / 1000 / (2 * Math.PI);
    return eccentricAnomaly((turns - Math.floor(turns)) * 2 * Math.PI, e);
  };
  const position = (utcMs: number): Vector => {
    const anomaly = anomalyAt(utcMs);
    return sum(scaled(toPeriapsis, a * (Math.cos(anomaly) - e)), scaled(beyond, b * Math.sin(anomaly)));
  };
  const velocity = (utcMs: number): Vector => {
    const anomaly = anomalyAt(utcMs);
    const [cosine, sine] = [Math.cos(anomaly), Math.sin(anomaly)];
    const rate = meanMotion / (1 - e * cosine);
    return sum(scaled(toPeriapsis, -a * sine * rate), scaled(beyond, b * cosine * rate));
  };
  const fastest = meanMotion * a * Math.sqrt((1 + e) / (1 - e));
  return besideMoon(name, 'sphere', { position, velocity }, a * (1 + e), fastest);
}

/** A place on the Moon, in the mean Earth/polar axis frame of maps. */
export interface LunarPlace {
  readonly name: string;
  /** North positive, -90 to 90. */
  readonly latitudeDeg: number;
  /** East positive (the side of Mare Crisium), -180 to 180; 0 faces the Earth. */
  readonly longitudeDeg: number;
  /** Above the sphere of 1737.4 km, -10,000 to 11,000 m. */
  readonly heightM: number;
}

/**
 * A station on the Moon. Also on the far side it has a position; passes and inter-satellite windows are those in which
 * the other end is above its level horizon (no terrain, no dip).
 * @throws OrbitError `orbit/latitude`, `orbit/longitude`, `orbit/altitude` for a coordinate out of its range; its
 *   `motion` throws as that of `lunarOrbit` does
 */
export function lunarSurface({ name, latitudeDeg, longitudeDeg, heightM }: LunarPlace): Ephemeris {
  check('orbit/latitude', name, ['latitudeDeg', latitudeDeg], -90, 90, 'degrees north');
  check('orbit/longitude', name, ['longitudeDeg', longitudeDeg], -180, 180, 'degrees east (west is negative)');
  check('orbit/altitude', name, ['heightM', heightM], -10_000, 11_000, 'metres above the sphere of 1737.4 km');
  const radiusKm = MOON_RADIUS_KM + heightM / 1000;
  const axial = radiusKm * Math.cos(latitudeDeg * DEGREE);
  const polar = radiusKm * Math.sin(latitudeDeg * DEGREE);
  const place = (utcMs: number): Vector => {
    const axis = RotationAxis(Body.Moon, timeOf(utcMs));
    const { node, ahead, pole } = equatorOf(axis);
    const meridian = (axis.spin + longitudeDeg) * DEGREE;
    return sum(
      sum(scaled(node, axial * Math.cos(meridian)), scaled(ahead, axial * Math.sin(meridian))),
      scaled(pole, polar),
    );
  };
  const velocity = (utcMs: number): Vector => slope((seconds) => place(utcMs + 1000 * seconds));
  return besideMoon(name, 'ground', { position: place, velocity }, radiusKm, SPIN_KM_S);
}
