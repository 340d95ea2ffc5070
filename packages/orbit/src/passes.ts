/**
 * When a station sees a satellite. Every reported time is a root (of elevation, of its rate, of range rate, of the
 * clearance of the Moon's limb), never a sample; the only other times are those of the question itself, where a stay is
 * longer than the search (`clipped`).
 */
import { DEGREE, dot, EARTH_RATE_RAD_S, norm } from './earth.ts';
import { OrbitError } from './error.ts';
import { type Clipped, cellOf, checkInterval, type Interval, originOf, revolutionOf } from './grid.ts';
import { lookAt, type Sighting, sightingOf } from './look.ts';
import { sights } from './occultation.ts';
import { root } from './root.ts';
import { earthFixedState, type State } from './state.ts';
import { type Site, type Station, siteOf } from './station.ts';
import type { Target } from './target.ts';

/**
 * One stay of a satellite above a minimum elevation and, where it is at the Moon, not hidden by it. Times are ms since
 * 1970 UTC, not whole numbers.
 */
export interface Pass {
  /** Acquisition of signal: the elevation rises through the minimum, or the satellite comes from behind the Moon. */
  readonly aosMs: number;
  /** Closest approach: the range is smallest. The elevation of a low orbit peaks within three seconds of it. */
  readonly tcaMs: number;
  /** Loss of signal: the elevation falls through the minimum, or the Moon covers the satellite. */
  readonly losMs: number;
  readonly durationS: number;
  readonly maxElevationDeg: number;
  readonly minRangeKm: number;
  readonly aosAzimuthDeg: number;
  readonly losAzimuthDeg: number;
  /** An end that is no rise or set but the end of the interval; maximum and minimum are then of the part inside. */
  readonly clipped: Clipped;
  /** Ends at the limb of the Moon, no rise or set; absent for a satellite that nothing but the Earth hides. */
  readonly occulted?: Occulted;
}

/** Which ends of a stay are an occultation's. */
export interface Occulted {
  readonly start: boolean;
  readonly end: boolean;
}

export interface PassQuery extends Interval {
  /** Lowest usable elevation, -5 to below 90. */
  readonly minElevationDeg: number;
}

/** Roots are found to this, ms: 0.1 m of satellite motion. */
const TOLERANCE_MS = 0.01;
/** Geodetic and geocentric zenith differ by up to 0.193 degrees. */
const ZENITH_MARGIN_RAD = 0.2 * DEGREE;
/** J2 turns the plane of the lowest orbit by 3/2 J2 n = 2.0e-6 rad/s; Sun and Moon turn high ones far more slowly. */
const POLE_RATE_RAD_S = 2.5e-6;
/** Short-period terms of SGP4 move node and inclination by 3/4 J2 = 0.047 degrees to either side at most. */
const POLE_WOBBLE_RAD = 0.15 * DEGREE;

interface Instant extends Sighting {
  readonly utcMs: number;
  readonly state: State;
  /** Sine of the elevation over the sine of the minimum; a pass is where it is not negative. */
  readonly clearance: number;
}

/** The nodes of one satellite's grid; whoever looks at one last pays for it, the next stations get it for nothing. */
interface Nodes {
  readonly cellMs: number;
  readonly timeMs: (k: number) => number;
  readonly state: (k: number) => State;
}

function nodesOf(target: Target): Nodes {
  const cellMs = cellOf(target);
  const timeMs = (k: number) => originOf(target) + k * cellMs;
  // A station looks at a node and at the one behind it: even and odd have a place each.
  const kept: [number, number] = [Number.NaN, Number.NaN];
  const states: [State?, State?] = [];
  const state = (k: number): State => {
    const place = k % 2 === 0 ? 0 : 1;
    if (kept[place] !== k) {
      states[place] = earthFixedState(target, timeMs(k));
      kept[place] = k;
    }
    return states[place]!;
  };
  return { cellMs, timeMs, state };
}

/**
 * A time, s, in which the satellite certainly does not rise over the minimum elevation. For any orbit: the angle at the
 * Earth's centre between satellite and station has to shrink to what the apogee can be seen from, and cannot do so
 * faster than the perigee turns. Where the orbit has a plane: the Earth has to carry the station to within that same
 * angle of the plane, which takes hours.
 */
function hiddenForS({ position: station }: Site, state: State, minElevationDeg: number, planar: boolean): number {
  const { position: r, velocity: v } = state;
  const stationKm = norm(station);
  const angle = Math.acos(dot(station, r) / (stationKm * norm(r)));
  const lowest = minElevationDeg * DEGREE - ZENITH_MARGIN_RAD;
  const visible = Math.acos(Math.min(1, (stationKm * Math.cos(lowest)) / state.apogeeKm)) - lowest;
  const approachS = (angle - visible) / (state.fastestRadS + EARTH_RATE_RAD_S);
  if (!planar || approachS < 0) return approachS;
  // The pole of the orbit: position times inertial velocity.
  const vx = v.x - EARTH_RATE_RAD_S * r.y;
  const vy = v.y + EARTH_RATE_RAD_S * r.x;
  const pole = { x: r.y * v.z - r.z * vy, y: r.z * vx - r.x * v.z, z: r.x * vy - r.y * vx };
  const offPlane = Math.asin(Math.abs(dot(station, pole)) / (stationKm * norm(pole)));
  const carried = (EARTH_RATE_RAD_S * Math.hypot(station.x, station.y)) / stationKm;
  return Math.max(approachS, (offPlane - visible - POLE_WOBBLE_RAD) / (carried + POLE_RATE_RAD_S));
}

function checkQuery(query: PassQuery): void {
  checkInterval(query, 'passes');
  const { minElevationDeg } = query;
  if (!(minElevationDeg >= -5 && minElevationDeg < 90)) {
    throw new OrbitError(
      'orbit/min-elevation',
      `minElevationDeg is ${minElevationDeg}; it must be -5 to below 90 degrees`,
    );
  }
}

/** One station's search: it stands at a node, and says at which one it wants to go on. */
interface Watch {
  /** Index of the next node that it needs; infinite when it has all its passes. */
  next: number;
  /** Looks at the cell behind that node. */
  readonly step: () => void;
  readonly found: Pass[];
}

function watch(target: Target, station: Station, query: PassQuery, nodes: Nodes): Watch {
  const { fromMs, toMs, minElevationDeg } = query;
  const { cellMs, timeMs } = nodes;
  const site = siteOf(station);
  const sinMinimum = Math.sin(minElevationDeg * DEGREE);
  const revolutionMs = revolutionOf(target);
  const planar = target.kind === 'sgp4';
  const inSight = sights(target, site);

  const sight = (utcMs: number, state = earthFixedState(target, utcMs)): Instant => {
    const sighting = sightingOf(site, state);
    return { utcMs, state, ...sighting, clearance: sighting.sinElevation - sinMinimum };
  };
  const crossing = (a: Instant, b: Instant, of: (instant: Instant) => number): Instant => {
    const tried = [a, b];
    const value = (utcMs: number): number => of(tried[tried.push(sight(utcMs)) - 1]!);
    const atMs = root(value, a.utcMs, b.utcMs, of(a), of(b), TOLERANCE_MS);
    return tried.findLast(({ utcMs }) => utcMs === atMs)!;
  };
  const azimuthDeg = ({ utcMs, state }: Instant) => lookAt(site, state, utcMs).azimuthDeg;

  /** The cell from `a` to `b`, cut where elevation or range turn, so that both are monotone between two instants. */
  const turns = (a: Instant, b: Instant): Instant[] => {
    const cuts = [a, b];
    if (a.climb > 0 !== b.climb > 0) cuts.push(crossing(a, b, (instant) => instant.climb));
    if (a.rangeRateKmS > 0 !== b.rangeRateKmS > 0) cuts.push(crossing(a, b, (instant) => instant.rangeRateKmS));
    return cuts.sort((one, other) => one.utcMs - other.utcMs);
  };

  const found: Pass[] = [];
  /** The stay under way: its instants since the rise, in order; empty while the satellite is down. */
  let stay: Instant[] = [];
  let clippedStart = false;

  /** The part of the stay from `rise` to `set`, if it is asked for. */
  const add = (rise: Instant, set: Instant, ends: Pick<Pass, 'clipped' | 'occulted'>): void => {
    if (set.utcMs < fromMs || rise.utcMs > toMs) return;
    let [highest, nearest] = [rise, rise];
    for (const instant of [...stay, set]) {
      if (instant.utcMs < rise.utcMs || instant.utcMs > set.utcMs) continue;
      if (instant.sinElevation > highest.sinElevation) highest = instant;
      if (instant.rangeKm < nearest.rangeKm) nearest = instant;
    }
    found.push({
      aosMs: rise.utcMs,
      tcaMs: nearest.utcMs,
      losMs: set.utcMs,
      durationS: (set.utcMs - rise.utcMs) / 1000,
      maxElevationDeg: Math.asin(Math.min(1, highest.sinElevation)) / DEGREE,
      minRangeKm: nearest.rangeKm,
      aosAzimuthDeg: azimuthDeg(rise),
      losAzimuthDeg: azimuthDeg(set),
      ...ends,
    });
  };

  const close = (clippedEnd: boolean): void => {
    const [first, last] = [stay[0]!, stay.at(-1)!];
    const rise = () => (clippedStart ? sight(fromMs) : first);
    const set = () => (clippedEnd ? sight(toMs) : last);
    const [from, to] = [Math.max(fromMs, first.utcMs), Math.min(toMs, last.utcMs)];
    if (!inSight) {
      add(rise(), set(), { clipped: { start: clippedStart, end: clippedEnd } });
    } else if (from <= to) {
      // What is in sight is followed outside the interval as far as the stay is known.
      for (const { startMs, endMs } of inSight(from, to, Math.max(from - first.utcMs, last.utcMs - to))) {
        const occulted = { start: startMs > first.utcMs, end: endMs < last.utcMs };
        add(occulted.start ? sight(startMs) : rise(), occulted.end ? sight(endMs) : set(), {
          clipped: { start: clippedStart && !occulted.start, end: clippedEnd && !occulted.end },
          occulted,
        });
      }
    }
    stay = [];
    clippedStart = false;
  };

  // A pass may be under way: back to where the satellite is down, or one revolution.
  let k = Math.floor((fromMs - originOf(target)) / cellMs);
  let node: Instant | null = sight(timeMs(k));
  while (node.clearance >= 0 && fromMs - node.utcMs <= revolutionMs) node = sight(timeMs(--k));
  if (node.clearance >= 0) {
    stay = [node];
    clippedStart = true;
  }

  const step = (): void => {
    k = self.next;
    const state = nodes.state(k);
    const cells =
      stay.length === 0 ? Math.floor((hiddenForS(site, state, minElevationDeg, planar) * 1000) / cellMs) : 0;
    if (cells > 0) {
      node = null;
      k += cells;
    } else {
      node ??= sight(timeMs(k), state);
      const next = sight(timeMs(k + 1), nodes.state(k + 1));
      let previous = node;
      for (const instant of turns(node, next)) {
        const clearance = (at: Instant) => at.clearance;
        if (previous.clearance < 0 && instant.clearance >= 0) stay = [crossing(previous, instant, clearance)];
        if (stay.length > 0) {
          const sets = instant.clearance < 0;
          stay.push(sets ? crossing(previous, instant, clearance) : instant);
          if (sets) close(false);
        }
        previous = instant;
      }
      node = next;
      k++;
    }
    const up = stay.length > 0 && stay[0]!.utcMs <= toMs;
    const done = timeMs(k) > (up ? toMs + revolutionMs : toMs);
    if (done && up) close(true);
    self.next = done ? Number.POSITIVE_INFINITY : k;
  };

  const self: Watch = { next: k, step, found };
  return self;
}

/**
 * The passes of one satellite over several stations, in the order of the stations, each list as `passes` gives it, bit
 * for bit. The stations go through time together, and one propagation of a node serves all that look at it.
 * @throws OrbitError as `passes`
 */
export function passesOver(target: Target, stations: readonly Station[], query: PassQuery): Pass[][] {
  checkQuery(query);
  const nodes = nodesOf(target);
  const watches = stations.map((station) => watch(target, station, query, nodes));
  for (;;) {
    let k = Number.POSITIVE_INFINITY;
    for (const { next } of watches) if (next < k) k = next;
    if (k === Number.POSITIVE_INFINITY) return watches.map(({ found }) => found);
    for (const one of watches) if (one.next === k) one.step();
  }
}

/**
 * All passes that overlap the interval, whole: one that is under way at `fromMs` or at `toMs` is reported from its
 * rise to its set, so that neighbouring intervals both have it, with the same times. The rise is looked for up to a
 * revolution before the interval and the set up to a revolution behind it; what stays up for longer (geostationary) is
 * clipped to the interval and says so. The passes of a satellite of the Moon, and of a place on it, end where the Moon
 * hides it, so that one rising of the Moon has many; occultations of less than 50 ms, and sights of less than that
 * between two, may be missing (`SHORTEST_MS` of the spells), and nothing longer.
 * @throws OrbitError `orbit/interval`, `orbit/min-elevation`, a station's coordinates (`checkStation`),
 *   `orbit/propagation` when SGP4 ends inside the interval
 */
export function passes(target: Target, station: Station, query: PassQuery): Pass[] {
  return passesOver(target, [station], query)[0]!;
}
