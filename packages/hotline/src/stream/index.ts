/**
 * Numbered messages over a line that loses, doubles and reorders: sent until they are confirmed (`outbox.ts`), taken once
 * and in order, with every gap counted (`inbox.ts`), and remembered alike at both ends (`transcript.ts`), which both may
 * sign (`signed-head.ts`).
 */
export {
  type Ack,
  encodeAck,
  encodeHolding,
  type Holding,
  highestOf,
  MAX_HELD,
  readAck,
  readHolding,
  WINDOW,
} from './ack.ts';
export { type Accepted, Inbox, type Release } from './inbox.ts';
export { FIRST_WAIT_MS, LONGEST_WAIT_MS, Outbox, type OutboxOptions, type Resend } from './outbox.ts';
export {
  countersign,
  encodeSignedHead,
  type HeadSignature,
  type PinnedKeys,
  type RecordParties,
  readSignedHead,
  recordBytes,
  type SignedHead,
  signHead,
  verifySignature,
  verifySignedHead,
} from './signed-head.ts';
export {
  type ChainHead,
  type Comparison,
  type Entry,
  encodeHead,
  HEAD_EVERY,
  type Head,
  LINKS_KEPT,
  type Link,
  readHead,
  Transcript,
} from './transcript.ts';
