/**
 * Keys between two desks: how they agree on an epoch, and what an epoch seals and opens. Nothing in here is ever on a disk
 * but the roots, which are the caller's to seal at rest.
 */
export type { Agreed } from './agreed.ts';
export {
  acceptConfirm,
  answerOffer,
  beginAgreement,
  finishAgreement,
  parseOffer,
  type Random,
  type ReceivedOffer,
  whoseOfferStands,
} from './agreement.ts';
export type { EpochInput, EpochSecrets, QkdKeyName, Removal } from './combiner.ts';
export {
  Epoch,
  type EpochOptions,
  MAX_EPOCH_AGE_MS,
  MAX_EPOCH_BYTES,
  MAX_EPOCH_RECORDS,
  MEDIA_BASE_KEY_BYTES,
  type OpenedRecord,
} from './epoch.ts';
export { DIRECTIONS, type Direction, directionOf, LANES, type Lane } from './lanes.ts';
export type { RootName, Standing } from './messages.ts';
export { type Accepted, type KnownRoot, type Party, type Reason, rootId, SUITES } from './party.ts';
export { PendingAnswer, PendingOffer, type QkdKey } from './pending.ts';
export { phraseOf } from './phrase.ts';
export { type LaneRecord, MAX_PLAINTEXT_BYTES, parseRecord } from './record.ts';
export { isUuid, uuidBytes, uuidText } from './uuid.ts';
