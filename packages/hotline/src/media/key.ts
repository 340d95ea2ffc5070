import { HotlineError } from '../error.ts';
import { openFrame, sealFrame } from './frame.ts';
import type { ReadHeader } from './header.ts';
import { ReplayWindow } from './replay-window.ts';
import { type Bytes, deriveKeys, type FrameKeys, SKYKEY_SUITE, type Use } from './suites.ts';

/** Of a base key, bytes. */
export const BASE_KEY_BYTES = 32;

/**
 * Frames under one key, at most. Frames of up to 1 MiB stay below 2^36 blocks of AES, where GCM gives a distinguisher
 * an advantage of at most 2^-57 (the bound TLS 1.3 accepts); a call of 60 frames a second would need nearly five hours.
 */
export const MAX_FRAMES = 2 ** 20;

/**
 * Seals frames under one base key and one KID. It alone draws its counters, from 0 upwards and each one once, so that
 * a nonce cannot be used twice; there is no way to open a frame with it.
 */
export class SealingKey {
  readonly kid: bigint;
  readonly #limit: number;
  #keys: FrameKeys | undefined;
  #next = 0;

  private constructor(kid: bigint, keys: FrameKeys, limit: number) {
    this.kid = kid;
    this.#keys = keys;
    this.#limit = limit;
  }

  /**
   * Takes the base key over: its bytes are overwritten at once, so that no second key comes of them. `limit` is the
   * number of frames, at most MAX_FRAMES. Throws HotlineError `hotline/bad-argument` for a base key that is not of
   * BASE_KEY_BYTES or is all zeros (that is: absent, or already taken).
   */
  static async derive(
    subtle: SubtleCrypto,
    kid: bigint,
    baseKey: Bytes,
    limit: number = MAX_FRAMES,
  ): Promise<SealingKey> {
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_FRAMES)
      throw new HotlineError('hotline/bad-argument', `a key is for 1 to ${MAX_FRAMES} frames, not ${limit}`);
    return new SealingKey(kid, await take(subtle, kid, baseKey, 'seal'), limit);
  }

  /** Counters drawn so far. */
  get drawn(): number {
    return this.#next;
  }

  /**
   * Header ‖ ciphertext ‖ tag; `metadata` is authenticated and not carried. Throws HotlineError `hotline/spent` after
   * the last frame of the key, and `hotline/no-key` when the key was overwritten.
   */
  async seal(plaintext: Bytes, metadata: Bytes): Promise<Bytes> {
    if (!this.#keys) throw new HotlineError('hotline/no-key', 'the key of this call was overwritten; begin a new call');
    if (this.#next >= this.#limit)
      throw new HotlineError('hotline/spent', 'the key of this call has sealed all frames it may; a new one must come');
    const ctr = BigInt(this.#next++);
    return sealFrame(this.#keys, { kid: this.kid, ctr }, plaintext, metadata);
  }

  /** Drops the key and overwrites what this language can reach of it. */
  wipe(): void {
    this.#keys?.salt.fill(0);
    this.#keys = undefined;
  }
}

/** A frame that was opened, or why it was not. */
export type Opened =
  | { readonly plaintext: Bytes }
  | { readonly refused: 'malformed' | 'forged' | 'replayed' | 'too-old' };

/** Opens frames under one base key and one KID, each frame once; there is no way to seal with it. */
export class OpeningKey {
  readonly kid: bigint;
  readonly #window = new ReplayWindow();
  #keys: FrameKeys | undefined;

  private constructor(kid: bigint, keys: FrameKeys) {
    this.kid = kid;
    this.#keys = keys;
  }

  /** Takes the base key over, as `SealingKey.derive` does. */
  static async derive(subtle: SubtleCrypto, kid: bigint, baseKey: Bytes): Promise<OpeningKey> {
    return new OpeningKey(kid, await take(subtle, kid, baseKey, 'open'));
  }

  /**
   * The plaintext of a frame whose header names this key. The tag is checked before anything is believed: a forged
   * counter moves no window, and a frame opened twice at the same time is accepted once.
   */
  async open(header: ReadHeader, frame: Bytes, metadata: Bytes): Promise<Opened> {
    if (!this.#keys || header.ctr >= MAX_FRAMES) return { refused: 'malformed' };
    const plaintext = await openFrame(this.#keys, header, frame, metadata);
    if (!plaintext) return { refused: 'forged' };
    const seen = this.#window.accept(Number(header.ctr));
    return seen === 'new' ? { plaintext } : { refused: seen };
  }

  /** Drops the key and overwrites what this language can reach of it. */
  wipe(): void {
    this.#keys?.salt.fill(0);
    this.#keys = undefined;
  }
}

async function take(subtle: SubtleCrypto, kid: bigint, baseKey: Bytes, use: Use): Promise<FrameKeys> {
  if (baseKey.length !== BASE_KEY_BYTES || baseKey.every((byte) => byte === 0))
    throw new HotlineError(
      'hotline/bad-argument',
      'this base key is missing or was already used; each one serves once',
    );
  const own = baseKey.slice();
  baseKey.fill(0);
  try {
    return await deriveKeys(subtle, SKYKEY_SUITE, kid, own, use);
  } finally {
    own.fill(0);
  }
}
