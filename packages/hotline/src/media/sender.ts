import { HotlineError } from '../error.ts';
import type { SealingKey } from './key.ts';
import type { Lease } from './lease.ts';
import type { Bytes } from './suites.ts';

export interface FrameSenderOptions {
  readonly lease: Lease;
  /** The clock of the lease, ms. */
  readonly now: () => number;
  /** Called when the other side can decode nothing before the next key frame: a new key begins (RFC 9605, 5). */
  readonly onKeyFrameNeeded?: () => void;
}

/** Seals the frames of one stream, in one direction, for as long as the lease holds. */
export class FrameSender {
  readonly #lease: Lease;
  readonly #now: () => number;
  readonly #onKeyFrameNeeded: (() => void) | undefined;
  #key: SealingKey | undefined;
  #lastKid = -1n;
  #stopped = false;

  constructor({ lease, now, onKeyFrameNeeded }: FrameSenderOptions) {
    this.#lease = lease;
    this.#now = now;
    this.#onKeyFrameNeeded = onKeyFrameNeeded;
  }

  /**
   * Seals everything from now on under `key` and overwrites the one before. Throws HotlineError `hotline/bad-argument`
   * unless its KID is above all before and it has sealed nothing, `hotline/line-dropped` after `stop`; the key is
   * then overwritten.
   */
  switchTo(key: SealingKey): void {
    if (key.kid <= this.#lastKid || key.drawn > 0 || this.#stopped) {
      key.wipe();
      if (this.#stopped) throw stopped();
      throw new HotlineError(
        'hotline/bad-argument',
        'this key of the call is not newer than the one in use; get a new one',
      );
    }
    this.#key?.wipe();
    this.#key = key;
    this.#lastKid = key.kid;
    this.#onKeyFrameNeeded?.();
  }

  /**
   * Header ‖ ciphertext ‖ tag, never for a lease that ran out while it was made. `metadata` is authenticated and not
   * carried. Throws HotlineError `hotline/line-dropped` without a lease or after `stop`, `hotline/no-key` before the
   * first key, `hotline/spent` when the key has sealed all it may.
   */
  async seal(plaintext: Bytes, metadata: Bytes): Promise<Bytes> {
    this.#check();
    if (!this.#key)
      throw new HotlineError('hotline/no-key', 'the call has no key yet; it begins when both desks agreed');
    const frame = await this.#key.seal(plaintext, metadata);
    this.#check();
    return frame;
  }

  /** Ends this direction for good and overwrites its key. */
  stop(): void {
    this.#stopped = true;
    this.#key?.wipe();
    this.#key = undefined;
  }

  #check(): void {
    if (this.#stopped || !this.#lease.holds(this.#now())) throw stopped();
  }
}

function stopped(): HotlineError {
  return new HotlineError(
    'hotline/line-dropped',
    'this desk has not confirmed in time that the line is safe: nothing is sent',
  );
}
