/**
 * What the Moon hides: its body stands before a relay that flies around it, and its ground before a place on the far
 * side. Geometric, without light time; the limb is a sphere without mountains. An orbit at 100 km crosses its edge
 * aslant, at 0.5 km/s: a kilometre of relief is two seconds of its rise.
 */
import { dot, EARTH_RATE_RAD_S, minus, nearestPoint, norm, siderealTime, turnedEast, type Vector } from './earth.ts';
import { cellOf, originOf } from './grid.ts';
import { type Spell, spells } from './spells.ts';
import { farthestKm, fastestKmS } from './state.ts';
import { type Site, type Station, siteOf } from './station.ts';
import type { Occluder, Target } from './target.ts';

/** Who looks, as far as bounds need it. */
interface Observer {
  readonly farthestKm: number;
  readonly fastestKmS: number;
}

/**
 * How high `b` stands over the level horizon of `a`, both from the centre of a sphere, km: |b| - sqrt(|a|^2 + |b - a|^2),
 * written without a difference of large numbers. Where `b` is far it is |a| times the sine of the elevation, and unlike
 * that it changes no faster than the distances do where `b` is near.
 */
function aheadKm(a: Vector, b: Vector): number {
  const line = minus(b, a);
  return (2 * dot(a, line)) / (norm(b) + Math.hypot(norm(a), norm(line)));
}

/**
 * How free the line between a target and an inertial position is of the target's occluder, km: positive in sight. On the
 * ground the height of the observer over the level horizon decides; a sphere that the target touches would not tell.
 */
export function clearanceKm(occluder: Occluder, utcMs: number, from: Vector): number {
  const a = occluder.fromCentre(utcMs);
  const b = minus(from, occluder.centre(utcMs));
  const ahead = aheadKm(a, b);
  if (occluder.kind === 'ground') return ahead;
  return Math.max(ahead, aheadKm(b, a), norm(nearestPoint(a, b)) - occluder.radiusKm);
}

/** Up to this ratio of the target's distance from the occluder to that from the observer, the latter is far away. */
const FAR = 0.25;

/**
 * Bound on how fast `clearanceKm` changes, km/s. With q the ratio of the distances, the gradient is at most 1 + q by the
 * place of the target and 2 q / (2 - q) + q^2 / 2 by that of the observer if q is small, and 2 by either in any case.
 */
export function clearanceRateKmS(occluder: Occluder, observer: Observer): number {
  const { reachKm, aroundKmS, nearestKm, centreKmS } = occluder;
  const rangeKm = nearestKm - reachKm - observer.farthestKm;
  const observerKmS = observer.fastestKmS + centreKmS;
  if (!(reachKm < FAR * rangeKm)) return 2 * (aroundKmS + observerKmS);
  const q = reachKm / rangeKm;
  return (1 + q) * aroundKmS + 3 * q * observerKmS;
}

/** A target as the one that looks at another. */
export function observerOf(target: Target, fromMs: number, toMs: number): Observer {
  return {
    farthestKm: Math.max(farthestKm(target, fromMs), farthestKm(target, toMs)),
    fastestKmS: Math.max(fastestKmS(target, fromMs), fastestKmS(target, toMs)),
  };
}

const inertial = ({ position }: Site, utcMs: number): Vector => turnedEast(position, siderealTime(utcMs));

/**
 * Whether the Moon hides a target from a station: a relay behind it, or a place on it from which the station is below the
 * level horizon. Always false for elements. The station's own horizon is not asked.
 * @throws OrbitError as `look`
 */
export function occulted(target: Target, station: Station, utcMs: number): boolean {
  const site = siteOf(station);
  if (target.kind === 'sgp4' || !target.occluder) return false;
  return clearanceKm(target.occluder, utcMs, inertial(site, utcMs)) <= 0;
}

/** The search for what is in sight of a station; null where nothing can hide the target. As `spells`, reach apart. */
export function sights(
  target: Target,
  site: Site,
): ((fromMs: number, toMs: number, reachMs: number) => Spell[]) | null {
  if (target.kind === 'sgp4' || !target.occluder) return null;
  const { occluder } = target;
  const { x, y } = site.position;
  const observer = { farthestKm: norm(site.position), fastestKmS: EARTH_RATE_RAD_S * Math.hypot(x, y) };
  const course = {
    value: (utcMs: number) => clearanceKm(occluder, utcMs, inertial(site, utcMs)),
    ratePerMs: clearanceRateKmS(occluder, observer) / 1000,
    originMs: originOf(target),
    cellMs: cellOf(target),
  };
  return (fromMs, toMs, reachMs) => spells({ ...course, reachMs }, fromMs, toMs);
}
