/** Trials of two sites' desks in processes of their own, for studies, benches and tests. */
export { type Crowd, type CrowdOptions, enterAll, leaveAll, type Persons, playCrowd, RENEWAL_S } from './crowd.ts';
export { DESK_SITES, type DeskSite, DeskStage, type DeskStageOptions, untilOpen } from './desk-stage.ts';
export { type DeskFaultStudy, reportDeskFaults, studyDeskFaults } from './faults/fault-study.ts';
export { type MediaCost, mediaCost } from './media-cost.ts';
export { memoryTotals, reportMemory } from './memory-report.ts';
export { MEMORY_KINDS, type MemoryKind, type MemoryOutcome, playMemory } from './memory-trial.ts';
export { sameAlarm } from './tap/same-alarm.ts';
export { reportTap, type TapRow, tapRow } from './tap/tap-report.ts';
export {
  playTapTrial,
  prepareTapStage,
  type TapOutcome,
  type TapStage,
  type TapTrialOptions,
} from './tap/tap-trial.ts';
export { Ear, textTimes } from './text-times.ts';
