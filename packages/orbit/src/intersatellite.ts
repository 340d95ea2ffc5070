/** When two satellites see each other past the Earth, and past the Moon where one of them is there. */
import { dot, EQUATORIAL_RADIUS_KM, FLATTENING, minus, nearestPoint, norm, toGeodetic, type Vector } from './earth.ts';
import { OrbitError } from './error.ts';
import { type Clipped, cellOf, checkInterval, type Interval, originOf, revolutionOf } from './grid.ts';
import { clearanceKm, clearanceRateKmS, observerOf } from './occultation.ts';
import { spells } from './spells.ts';
import { fastestKmS, motionOf } from './state.ts';
import type { Target } from './target.ts';

export interface IntersatelliteQuery extends Interval {
  /** The line of sight stays at least this high above the WGS-84 ellipsoid, km, 0 to 1000; light wants 20 to 100. */
  readonly grazingHeightKm: number;
  /** Farthest usable range, km. */
  readonly maxRangeKm?: number;
}

/** One stretch of mutual visibility. Times are ms since 1970 UTC, not whole numbers. */
export interface IntersatelliteWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly durationS: number;
  readonly clipped: Clipped;
}

/** The line of sight from one satellite to another at an instant. */
export interface IntersatelliteLook {
  readonly utcMs: number;
  readonly rangeKm: number;
  /** Positive while they part. */
  readonly rangeRateKmS: number;
  /** Height of the line's lowest point above the WGS-84 ellipsoid, km; negative through the Earth. */
  readonly grazingHeightKm: number;
}

const stretched = ({ x, y, z }: Vector, factor: number): Vector => ({ x, y, z: z * factor });

/**
 * Range, range rate and grazing height over the Earth, both satellites at the same instant, without light time.
 * @throws OrbitError `orbit/time`, `orbit/propagation`
 */
export function intersatelliteLook(a: Target, b: Target, utcMs: number): IntersatelliteLook {
  const [one, other] = [motionOf(a, utcMs), motionOf(b, utcMs)];
  const line = minus(other.position, one.position);
  const rangeKm = norm(line);
  // Along the axis by 1 / (1 - f) the ellipsoid is a sphere and a line is still a line.
  const factor = 1 / (1 - FLATTENING);
  const lowest = nearestPoint(stretched(one.position, factor), stretched(other.position, factor));
  return {
    utcMs,
    rangeKm,
    rangeRateKmS: dot(line, minus(other.velocity, one.velocity)) / rangeKm,
    grazingHeightKm: toGeodetic(stretched(lowest, 1 / factor)).heightKm,
  };
}

/**
 * All stretches of mutual visibility that overlap the interval, whole. Ends are looked for up to a revolution (the
 * slower satellite's) outside it; what lasts longer is clipped to the interval and says so. Stretches and gaps of less
 * than 50 ms may be missing, and nothing else: no point of the line moves faster than the faster of its ends. A relay
 * around the Moon is hidden behind it, and a place on it from whoever is below its level horizon.
 *
 * The surface at the grazing height is the ellipsoid whose half axes are longer by that height; it lies less than
 * 1.2 m per 100 km inside the true one.
 * @throws OrbitError `orbit/interval`, `orbit/grazing-height`, `orbit/max-range`, `orbit/propagation`
 */
export function intersatelliteWindows(a: Target, b: Target, query: IntersatelliteQuery): IntersatelliteWindow[] {
  checkInterval(query, 'intersatellite windows');
  const { fromMs, toMs, grazingHeightKm, maxRangeKm = Number.POSITIVE_INFINITY } = query;
  if (!(grazingHeightKm >= 0 && grazingHeightKm <= 1000)) {
    throw new OrbitError(
      'orbit/grazing-height',
      `grazingHeightKm is ${grazingHeightKm}; it must be 0 to 1000 kilometres above the ellipsoid`,
    );
  }
  if (!(maxRangeKm > 0)) {
    throw new OrbitError('orbit/max-range', `maxRangeKm is ${maxRangeKm}; it must be a positive number of kilometres`);
  }
  const radius = EQUATORIAL_RADIUS_KM + grazingHeightKm;
  const factor = radius / (EQUATORIAL_RADIUS_KM * (1 - FLATTENING) + grazingHeightKm);
  // Who is at the Moon is hidden by it from the other.
  const hiding = (target: Target, other: Target) =>
    target.kind === 'sgp4' || !target.occluder
      ? null
      : {
          occluder: target.occluder,
          rateKmS: clearanceRateKmS(target.occluder, observerOf(other, fromMs, toMs)),
        };
  const [moonOfA, moonOfB] = [hiding(a, b), hiding(b, a)];
  const value = (utcMs: number): number => {
    const [one, other] = [motionOf(a, utcMs).position, motionOf(b, utcMs).position];
    const clearance = norm(nearestPoint(stretched(one, factor), stretched(other, factor))) - radius;
    return Math.min(
      clearance,
      maxRangeKm - norm(minus(one, other)),
      moonOfA ? clearanceKm(moonOfA.occluder, utcMs, other) : Number.POSITIVE_INFINITY,
      moonOfB ? clearanceKm(moonOfB.occluder, utcMs, one) : Number.POSITIVE_INFINITY,
    );
  };
  const [fastA, fastB] = [a, b].map((target) => Math.max(fastestKmS(target, fromMs), fastestKmS(target, toMs)));
  const found = spells(
    {
      value,
      ratePerMs:
        Math.max(
          factor * Math.max(fastA!, fastB!),
          Number.isFinite(maxRangeKm) ? fastA! + fastB! : 0,
          moonOfA?.rateKmS ?? 0,
          moonOfB?.rateKmS ?? 0,
        ) / 1000,
      originMs: originOf(a),
      cellMs: Math.min(cellOf(a), cellOf(b)),
      reachMs: Math.max(revolutionOf(a), revolutionOf(b)),
    },
    fromMs,
    toMs,
  );
  return found.map(({ startMs, endMs }) => {
    const clipped = { start: startMs === Number.NEGATIVE_INFINITY, end: endMs === Number.POSITIVE_INFINITY };
    const [start, end] = [clipped.start ? fromMs : startMs, clipped.end ? toMs : endMs];
    return { startMs: start, endMs: end, durationS: (end - start) / 1000, clipped };
  });
}
