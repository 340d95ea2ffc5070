import { HotlineError } from './error.ts';

/** Writes the messages of this protocol: integers big-endian, lengths before what they count. */
export class Writer {
  readonly #parts: Uint8Array[] = [];

  u8(value: number): this {
    return this.raw(Uint8Array.of(value));
  }

  u16(value: number): this {
    const bytes = new Uint8Array(2);
    new DataView(bytes.buffer).setUint16(0, value);
    return this.raw(bytes);
  }

  u32(value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value);
    return this.raw(bytes);
  }

  /** A safe integer of 0 and up, in 8 bytes. */
  u64(value: number): this {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
    return this.raw(bytes);
  }

  /** As they are, without a length. The bytes are copied. */
  raw(bytes: Uint8Array): this {
    // A Buffer's own slice would share its memory, and be overwritten with this writer's.
    this.#parts.push(new Uint8Array(bytes));
    return this;
  }

  /** At most 255 bytes after their number in one byte. */
  short(bytes: Uint8Array): this {
    return this.u8(bytes.length).raw(bytes);
  }

  /** Bytes after their number in four bytes. */
  long(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }

  /** Text of at most 255 bytes of UTF-8 after their number in one byte. */
  name(text: string): this {
    return this.short(new TextEncoder().encode(text));
  }

  /** `label` and `bytes`, each after its length, so that no two inputs can be taken for each other (hotline reference, section 5). */
  labelled(label: string, bytes: Uint8Array): this {
    return this.name(label).long(bytes);
  }

  /** Everything written; what was held meanwhile is overwritten. */
  finish(): Uint8Array {
    const whole = new Uint8Array(this.#parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
      part.fill(0);
    }
    this.#parts.length = 0;
    return whole;
  }
}

/** Reads what `Writer` wrote and believes none of it: every lack is HotlineError `hotline/malformed`. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  /** `what` names the message in refusals, as in "the offer ends inside its policy". */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#what = what;
  }

  /** Bytes read so far. */
  get at(): number {
    return this.#at;
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** A safe integer out of 8 bytes. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.refuse('a number in it is larger than any that is written');
    return Number(value);
  }

  /** A copy of the next `count` bytes. */
  raw(count: number): Uint8Array {
    const from = this.#take(count);
    return this.#bytes.slice(from, this.#at);
  }

  short(): Uint8Array {
    return this.raw(this.u8());
  }

  /** At most `limit` bytes after their number in four bytes. */
  long(limit: number): Uint8Array {
    const count = this.u32();
    if (count > limit) throw this.refuse(`a part of it has ${count} bytes, more than ${limit}`);
    return this.raw(count);
  }

  name(): string {
    return this.text(this.short());
  }

  text(bytes: Uint8Array): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw this.refuse('a text in it is not UTF-8');
    }
  }

  /** Throws when something is left. */
  end(): void {
    if (this.left > 0) throw this.refuse(`${this.left} bytes follow its end`);
  }

  /** The refusal of this message, to be thrown. */
  refuse(why: string): HotlineError {
    return new HotlineError('hotline/malformed', `${this.#what} cannot be read: ${why}`);
  }

  #take(count: number): number {
    if (count > this.left) throw this.refuse('it ends too early');
    this.#at += count;
    return this.#at - count;
  }
}
