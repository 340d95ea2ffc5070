export { LEASE_MS, type Lease, type LeasedKey } from './calls.ts';
export type { SessionOptions } from './context.ts';
export type { SessionEmergency } from './emergency.ts';
export type {
  Changes,
  FileShelf,
  KeySource,
  SessionCall,
  SessionFile,
  SessionKey,
  SessionMessage,
  SessionNews,
  SessionPorts,
  SessionStore,
  SigningKeys,
} from './ports.ts';
export type { RecordPart, SessionRecord } from './record.ts';
export {
  type RecordDocument,
  type RecordReport,
  recordDocument,
  verifyRecord,
} from './record-document.ts';
export { Session } from './session.ts';
export type { LeasedPad } from './speech-pads.ts';
export type { SessionSafety, SessionView } from './view.ts';
