import type { Bits } from '@skykey/bits';

/** Writes a bit string front to back. Hot loops keep `open` and `filled` in their own hands and give them back. */
export class TapeWriter {
  #bytes: Uint8Array = new Uint8Array(1024);
  #written = 0;
  /** The last `filled` bits, less than 32, which are not in the bytes yet. */
  open = 0;
  filled = 0;

  /** Bits written so far. */
  get length(): number {
    return 8 * this.#written + this.filled;
  }

  /** The lowest `count` bits of `value`, 1 to 32; what is above them must be 0. */
  put(value: number, count: number): void {
    const { filled } = this;
    this.open |= value << filled;
    this.filled += count;
    if (this.filled < 32) return;
    this.word(this.open);
    this.filled -= 32;
    this.open = filled ? value >>> (32 - filled) : 0;
  }

  /** 32 bits at once, before `open`. */
  word(bits: number): void {
    if (this.#written + 4 > this.#bytes.length) this.#grow();
    const bytes = this.#bytes;
    const at = this.#written;
    bytes[at] = bits;
    bytes[at + 1] = bits >>> 8;
    bytes[at + 2] = bits >>> 16;
    bytes[at + 3] = bits >>> 24;
    this.#written = at + 4;
  }

  #grow(): void {
    const bytes = new Uint8Array(2 * this.#bytes.length);
    bytes.set(this.#bytes);
    this.#bytes.fill(0);
    this.#bytes = bytes;
  }

  /** All that was written; the tape is blank again. */
  finish(): Bits {
    const { length } = this;
    this.word(this.open);
    const bits = { length, bytes: this.#bytes.slice(0, (length + 7) >> 3) };
    this.wipe();
    return bits;
  }

  /** Overwrites what was written. */
  wipe(): void {
    this.#bytes.fill(0, 0, this.#written);
    this.#written = 0;
    this.open = 0;
    this.filled = 0;
  }
}

/** Reads a bit string front to back. Hot loops move `at` themselves. */
export class TapeReader {
  readonly bytes: Uint8Array;
  /** Index of the next bit. */
  at = 0;

  constructor(bits: Bits) {
    this.bytes = bits.bytes;
  }

  /** The next `count` bits, at most 32, the first the lowest; zeros beyond the end. */
  take(count: number): number {
    const { bytes, at } = this;
    this.at += count;
    const from = at >> 3;
    const shift = at & 7;
    const low = bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24);
    const value = shift ? (low >>> shift) | (bytes[from + 4]! << (32 - shift)) : low;
    return value & (-1 >>> (32 - count));
  }
}
