/**
 * Attacks against a link, thousands of passes at a time: what the alarm sees and what it misses, and what an adversary truly
 * knows against what the bound grants. Plays, counts, and keeps no file.
 */
export { ASSUMPTIONS, type Assumption, assumptionOf } from './assumptions.ts';
export { type Declaration, declarationOf } from './declaration.ts';
export { edgeOf } from './edge.ts';
export { LabError, type LabErrorCode } from './error.ts';
export { type Assumed, assumedFlaws, type Devices } from './flaws.ts';
export { GateStudy, type GateTrial, gateClaims } from './gate-study.ts';
export * from './journal.ts';
export type { KeyRules } from './key.ts';
export { type LabLink, type LinkRequest, labLink } from './link.ts';
export * from './long-studies.ts';
export * from './outcome.ts';
export { cleanPass, drawnOnset, LEAST_CLEAR, type Level, type Play, playPass } from './play.ts';
export { areaUnder, type RocPoint, rocOf } from './roc.ts';
export * from './study.ts';
export { assumedWeather } from './weather.ts';
