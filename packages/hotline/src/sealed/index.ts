/**
 * Words as bytes: in blocks of few sizes, sealed by one-time pad inside the record of the text lane (`payload.ts`), or by
 * keys that were set aside for the day when nothing else may leave (`emergency-pad.ts`).
 */
export {
  MAX_AUTHOR_BYTES,
  MAX_BLOCK_BYTES,
  MAX_TEXT_BYTES,
  padNeed,
  padNeedOfBlock,
  SALT_BYTES,
  type Words,
} from './block.ts';
export { EMERGENCY_BLOCK_BYTES, type EmergencyFile, makeEmergencyFile, readEmergencyFile } from './emergency-file.ts';
export {
  EmergencyPad,
  type EmergencyPadOptions,
  type OpenedEmergencyText,
  type SealedEmergencyText,
} from './emergency-pad.ts';
export {
  type EmergencyPlan,
  emergencyNeed,
  encodePlan,
  keyIdsOfText,
  MAX_EMERGENCY_TEXTS,
  readPlan,
} from './emergency-record.ts';
export type { KeyNeed, NamedKey } from './key.ts';
export {
  commitmentOf,
  digestOf,
  type HybridText,
  hybridText,
  keyNeedOf,
  openSealedText,
  readText,
  type SealedText,
  type Sealing,
  sealText,
  type TextMessage,
} from './payload.ts';
export type { Route } from './route.ts';
