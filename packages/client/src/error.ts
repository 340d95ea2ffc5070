/** What went wrong between an application and its key management entity. */
export type ClientErrorCode =
  /** What this program asked for makes no sense; nothing was sent. */
  | 'client/argument'
  /** The KME does not know this certificate's SAE, or it may not have these keys (401). */
  | 'client/unauthorized'
  /** The KME understood and says no (400); `details` as it sent them. */
  | 'client/refused'
  /** Not now (503): not enough key, a limit, an alarm. `retryAfterS` when the KME said so. */
  | 'client/unavailable'
  /** No answer: nobody listens, too slow, or the line broke. */
  | 'client/unreachable'
  /** The KME is not the one that was pinned, or one side does not accept the other's certificate. */
  | 'client/tls'
  /** An answer that ETSI GS QKD 014 does not allow. What it held is overwritten. */
  | 'client/malformed'
  /** The caller's signal ended the wait. */
  | 'client/cancelled';

/** The one error of this package. Never contains key. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  /** Seconds after which the KME suggests to ask again. */
  readonly retryAfterS: number | undefined;
  /** The `details` of the KME's error, as they came. */
  readonly details: readonly unknown[];
  /**
   * Whether keys may have been taken out of the store and be lost on the way: the request left and no good answer came.
   * Asking again brings other keys; the ids of the lost ones are not known here.
   */
  readonly keysMayBeLost: boolean;

  constructor(
    code: ClientErrorCode,
    message: string,
    more: {
      retryAfterS?: number | undefined;
      details?: readonly unknown[];
      keysMayBeLost?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.retryAfterS = more.retryAfterS;
    this.details = more.details ?? [];
    this.keysMayBeLost = more.keysMayBeLost ?? false;
  }
}
