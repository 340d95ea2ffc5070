/**
 * What can go wrong in the vault:
 *
 * - `vault/corrupt`: the store is damaged or is not a vault; nothing in it was changed.
 * - `vault/restored`: the store, or the keyring, is an older copy put back: keys in it may have been handed out since.
 * - `vault/busy`: another process has the file open.
 * - `vault/unavailable`: the store cannot be opened, reached, read or written. When the connection to a database is lost
 *   during COMMIT nobody knows whether it took place: nothing that was read may be handed out.
 * - `vault/disk-full`: no room; what was there is still there, the call that failed changed nothing.
 * - `vault/short`: not enough key in the lane; nothing was consumed.
 * - `vault/missing`: the range or pad asked for is not (or no longer) in the lane.
 * - `vault/taken`: the range or pad was used before, in whole or in part.
 * - `vault/known`: a block or key of that id exists already, or existed.
 * - `vault/state`: the block or key is not in the state that this step begins from.
 * - `vault/expired`: the key is too old to be delivered.
 * - `vault/poisoned`: the block rests on a link that was poisoned after its creation.
 * - `vault/argument`: the caller asked for something that makes no sense.
 */
export type VaultErrorCode =
  | 'vault/corrupt'
  | 'vault/restored'
  | 'vault/busy'
  | 'vault/unavailable'
  | 'vault/disk-full'
  | 'vault/short'
  | 'vault/missing'
  | 'vault/taken'
  | 'vault/known'
  | 'vault/state'
  | 'vault/expired'
  | 'vault/poisoned'
  | 'vault/argument';

/** Every failure of the vault. `code` is stable; the message is a sentence for people and never contains key. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
