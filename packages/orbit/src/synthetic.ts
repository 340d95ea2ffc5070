/**
 * Orbits made up for a study, as elements for SGP4: whatever takes a satellite from the catalogue takes these too.
 *
 * SGP4's input mean motion is Kozai's, and it works with Brouwer's, which differs by up to a thousandth (Hoots and
 * Roehrich, Spacetrack Report No. 3, 1980, section 6): a mean motion by Kepler's third law put in as it is makes the
 * satellite run a minute a day fast or slow. Here the input is found so that the motion SGP4 ends up with is the one
 * asked for: elements given are SGP4's mean elements (Brouwer), mean motion and semi-major axis related by Kepler's third
 * law with the gravitational constant of WGS-84. SGP4's own, WGS-72, makes the ellipse 2 m larger at 500 km.
 *
 * There is no drag (B* is 0), no station keeping, and no catalogue number (`noradId` is 0). A mean eccentricity of zero
 * is SGP4's frozen orbit: the zonal harmonic J3 keeps its perigee at the northernmost point. At 500 km over the poles the
 * distance from the Earth's centre varies by 8 km each way around a mean 4 km greater than the mean semi-major axis (J2),
 * and the height above the flattened Earth from 505 to 531 km.
 */
import { DEGREE, EQUATORIAL_RADIUS_KM, siderealTime, wrapDeg } from './earth.ts';
import { EARLIEST_EPOCH_MS, type Elements, elementsOf, LATEST_EPOCH_MS, type MeanElements } from './elements.ts';
import { OrbitError } from './error.ts';
import { inertialState } from './state.ts';

/** WGS-84 (NIMA TR8350.2), km^3/s^2. */
const EARTH_GM = 398_600.4418;
const TURN = 2 * Math.PI;
const DAY_MS = 86_400_000;
/** An assumption of ours: half-way to the Moon its attraction is no longer the small perturbation that SDP4 takes it for. */
const HIGHEST_APOGEE_KM = 200_000;
/** Mean right ascension of the fictitious mean Sun, rad a day (Aoki et al. 1982: what sidereal time gains on UT1). */
const MEAN_SUN_RAD_DAY = (8_640_184.812866 / 86_400 / 36_525) * TURN;

/** An orbit by its mean elements (Brouwer, as SGP4 uses them), true equator and mean equinox of the epoch (TEME). */
export interface KeplerianOrbit {
  readonly name: string;
  /** Ms since 1970 UTC, 1957 to 2099. */
  readonly epochMs: number;
  /** Perigee above 6378.137 km, apogee up to 200,000 km from the Earth's centre. */
  readonly semiMajorAxisKm: number;
  /** 0 to below 1. */
  readonly eccentricity: number;
  /** 0 to 180. */
  readonly inclinationDeg: number;
  /** This and the other angles: -360 to 360. */
  readonly ascendingNodeDeg: number;
  readonly argumentOfPerigeeDeg: number;
  readonly meanAnomalyDeg: number;
}

/** @throws OrbitError `orbit/synthetic` unless the number is from `low` to `high` */
function check(of: string, field: string, value: number, low: number, high: number, unit: string): void {
  if (value >= low && value <= high) return;
  throw new OrbitError('orbit/synthetic', `${of}: ${field} is ${value}; it must be ${low} to ${high} ${unit}`.trim());
}

function checkEpoch(of: string, epochMs: number): void {
  if (epochMs >= EARLIEST_EPOCH_MS && epochMs <= LATEST_EPOCH_MS) return;
  throw new OrbitError(
    'orbit/time',
    `${of}: epochMs is ${epochMs}; it must be milliseconds since 1970 UTC in the years 1957 to 2099`,
  );
}

/**
 * Elements of an orbit given by its mean elements.
 * @throws OrbitError `orbit/time`, `orbit/synthetic` for an epoch or an element out of its range
 */
export function keplerian(orbit: KeplerianOrbit): Elements {
  const { name, epochMs, semiMajorAxisKm, eccentricity } = orbit;
  checkEpoch(name, epochMs);
  check(name, 'eccentricity', eccentricity, 0, 0.999, '');
  check(name, 'inclinationDeg', orbit.inclinationDeg, 0, 180, 'degrees');
  for (const field of ['ascendingNodeDeg', 'argumentOfPerigeeDeg', 'meanAnomalyDeg'] as const) {
    check(name, field, orbit[field], -360, 360, 'degrees');
  }
  check(
    name,
    'perigee, semiMajorAxisKm (1 - eccentricity),',
    semiMajorAxisKm * (1 - eccentricity),
    EQUATORIAL_RADIUS_KM,
    HIGHEST_APOGEE_KM,
    'km',
  );
  check(
    name,
    'apogee, semiMajorAxisKm (1 + eccentricity),',
    semiMajorAxisKm * (1 + eccentricity),
    EQUATORIAL_RADIUS_KM,
    HIGHEST_APOGEE_KM,
    'km',
  );
  return matched(orbit, Math.sqrt(EARTH_GM / semiMajorAxisKm ** 3) * 60);
}

/** Elements whose mean motion in SGP4, without Kozai's term, is the one wanted, rad/min. */
function matched(orbit: KeplerianOrbit, wanted: number): Elements {
  const mean: MeanElements = { ...orbit, noradId: 0, bStar: 0, meanMotion: (wanted * 1440) / TURN };
  // The ratio is 1 within J2 (R/p)^2, and each round takes another such factor off the error.
  let meanMotion = mean.meanMotion;
  for (let round = 0; ; round++) {
    const elements = elementsOf({ ...mean, meanMotion }, 'synthetic', () => orbit.name);
    const ratio = wanted / elements.satrec.no;
    if (Math.abs(ratio - 1) < 1e-14 || round === 20) return elements;
    meanMotion *= ratio;
  }
}

export interface SunSynchronousOrbit {
  readonly name: string;
  readonly epochMs: number;
  /** Mean semi-major axis less 6378.137 km; 100 to 5900. */
  readonly altitudeKm: number;
  /** Local mean solar time at the descending node, h, 0 to below 24. */
  readonly descendingNodeH: number;
  /** Where on the orbit the satellite is at the epoch, from the ascending node, -360 to 360. */
  readonly argumentOfLatitudeDeg: number;
}

/**
 * A circular orbit whose plane turns with the mean Sun, so that it passes over a latitude at the same local mean time
 * all year (the time of the true Sun differs by the equation of time, up to 16.5 minutes). The inclination is the one at
 * which SGP4's nodal rate, J2 and its smaller terms, is that of the mean Sun.
 * @throws OrbitError `orbit/time`, `orbit/synthetic` for an epoch or a value out of its range
 */
export function sunSynchronous(orbit: SunSynchronousOrbit): Elements {
  const { name, epochMs, altitudeKm, descendingNodeH, argumentOfLatitudeDeg } = orbit;
  checkEpoch(name, epochMs);
  // Above 5,970 km no inclination turns the node that fast; SDP4, from 5,880 km, lets Sun and Moon pull at it besides.
  check(name, 'altitudeKm', altitudeKm, 100, 5_850, 'km');
  check(name, 'descendingNodeH', descendingNodeH, 0, 24, 'hours of local mean solar time');
  check(name, 'argumentOfLatitudeDeg', argumentOfLatitudeDeg, -360, 360, 'degrees');
  const utDeg = 360 * ((((epochMs % DAY_MS) + DAY_MS) % DAY_MS) / DAY_MS);
  const at = (cosine: number) =>
    keplerian({
      name,
      epochMs,
      semiMajorAxisKm: EQUATORIAL_RADIUS_KM + altitudeKm,
      eccentricity: 0,
      inclinationDeg: Math.acos(cosine) / DEGREE,
      ascendingNodeDeg: wrapDeg(15 * descendingNodeH - 180 + siderealTime(epochMs) / DEGREE - utDeg),
      argumentOfPerigeeDeg: 0,
      meanAnomalyDeg: argumentOfLatitudeDeg,
    });
  let cosine = -0.1;
  for (let round = 0; ; round++) {
    const elements = at(cosine);
    const ratio = MEAN_SUN_RAD_DAY / (elements.satrec.nodedot * 1440);
    if (Math.abs(ratio - 1) < 1e-12 || round === 20) return elements;
    cosine = Math.max(-1, cosine * ratio);
  }
}

export interface WalkerConstellation {
  /** Satellites are called `name 2-5`: fifth satellite of the second plane. */
  readonly name: string;
  readonly epochMs: number;
  /** Ascending nodes spread over 360 degrees (delta) or 180 (star, for near-polar planes). */
  readonly pattern: 'delta' | 'star';
  /** Mean semi-major axis less 6378.137 km. */
  readonly altitudeKm: number;
  readonly inclinationDeg: number;
  /** T, all satellites together. */
  readonly satellites: number;
  /** P, a divisor of T. */
  readonly planes: number;
  /** F, 0 to P - 1: a satellite is F * 360 / T degrees ahead of its neighbour in the plane to the west. */
  readonly phasing: number;
  /** Ascending node of the first plane. */
  readonly ascendingNodeDeg: number;
}

/**
 * The constellation i:T/P/F of circular orbits (Walker, "Satellite constellations", J. British Interplanetary Society 37,
 * 559, 1984), plane by plane.
 * @throws OrbitError `orbit/time`, `orbit/synthetic` for a value out of its range, T no multiple of P, F not below P
 */
export function walker(constellation: WalkerConstellation): Elements[] {
  const { name, satellites, planes, phasing, pattern } = constellation;
  for (const [field, count, low, high] of [
    ['satellites', satellites, 1, 100_000],
    ['planes', planes, 1, satellites],
    ['phasing', phasing, 0, planes - 1],
  ] as const) {
    check(name, field, count, low, high, '');
    if (!Number.isInteger(count)) {
      throw new OrbitError('orbit/synthetic', `${name}: ${field} is ${count}; it must be a whole number`);
    }
  }
  if (satellites % planes !== 0) {
    throw new OrbitError(
      'orbit/synthetic',
      `${name}: ${satellites} satellites do not divide into ${planes} planes; satellites must be a multiple of planes`,
    );
  }
  const inPlane = satellites / planes;
  const spreadDeg = pattern === 'delta' ? 360 : 180;
  return Array.from({ length: satellites }, (_, index) => {
    const plane = Math.floor(index / inPlane);
    const slot = index % inPlane;
    return keplerian({
      name: `${name} ${plane + 1}-${slot + 1}`,
      epochMs: constellation.epochMs,
      semiMajorAxisKm: EQUATORIAL_RADIUS_KM + constellation.altitudeKm,
      eccentricity: 0,
      inclinationDeg: constellation.inclinationDeg,
      ascendingNodeDeg: wrapDeg(constellation.ascendingNodeDeg + (plane * spreadDeg) / planes),
      argumentOfPerigeeDeg: 0,
      meanAnomalyDeg: wrapDeg((slot * 360) / inPlane + (plane * phasing * 360) / satellites),
    });
  });
}

export interface GeostationaryOrbit {
  readonly name: string;
  readonly epochMs: number;
  /** East positive, -180 to 180. */
  readonly longitudeDeg: number;
}

/**
 * A satellite that hangs over the equator: at the epoch it has the longitude asked for, averaged over a day, and does not
 * drift. Nobody keeps it there: SDP4's resonance with the uneven equator (and its Sun and Moon) accelerates it away by
 * up to 0.002 degrees a day squared, towards the stable longitudes 75 east and 105 west: it stays within 0.1 degrees
 * for a week either side of the epoch, and within 1.2 degrees for a month; Sun and Moon tilt the orbit by 0.03 degrees
 * meanwhile. Real satellites are steered within 0.05 to 0.1.
 * @throws OrbitError `orbit/time`, `orbit/synthetic` for an epoch or a longitude out of its range
 */
export function geostationary({ name, epochMs, longitudeDeg }: GeostationaryOrbit): Elements {
  checkEpoch(name, epochMs);
  check(name, 'longitudeDeg', longitudeDeg, -180, 180, 'degrees east (west is negative)');
  /** Mean deviation from the longitude in the day around an instant. */
  const offDeg = (elements: Elements, middleMs: number): number => {
    const samples = 12;
    let sum = 0;
    for (let k = 0; k < samples; k++) {
      const utcMs = middleMs + ((k + 0.5) / samples - 0.5) * DAY_MS;
      const { x, y } = inertialState(elements, utcMs).position;
      sum += wrapDeg((Math.atan2(y, x) - siderealTime(utcMs)) / DEGREE - longitudeDeg);
    }
    return sum / samples;
  };
  let meanMotion = 1 + MEAN_SUN_RAD_DAY / TURN;
  let meanAnomalyDeg = longitudeDeg + siderealTime(epochMs) / DEGREE;
  for (let round = 0; ; round++) {
    const elements = elementsOf(
      {
        name,
        noradId: 0,
        epochMs,
        meanMotion,
        eccentricity: 0,
        inclinationDeg: 0,
        ascendingNodeDeg: 0,
        argumentOfPerigeeDeg: 0,
        meanAnomalyDeg: wrapDeg(meanAnomalyDeg),
        bStar: 0,
      },
      'synthetic',
      () => name,
    );
    const off = offDeg(elements, epochMs);
    const drift = (offDeg(elements, epochMs + DAY_MS) - offDeg(elements, epochMs - DAY_MS)) / 2;
    if ((Math.abs(off) < 1e-7 && Math.abs(drift) < 1e-7) || round === 20) return elements;
    meanAnomalyDeg -= off;
    meanMotion -= drift / 360;
  }
}
