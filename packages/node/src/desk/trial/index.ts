/** Trials of two running desks, for the studies of the command line. */
export { type DeskFaultStudy, reportDeskFaults, studyDeskFaults } from './fault-study.ts';
