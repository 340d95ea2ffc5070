/**
 * Where a satellite is, and when a station sees it: element sets through SGP4 to look angles, passes, light time and
 * range rate, with the Sun, the Moon and the Earth's shadow beside them. Knows nothing about light's strength.
 *
 * Times are ms since 1970 UTC. Elements are good for days around their epoch; see `elementsAgeDays`.
 */
export { type AgeQuery, checkAge, elementsAgeDays } from './age.ts';
export { type Place, siderealTime, type Vector } from './earth.ts';
export { type Eclipse, eclipses, sunlit } from './eclipse.ts';
export type { Elements } from './elements.ts';
export { OrbitError, type OrbitErrorCode } from './error.ts';
export type { Clipped, Interval } from './grid.ts';
export { type Direction, type Moon, moon, separationDeg, subsolarPoint, sun } from './heavens.ts';
export {
  type IntersatelliteLook,
  type IntersatelliteQuery,
  type IntersatelliteWindow,
  intersatelliteLook,
  intersatelliteWindows,
} from './intersatellite.ts';
export {
  type IntersatelliteLight,
  type IntersatelliteSky,
  intersatelliteLight,
  intersatelliteSky,
} from './intersatellite-light.ts';
export { type JointLook, type JointPass, type JointQuery, jointPasses } from './joint.ts';
export { type LightDirection, type LightTime, lightTime, pointAheadRad } from './light-time.ts';
export { LIGHT_KM_S, type Look, look } from './look.ts';
export { type LunarOrbit, type LunarPlace, lunarOrbit, lunarSurface } from './lunar.ts';
export { occulted } from './occultation.ts';
export { parseOmm } from './omm.ts';
export { type Occulted, type Pass, type PassQuery, passes, passesOver } from './passes.ts';
export { closestApproach, rangeWindows } from './range.ts';
export { motionOf, subpoint } from './state.ts';
export { checkStation, type Station } from './station.ts';
export { sunClear } from './sun-avoidance.ts';
export {
  type GeostationaryOrbit,
  geostationary,
  type KeplerianOrbit,
  keplerian,
  type SunSynchronousOrbit,
  sunSynchronous,
  type WalkerConstellation,
  walker,
} from './synthetic.ts';
export type { Ephemeris, Motion, Occluder, Target } from './target.ts';
export { parseTle, parseTleFile } from './tle.ts';
