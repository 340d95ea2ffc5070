/**
 * Words between two desks, sealed with keys that are used once. A `Conversation` turns a text into an envelope and an
 * envelope of the other desk into a text, or refuses and says why; clock, network, keys and counters are handed in.
 * PROTOCOL.md has the envelope byte by byte, what it promises and what it does not.
 */
export {
  Conversation,
  type ConversationOptions,
  type ConversationStore,
  type KeySource,
  MAX_JUMP,
  type NamedKey,
  type OpenedMessage,
  type SealedMessage,
} from './conversation.ts';
export type { DeskIdentity, Suite } from './desk.ts';
export { HotlineError, type HotlineErrorCode } from './error.ts';
export { type LineState, LineWatch } from './line.ts';
export { keyNeed } from './suite.ts';
export { type KeyNeed, MAX_TEXT_BYTES } from './text.ts';
