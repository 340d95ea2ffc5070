/**
 * How safe a line is, what may be done on it, and how two desks agree on both: GREEN, AMBER, RED and BLACK, reserves,
 * alarms, approvals and the messages of the control lane (hotline reference, sections 4, 10 and 13). Pure functions and
 * plain data; the clock is handed in with every event.
 */
export { ALARM_CLASSES, type Alarm, type AlarmClass } from './alarm.ts';
export type { DeskRole } from './approvals.ts';
export { SILENT_MS } from './clock.ts';
export type { Consequence, FreshAgreement, LineEvent, Step } from './events.ts';
export type { LineOptions } from './joint.ts';
export type { Direction, LevelCause, LineLevel, SideLevel } from './level.ts';
export { LineMachine } from './line.ts';
export type { LineState } from './line-state.ts';
export {
  type AlarmMessage,
  type ApprovalMessage,
  type ControlMessage,
  decodeControl,
  encodeControl,
  type PolicyMessage,
  type RecordMessage,
  type StateMessage,
} from './messages.ts';
export type { LinePermissions, Permission } from './permissions.ts';
export {
  checkPolicy,
  DEFAULT_POLICY,
  decodePolicy,
  encodePolicy,
  KEY_BITS,
  type LinePolicy,
  PAD_SPEECH_BITS_PER_SECOND,
  PAD_TEXT_BITS,
  policyHash,
} from './policy.ts';
export {
  type KeyNeeds,
  type LineReserve,
  maySpend,
  type PoolStock,
  reserveOf,
  spendable,
} from './reserve.ts';
export { ENGLISH, type GoesOn, type Sentences } from './sentences.ts';
export { readLine, storeLine } from './stored-line.ts';
export { HEARTBEAT_MS, RETELL_MS } from './telling.ts';
export { freshAgreement, type LineView, type ShownAlarm } from './view.ts';
