/**
 * The grid in time on which searches evaluate an orbit. It hangs on the epoch of the elements and not on the question,
 * so that what is found comes out the same to the last bit wherever the search begins.
 */
import { DEGREE, EARTH_RATE_RAD_S } from './earth.ts';
import { OrbitError } from './error.ts';
import { perigeeRate } from './state.ts';
import type { Target } from './target.ts';

/** The satellite moves at most this far around the Earth in a cell of the grid, rad: one culmination a cell at most. */
const CELL_RAD = 2 * DEGREE;

/** An interval of time, ms since 1970 UTC. */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Which ends of a stay were not found within a revolution of the satellite outside the interval that was asked for, as
 * over a geostationary satellite: the stay is then given from the start, or to the end, of that interval.
 */
export interface Clipped {
  readonly start: boolean;
  readonly end: boolean;
}

/** @throws OrbitError `orbit/interval` */
export function checkInterval({ fromMs, toMs }: Interval, what: string): void {
  if (!(Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs < toMs)) {
    throw new OrbitError(
      'orbit/interval',
      `${what} from ${fromMs} to ${toMs}: both must be milliseconds since 1970 UTC, and fromMs before toMs`,
    );
  }
}

/** The grid hangs here: on the epoch of elements, on 1970 for an ephemeris. */
export const originOf = (target: Target): number => (target.kind === 'sgp4' ? target.epochMs : 0);

/** One turn around the Earth in inertial space, ms. */
export const revolutionOf = (target: Target): number =>
  target.kind === 'sgp4' ? ((2 * Math.PI) / target.satrec.no) * 60_000 : target.revolutionMs;

/** Length of a cell of the grid, whole ms: about half a minute for a low orbit. */
export function cellOf(target: Target): number {
  const rate = target.kind === 'sgp4' ? perigeeRate(target.satrec.no / 60, target.satrec.ecco) : target.fastestRadS;
  // What moves slower than the Earth turns is carried past a station by the Earth.
  return Math.floor((1000 * CELL_RAD) / Math.max(rate, EARTH_RATE_RAD_S));
}
