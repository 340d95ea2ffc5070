/**
 * How the polarisation frames of a satellite and a station turn against each other along a pass, and what a compensation
 * leaves of it. The effect: Bonato et al., Opt. Express 14:10050 (2006).
 *
 * Assumed: the satellite's frame stands fixed in its orbit, its reference direction being the normal of the orbit (of its
 * motion around the Earth's centre) as seen across the line of sight; the station's telescope is an alt-azimuth mount whose
 * reference is horizontal. Mirrors are taken to turn nothing else and to add no phase.
 */
import { look, motionOf, type Station, siderealTime, type Target } from '@skykey/orbit';
import type { Window } from './dark.ts';
import { ScenarioError } from './error.ts';
import type { ScenarioPass } from './passes.ts';

const DEGREE = Math.PI / 180;

/** A rotator at the receiver that follows the ephemeris. Angles are of the polarisation: twice those of a half-wave plate. */
export interface EphemerisCompensation {
  readonly kind: 'ephemeris';
  /** The angles it can stand at are this far apart, rad, 1e-9 to pi/2; 0 for any angle. */
  readonly stepRad: number;
  /** It stands as the frames stood this long ago, s. */
  readonly latencyS: number;
  /** By how much its zero is off, rad. */
  readonly biasRad: number;
}

/** What is done about the turning frames; `none` leaves them as they are. */
export type Compensation = 'none' | EphemerisCompensation;

/**
 * Assumed: steps of 0.5 degrees, 50 ms late, off by 0.3 degrees. What is published of a flown one is its result: a fidelity
 * of polarisation above 0.995 for the stations that send to Micius (Han et al., arXiv:1912.06318, abstract), which four
 * degrees everywhere would spoil.
 */
export const EPHEMERIS_COMPENSATION: EphemerisCompensation = {
  kind: 'ephemeris',
  stepRad: 0.5 * DEGREE,
  latencyS: 0.05,
  biasRad: 0.3 * DEGREE,
};

/**
 * The angle, rad, -pi to pi, from the receiver's reference direction to the sender's, counter-clockwise for somebody who
 * looks into the light at the receiver. It is the same number for light that comes down and light that goes up: both ends
 * change places, and so do the sides from which one looks. Polarisation knows it modulo pi.
 *
 * Geometric, as `look`: light time and aberration are left out, 4 ms at most and 0.03 mrad for a low orbit. In the zenith
 * itself no direction of a telescope is the horizontal one, and the angle jumps by pi.
 * @throws OrbitError as `look`
 */
export function frameRotationRad(target: Target, station: Station, utcMs: number): number {
  const { azimuthDeg, elevationDeg } = look(target, station, utcMs);
  const { position: r, velocity: v } = motionOf(target, utcMs);
  const normal = { x: r.y * v.z - r.z * v.y, y: r.z * v.x - r.x * v.z, z: r.x * v.y - r.y * v.x };
  const [sinLatitude, cosLatitude] = sineCosine(station.latitudeDeg * DEGREE);
  const [sinMeridian, cosMeridian] = sineCosine(siderealTime(utcMs) + station.longitudeDeg * DEGREE);
  const east = cosMeridian * normal.y - sinMeridian * normal.x;
  const outward = cosMeridian * normal.x + sinMeridian * normal.y;
  const north = cosLatitude * normal.z - sinLatitude * outward;
  const up = sinLatitude * normal.z + cosLatitude * outward;
  const [sinAzimuth, cosAzimuth] = sineCosine(azimuthDeg * DEGREE);
  const [sinElevation, cosElevation] = sineCosine(elevationDeg * DEGREE);
  const toTheRight = cosAzimuth * east - sinAzimuth * north;
  const above = cosElevation * up - sinElevation * (sinAzimuth * east + cosAzimuth * north);
  return Math.atan2(above, toTheRight);
}

function sineCosine(angle: number): readonly [number, number] {
  return [Math.sin(angle), Math.cos(angle)];
}

/**
 * The rotation that is left in the middle of each of `bins` equal bins of a window, rad, as `frameRad` of a trace. Without
 * compensation the angle is followed from bin to bin: it begins between -pi/2 and pi/2, and each is the nearest to the one
 * before of all that mean the same polarisation. What a compensation leaves is between -pi/2 and pi/2. The rotator knows
 * the elements as they are; an ephemeris that is late by some time adds to the latency.
 * @throws ScenarioError `scenario/frames`; OrbitError for moments without a position
 */
export function compensatedFrames(
  { link }: Pick<ScenarioPass, 'link'>,
  { startMs, endMs }: Window,
  bins: number,
  compensation: Compensation,
): Float64Array {
  if (!(Number.isInteger(bins) && bins >= 1)) demand('bins', bins, 'a whole number from 1 on');
  const binMs = (endMs - startMs) / bins;
  const rotation = (utcMs: number) => frameRotationRad(link.satellite.target, link.station.station, utcMs);
  const left = new Float64Array(bins);
  if (compensation === 'none') {
    let before = 0;
    for (let bin = 0; bin < bins; bin++) {
      before += principal(rotation(startMs + (bin + 0.5) * binMs) - before);
      left[bin] = before;
    }
    return left;
  }
  checkCompensation(compensation);
  const { stepRad, latencyS, biasRad } = compensation;
  for (let bin = 0; bin < bins; bin++) {
    const utcMs = startMs + (bin + 0.5) * binMs;
    const wanted = principal(rotation(utcMs - latencyS * 1000));
    const set = stepRad > 0 ? stepRad * Math.round(wanted / stepRad) : wanted;
    left[bin] = principal(rotation(utcMs) - set - biasRad);
  }
  return left;
}

/** The angle between -pi/2 and pi/2 that means the same polarisation. */
function principal(angle: number): number {
  return angle - Math.PI * Math.round(angle / Math.PI);
}

function checkCompensation({ stepRad, latencyS, biasRad }: EphemerisCompensation): void {
  if (!(stepRad === 0 || (stepRad >= 1e-9 && stepRad <= Math.PI / 2))) demand('stepRad', stepRad, '0, or 1e-9 to pi/2');
  if (!(latencyS >= 0 && latencyS < Number.POSITIVE_INFINITY)) demand('latencyS', latencyS, 'finite and not negative');
  if (!Number.isFinite(biasRad)) demand('biasRad', biasRad, 'finite');
}

function demand(field: string, value: number, rule: string): never {
  throw new ScenarioError('scenario/frames', `${field} is ${value}; it must be ${rule}`);
}
