/** Trials of a running key manager, for the studies of the command line. */
export { type FaultStudy, reportFaults, studyFaults } from './fault-study.ts';
export { type HostileOutcome, playHostile } from './hostile/hostile-trial.ts';
export { reportHostile } from './hostile/report.ts';
