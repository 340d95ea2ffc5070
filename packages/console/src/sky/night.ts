import { geoCircle } from 'd3-geo';
import type { Polygon } from 'geojson';

/**
 * Depths of the Sun below the horizon at which one band of night begins, degrees: sunset, then the ends of civil,
 * nautical and astronomical twilight.
 */
export const NIGHT_DEPTHS_DEG = [0, 6, 12, 18] as const;

/** The part of the Earth where the Sun stands more than `depthDeg` below the horizon: a cap around the antisolar point. */
export function night(
  subsolar: { readonly latitudeDeg: number; readonly longitudeDeg: number },
  depthDeg: number,
): Polygon {
  const antisolar: [number, number] = [((subsolar.longitudeDeg + 360) % 360) - 180, -subsolar.latitudeDeg];
  return geoCircle()
    .center(antisolar)
    .radius(90 - depthDeg)
    .precision(3)();
}
