/**
 * A JSON reader (RFC 8259) that two implementations cannot read differently: duplicate members, a member `__proto__`,
 * text after the document, invalid UTF-8 and lone surrogates are errors. Objects have no prototype.
 */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [member: string]: Json;
}

/** Deeper nesting is refused: no request of ETSI GS QKD 014 needs it, and the reader recurses. */
const MAX_DEPTH = 32;

/** Throws SyntaxError with the position. */
export function readJson(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SyntaxError('the body is not valid UTF-8');
  }
  const reader = new JsonReader(text);
  return reader.document();
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** A run of characters that stand for themselves in a string. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them, so the pattern must name them
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const SPACE = /[ \t\n\r]*/y;
const HEX = /[0-9a-fA-F]{4}/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    const value = this.#value(0);
    this.#match(SPACE);
    if (this.#at < this.#text.length) this.#fail('text after the document');
    return value;
  }

  #value(depth: number): Json {
    if (depth > MAX_DEPTH) this.#fail(`nesting deeper than ${MAX_DEPTH}`);
    this.#match(SPACE);
    const next = this.#text[this.#at];
    if (next === '{') return this.#object(depth);
    if (next === '[') return this.#array(depth);
    if (next === '"') return this.#string();
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    const number = this.#match(NUMBER);
    if (!number) this.#fail('a value was expected');
    const value = Number(number);
    if (!Number.isFinite(value)) this.#fail('a number out of range');
    return value;
  }

  #object(depth: number): JsonObject {
    const object: JsonObject = Object.create(null);
    this.#at++;
    if (this.#take('}')) return object;
    do {
      this.#match(SPACE);
      if (this.#text[this.#at] !== '"') this.#fail('a member name was expected');
      const name = this.#string();
      if (name === '__proto__') this.#fail('a member named __proto__');
      if (Object.hasOwn(object, name)) this.#fail('a member that stands twice in one object');
      if (!this.#take(':')) this.#fail('a colon was expected');
      object[name] = this.#value(depth + 1);
    } while (this.#take(','));
    if (!this.#take('}')) this.#fail('a comma or closing brace was expected');
    return object;
  }

  #array(depth: number): Json[] {
    const array: Json[] = [];
    this.#at++;
    if (this.#take(']')) return array;
    do array.push(this.#value(depth + 1));
    while (this.#take(','));
    if (!this.#take(']')) this.#fail('a comma or closing bracket was expected');
    return array;
  }

  #string(): string {
    this.#at++;
    let text = '';
    for (;;) {
      text += this.#match(PLAIN);
      const next = this.#text[this.#at++];
      if (next === '"') break;
      if (next !== '\\') this.#fail('a string that does not end, or holds a control character');
      const letter = this.#text[this.#at++] ?? '';
      const plain = ESCAPES[letter];
      if (plain !== undefined) {
        text += plain;
        continue;
      }
      const code = letter === 'u' ? this.#match(HEX) : '';
      if (!code) this.#fail('an escape that JSON does not know');
      text += String.fromCharCode(Number.parseInt(code, 16));
    }
    if (!text.isWellFormed()) this.#fail('half a surrogate pair');
    return text;
  }

  /** Skips space, then the character if it is there. */
  #take(character: string): boolean {
    this.#match(SPACE);
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #fail(what: string): never {
    throw new SyntaxError(`the body is not the JSON of a request: ${what} (at character ${this.#at})`);
  }
}
