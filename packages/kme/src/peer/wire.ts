import { KmeError } from '../error.ts';

/**
 * Bytes of messages between key management entities: integers are big-endian, a text or byte string has its length (32
 * bits) before it. One value has one encoding, so a tag over the bytes is a tag over the meaning.
 */
export class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;

  #grow(bytes: number): DataView {
    const at = this.#length;
    this.#length += bytes;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return new DataView(this.#bytes.buffer, at, bytes);
  }

  u8(value: number): this {
    this.#grow(1).setUint8(0, value);
    return this;
  }

  u32(value: number): this {
    this.#grow(4).setUint32(0, value);
    return this;
  }

  /** A whole number from 0 to 2^53 - 1, in eight bytes. */
  u53(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new KmeError('kme/argument', `a whole number from 0 to 2^53 - 1 is needed, not ${value}`);
    }
    const view = this.#grow(8);
    view.setUint32(0, Math.floor(value / 2 ** 32));
    view.setUint32(4, value % 2 ** 32);
    return this;
  }

  f64(value: number): this {
    this.#grow(8).setFloat64(0, value);
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length - bytes.length);
    return this;
  }

  /** Refuses what Reader would: a frame that the peer cannot read would be sent to it for ever. */
  bytes(bytes: Uint8Array, limit = Number.POSITIVE_INFINITY): this {
    if (bytes.length > limit) {
      throw new KmeError('kme/argument', `a field of ${bytes.length} bytes where at most ${limit} are allowed`);
    }
    return this.u32(bytes.length).raw(bytes);
  }

  text(text: string, limit = 256): this {
    return this.bytes(new TextEncoder().encode(text), limit);
  }

  texts(texts: readonly string[], limit: number): this {
    if (texts.length > limit) {
      throw new KmeError('kme/argument', `a list of ${texts.length} where at most ${limit} are allowed`);
    }
    this.u32(texts.length);
    for (const text of texts) this.text(text);
    return this;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** Reads what Writer wrote; every method throws KmeError `kme/malformed` on anything else. */
export class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #skip(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#view.byteLength) throw malformed('it ends too early');
    this.#at += bytes;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4));
  }

  u53(): number {
    const at = this.#skip(8);
    const value = this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
    if (!Number.isSafeInteger(value)) throw malformed('a number is larger than 2^53 - 1');
    return value;
  }

  f64(): number {
    const value = this.#view.getFloat64(this.#skip(8));
    if (!Number.isFinite(value)) throw malformed('a number is not finite');
    return value;
  }

  raw(bytes: number): Uint8Array {
    const at = this.#skip(bytes);
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, bytes).slice();
  }

  /** `limit` is checked before anything of that size is looked at. */
  bytes(limit: number): Uint8Array {
    const length = this.u32();
    if (length > limit) throw malformed(`a field of ${length} bytes where at most ${limit} are allowed`);
    return this.raw(length);
  }

  text(limit = 256): string {
    const bytes = this.bytes(limit);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw malformed('a text is not UTF-8');
    }
  }

  texts(limit: number): string[] {
    const count = this.u32();
    if (count > limit) throw malformed(`a list of ${count} where at most ${limit} are allowed`);
    return Array.from({ length: count }, () => this.text());
  }

  /** Reads the four letters with which a message begins. */
  magic(wanted: string): this {
    if (new TextDecoder('latin1').decode(this.raw(4)) !== wanted) throw malformed(`it does not begin with ${wanted}`);
    return this;
  }

  /** Everything must have been read. */
  end(): void {
    if (this.#at !== this.#view.byteLength) throw malformed('bytes are left over');
  }
}

export function malformed(what: string): KmeError {
  return new KmeError('kme/malformed', `this is no message of ours: ${what}`);
}
