/**
 * When a station sees a satellite. Every reported time is a root (of elevation, of its rate, of range rate), never a
 * sample. The search evaluates the orbit on a grid that hangs on the epoch of the elements, so that a pass comes out
 * the same to the last bit wherever the search begins.
 */
import { DEGREE, dot, EARTH_RATE_RAD_S } from './earth.ts';
import { OrbitError } from './error.ts';
import { lookAt, type Sighting, sightingOf } from './look.ts';
import { root } from './root.ts';
import { earthFixedState, perigeeRate, type State } from './state.ts';
import { type Site, type Station, siteOf } from './station.ts';
import type { Target } from './target.ts';

/** One stay of a satellite above a minimum elevation. Times are ms since 1970 UTC, not whole numbers. */
export interface Pass {
  /** Acquisition of signal: the elevation rises through the minimum. */
  readonly aosMs: number;
  /** Closest approach: the range is smallest. The elevation of a low orbit peaks within three seconds of it. */
  readonly tcaMs: number;
  /** Loss of signal: the elevation falls through the minimum. */
  readonly losMs: number;
  readonly durationS: number;
  readonly maxElevationDeg: number;
  readonly minRangeKm: number;
  readonly aosAzimuthDeg: number;
  readonly losAzimuthDeg: number;
}

export interface PassQuery {
  readonly fromMs: number;
  readonly toMs: number;
  /** Lowest usable elevation, -5 to below 90. */
  readonly minElevationDeg: number;
}

/** Roots are found to this, ms: 0.1 m of satellite motion. */
const TOLERANCE_MS = 0.01;
/** The satellite moves at most this far around the Earth in a cell of the grid, rad: one culmination a cell at most. */
const CELL_RAD = 2 * DEGREE;
/** Geodetic and geocentric zenith differ by up to 0.193 degrees. */
const ZENITH_MARGIN_RAD = 0.2 * DEGREE;

interface Instant extends Sighting {
  readonly utcMs: number;
  /** Sine of the elevation over the sine of the minimum; a pass is where it is not negative. */
  readonly clearance: number;
}

/** The grid hangs here: on the epoch of elements, on 1970 for an ephemeris. */
const originOf = (target: Target): number => (target.kind === 'sgp4' ? target.epochMs : 0);

const revolutionOf = (target: Target): number =>
  target.kind === 'sgp4' ? ((2 * Math.PI) / target.satrec.no) * 60_000 : target.revolutionMs;

/** Length of a cell of the search grid, whole ms: about half a minute for a low orbit. */
function cellOf(target: Target): number {
  const rate = target.kind === 'sgp4' ? perigeeRate(target.satrec.no / 60, target.satrec.ecco) : target.fastestRadS;
  // What moves slower than the Earth turns is carried past a station by the Earth.
  return Math.floor((1000 * CELL_RAD) / Math.max(rate, EARTH_RATE_RAD_S));
}

/**
 * A time, s, in which the satellite certainly does not rise over the minimum elevation: the angle at the Earth's
 * centre between satellite and station has to shrink to what the apogee can be seen from, and cannot do so faster
 * than the perigee turns.
 */
function hiddenForS({ position }: Site, state: State, minElevationDeg: number): number {
  const stationKm = Math.sqrt(dot(position, position));
  const satelliteKm = Math.sqrt(dot(state.position, state.position));
  const angle = Math.acos(dot(position, state.position) / (stationKm * satelliteKm));
  const lowest = minElevationDeg * DEGREE - ZENITH_MARGIN_RAD;
  const visible = Math.acos(Math.min(1, (stationKm * Math.cos(lowest)) / state.apogeeKm)) - lowest;
  return (angle - visible) / (state.fastestRadS + EARTH_RATE_RAD_S);
}

function checkQuery({ fromMs, toMs, minElevationDeg }: PassQuery): void {
  if (!(Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs < toMs)) {
    throw new OrbitError(
      'orbit/interval',
      `passes from ${fromMs} to ${toMs}: both must be milliseconds since 1970 UTC, and fromMs before toMs`,
    );
  }
  if (!(minElevationDeg >= -5 && minElevationDeg < 90)) {
    throw new OrbitError(
      'orbit/min-elevation',
      `minElevationDeg is ${minElevationDeg}; it must be -5 to below 90 degrees`,
    );
  }
}

/**
 * All passes that overlap the interval, whole: one that is under way at `fromMs` or at `toMs` is reported from its
 * rise to its set, so that neighbouring intervals both have it, with the same times.
 * @throws OrbitError `orbit/interval`, `orbit/min-elevation`, a station's coordinates (`checkStation`),
 *   `orbit/propagation` when SGP4 ends inside the interval, `orbit/no-set` when the satellite stays up for longer than
 *   a revolution (geostationary and some high orbits have no passes)
 */
export function passes(target: Target, station: Station, query: PassQuery): Pass[] {
  checkQuery(query);
  const { fromMs, toMs, minElevationDeg } = query;
  const site = siteOf(station);
  const sinMinimum = Math.sin(minElevationDeg * DEGREE);
  const revolutionMs = revolutionOf(target);
  const cellMs = cellOf(target);
  const nodeMs = (k: number) => originOf(target) + k * cellMs;

  const sight = (utcMs: number, state = earthFixedState(target, utcMs)): Instant => {
    const sighting = sightingOf(site, state);
    return { utcMs, ...sighting, clearance: sighting.sinElevation - sinMinimum };
  };
  const crossing = (a: Instant, b: Instant, of: (instant: Instant) => number): Instant =>
    sight(root((utcMs) => of(sight(utcMs)), a.utcMs, b.utcMs, of(a), of(b), TOLERANCE_MS));
  const azimuthDeg = (utcMs: number) => lookAt(site, earthFixedState(target, utcMs), utcMs).azimuthDeg;
  const noSet = () =>
    new OrbitError(
      'orbit/no-set',
      `${target.name} stays above ${minElevationDeg} degrees over ${station.id} for more than a revolution: ` +
        'there is no rise and set to report',
    );

  /** The cell from `a` to `b`, cut where elevation or range turn, so that both are monotone between two instants. */
  const turns = (a: Instant, b: Instant): Instant[] => {
    const cuts = [a, b];
    if (a.climb > 0 !== b.climb > 0) cuts.push(crossing(a, b, (instant) => instant.climb));
    if (a.rangeRateKmS > 0 !== b.rangeRateKmS > 0) cuts.push(crossing(a, b, (instant) => instant.rangeRateKmS));
    return cuts.sort((one, other) => one.utcMs - other.utcMs);
  };

  let k = Math.floor((fromMs - originOf(target)) / cellMs);
  while (sight(nodeMs(k)).clearance >= 0) {
    k--;
    if (fromMs - nodeMs(k) > revolutionMs) throw noSet();
  }

  const found: Pass[] = [];
  let rise: Instant | null = null;
  let highest!: Instant;
  let nearest!: Instant;
  let node: Instant | null = null;
  while (rise !== null || nodeMs(k) <= toMs) {
    const state: State = earthFixedState(target, nodeMs(k));
    const cells = rise === null ? Math.floor((hiddenForS(site, state, minElevationDeg) * 1000) / cellMs) : 0;
    if (cells > 0) {
      k += cells;
      node = null;
      continue;
    }
    node ??= sight(nodeMs(k), state);
    const next = sight(nodeMs(k + 1));
    let previous = node;
    for (const instant of turns(node, next)) {
      if (previous.clearance < 0 && instant.clearance >= 0) {
        rise = highest = nearest = crossing(previous, instant, (at) => at.clearance);
      }
      const sets = rise !== null && instant.clearance < 0;
      const last = sets ? crossing(previous, instant, (at) => at.clearance) : instant;
      if (rise !== null) {
        if (last.sinElevation > highest.sinElevation) highest = last;
        if (last.rangeKm < nearest.rangeKm) nearest = last;
      }
      if (rise !== null && sets) {
        if (last.utcMs >= fromMs && rise.utcMs <= toMs) {
          found.push({
            aosMs: rise.utcMs,
            tcaMs: nearest.utcMs,
            losMs: last.utcMs,
            durationS: (last.utcMs - rise.utcMs) / 1000,
            maxElevationDeg: Math.asin(Math.min(1, highest.sinElevation)) / DEGREE,
            minRangeKm: nearest.rangeKm,
            aosAzimuthDeg: azimuthDeg(rise.utcMs),
            losAzimuthDeg: azimuthDeg(last.utcMs),
          });
        }
        rise = null;
      } else if (rise !== null && instant.utcMs - rise.utcMs > revolutionMs) {
        throw noSet();
      }
      previous = instant;
    }
    node = next;
    k++;
  }
  return found;
}

/**
 * The part of a pass around closest approach in which the range is at most `maxRangeKm`, its ends by root finding;
 * null when the satellite stays farther away. Where the pass begins or ends nearer than that, so does the window.
 * @throws OrbitError `orbit/max-range` unless the limit is a positive number; as `look` otherwise
 */
export function rangeWindow(
  target: Target,
  station: Station,
  pass: Pass,
  maxRangeKm: number,
): { startMs: number; endMs: number } | null {
  if (!(maxRangeKm > 0 && Number.isFinite(maxRangeKm))) {
    throw new OrbitError('orbit/max-range', `maxRangeKm is ${maxRangeKm}; it must be a positive number of kilometres`);
  }
  const site = siteOf(station);
  const excess = (utcMs: number) => sightingOf(site, earthFixedState(target, utcMs)).rangeKm - maxRangeKm;
  if (excess(pass.tcaMs) > 0) return null;
  const stepMs = cellOf(target);
  /** Walks from closest approach to one end of the pass, until the range exceeds the limit. */
  const end = (limitMs: number): number => {
    const direction = Math.sign(limitMs - pass.tcaMs);
    for (let near = pass.tcaMs; near !== limitMs; ) {
      const far = direction * (near + direction * stepMs - limitMs) < 0 ? near + direction * stepMs : limitMs;
      const there = excess(far);
      if (there > 0) return root(excess, near, far, excess(near), there, TOLERANCE_MS);
      near = far;
    }
    return limitMs;
  };
  return { startMs: end(pass.aosMs), endMs: end(pass.losMs) };
}
