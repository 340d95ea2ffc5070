/**
 * Which satellites, which stations, which devices, under which rules: data with provenance beside every value, and the
 * inputs of `photons` put together from it. Never draws a random number.
 */
export { type BudgetRow, budgetAlong, type Steps } from './along.ts';
export { type Background, backgroundAt, radianceOf } from './background.ts';
export type { Window } from './dark.ts';
export * from './declared.ts';
export * from './error.ts';
export {
  type Compensation,
  compensatedFrames,
  EPHEMERIS_COMPENSATION,
  type EphemerisCompensation,
  frameRotationRad,
} from './frames.ts';
export { lineOf } from './line.ts';
export * from './mission.ts';
export * from './model.ts';
export * from './passes.ts';
export * from './scenario.ts';
export {
  DECOY_PROOFS,
  type LiveDocument,
  type OrbitDocument,
  type Parameter,
  type ReceiverDocument,
  type SatelliteDocument,
  type ScenarioDocument,
  type StationDocument,
  type TransmitterDocument,
} from './schema.ts';
export * from './space.ts';
export { BIN_S } from './terminal.ts';
export { linkTrace, type TraceOptions } from './trace.ts';
