/** When two stations see a satellite at once, as a source of entangled pairs needs it. */
import { OrbitError } from './error.ts';
import { type Clipped, cellOf } from './grid.ts';
import { type Look, lookAt, sightingOf } from './look.ts';
import { type Pass, type PassQuery, passesOver } from './passes.ts';
import { root } from './root.ts';
import { earthFixedState } from './state.ts';
import { type Station, siteOf } from './station.ts';
import type { Target } from './target.ts';

/** Both sight lines at an instant, the first station's first. */
export type JointLook = readonly [Look, Look];

/** One stretch in which both stations see the satellite. Times are ms since 1970 UTC, not whole numbers. */
export interface JointPass {
  /** The later of the two rises (or ends of an occultation; the passes say which). */
  readonly startMs: number;
  /** The earlier of the two sets (or beginnings of an occultation). */
  readonly endMs: number;
  readonly durationS: number;
  /** Ends that are no rise or set, as in `Pass`. */
  readonly clipped: Clipped;
  /** The sum of both ranges is smallest here. */
  readonly bestMs: number;
  readonly best: JointLook;
  /** The pass of either station that this is the common part of. */
  readonly passes: readonly [Pass, Pass];
  /** Every `stepS` from the start, and at the end; empty unless asked for. */
  readonly series: readonly JointLook[];
}

export interface JointQuery extends PassQuery {
  /** Distance of the instants of the series, s; no series without it. */
  readonly stepS?: number;
}

/** Root of the rate of the summed ranges, ms. */
const TOLERANCE_MS = 0.01;

/**
 * The common parts of the passes of two stations that overlap the interval, in order. Start and end are roots, since
 * those of the passes are.
 * @throws OrbitError as `passes`; `orbit/step` when `stepS` is no positive number
 */
export function jointPasses(target: Target, stationA: Station, stationB: Station, query: JointQuery): JointPass[] {
  const { stepS } = query;
  if (stepS !== undefined && !(stepS > 0 && Number.isFinite(stepS))) {
    throw new OrbitError('orbit/step', `stepS is ${stepS}; it must be a positive number of seconds`);
  }
  const [ofA, ofB] = passesOver(target, [stationA, stationB], query) as [Pass[], Pass[]];
  const sites = [siteOf(stationA), siteOf(stationB)] as const;
  const cellMs = cellOf(target);

  const lookBoth = (utcMs: number): JointLook => {
    const state = earthFixedState(target, utcMs);
    return [lookAt(sites[0], state, utcMs), lookAt(sites[1], state, utcMs)];
  };
  const summed = (utcMs: number) => {
    const state = earthFixedState(target, utcMs);
    const [a, b] = [sightingOf(sites[0], state), sightingOf(sites[1], state)];
    return { utcMs, rangeKm: a.rangeKm + b.rangeKm, rateKmS: a.rangeRateKmS + b.rangeRateKmS };
  };
  const best = (startMs: number, endMs: number): number => {
    let here = summed(startMs);
    let least = here;
    for (let at = startMs; at < endMs; ) {
      at = Math.min(endMs, at + cellMs);
      const next = summed(at);
      const turns = here.rateKmS < 0 && next.rateKmS >= 0;
      const rate = (utcMs: number) => summed(utcMs).rateKmS;
      const nearest = turns ? summed(root(rate, here.utcMs, at, here.rateKmS, next.rateKmS, TOLERANCE_MS)) : next;
      if (nearest.rangeKm < least.rangeKm) least = nearest;
      here = next;
    }
    return least.utcMs;
  };

  const found: JointPass[] = [];
  let [i, j] = [0, 0];
  while (i < ofA.length && j < ofB.length) {
    const [a, b] = [ofA[i]!, ofB[j]!];
    const [first, last] = [a.aosMs > b.aosMs ? a : b, a.losMs < b.losMs ? a : b];
    const [startMs, endMs] = [first.aosMs, last.losMs];
    if (startMs < endMs && endMs >= query.fromMs && startMs <= query.toMs) {
      const bestMs = best(startMs, endMs);
      const series: JointLook[] = [];
      if (stepS !== undefined) {
        for (let n = 0; startMs + n * stepS * 1000 < endMs; n++) series.push(lookBoth(startMs + n * stepS * 1000));
        series.push(lookBoth(endMs));
      }
      found.push({
        startMs,
        endMs,
        durationS: (endMs - startMs) / 1000,
        clipped: { start: first.clipped.start, end: last.clipped.end },
        bestMs,
        best: lookBoth(bestMs),
        passes: [a, b],
        series,
      });
    }
    if (last === a) i++;
    else j++;
  }
  return found;
}
