/** Trials of desks on real processes, for studies and tests. */

export { type DeskFaultStudy, reportDeskFaults, studyDeskFaults } from './fault-study.ts';
export { sameAlarm } from './same-alarm.ts';
export { reportTap, type TapRow, tapRow } from './tap-report.ts';
export { playTapTrial, prepareTapStage, type TapOutcome, type TapStage, type TapTrialOptions } from './tap-trial.ts';
