import type { Bits } from '@skykey/bits';

/** Writes bit strings one behind the other. */
export class TapeWriter {
  #bytes: Uint8Array = new Uint8Array(1024);
  /** Bits written so far. */
  length = 0;

  /** All of `bits`; behind their end there are zeros up to a whole byte. */
  append({ length, bytes }: Bits): void {
    const at = this.length >> 3;
    const shift = this.length & 7;
    if (at + bytes.length + 1 > this.#bytes.length) this.#grow(at + bytes.length + 1);
    const tape = this.#bytes;
    this.length += length;
    if (!shift) {
      tape.set(bytes, at);
      return;
    }
    for (let i = 0; i < bytes.length; i++) {
      tape[at + i]! |= bytes[i]! << shift;
      tape[at + i + 1] = bytes[i]! >> (8 - shift);
    }
  }

  #grow(least: number): void {
    const bytes = new Uint8Array(2 * least);
    bytes.set(this.#bytes);
    this.#bytes.fill(0);
    this.#bytes = bytes;
  }

  /** All that was written; the tape is blank again. */
  finish(): Bits {
    const { length } = this;
    const bits = { length, bytes: this.#bytes.slice(0, (length + 7) >> 3) };
    this.wipe();
    return bits;
  }

  /** Overwrites what was written. */
  wipe(): void {
    this.#bytes.fill(0, 0, (this.length + 7) >> 3);
    this.length = 0;
  }
}

/** A bit string that is read front to back: whoever reads moves `at` on. */
export class TapeReader {
  readonly bytes: Uint8Array;
  /** Index of the next bit. */
  at = 0;

  constructor(bits: Bits) {
    this.bytes = bits.bytes;
  }
}
