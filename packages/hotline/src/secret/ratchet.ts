import type { SecretBytes } from '@skykey/bits';
import { HotlineError } from '../error.ts';
import { hmacSha512 } from './hkdf.ts';

/**
 * A symmetric ratchet for one lane and direction of one epoch. Records count from 1.
 *
 *   key ‖ commitment of record n = HMAC-SHA-512(chain_n, 01)[0..48]      32 ‖ 16 bytes
 *   chain_{n+1}                  = HMAC-SHA-512(chain_n, 02)[0..32]
 *
 * A chain key is overwritten when the next one is there, so that what a desk holds after record n opens none before.
 * The commitment is public: it travels with the record and says, before anything is decrypted, under which key it was
 * sealed (AES-GCM alone can be made to open under two keys). Whoever chooses both chain keys himself finds two with one
 * commitment after about 2^64 attempts.
 */

/** What one chain seals at most: records, and bytes as the caller counts them. */
export const MAX_CHAIN_RECORDS = 2 ** 20;
export const MAX_CHAIN_BYTES = 2 ** 30;
/** How far ahead of the highest accepted record one may be. */
export const MAX_JUMP = 2000;
/** Keys kept for records that were skipped, and for how long. */
export const MAX_SKIPPED_KEYS = 1000;
export const SKIPPED_KEY_TTL_MS = 3_600_000;

export const MESSAGE_KEY_BYTES = 32;
export const COMMITMENT_BYTES = 16;
const CHAIN_KEY_BYTES = 32;

/** What seals one record. */
export interface MessageKey {
  readonly counter: number;
  /** The receiver's to wipe. */
  readonly key: SecretBytes;
  /** Public. */
  readonly commitment: Uint8Array;
}

/** The chain by which one desk seals. */
export class SendingChain {
  #chain: SecretBytes;
  #counter = 0;
  #bytes = 0;

  /** Takes the chain key over. */
  constructor(chainKey: SecretBytes) {
    this.#chain = chainKey;
  }

  /** Number of the record sealed last, 0 before the first. */
  get counter(): number {
    return this.#counter;
  }

  /**
   * The key of the next record, which will have `bytes` bytes. Each is given out once. Throws HotlineError
   * `hotline/spent` after 2^20 records, or when 1 GiB would be passed.
   */
  next(bytes: number): MessageKey {
    if (this.#counter >= MAX_CHAIN_RECORDS || this.#bytes + bytes > MAX_CHAIN_BYTES) {
      throw new HotlineError(
        'hotline/spent',
        'these keys have sealed all that they may; the desks agree on new ones before anything more is sent',
      );
    }
    const { key, commitment } = split(materialOf(this.#chain));
    this.#chain = after(this.#chain);
    this.#counter++;
    this.#bytes += bytes;
    return { counter: this.#counter, key, commitment };
  }

  wipe(): void {
    this.#chain.wipe();
  }
}

/**
 * The chain by which the other desk opens, with loss and reordering.
 *
 * What a forged record costs: keys ahead of the highest accepted record are derived once and kept until that record is
 * passed, so that all forgeries together cost at most two HMACs for each record number up to 2,000 beyond the highest
 * accepted one, however many they are. The keys kept are of records to come; they tell whoever steals them no more than
 * the chain key does.
 */
export class ReceivingChain {
  /** Chain key of record `#derived` + 1. */
  #chain: SecretBytes;
  #derived = 0;
  #highest = 0;
  #nowMs = -Infinity;
  readonly #accepted = new CounterSet();
  /** Keys of records after the highest accepted one. */
  readonly #ahead = new Map<number, SecretBytes>();
  /** Keys of records before it that have not come, in the order of their numbers and of the time since when. */
  readonly #skipped = new Map<number, { readonly material: SecretBytes; readonly sinceMs: number }>();

  /** Takes the chain key over. */
  constructor(chainKey: SecretBytes) {
    this.#chain = chainKey;
  }

  /** Number of the highest record accepted, 0 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** How many keys are kept: of skipped records, and derived ahead. */
  get kept(): { readonly skipped: number; readonly ahead: number } {
    return { skipped: this.#skipped.size, ahead: this.#ahead.size };
  }

  /**
   * Lends the key of record `counter` to `attempt`, which gives what it opened, or null when the record is not authentic.
   * Only when it succeeds is the key gone and the record accepted; a forged record leaves everything as it was.
   *
   * Throws HotlineError `hotline/replayed`, `hotline/out-of-order` (too far ahead, or so late that its key is gone),
   * `hotline/forged` when `attempt` gives null.
   */
  open<T>(counter: number, nowMs: number, attempt: (key: SecretBytes, commitment: Uint8Array) => T | null): T {
    this.tick(nowMs);
    const { key, commitment } = split(this.#find(counter).slice(0, MESSAGE_KEY_BYTES + COMMITMENT_BYTES));
    let opened: T | null;
    try {
      opened = attempt(key, commitment);
    } finally {
      key.wipe();
    }
    if (opened === null) {
      throw new HotlineError(
        'hotline/forged',
        `record ${counter} was altered on its way, or is not from the other desk`,
      );
    }
    this.#accept(counter);
    return opened;
  }

  /**
   * Drops keys of records that have not come for an hour. When the clock was set back nobody can say how old the others
   * are, so they all go; what comes late is then sent again by whoever keeps it. Throws HotlineError
   * `hotline/bad-argument` when `nowMs` is not a finite number.
   */
  tick(nowMs: number): void {
    if (!Number.isFinite(nowMs)) throw new HotlineError('hotline/bad-argument', 'nowMs must be a time in milliseconds');
    const setBack = nowMs < this.#nowMs;
    this.#nowMs = nowMs;
    for (const [counter, { sinceMs }] of this.#skipped) {
      if (!setBack && nowMs - sinceMs < SKIPPED_KEY_TTL_MS) break;
      this.#drop(counter);
    }
  }

  wipe(): void {
    this.#chain.wipe();
    for (const material of this.#ahead.values()) material.wipe();
    for (const { material } of this.#skipped.values()) material.wipe();
    this.#ahead.clear();
    this.#skipped.clear();
  }

  #find(counter: number): SecretBytes {
    if (!Number.isSafeInteger(counter) || counter < 1 || counter > MAX_CHAIN_RECORDS) {
      throw new HotlineError('hotline/out-of-order', `no desk seals a record of number ${counter}`);
    }
    if (counter > this.#highest + MAX_JUMP) {
      throw new HotlineError(
        'hotline/out-of-order',
        `record ${counter} is more than ${MAX_JUMP} ahead of record ${this.#highest}`,
      );
    }
    if (counter > this.#highest) {
      while (this.#derived < counter) {
        this.#ahead.set(++this.#derived, materialOf(this.#chain));
        this.#chain = after(this.#chain);
      }
      return this.#ahead.get(counter)!;
    }
    const skipped = this.#skipped.get(counter);
    if (skipped) return skipped.material;
    throw this.#accepted.has(counter)
      ? new HotlineError('hotline/replayed', `record ${counter} was accepted before; this is a copy`)
      : new HotlineError('hotline/out-of-order', `record ${counter} comes so late that its key is gone`);
  }

  #accept(counter: number): void {
    this.#accepted.add(counter);
    if (counter < this.#highest) {
      this.#drop(counter);
      return;
    }
    for (let passed = this.#highest + 1; passed < counter; passed++) {
      this.#skipped.set(passed, { material: this.#ahead.get(passed)!, sinceMs: this.#nowMs });
      this.#ahead.delete(passed);
    }
    this.#ahead.get(counter)!.wipe();
    this.#ahead.delete(counter);
    this.#highest = counter;
    for (const oldest of this.#skipped.keys()) {
      if (this.#skipped.size <= MAX_SKIPPED_KEYS) break;
      this.#drop(oldest);
    }
  }

  #drop(counter: number): void {
    this.#skipped.get(counter)?.material.wipe();
    this.#skipped.delete(counter);
  }
}

/** Which records were accepted, one bit each: at most 128 KiB for a whole chain. */
class CounterSet {
  #bits = new Uint8Array(64);

  has(counter: number): boolean {
    return (((this.#bits[counter >> 3] ?? 0) >> (counter & 7)) & 1) === 1;
  }

  add(counter: number): void {
    while (counter >> 3 >= this.#bits.length) {
      const longer = new Uint8Array(2 * this.#bits.length);
      longer.set(this.#bits);
      this.#bits = longer;
    }
    this.#bits[counter >> 3]! |= 1 << (counter & 7);
  }
}

/** Key ‖ commitment of the record of this chain key. */
function materialOf(chain: SecretBytes): SecretBytes {
  return firstBytes(hmacSha512(chain, Uint8Array.of(1)), MESSAGE_KEY_BYTES + COMMITMENT_BYTES);
}

/** The next chain key; the one handed in is overwritten. */
function after(chain: SecretBytes): SecretBytes {
  const next = firstBytes(hmacSha512(chain, Uint8Array.of(2)), CHAIN_KEY_BYTES);
  chain.wipe();
  return next;
}

function firstBytes(whole: SecretBytes, count: number): SecretBytes {
  const first = whole.slice(0, count);
  whole.wipe();
  return first;
}

/** Takes `material` over. */
function split(material: SecretBytes): { key: SecretBytes; commitment: Uint8Array } {
  const key = material.slice(0, MESSAGE_KEY_BYTES);
  const commitment = material.open((bytes) => bytes.slice(MESSAGE_KEY_BYTES));
  material.wipe();
  return { key, commitment };
}
