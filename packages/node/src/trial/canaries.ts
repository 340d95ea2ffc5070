/** Known bytes of key, looked for where key must not be: as they are, in hexadecimal and in base64. */

export type Form = 'raw' | 'hex' | 'base64';
export const FORMS: readonly Form[] = ['raw', 'hex', 'base64'];

/**
 * Length of a mark, bytes of the form; marks stand one behind another. None comes by chance: 64 bits, 64 bits and 72 bits of
 * key at a place. What holds so much less than two marks of a key may be overlooked.
 */
const MARK: Record<Form, number> = { raw: 8, hex: 16, base64: 12 };

export class Canaries {
  readonly #marks: Record<Form, Set<string>> = { raw: new Set(), hex: new Set(), base64: new Set() };
  /** By three bytes, whether any mark begins with them: most places are passed over at once. */
  readonly #begins: Record<Form, Uint8Array> = {
    raw: new Uint8Array(1 << 21),
    hex: new Uint8Array(1 << 21),
    base64: new Uint8Array(1 << 21),
  };

  /** Bytes of key, in every form that a key of this length, from here on, takes. */
  add(key: Uint8Array): void {
    const buffer = Buffer.from(key.buffer, key.byteOffset, key.length);
    this.#add('raw', buffer);
    this.#add('hex', Buffer.from(buffer.toString('hex')));
    this.#add('base64', base64Of(buffer));
  }

  #add(form: Form, bytes: Buffer): void {
    for (let at = 0; at + MARK[form] <= bytes.length; at += MARK[form]) {
      const place = bytes.readUIntBE(at, 3);
      this.#begins[form][place >> 3]! |= 1 << (place & 7);
      this.#marks[form].add(bytes.toString('latin1', at, at + MARK[form]));
    }
  }

  /** Every mark of these bytes, in any form, as `found` tells it. */
  static marksOf(key: Uint8Array): string[] {
    const buffer = Buffer.from(key.buffer, key.byteOffset, key.length);
    const digits = { raw: buffer, hex: Buffer.from(buffer.toString('hex')), base64: base64Of(buffer) };
    return FORMS.flatMap((form) => marksIn(digits[form], MARK[form]));
  }

  /** The marks that are in the bytes. */
  found(bytes: Buffer): Set<string> {
    const places = this.find(bytes);
    return new Set(FORMS.flatMap((form) => places[form].map((at) => bytes.toString('latin1', at, at + MARK[form]))));
  }

  /** How many marks the bytes hold, by form, and where the first ones are. */
  find(bytes: Buffer): Record<Form, number[]> {
    const found: Record<Form, number[]> = { raw: [], hex: [], base64: [] };
    const { raw, hex, base64 } = this.#begins;
    let place = bytes.length < 3 ? 0 : bytes.readUInt16BE(0);
    for (let at = 0; at + 3 <= bytes.length; at++) {
      place = ((place << 8) | bytes[at + 2]!) & 0xffffff;
      const byte = place >> 3;
      const bit = 1 << (place & 7);
      if (raw[byte]! & bit && this.#is('raw', bytes, at)) found.raw.push(at);
      if (hex[byte]! & bit && this.#is('hex', bytes, at)) found.hex.push(at);
      if (base64[byte]! & bit && this.#is('base64', bytes, at)) found.base64.push(at);
    }
    return found;
  }

  count(bytes: Buffer): number {
    const { raw, hex, base64 } = this.find(bytes);
    return raw.length + hex.length + base64.length;
  }

  #is(form: Form, bytes: Buffer, at: number): boolean {
    return at + MARK[form] <= bytes.length && this.#marks[form].has(bytes.toString('latin1', at, at + MARK[form]));
  }
}

const base64Of = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('base64').replaceAll('=', ''));

function marksIn(bytes: Buffer, length: number): string[] {
  const count = Math.floor(bytes.length / length);
  return Array.from({ length: count }, (_, i) => bytes.toString('latin1', i * length, (i + 1) * length));
}
