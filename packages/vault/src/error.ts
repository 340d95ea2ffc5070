/**
 * What can go wrong in the vault:
 *
 * - `vault/corrupt`: the file is damaged or is not a vault; nothing in it was changed.
 * - `vault/busy`: another process has the file open.
 * - `vault/unavailable`: the file cannot be opened, read or written.
 * - `vault/disk-full`: no room; what was there is still there, the call that failed changed nothing.
 * - `vault/short`: not enough key in the lane; nothing was consumed.
 * - `vault/missing`: the range or pad asked for is not (or no longer) in the lane.
 * - `vault/taken`: the range or pad was used before, in whole or in part.
 * - `vault/known`: a block or key of that id exists already, or existed.
 * - `vault/state`: the block or key is not in the state that this step begins from.
 * - `vault/poisoned`: the block rests on a link that was poisoned after its creation.
 * - `vault/argument`: the caller asked for something that makes no sense.
 */
export type VaultErrorCode =
  | 'vault/corrupt'
  | 'vault/busy'
  | 'vault/unavailable'
  | 'vault/disk-full'
  | 'vault/short'
  | 'vault/missing'
  | 'vault/taken'
  | 'vault/known'
  | 'vault/state'
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
