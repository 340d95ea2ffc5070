/**
 * A JSON reader (RFC 8259) over bytes that never turns a key into text: strings of JavaScript cannot be overwritten, so
 * the base64 of a key goes from the bytes of the answer straight into SecretBytes. As strict as an answer that carries
 * keys deserves: duplicate members, text after the document and invalid UTF-8 are errors.
 */
import { SecretBytes } from '@skykey/bits';
import { decodeBase64 } from './base64.ts';

export type Json = null | boolean | number | string | SecretBytes | Json[] | JsonObject;
/** Without a prototype. */
export interface JsonObject {
  [member: string]: Json | undefined;
}

const MAX_DEPTH = 32;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof SecretBytes);
}

/**
 * `isSecret(path)` tells which string members become SecretBytes from base64; a path has the names of members, and `[]`
 * for the elements of a list: `keys.[].key`.
 * @throws SyntaxError that says what and where, never with a piece of the document; every secret read so far is wiped
 */
export function readJson(bytes: Uint8Array, isSecret: (path: string) => boolean): Json {
  const secrets: SecretBytes[] = [];
  try {
    return new JsonReader(bytes, isSecret, secrets).document();
  } catch (error) {
    for (const secret of secrets) secret.wipe();
    throw error;
  }
}

class JsonReader {
  readonly #bytes: Uint8Array;
  readonly #isSecret: (path: string) => boolean;
  readonly #secrets: SecretBytes[];
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #at = 0;

  constructor(bytes: Uint8Array, isSecret: (path: string) => boolean, secrets: SecretBytes[]) {
    this.#bytes = bytes;
    this.#isSecret = isSecret;
    this.#secrets = secrets;
  }

  document(): Json {
    const value = this.#value('', 0);
    this.#space();
    if (this.#at < this.#bytes.length) this.#fail('there is more after the document');
    return value;
  }

  #value(path: string, depth: number): Json {
    if (depth > MAX_DEPTH) this.#fail(`nesting deeper than ${MAX_DEPTH}`);
    this.#space();
    const first = this.#bytes[this.#at];
    if (first === OPEN) return this.#object(path, depth);
    if (first === OPEN_LIST) return this.#list(path, depth);
    if (first === QUOTE) return this.#isSecret(path) ? this.#secret() : this.#text();
    return this.#word();
  }

  #object(path: string, depth: number): JsonObject {
    const members: JsonObject = Object.create(null);
    this.#at++;
    this.#space();
    if (this.#take(CLOSE)) return members;
    for (;;) {
      this.#space();
      if (this.#bytes[this.#at] !== QUOTE) this.#fail('a member needs a name');
      const name = this.#text();
      if (name in members) this.#fail('a member is there twice');
      this.#space();
      if (!this.#take(COLON)) this.#fail('a colon is missing');
      members[name] = this.#value(path ? `${path}.${name}` : name, depth + 1);
      this.#space();
      if (this.#take(CLOSE)) return members;
      if (!this.#take(COMMA)) this.#fail('a comma or } is missing');
    }
  }

  #list(path: string, depth: number): Json[] {
    const items: Json[] = [];
    this.#at++;
    this.#space();
    if (this.#take(CLOSE_LIST)) return items;
    for (;;) {
      items.push(this.#value(`${path}.[]`, depth + 1));
      this.#space();
      if (this.#take(CLOSE_LIST)) return items;
      if (!this.#take(COMMA)) this.#fail('a comma or ] is missing');
    }
  }

  #text(): string {
    const [from, to, escaped] = this.#string();
    let text: string;
    try {
      text = this.#utf8.decode(this.#bytes.subarray(from, to));
      // The language's own reader knows every escape, and is given nothing but this one string.
      if (escaped) text = JSON.parse(`"${text}"`) as string;
    } catch {
      this.#fail('a text is not valid UTF-8, or has an escape that JSON does not know');
    }
    if (!text.isWellFormed()) this.#fail('a text has half of a surrogate pair');
    return text;
  }

  #secret(): SecretBytes {
    const [from, to] = this.#string();
    const decoded = decodeBase64(this.#bytes.subarray(from, to));
    if (!decoded) this.#fail('a key is not base64 with padding (RFC 4648, section 4)');
    const secret = SecretBytes.adopt(decoded);
    this.#secrets.push(secret);
    return secret;
  }

  /** Where the inside of a string begins and ends, and whether it has escapes. */
  #string(): [from: number, to: number, escaped: boolean] {
    const from = ++this.#at;
    let escaped = false;
    for (; ; this.#at++) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || byte < 0x20) this.#fail('a text has no end, or a control character');
      if (byte === QUOTE) return [from, this.#at++, escaped];
      if (byte === BACKSLASH) {
        escaped = true;
        this.#at++;
      }
    }
  }

  #word(): null | boolean | number {
    const from = this.#at;
    while (isWordByte(this.#bytes[this.#at])) this.#at++;
    const word = String.fromCharCode(...this.#bytes.subarray(from, Math.min(this.#at, from + 40)));
    if (word === 'null') return null;
    if (word === 'true') return true;
    if (word === 'false') return false;
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word) || this.#at - from > 40)
      this.#fail('a value is expected');
    return Number(word);
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  #take(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  #fail(what: string): never {
    throw new SyntaxError(`${what} (byte ${this.#at})`);
  }
}

/** Letters, digits, plus, minus and the point. */
function isWordByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}
