/**
 * - `bad-argument`: configuration, or a text that no desk can send (empty, not well-formed Unicode).
 * - `too-long`: a text or a file beyond what the lane carries.
 * - `no-key`: the key manager has no key, or not the named ones, or does not answer.
 * - `store`: what is kept cannot be read or written, or contradicts itself.
 * - `no-room`: the disk is full; a host's shelf says so.
 * - `line-dropped`: an alarm stands; nothing is sealed or opened.
 * - `not-permitted`: the state of the line or the policy forbids it; the sentence says what would allow it.
 * - `policy`: the other side has another policy, or lacks what this one demands.
 * - `malformed`: bytes that are not a message of this version, or authentic content that no desk writes.
 * - `not-for-us`: another conversation, sender, receiver or direction; our own message thrown back.
 * - `unknown-suite`: a suite that does not exist or that this desk's policy does not accept.
 * - `unknown-epoch`: sealed under keys that this desk does not have, any more or yet.
 * - `replayed`: accepted before. `out-of-order`: too old, or too far ahead.
 * - `forged`: a tag is wrong.
 * - `spent`: keys are used up that may only be used so often; a new agreement makes new ones.
 */
export type HotlineErrorCode =
  | 'hotline/bad-argument'
  | 'hotline/too-long'
  | 'hotline/no-key'
  | 'hotline/store'
  | 'hotline/no-room'
  | 'hotline/line-dropped'
  | 'hotline/not-permitted'
  | 'hotline/policy'
  | 'hotline/malformed'
  | 'hotline/not-for-us'
  | 'hotline/unknown-suite'
  | 'hotline/unknown-epoch'
  | 'hotline/replayed'
  | 'hotline/out-of-order'
  | 'hotline/forged'
  | 'hotline/spent';

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
