/** How far a satellite is while a station sees it: when it is near enough, and when it is nearest. Every time is a root. */
import { OrbitError } from './error.ts';
import { cellOf } from './grid.ts';
import { type Look, lookAt, sightingOf } from './look.ts';
import type { Pass } from './passes.ts';
import { root } from './root.ts';
import { earthFixedState } from './state.ts';
import { type Site, type Station, siteOf } from './station.ts';
import type { Target } from './target.ts';

/** Roots are found to this, ms: 0.1 m of satellite motion. */
const TOLERANCE_MS = 0.01;

interface Instant {
  readonly utcMs: number;
  readonly rangeKm: number;
  readonly rangeRateKmS: number;
}

const rangeOf =
  (target: Target, site: Site) =>
  (utcMs: number): Instant => {
    const { rangeKm, rangeRateKmS } = sightingOf(site, earthFixedState(target, utcMs));
    return { utcMs, rangeKm, rangeRateKmS };
  };

/** Where the range turns between two instants at which its rate has opposite signs. */
function turn(at: (utcMs: number) => Instant, a: Instant, b: Instant): Instant {
  const rate = (utcMs: number): number => at(utcMs).rangeRateKmS;
  return at(root(rate, a.utcMs, b.utcMs, a.rangeRateKmS, b.rangeRateKmS, TOLERANCE_MS));
}

/**
 * The parts of a pass in which the range is at most `maxRangeKm`, in order, their ends by root finding; none when the
 * satellite stays farther away. Where the pass begins or ends nearer than that, so does a part. A low orbit has one,
 * around closest approach; an eccentric one that is up through its apogee may have one on either side of it. As `passes`
 * does, the search reckons with one turn of the range in a cell of the grid, 2 degrees of the way around the Earth.
 * @throws OrbitError `orbit/max-range` unless the limit is a positive number; as `look` otherwise
 */
export function rangeWindows(
  target: Target,
  station: Station,
  pass: Pick<Pass, 'aosMs' | 'tcaMs' | 'losMs'>,
  maxRangeKm: number,
): { startMs: number; endMs: number }[] {
  if (!(maxRangeKm > 0 && Number.isFinite(maxRangeKm))) {
    throw new OrbitError('orbit/max-range', `maxRangeKm is ${maxRangeKm}; it must be a positive number of kilometres`);
  }
  const at = rangeOf(target, siteOf(station));
  const closest = at(pass.tcaMs);
  if (closest.rangeKm > maxRangeKm) return [];
  const stepMs = cellOf(target);
  const excess = (utcMs: number): number => at(utcMs).rangeKm - maxRangeKm;
  const crossing = (a: Instant, b: Instant): number =>
    root(excess, a.utcMs, b.utcMs, a.rangeKm - maxRangeKm, b.rangeKm - maxRangeKm, TOLERANCE_MS);

  /** Where the range crosses the limit on the way from closest approach to one end of the pass, as they come. */
  const crossings = (limitMs: number): number[] => {
    const direction = Math.sign(limitMs - pass.tcaMs);
    const found: number[] = [];
    let near = closest;
    while (near.utcMs !== limitMs) {
      const nextMs = near.utcMs + direction * stepMs;
      const far = at(direction * (nextMs - limitMs) < 0 ? nextMs : limitMs);
      const outside = near.rangeKm > maxRangeKm;
      /** Positive where the range goes towards the limit on this way. */
      const towards = ({ rangeRateKmS }: Instant): number => (outside ? -1 : 1) * direction * rangeRateKmS;
      if (far.rangeKm > maxRangeKm !== outside) {
        found.push(crossing(near, far));
      } else if (towards(near) > 0 && towards(far) < 0) {
        const middle = turn(at, near, far);
        if (middle.rangeKm > maxRangeKm !== outside) found.push(crossing(near, middle), crossing(middle, far));
      }
      near = far;
    }
    return found;
  };

  const [before, after] = [crossings(pass.aosMs).reverse(), crossings(pass.losMs)];
  // Closest approach is inside: an even number of crossings leads to an end of the pass that is inside too.
  const edges = [...before, ...after];
  if (before.length % 2 === 0) edges.unshift(pass.aosMs);
  if (after.length % 2 === 0) edges.push(pass.losMs);
  return Array.from({ length: edges.length / 2 }, (_, i) => ({ startMs: edges[2 * i]!, endMs: edges[2 * i + 1]! }));
}

/**
 * The look angles when the range is smallest between two instants, which may be one of them.
 * @throws OrbitError as `look`
 */
export function closestApproach(
  target: Target,
  station: Station,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): Look {
  const site = siteOf(station);
  const at = rangeOf(target, site);
  const stepMs = cellOf(target);
  let nearest = at(startMs);
  for (let here = nearest; here.utcMs < endMs; ) {
    const next = at(Math.min(here.utcMs + stepMs, endMs));
    const lowest = here.rangeRateKmS < 0 && next.rangeRateKmS > 0 ? turn(at, here, next) : next;
    if (lowest.rangeKm < nearest.rangeKm) nearest = lowest;
    here = next;
  }
  return lookAt(site, earthFixedState(target, nearest.utcMs), nearest.utcMs);
}
