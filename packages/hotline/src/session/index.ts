export { LEASE_MS, type Lease, type LeasedKey } from './calls.ts';
export type { SessionOptions } from './context.ts';
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
} from './ports.ts';
export { Session, type SessionSafety, type SessionView } from './session.ts';
