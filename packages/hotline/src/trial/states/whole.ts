/** Everything that hangs on an object of the opened code (`opened.ts`), read whole. */
export interface Whole {
  /** Alike for two objects exactly when they hold the same; functions count by being there. */
  readonly text: string;
  /** All bytes that are there: secrets that are not overwritten, messages, stores. */
  readonly bytes: readonly Uint8Array[];
}

/** What does not change in the life of a session, or belongs to its host. */
const LEFT_OUT = new Set(['_options', '_ports', '_context', '_machine', '_store', '_say', '_flushing']);

interface Secret {
  readonly _bytes: Uint8Array;
  readonly _wiped: boolean;
}

export function whole(roots: readonly unknown[]): Whole {
  const parts: string[] = [];
  const bytes: Uint8Array[] = [];
  const seen = new Map<object, number>();
  const read = (value: unknown): void => {
    if (typeof value === 'function') parts.push('ƒ');
    else if (typeof value !== 'object' || value === null) parts.push(typeof value, String(value));
    else {
      const at = seen.get(value);
      if (at !== undefined) parts.push('↑', String(at));
      else {
        seen.set(value, seen.size);
        readObject(value);
      }
    }
    parts.push(';');
  };
  const readObject = (value: object): void => {
    if (value instanceof Uint8Array) {
      bytes.push(value);
      parts.push(Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1'));
    } else if (Array.isArray(value)) {
      parts.push('[', String(value.length));
      for (const each of value) read(each);
    } else if (value instanceof Map) {
      parts.push('map', String(value.size));
      for (const [key, each] of value) {
        read(key);
        read(each);
      }
    } else if (value instanceof Set) {
      parts.push('set', String(value.size));
      for (const each of value) read(each);
    } else if (value instanceof Promise) parts.push('promise');
    else if (value.constructor?.name === 'SecretBytes') {
      const { _bytes, _wiped } = value as unknown as Secret;
      parts.push(_wiped ? 'wiped' : 'secret');
      if (!_wiped) read(_bytes);
    } else {
      parts.push(value.constructor?.name ?? '', '{');
      for (const key in value) {
        if (LEFT_OUT.has(key)) continue;
        parts.push(key);
        read((value as Record<string, unknown>)[key]);
      }
    }
  };
  for (const root of roots) read(root);
  return { text: parts.join(''), bytes };
}
