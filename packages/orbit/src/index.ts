/**
 * Where a satellite is, and when a station sees it: element sets through SGP4 to look angles, passes, light time and
 * range rate, with the Sun, the Moon and the Earth's shadow beside them. Knows nothing about light's strength.
 *
 * Times are ms since 1970 UTC. Elements are good for days around their epoch; see `elementsAgeDays`.
 */
export type { Place, Vector } from './earth.ts';
export { type Elements, elementsAgeDays, parseTle } from './elements.ts';
export { OrbitError, type OrbitErrorCode } from './error.ts';
export { type Direction, moon, subsolarPoint, sun, sunlit } from './heavens.ts';
export { LIGHT_KM_S, type Look, look } from './look.ts';
export { type Pass, type PassQuery, passes, rangeWindow } from './passes.ts';
export { subpoint } from './state.ts';
export { checkStation, type Station } from './station.ts';
export type { Ephemeris, Motion, Target } from './target.ts';
