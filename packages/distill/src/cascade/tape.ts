import type { Bits } from '@skykey/bits';

/** Writes a bit string front to back, a few bits at a time. */
export class TapeWriter {
  #bytes: Uint8Array = new Uint8Array(1024);
  #length = 0;
  /** The bits of the byte begun, and those of earlier ones that are not written yet. */
  #open = 0;
  #filled = 0;

  /** Bits written so far. */
  get length(): number {
    return this.#length;
  }

  /** The lowest `count` bits of `value`, at most 24. */
  put(value: number, count: number): void {
    let open = this.#open | ((value & ((1 << count) - 1)) << this.#filled);
    let filled = this.#filled + count;
    let at = (this.#length - this.#filled) >> 3;
    this.#length += count;
    if (at + 4 > this.#bytes.length) this.#grow();
    const bytes = this.#bytes;
    for (; filled >= 8; filled -= 8) {
      bytes[at++] = open;
      open >>>= 8;
    }
    this.#open = open;
    this.#filled = filled;
  }

  #grow(): void {
    const bytes = new Uint8Array(2 * this.#bytes.length);
    bytes.set(this.#bytes);
    this.#bytes.fill(0);
    this.#bytes = bytes;
  }

  /** All that was written; the tape is blank again. */
  finish(): Bits {
    const length = this.#length;
    if (this.#filled) this.#bytes[(length - this.#filled) >> 3] = this.#open;
    const bits = { length, bytes: this.#bytes.slice(0, (length + 7) >> 3) };
    this.wipe();
    return bits;
  }

  /** Overwrites what was written. */
  wipe(): void {
    this.#bytes.fill(0, 0, (this.#length + 7) >> 3);
    this.#length = 0;
    this.#open = 0;
    this.#filled = 0;
  }
}

/** Reads a bit string front to back. Beyond its end there are zeros. */
export class TapeReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bits: Bits) {
    this.#bytes = bits.bytes;
  }

  /** The next bit. */
  bit(): number {
    const at = this.#at++;
    return (this.#bytes[at >> 3]! >> (at & 7)) & 1;
  }

  /** The next `count` bits, at most 24, the first the lowest. */
  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value |= this.bit() << i;
    return value;
  }
}
