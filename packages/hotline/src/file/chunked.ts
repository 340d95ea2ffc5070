import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { equalBytes, SecretBytes } from '@skykey/bits';
import { HotlineError } from '../error.ts';

/**
 * Chunked encryption, c2sp.org/chunked-encryption, instance Cobblestone-256: HKDF-Expand with SHA-512 (RFC 5869) and
 * AES-256 in Galois/counter mode (NIST SP 800-38D).
 *
 *     key (32) ‖ base nonce (12) ‖ commitment (32) =
 *         HKDF-Expand(input key, "c2sp.org/chunked-encryption@v1+" ‖ "AEAD_AES_256_GCM" ‖ 00 ‖ salt (24) ‖ context)
 *     encrypted file = salt ‖ commitment ‖ chunk 0 ‖ chunk 1 ‖ …
 *
 * Chunks hold 16 KiB of plaintext; the last one is always shorter and may be empty, which is how its end is known.
 * Chunk k is sealed under base nonce xor k, without associated data.
 */

/** Plaintext bytes of every chunk but the last. */
export const CHUNK_BYTES = 16_384;
export const CHUNK_TAG_BYTES = 16;
export const SALT_BYTES = 24;
const COMMITMENT_BYTES = 32;
/** Salt and commitment, at the head of an encrypted file. */
export const PREFIX_BYTES = SALT_BYTES + COMMITMENT_BYTES;
export const FILE_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const SEALED_BYTES = CHUNK_BYTES + CHUNK_TAG_BYTES;
/** The specification's bound: more would reach into the part of the nonce that belongs to the file. */
const MAX_CHUNKS = 2 ** 38;
const LABEL = new TextEncoder().encode('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0');

/** Number of chunks of a file of `plainBytes`: one more than the full ones. */
export function chunkCount(plainBytes: number): number {
  return Math.floor(plainBytes / CHUNK_BYTES) + 1;
}

/** Plaintext bytes of chunk `index` of a file of `plainBytes`; `index` must be below `chunkCount(plainBytes)`. */
export function chunkBytes(plainBytes: number, index: number): number {
  return Math.min(CHUNK_BYTES, plainBytes - index * CHUNK_BYTES);
}

/** Where chunk `index` begins in the encrypted file. */
export function chunkOffset(index: number): number {
  return PREFIX_BYTES + index * SEALED_BYTES;
}

/** Length of the encrypted file. */
export function encryptedBytes(plainBytes: number): number {
  return PREFIX_BYTES + plainBytes + chunkCount(plainBytes) * CHUNK_TAG_BYTES;
}

/** HKDF-Expand (RFC 5869, 2.3) with SHA-512. Node offers extract and expand only together. */
function expand(key: SecretBytes, info: Uint8Array, bytes: number): SecretBytes {
  const whole = new Uint8Array(Math.ceil(bytes / 64) * 64);
  for (let block = 0; block * 64 < bytes; block++) {
    const mac = key.open((prk) => createHmac('sha512', prk));
    if (block > 0) mac.update(whole.subarray((block - 1) * 64, block * 64));
    const digest = mac
      .update(info)
      .update(Uint8Array.of(block + 1))
      .digest();
    whole.set(digest, block * 64);
    digest.fill(0);
  }
  const out = SecretBytes.adopt(whole.slice(0, bytes));
  whole.fill(0);
  return out;
}

function refuseKeyLength(key: SecretBytes): void {
  if (key.length !== FILE_KEY_BYTES) {
    throw new HotlineError(
      'hotline/bad-argument',
      `the key of a file has ${key.length} bytes; it must have ${FILE_KEY_BYTES}`,
    );
  }
}

/**
 * The keys of one file: seals and opens its chunks one by one, in any order. Each index may be sealed with one plaintext
 * only, ever, because its nonce is fixed: the sender holds every chunk to the hash of the first pass before it comes here.
 */
export class FileCipher {
  readonly #prefix: Uint8Array;
  readonly #key: SecretBytes;
  readonly #baseNonce: Uint8Array;

  private constructor(key: SecretBytes, salt: Uint8Array, context: Uint8Array) {
    refuseKeyLength(key);
    if (salt.length !== SALT_BYTES) {
      throw new HotlineError('hotline/bad-argument', `the salt of a file has ${salt.length} bytes; it must have 24`);
    }
    const info = new Uint8Array([...LABEL, ...salt, ...context]);
    const derived = expand(key, info, FILE_KEY_BYTES + NONCE_BYTES + COMMITMENT_BYTES);
    this.#key = derived.slice(0, FILE_KEY_BYTES);
    this.#baseNonce = derived.open((bytes) => bytes.slice(FILE_KEY_BYTES, FILE_KEY_BYTES + NONCE_BYTES));
    this.#prefix = new Uint8Array(PREFIX_BYTES);
    this.#prefix.set(salt);
    derived.open((bytes) => this.#prefix.set(bytes.subarray(FILE_KEY_BYTES + NONCE_BYTES), SALT_BYTES));
    derived.wipe();
  }

  /** For a new file: `salt` is random and never used twice with the same key. `key` stays the caller's to wipe. */
  static create(key: SecretBytes, salt: Uint8Array, context: Uint8Array): FileCipher {
    return new FileCipher(key, salt, context);
  }

  /**
   * For a file that begins with `prefix`. Throws HotlineError `hotline/forged` when the commitment, compared in constant
   * time, belongs to another key, salt or context: nothing is decrypted under a key that the sender did not commit to.
   */
  static open(key: SecretBytes, prefix: Uint8Array, context: Uint8Array): FileCipher {
    refuseKeyLength(key);
    if (prefix.length !== PREFIX_BYTES) {
      throw new HotlineError('hotline/malformed', `the head of an encrypted file has 56 bytes, not ${prefix.length}`);
    }
    const cipher = new FileCipher(key, prefix.subarray(0, SALT_BYTES), context);
    if (!equalBytes(cipher.#prefix, prefix)) {
      cipher.wipe();
      throw new HotlineError(
        'hotline/forged',
        'the key of this file does not belong to it: it was made for another file or another conversation, or was altered on the way',
      );
    }
    return cipher;
  }

  /** Salt and commitment, 56 bytes: what the encrypted file begins with. */
  get prefix(): Uint8Array {
    return this.#prefix.slice();
  }

  /** Ciphertext and tag of chunk `index`; fewer than 16 KiB make it the last one. */
  sealChunk(index: number, plaintext: Uint8Array): Uint8Array {
    if (plaintext.length > CHUNK_BYTES) {
      throw new HotlineError('hotline/bad-argument', `a chunk holds at most 16 KiB, not ${plaintext.length} bytes`);
    }
    const cipher = this.#key.open((key) => createCipheriv('aes-256-gcm', key, this.#nonce(index)));
    const sealed = new Uint8Array(plaintext.length + CHUNK_TAG_BYTES);
    sealed.set(cipher.update(plaintext));
    cipher.final();
    sealed.set(cipher.getAuthTag(), plaintext.length);
    return sealed;
  }

  /** The plaintext of chunk `index`. Throws HotlineError `hotline/malformed` for lengths that no chunk has, `hotline/forged`. */
  openChunk(index: number, sealed: Uint8Array): Uint8Array {
    const bytes = sealed.length - CHUNK_TAG_BYTES;
    if (bytes < 0 || bytes > CHUNK_BYTES) {
      throw new HotlineError('hotline/malformed', `a chunk of a file has 16 to 16,400 bytes, not ${sealed.length}`);
    }
    const nonce = this.#nonce(index);
    const decipher = this.#key.open((key) =>
      createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: CHUNK_TAG_BYTES }),
    );
    decipher.setAuthTag(sealed.subarray(bytes));
    const plaintext = decipher.update(sealed.subarray(0, bytes));
    try {
      decipher.final();
    } catch {
      plaintext.fill(0);
      throw new HotlineError(
        'hotline/forged',
        `piece ${index + 1} of the file was altered on the way, or belongs elsewhere`,
      );
    }
    return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
  }

  /** Overwrites the keys; every later use throws. */
  wipe(): void {
    this.#key.wipe();
    this.#baseNonce.fill(0);
  }

  #nonce(index: number): Uint8Array {
    if (!(Number.isInteger(index) && index >= 0 && index < MAX_CHUNKS)) {
      throw new HotlineError('hotline/bad-argument', `no file has a chunk ${index}`);
    }
    const nonce = this.#baseNonce.slice();
    const view = new DataView(nonce.buffer);
    view.setBigUint64(4, view.getBigUint64(4) ^ BigInt(index));
    return nonce;
  }
}

/** A whole encrypted file, part by part: the prefix, then one part per chunk. `plaintext` comes in pieces of any size. */
export function* sealFile(cipher: FileCipher, plaintext: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield cipher.prefix;
  const chunk = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  let index = 0;
  for (const piece of plaintext) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + CHUNK_BYTES - filled);
      chunk.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled === CHUNK_BYTES) {
        yield cipher.sealChunk(index++, chunk);
        filled = 0;
      }
    }
  }
  yield cipher.sealChunk(index, chunk.subarray(0, filled));
  chunk.fill(0);
}

/**
 * The plaintext of an encrypted file, chunk by chunk, each as soon as it is authentic. Throws HotlineError: a file that
 * was cut short fails only at its end, so nothing may be believed whole before the generator has returned.
 */
export function* openFile(key: SecretBytes, context: Uint8Array, encrypted: Uint8Array): Generator<Uint8Array> {
  const cipher = FileCipher.open(key, encrypted.subarray(0, PREFIX_BYTES), context);
  try {
    let index = 0;
    for (; encrypted.length - chunkOffset(index) >= SEALED_BYTES; index++) {
      const at = chunkOffset(index);
      yield cipher.openChunk(index, encrypted.subarray(at, at + SEALED_BYTES));
    }
    if (encrypted.length - chunkOffset(index) < CHUNK_TAG_BYTES) {
      throw new HotlineError('hotline/malformed', 'the encrypted file was cut short: its last chunk is missing');
    }
    yield cipher.openChunk(index, encrypted.subarray(chunkOffset(index)));
  } finally {
    cipher.wipe();
  }
}
