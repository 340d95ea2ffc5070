/** Trials of two sites' desks in processes of their own. */
export { DESK_SITES, type DeskSite, DeskStage, type DeskStageOptions, untilOpen } from './desk-stage.ts';
