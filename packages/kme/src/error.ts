/**
 * What can go wrong between key management entities:
 *
 * - `kme/argument`: the configuration or a call makes no sense.
 * - `kme/malformed`: bytes that are no message of ours.
 * - `kme/not-for-us`: a message for another party.
 * - `kme/forged`: a tag that is not the one expected.
 * - `kme/replayed`: a message older than one accepted before.
 * - `kme/no-pads`: too little authentication key left for another message.
 * - `kme/unreachable`: no authenticated answer from the peer.
 * - `kme/busy`: too many messages wait for the peer already.
 * - `kme/alarm`: the pair is under alarm.
 * - `kme/not-yet`: what the message needs is not here yet; the same message may be accepted later.
 * - `kme/topology`: nodes and links of the network that contradict themselves, or one that is not there.
 * - `kme/policy`: a policy that cannot be read or contradicts itself; nothing of it is in force.
 */
export type KmeErrorCode =
  | 'kme/argument'
  | 'kme/malformed'
  | 'kme/not-for-us'
  | 'kme/forged'
  | 'kme/replayed'
  | 'kme/no-pads'
  | 'kme/unreachable'
  | 'kme/busy'
  | 'kme/alarm'
  | 'kme/not-yet'
  | 'kme/topology'
  | 'kme/policy';

/** Every failure of this package. `code` is stable; the message is a sentence for people and never contains key. */
export class KmeError extends Error {
  override readonly name = 'KmeError';
  readonly code: KmeErrorCode;

  constructor(code: KmeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
