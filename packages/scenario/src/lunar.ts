/** The Moon's body on a link to the Moon: what it hides, and what shines behind the satellite. */
import { moonDiscRadiance, type RadianceTerm } from '@skykey/optics';
import { type Direction, type Look, look, lunarSurface, type Station } from '@skykey/orbit';
import type { Window } from './dark.ts';
import type { Lights } from './lights.ts';
import type { LinkScenario } from './model.ts';

/** Mean radius of the Moon, km, to which `lunarSurface` refers. */
const RADIUS_KM = 1737.4;
const [NEAR, FAR] = [0, 180].map((longitudeDeg) =>
  lunarSurface({ name: 'Moon', latitudeDeg: 0, longitudeDeg, heightM: 0 }),
) as [ReturnType<typeof lunarSurface>, ReturnType<typeof lunarSurface>];

/** East, north, up; km. */
type Vector = readonly [number, number, number];

const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const scaled = (a: Vector, factor: number): Vector => [a[0] * factor, a[1] * factor, a[2] * factor];
const norm = (a: Vector): number => Math.sqrt(dot(a, a));

function unit({ elevationDeg, azimuthDeg }: Direction): Vector {
  const [elevation, azimuth] = [(elevationDeg * Math.PI) / 180, (azimuthDeg * Math.PI) / 180];
  const level = Math.cos(elevation);
  return [level * Math.sin(azimuth), level * Math.cos(azimuth), Math.sin(elevation)];
}

const vectorOf = (at: Look): Vector => scaled(unit(at), at.rangeKm);

/** The Moon's centre: halfway between two places that lie opposite to each other. */
function centre(station: Station, utcMs: number): Vector {
  const [a, b] = [NEAR, FAR].map((place) => vectorOf(look(place, station, utcMs))) as [Vector, Vector];
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2];
}

const isLunar = ({ satellite }: LinkScenario): boolean => satellite.document.orbit.kind.startsWith('lunar');

/**
 * How free the line of sight is of the Moon's body, negative where it is not: for a place on the Moon the sine of the
 * station's elevation over its horizon, else the distance, in Moon's radii, at which the line passes the body, or of the
 * satellite over it while it is on this side.
 */
function clearance({ satellite, station }: LinkScenario, utcMs: number): number {
  const there = vectorOf(look(satellite.target, station.station, utcMs));
  const moon = centre(station.station, utcMs);
  const fromCentre = minus(there, moon);
  if (satellite.document.orbit.kind === 'lunar-surface') {
    return -dot(there, fromCentre) / (norm(there) * norm(fromCentre));
  }
  const rangeKm = norm(there);
  const footKm = dot(moon, there) / rangeKm;
  const passesKm = rangeKm > footKm ? Math.sqrt(Math.max(0, dot(moon, moon) - footKm ** 2)) : norm(fromCentre);
  return passesKm / RADIUS_KM - 1;
}

/**
 * A bound on how fast `clearance` changes, 1/s: a satellite close to the Moon has 1.7 km/s, on an ellipse at most 2.4, and
 * a station and the Moon itself carry the line along by less than 2 km/s.
 */
const FASTEST_CLEARANCE = 5 / RADIUS_KM;
/** What is shorter than this is not looked for: a satellite that only grazes the limb. */
const STEP_MS = 10_000;
const TOLERANCE_MS = 1;

/** The parts of a stretch of time in which the Moon's body does not hide the satellite; all of it for any other orbit. */
export function unhidden(link: LinkScenario, { startMs, endMs }: Window): Window[] {
  if (!isLunar(link)) return [{ startMs, endMs }];
  const found: Window[] = [];
  let from = startMs;
  let here = clearance(link, from);
  let rise: number | null = here >= 0 ? from : null;
  while (from < endMs) {
    const to = Math.min(endMs, from + Math.max(STEP_MS, (1000 * Math.abs(here)) / FASTEST_CLEARANCE));
    const there = clearance(link, to);
    if (rise === null && there >= 0) rise = crossing(link, to, from);
    else if (rise !== null && there < 0) {
      found.push({ startMs: rise, endMs: crossing(link, from, to) });
      rise = null;
    }
    from = to;
    here = there;
  }
  if (rise !== null) found.push({ startMs: rise, endMs });
  return found;
}

/** The moment nearest to `hidden` at which the satellite is known to be in sight. */
function crossing(link: LinkScenario, clear: number, hidden: number): number {
  let inSight = clear;
  let behind = hidden;
  while (Math.abs(inSight - behind) > TOLERANCE_MS) {
    const middle = (inSight + behind) / 2;
    if (clearance(link, middle) >= 0) inSight = middle;
    else behind = middle;
  }
  return inSight;
}

/** The phase law of the lit Moon ends here. */
const LARGEST_PHASE_DEG = 150;

/** The part of the Moon's disc that a satellite of the Moon, or a place on it, stands before; null beside the disc. */
export function moonBehind(link: LinkScenario, utcMs: number, lights: Lights): RadianceTerm | null {
  if (!isLunar(link) || link.direction === 'up') return null;
  const { station } = link.station;
  const there = vectorOf(look(link.satellite.target, station, utcMs));
  const moon = centre(station, utcMs);
  const onto = scaled(there, 1 / norm(there));
  const footKm = dot(moon, onto);
  const depth2 = RADIUS_KM ** 2 - (dot(moon, moon) - footKm ** 2);
  const onGround = link.satellite.document.orbit.kind === 'lunar-surface';
  if (depth2 < 0 && !onGround) return null;
  const spot = onGround ? there : scaled(onto, footKm - Math.sqrt(depth2));
  const lit = dot(minus(spot, moon), unit(lights.sun)) > 0;
  const { phaseAngleDeg } = lights.moon;
  const term = moonDiscRadiance({
    wavelengthNm: link.optics.wavelengthNm,
    phaseAngleDeg: lit ? Math.min(phaseAngleDeg, LARGEST_PHASE_DEG) : phaseAngleDeg,
    part: lit ? 'lit' : 'dark',
    station: { elevationDeg: lights.view.elevationDeg, heightM: station.altitudeM },
    filterWidthNm: link.receiverDocument.filterWidthNm.value,
  });
  if (!lit || phaseAngleDeg <= LARGEST_PHASE_DEG) return term;
  return { ...term, source: `${term.source}; as at a phase of ${LARGEST_PHASE_DEG} degrees, where the law ends` };
}
