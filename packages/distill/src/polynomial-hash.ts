import { BLOCK_BYTES, hashBlocks, POINT_BYTES } from '@skykey/kernels';
import { DistillError } from './error.ts';

/**
 * Polynomial hash over the prime field of p = 2^127 - 1: almost Delta-universal, the core of authentication and of
 * verification.
 *
 * The text is cut into blocks of 15 bytes, each read as a little-endian integer; the last is filled with zero bytes, and
 * one more block holds the number of bytes of the text. With blocks c_1 … c_k the digest at point r is
 *   c_1 r^k + c_2 r^(k-1) + … + c_k r  mod p.
 *
 * Two different texts give polynomials that differ in a coefficient of r or above: in the last one when their lengths
 * differ, else in another. So for any d, "their digests differ by d mod p" is a polynomial equation of degree at most k
 * that is not an identity, and has at most k solutions in the field. A point is drawn from 2^127 strings, of which 0 alone
 * has two, so that the digests differ by d with probability at most
 *   (k + 1) / 2^127,  k = ceil(bytes / 15) + 1 of the longer text.
 * (Evaluation hashing: J. Bierbrauer, T. Johansson, G. Kabatianskii, B. Smeets, CRYPTO '93; D. J. Bernstein,
 * "The Poly1305-AES message-authentication code", FSE 2005, theorem 3.3, gives the same count of roots for 2^130 - 5.)
 */

export { POINT_BYTES } from '@skykey/kernels';

/** Bytes of a digest. */
export const DIGEST_BYTES = POINT_BYTES;

/** Text that is kept until it is worth a call of the kernel: 272 blocks. */
const PENDING_BYTES = 272 * BLOCK_BYTES;

/** k of the bound above for a text of so many bytes. */
export function blocksOf(textBytes: number): number {
  return Math.ceil(textBytes / BLOCK_BYTES) + 1;
}

function checkNumber(bytes: Uint8Array): void {
  if (bytes.length === POINT_BYTES) return;
  throw new DistillError('distill/bad-argument', `a hash point has ${POINT_BYTES} bytes, this one has ${bytes.length}`);
}

/** x times y modulo p; 16 little-endian bytes each, the top bit of either not read. */
export function multiplyBytes(x: Uint8Array, y: Uint8Array): Uint8Array {
  checkNumber(x);
  checkNumber(y);
  // A Buffer's own slice would share its memory, and be overwritten with it.
  const product = new Uint8Array(x);
  hashBlocks(product, y, new Uint8Array(BLOCK_BYTES));
  return product;
}

/** A hash under way. All of its state is its own; the kernel's memory holds nothing between two calls. */
export class PolynomialHash {
  readonly #point: Uint8Array;
  readonly #state = new Uint8Array(POINT_BYTES);
  /** Text that the state has not seen yet. */
  readonly #pending = new Uint8Array(PENDING_BYTES);
  #pendingBytes = 0;
  #textBytes = 0;
  #wiped = false;

  /** `point`: 16 little-endian bytes, uniform and (for authentication) secret; the top bit is not read. */
  constructor(point: Uint8Array) {
    checkNumber(point);
    this.#point = new Uint8Array(point);
  }

  /** Bytes hashed so far. */
  get textBytes(): number {
    return this.#textBytes;
  }

  /** Hashes more of the text. How the text is cut into calls does not matter. */
  update(bytes: Uint8Array): this {
    this.#alive();
    this.#textBytes += bytes.length;
    if (this.#pendingBytes + bytes.length <= PENDING_BYTES) {
      this.#pending.set(bytes, this.#pendingBytes);
      this.#pendingBytes += bytes.length;
      return this;
    }
    const first = PENDING_BYTES - this.#pendingBytes;
    this.#pending.set(bytes.subarray(0, first), this.#pendingBytes);
    hashBlocks(this.#state, this.#point, this.#pending);
    const rest = bytes.subarray(first);
    const whole = rest.length - (rest.length % BLOCK_BYTES);
    hashBlocks(this.#state, this.#point, rest.subarray(0, whole));
    this.#pending.set(rest.subarray(whole));
    this.#pendingBytes = rest.length - whole;
    return this;
  }

  /** The digest of the text so far, 16 little-endian bytes, below 2^127 - 1; the hash can go on. */
  digest(): Uint8Array {
    this.#alive();
    const filled = Math.ceil(this.#pendingBytes / BLOCK_BYTES) * BLOCK_BYTES;
    const end = new Uint8Array(filled + BLOCK_BYTES);
    end.set(this.#pending.subarray(0, this.#pendingBytes));
    const length = new DataView(end.buffer, filled);
    length.setUint32(0, this.#textBytes >>> 0, true);
    length.setUint32(4, Math.floor(this.#textBytes / 2 ** 32), true);
    const digest = this.#state.slice();
    hashBlocks(digest, this.#point, end);
    end.fill(0);
    return digest;
  }

  /** A hash of the same point and the same text so far, on its own from here. */
  clone(): PolynomialHash {
    this.#alive();
    const copy = new PolynomialHash(this.#point);
    copy.#state.set(this.#state);
    copy.#pending.set(this.#pending.subarray(0, this.#pendingBytes));
    copy.#pendingBytes = this.#pendingBytes;
    copy.#textBytes = this.#textBytes;
    return copy;
  }

  /** Overwrites point, state and text; every later use throws. */
  wipe(): void {
    for (const part of [this.#point, this.#state, this.#pending]) part.fill(0);
    this.#wiped = true;
  }

  #alive(): void {
    if (this.#wiped) throw new DistillError('distill/wiped', 'this hash was wiped and cannot be used again');
  }
}
