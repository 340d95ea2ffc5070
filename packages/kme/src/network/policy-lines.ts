/** Where in a JSON text a field stands, for messages to the person who wrote it. */

export type FieldPath = readonly (string | number)[];

/** `rules[2].quota.bitsPerS` */
export const fieldName = (path: FieldPath): string =>
  path.reduce<string>(
    (name, step) => (typeof step === 'number' ? `${name}[${step}]` : name ? `${name}.${step}` : step),
    '',
  );

/** Line, from 1 on, of a character of the text. */
export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

/** Line on which the value of a field begins; where it is missing, that of what it is missing from. The text must be JSON. */
export function lineOf(text: string, path: FieldPath): number {
  const cursor = new Cursor(text);
  for (const step of path) {
    if (!cursor.enter(step)) break;
  }
  return lineAt(text, cursor.at);
}

const SPACE = /\s*/y;
const SCALAR = /"[^"\\]*(?:\\.[^"\\]*)*"|[^\s,:[\]{}]+/y;

class Cursor {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    this.#skip(SPACE);
  }

  /** Goes to the value of a member or an element; stays and returns false when there is none. */
  enter(step: string | number): boolean {
    const outside = this.at;
    const inObject = this.#text[this.at] === '{';
    if (inObject ? typeof step === 'string' : this.#text[this.at] === '[') {
      this.#over(1);
      for (let i = 0; this.at < this.#text.length && !/[\]}]/.test(this.#text[this.at]!); i++) {
        const name = inObject ? JSON.parse(this.#skip(SCALAR)) : i;
        if (inObject) {
          this.#skip(SPACE);
          this.#over(1);
        }
        if (name === step) return true;
        this.#value();
        if (this.#text[this.at] === ',') this.#over(1);
      }
    }
    this.at = outside;
    return false;
  }

  /** Passes a whole value and the space after it. */
  #value(): void {
    let depth = 0;
    do {
      const next = this.#text[this.at]!;
      if (next === '{' || next === '[') depth++;
      if (next === '}' || next === ']') depth--;
      if (/[[\]{},:]/.test(next)) this.at++;
      else this.#skip(SCALAR);
      this.#skip(SPACE);
    } while (depth > 0);
  }

  #over(characters: number): void {
    this.at += characters;
    this.#skip(SPACE);
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }
}
