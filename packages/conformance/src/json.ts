/**
 * What a body says, and whether it says so properly: UTF-8, RFC 8259, no member name twice in one object. The value is
 * given even when names stand twice, so that one fault of a server does not hide all that comes after it.
 */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [member: string]: Json | undefined;
}

export interface Reading {
  /** Undefined when the bytes are no JSON text at all. */
  readonly value: Json | undefined;
  /** Why not, or null. */
  readonly malformed: string | null;
  /** Names that stand twice or more in one object. */
  readonly repeated: readonly string[];
}

/** Never throws. */
export function readJson(bytes: Uint8Array): Reading {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { value: undefined, malformed: 'the body is not valid UTF-8', repeated: [] };
  }
  try {
    return { value: JSON.parse(text), malformed: null, repeated: repeatedNames(text) };
  } catch {
    // The parser's own message would quote the body, and with it perhaps a key.
    return { value: undefined, malformed: 'the body is not JSON as RFC 8259 has it', repeated: [] };
  }
}

/** A string or a character of structure; everything else in a JSON text cannot hold either. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/gs;

/** `text` is known to be JSON. */
function repeatedNames(text: string): string[] {
  const repeated: string[] = [];
  const open: (Set<string> | null)[] = [];
  let last = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const name: string = JSON.parse(last);
      const names = open.at(-1)!;
      if (names?.has(name)) repeated.push(name);
      names?.add(name);
    }
    last = token;
  }
  return repeated;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
