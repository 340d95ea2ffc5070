import { DEGREE, dot, minus, norm } from './earth.ts';
import { earthFixedState, type State } from './state.ts';
import { type Site, type Station, siteOf } from './station.ts';
import type { Target } from './target.ts';

/** Speed of light, km/s (SI). */
export const LIGHT_KM_S = 299_792.458;

/** Where a station sees a satellite: geometric, without refraction and without aberration. */
export interface Look {
  readonly utcMs: number;
  /** From north over east, 0 to 360. */
  readonly azimuthDeg: number;
  /** Above the plane normal to the geodetic zenith. */
  readonly elevationDeg: number;
  readonly rangeKm: number;
  /** Positive while the satellite recedes. */
  readonly rangeRateKmS: number;
  /** How fast the line of sight turns over the station, rad/s: what a mount that follows has to do, both axes together. */
  readonly slewRadS: number;
  /** Flight time over `rangeKm` in vacuum; the satellite moves up to 60 m meanwhile in a low orbit (`lightTime` solves for it). */
  readonly lightTimeS: number;
}

/** The scalars of one sight line that passes are found from. */
export interface Sighting {
  readonly sinElevation: number;
  /** Time derivative of the sine of the elevation, 1/s: smooth through the zenith, where the elevation has a kink. */
  readonly climb: number;
  readonly rangeKm: number;
  readonly rangeRateKmS: number;
}

export function sightingOf(site: Site, { position, velocity }: State): Sighting {
  const line = minus(position, site.position);
  const rangeKm = norm(line);
  const rangeRateKmS = dot(line, velocity) / rangeKm;
  const sinElevation = dot(line, site.up) / rangeKm;
  return {
    sinElevation,
    climb: (dot(velocity, site.up) - sinElevation * rangeRateKmS) / rangeKm,
    rangeKm,
    rangeRateKmS,
  };
}

/** The look angles in an Earth-fixed state. */
export function lookAt(site: Site, state: State, utcMs: number): Look {
  const line = minus(state.position, site.position);
  const { rangeKm, rangeRateKmS } = sightingOf(site, state);
  const east = dot(line, site.east);
  const north = dot(line, site.north);
  const azimuthDeg = Math.atan2(east, north) / DEGREE;
  return {
    utcMs,
    azimuthDeg: azimuthDeg < 0 ? azimuthDeg + 360 : azimuthDeg,
    elevationDeg: Math.atan2(dot(line, site.up), Math.hypot(east, north)) / DEGREE,
    rangeKm,
    rangeRateKmS,
    slewRadS: Math.sqrt(Math.max(0, dot(state.velocity, state.velocity) - rangeRateKmS ** 2)) / rangeKm,
    lightTimeS: rangeKm / LIGHT_KM_S,
  };
}

/**
 * Look angles of a satellite from a station on WGS-84, no refraction.
 * @throws OrbitError as `checkStation` and for an instant SGP4 has no position for (`orbit/time`, `orbit/propagation`)
 */
export function look(target: Target, station: Station, utcMs: number): Look {
  return lookAt(siteOf(station), earthFixedState(target, utcMs), utcMs);
}
