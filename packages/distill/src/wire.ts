import type { Bits } from '@skykey/bits';
import { decodeSlots, encodeSlots, type Intensities, packColumn, packedBytes, unpackColumn } from '@skykey/kernels';
import { DistillError } from './error.ts';

/** Builds one message; grows as needed. All integers are little-endian. */
export class Writer {
  #buffer = new Uint8Array(256);
  #view = new DataView(this.#buffer.buffer);
  #at = 0;

  #reserve(extra: number): void {
    if (this.#at + extra <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#at + extra));
    larger.set(this.#buffer);
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = value;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** Seven bits a byte, low ones first, the top bit says that more follow. Throws RangeError for what is no count. */
  varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a count`);
    this.#reserve(8);
    let rest = value;
    while (rest >= 128) {
      this.#buffer[this.#at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#at++] = rest;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#at);
    this.#at += value.length;
  }

  /** Number of bits (4 bytes), then the packed bits. */
  bits(value: Bits): void {
    this.uint32(value.length);
    this.bytes(value.bytes);
  }

  /** Number of values (4 bytes), then `width` bits of each, the first in the low bits of the first byte. */
  column(values: Uint8Array, width: 2 | 4): void {
    this.uint32(values.length);
    const bytes = packedBytes(values.length, width);
    this.#reserve(bytes);
    packColumn(values, 0, width, this.#buffer.subarray(this.#at, this.#at + bytes));
    this.#at += bytes;
  }

  /** Number of intensities (4 bytes), then two bits of each. */
  intensities({ length, packed }: Intensities): void {
    this.uint32(length);
    this.bytes(packed);
  }

  /** Each slot as a varint: the slots skipped since the one before, or since `from`. Throws RangeError unless they rise. */
  slots(slot: Float64Array, from: number): void {
    const told = encodeSlots(slot, from);
    if (!told) throw new RangeError(`slots are whole numbers below 2^53 that rise from ${from} on; these are not`);
    this.bytes(told);
  }

  /** Number of bytes (2 bytes), then UTF-8. Throws RangeError beyond `limit` bytes. */
  text(value: string, limit: number): void {
    const encoded = new TextEncoder().encode(value);
    if (encoded.length > limit) throw new RangeError(`a text of ${encoded.length} bytes, ${limit} is the most`);
    this.uint16(encoded.length);
    this.bytes(encoded);
  }

  /** The message. A long one mostly ends in its only long field, which the buffer has just the room for. */
  finish(): Uint8Array {
    return this.#at === this.#buffer.length ? this.#buffer : this.#buffer.slice(0, this.#at);
  }
}

/** Reads one message and refuses whatever the Writer would not have written: too short, too long, overlong, padded. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  readonly #room: (length: number) => Float64Array;
  #at = 0;

  /** `name` is the message's, for errors; `room` is where slots go. */
  constructor(bytes: Uint8Array, name: string, room = (length: number): Float64Array => new Float64Array(length)) {
    this.#room = room;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  error(what: string): DistillError {
    return new DistillError('distill/protocol', `message '${this.#name}': ${what}`);
  }

  #take(length: number): number {
    if (length > this.left) throw this.error(`it ends ${length - this.left} bytes too early`);
    const at = this.#at;
    this.#at += length;
    return at;
  }

  byte(): number {
    return this.#bytes[this.#take(1)]!;
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  uint32(limit = 0xffffffff): number {
    const value = this.#view.getUint32(this.#take(4), true);
    if (value > limit) throw this.error(`a number of ${value} where ${limit} is the most`);
    return value;
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  varint(limit = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let weight = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 127) * weight;
      if (byte < 128) {
        if (byte === 0 && i > 0) throw this.error('a number is written with more bytes than it needs');
        if (value > limit) throw this.error(`a number of ${value} where ${limit} is the most`);
        return value;
      }
      weight *= 128;
    }
    throw this.error('a number has more than 8 bytes');
  }

  bytes(length: number): Uint8Array {
    return new Uint8Array(this.#look(length));
  }

  /** The bytes where they stand in the message. */
  #look(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  bits(limit: number): Bits {
    const length = this.uint32(limit);
    const bytes = this.bytes(Math.ceil(length / 8));
    if (length & 7 && bytes[bytes.length - 1]! >> (length & 7))
      throw this.error('the bits after the last are not zero');
    return { length, bytes };
  }

  /** At most `limit` values of `width` bits, none above `largest`. */
  column(width: 2 | 4, largest: number, limit: number): Uint8Array {
    const { length, packed } = this.#packed(width, limit);
    const column = unpackColumn(packed, length, width);
    if (column.largest > largest) {
      const entry = column.values.findIndex((value) => value > largest);
      throw this.error(`entry ${entry} is ${column.values[entry]}, which means nothing`);
    }
    return column.values;
  }

  /** At most `limit` intensities, as they are packed, none of them 3. */
  intensities(limit: number): Intensities {
    const { length, packed: inMessage } = this.#packed(2, limit);
    const packed = new Uint8Array(inMessage);
    if (hasThree(packed)) {
      const entry = unpackColumn(packed, length, 2).values.indexOf(3);
      throw this.error(`entry ${entry} is 3, which means nothing`);
    }
    return { length, packed };
  }

  /** Values of `width` bits where they stand in the message, and zeros behind the last. */
  #packed(width: 2 | 4, limit: number): { readonly length: number; readonly packed: Uint8Array } {
    const length = this.uint32(limit);
    const packed = this.#look(packedBytes(length, width));
    const used = (length * width) & 7;
    if (used && packed[packed.length - 1]! >> used) throw this.error('the bits after the last entry are not zero');
    return { length, packed };
  }

  /** `length` slots that rise from `from` on and lie before `until`. */
  slots(from: number, until: number, length: number): Float64Array {
    const read = decodeSlots(this.#bytes.subarray(this.#at), { from, until, length }, this.#room(length));
    if (read) {
      this.#take(read.bytes);
      return read.slot;
    }
    // Something is wrong with them: read them again, number by number, for the sentence.
    for (let next = from; ; ) {
      const at = next + this.varint();
      if (at >= until) throw this.error(`slot ${at} does not lie before slot ${until}`);
      next = at + 1;
    }
  }

  text(limit: number): string {
    const length = this.uint16();
    if (length > limit) throw this.error(`a text of ${length} bytes where ${limit} is the most`);
    const bytes = this.bytes(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.error('a text is not UTF-8');
    }
  }

  end(): void {
    if (this.left) throw this.error(`${this.left} bytes follow its end`);
  }
}

/** Whether one of these numbers of two bits is 3. `packed` begins where its memory does. */
function hasThree(packed: Uint8Array): boolean {
  const words = new Int32Array(packed.buffer, 0, packed.length >> 2);
  let both = 0;
  for (let i = 0; i < words.length; i++) both |= words[i]! & (words[i]! >>> 1);
  for (let i = 4 * words.length; i < packed.length; i++) both |= packed[i]! & (packed[i]! >>> 1);
  return (both & 0x55555555) !== 0;
}
