/** When a satellite stands far enough from the Sun to be looked at. */
import { DEGREE, EARTH_RATE_RAD_S } from './earth.ts';
import { OrbitError } from './error.ts';
import { cellOf, originOf } from './grid.ts';
import { separationDeg, sun } from './heavens.ts';
import { look } from './look.ts';
import { closestApproach } from './range.ts';
import { spells } from './spells.ts';
import { fastestKmS } from './state.ts';
import { type Station, siteOf } from './station.ts';
import type { Target } from './target.ts';

/** Bound on how fast the Sun moves among the stars: 1.02 degrees a day at perihelion is 2.06e-7. */
const SUN_RATE_RAD_S = 2.1e-7;

/**
 * The parts of a stretch of time in which the line of sight is at least `leastDeg` from the centre of the Sun, wherever
 * the horizon is; in order, their ends by root finding, or those of the stretch. Parts and gaps of less than 50 ms may be
 * missing, and nothing longer: the line of sight turns no faster than the satellite's highest speed over its least range.
 * @throws OrbitError `orbit/separation` unless the angle is 0 to 180 degrees; as `look` otherwise
 */
export function sunClear(
  target: Target,
  station: Station,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  leastDeg: number,
): { startMs: number; endMs: number }[] {
  if (!(leastDeg >= 0 && leastDeg <= 180)) {
    throw new OrbitError('orbit/separation', `leastDeg is ${leastDeg}; it must be 0 to 180 degrees from the Sun`);
  }
  const { x, y } = siteOf(station).position;
  const fastest = Math.max(fastestKmS(target, startMs), fastestKmS(target, endMs));
  const speedKmS = fastest + EARTH_RATE_RAD_S * Math.hypot(x, y);
  const nearestKm = closestApproach(target, station, { startMs, endMs }).rangeKm;
  const found = spells(
    {
      value: (utcMs) => separationDeg(look(target, station, utcMs), sun(station, utcMs)) - leastDeg,
      ratePerMs: (speedKmS / nearestKm + SUN_RATE_RAD_S) / DEGREE / 1000,
      originMs: originOf(target),
      cellMs: cellOf(target),
      reachMs: 0,
    },
    startMs,
    endMs,
  );
  return found
    .map((spell) => ({ startMs: Math.max(spell.startMs, startMs), endMs: Math.min(spell.endMs, endMs) }))
    .filter((part) => part.startMs < part.endMs);
}
