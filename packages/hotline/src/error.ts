/**
 * - `bad-argument`: configuration or a text that no desk can send (empty, not well-formed Unicode).
 * - `too-long`: a text of more than 4,000 bytes of UTF-8.
 * - `no-key`: the key manager has no key, or not the named ones, or does not answer.
 * - `store`: the counters cannot be read or written, or contradict themselves.
 * - `line-dropped`: an alarm stands; nothing is sealed or opened.
 * - `malformed`: bytes that are not an envelope of this version, or authentic content that no desk writes.
 * - `not-for-us`: another conversation, sender, receiver or direction; our own message thrown back.
 * - `unknown-suite`: a suite that does not exist or that this desk's policy does not accept.
 * - `replayed`: the sequence number of the message accepted last. `out-of-order`: an older one, or one too far ahead.
 * - `forged`: the tag is wrong.
 */
export type HotlineErrorCode =
  | 'hotline/bad-argument'
  | 'hotline/too-long'
  | 'hotline/no-key'
  | 'hotline/store'
  | 'hotline/line-dropped'
  | 'hotline/malformed'
  | 'hotline/not-for-us'
  | 'hotline/unknown-suite'
  | 'hotline/replayed'
  | 'hotline/out-of-order'
  | 'hotline/forged';

/** Why a message was not sealed or not opened. The message is a sentence for people; it holds no text and no key. */
export class HotlineError extends Error {
  override readonly name = 'HotlineError';
  readonly code: HotlineErrorCode;
  /** Ids of keys that were taken from the key manager and are lost with this refusal: to be reported, never hidden. */
  readonly burntKeyIds: readonly string[];

  constructor(
    code: HotlineErrorCode,
    message: string,
    options: ErrorOptions & { burntKeyIds?: readonly string[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.burntKeyIds = options.burntKeyIds ?? [];
  }
}
