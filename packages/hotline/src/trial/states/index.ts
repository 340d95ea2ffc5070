/** An exhaustive search of two desks that run the shipped code. */
export { FAULTS, type Fault } from './faults.ts';
export { openShipped } from './opened.ts';
export { reportStates } from './report.ts';
export { AGREEMENT_HUNTS, huntAgreements, huntLines, LINE_HUNTS, playStates, type StatesOutcome } from './study.ts';
