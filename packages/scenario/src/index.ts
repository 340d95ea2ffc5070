/**
 * Which satellite, which stations, which devices, under which rules: data with provenance beside every value, and the
 * inputs of `photons` put together from it. Never draws a random number.
 */
export * from './error.ts';
export * from './scenario.ts';
export type { Parameter, ScenarioDocument, StationDocument } from './schema.ts';
export * from './trace.ts';
