import { type Station, subsolarPoint, sun } from '@skykey/orbit';

/** A stretch of time, ms since 1970 UTC. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

const DAY_MS = 86_400_000;
/** The Sun's elevation changes by less than a hundredth of an arc second in it. */
const TOLERANCE_MS = 0.5;

/**
 * The parts of an interval in which the centre of the Sun stands below an elevation, in order: ends are roots, or those
 * of the interval. Throws OrbitError for a station or times that are none.
 */
export function darkness(station: Station, sunBelowDeg: number, { startMs, endMs }: Window): Window[] {
  const excess = (utcMs: number): number => sun(station, utcMs).elevationDeg - sunBelowDeg;
  const found: Window[] = [];
  const add = (from: number, to: number): void => {
    const last = found.at(-1);
    if (last?.endMs === from) found[found.length - 1] = { startMs: last.startMs, endMs: to };
    else found.push({ startMs: from, endMs: to });
  };
  let from = startMs;
  let before = excess(from);
  // Between two passages of the meridian the Sun only rises or only sinks.
  for (const to of [...meridianPassages(station.longitudeDeg, startMs, endMs), endMs]) {
    const after = excess(to);
    if (before < 0 && after < 0) add(from, to);
    else if (before < 0) add(from, crossing(excess, from, to));
    else if (after < 0) add(crossing(excess, to, from), to);
    from = to;
    before = after;
  }
  return found;
}

/**
 * When the Sun passes the meridian of a place, above or below the pole, between two moments. The highest and the lowest
 * Sun are up to some tens of seconds beside it, because its declination changes, and 1e-4 degrees beyond its elevation.
 */
function meridianPassages(longitudeDeg: number, fromMs: number, toMs: number): number[] {
  const next = (utcMs: number): number => {
    const west = subsolarPoint(utcMs).longitudeDeg - longitudeDeg;
    return utcMs + ((((west % 180) + 180) % 180) / 360) * DAY_MS;
  };
  const found: number[] = [];
  for (let utcMs = next(fromMs); utcMs < toMs; utcMs = next(utcMs + DAY_MS / 4)) if (utcMs > fromMs) found.push(utcMs);
  return found;
}

/** The last moment, from `below` on, at which a function that is monotone is known to be below zero. */
function crossing(f: (utcMs: number) => number, below: number, above: number): number {
  let low = below;
  let high = above;
  while (Math.abs(high - low) > TOLERANCE_MS) {
    const middle = (low + high) / 2;
    if (f(middle) < 0) low = middle;
    else high = middle;
  }
  return low;
}
