/**
 * The hotline: words, files and calls between two desks, under keys that quantum links, post-quantum cryptography and a
 * couriered secret make together; and a line that tells at every moment how safe it is, and closes when it is tapped. A core
 * without I/O: see `SessionPorts` for what a host hands in, PROTOCOL.md for every byte. What a browser needs of it for calls
 * is `@skykey/hotline/media`.
 */
export { HotlineError, type HotlineErrorCode } from './error.ts';
export { type FileHashes, FirstPass, MAX_FILE_BYTES } from './file/index.ts';
export {
  MAX_AUTHOR_BYTES,
  MAX_EMERGENCY_TEXTS,
  MAX_TEXT_BYTES,
  makeEmergencyFile,
  padNeed,
  readEmergencyFile,
} from './sealed/index.ts';
export { SUITES } from './secret/index.ts';
export * from './session/index.ts';
export {
  ALARM_CLASSES,
  type AlarmClass,
  checkPolicy,
  DEFAULT_POLICY,
  type DeskRole,
  decodePolicy,
  encodePolicy,
  type LineLevel,
  type LinePermissions,
  type LinePolicy,
  type LineReserve,
  type LineView,
  type Permission,
  policyHash,
} from './state/index.ts';
