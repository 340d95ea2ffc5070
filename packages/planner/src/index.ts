/**
 * Which stations, satellites and hours are worth having, and how much key they bring: windows, weather, finite keys, a
 * schedule with a bound beside it. All from a seed; draws no photon.
 */
export type { Candidate, SatelliteCandidate, StationCandidate } from './candidate.ts';
export type { Distribution } from './chance.ts';
export { contacts, type PlannedContact } from './contact.ts';
export { PlannerError, type PlannerErrorCode } from './error.ts';
export { type BlockKey, blockKey, type KeyRules, keySpread } from './key.ts';
export { nightOf } from './night.ts';
export { type ClearKey, clearKey, type Opportunity, opportunities } from './opportunities.ts';
export { type PassPlan, type Plan, type PlanProgress, type PlanRequest, plan } from './plan.ts';
export { type Arm, CELLS, Cell, decoyRates, type PairSource, pairRates } from './rates.ts';
export { type Proposal, type Schedule, type ScheduleRequest, schedule } from './schedule.ts';
export type { Service, ServiceRules } from './service.ts';
export type { Figures, PairPlan } from './tally.ts';
export { type Worth, type WorthEntry, type WorthRequest, worth } from './worth.ts';
