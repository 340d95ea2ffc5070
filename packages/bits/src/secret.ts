import { equalBytes } from './bits.ts';

/**
 * Bytes that cannot be logged, turned into JSON or compared in variable time by accident, and that are overwritten
 * after use. Node guarantees neither constant time nor that the garbage collector leaves no copy: see SECURITY.md.
 */
export class SecretBytes {
  #bytes: Uint8Array;
  #wiped = false;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Takes the bytes over: the caller's array becomes the secret's own storage and must not be used again. */
  static adopt(bytes: Uint8Array): SecretBytes {
    return new SecretBytes(bytes);
  }

  /** Number of bytes. */
  get length(): number {
    return this.#bytes.length;
  }

  /**
   * Lends the bytes to `use` for the length of the call. The bytes must not escape, not even into a promise: they may be
   * overwritten at any time afterwards. Throws once wiped.
   */
  open<T>(use: (bytes: Uint8Array) => T): T {
    if (this.#wiped) throw new Error('this secret was used and overwritten');
    return use(this.#bytes);
  }

  /** A copy of bytes `from` (inclusive) to `to` (exclusive) as a secret of its own. Throws RangeError outside. */
  slice(from: number, to: number): SecretBytes {
    return this.open((bytes) => {
      if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= bytes.length)) {
        throw new RangeError(`bytes ${from} to ${to} are not a part of a secret of ${bytes.length} bytes`);
      }
      // A Buffer's own slice would share its memory, and end with it.
      return SecretBytes.adopt(new Uint8Array(bytes.subarray(from, to)));
    });
  }

  /** Overwrites the bytes with zeros; every later use throws. */
  wipe(): void {
    this.#bytes.fill(0);
    this.#wiped = true;
  }

  /** Whether two secrets hold the same bytes, in time that depends on their lengths alone. */
  equals(other: SecretBytes): boolean {
    return this.open((a) => other.open((b) => equalBytes(a, b)));
  }

  toString(): string {
    return `[secret, ${this.#bytes.length} bytes]`;
  }

  toJSON(): never {
    throw new Error('a secret cannot be written as JSON');
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
