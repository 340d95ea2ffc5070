/** Keys out of an answer, read kindly: what is wrong with the answer is told by the checks on answers. */
import { createHmac, randomBytes } from 'node:crypto';
import { isObject, type Json, type JsonObject } from './json.ts';

/** Bytes of keys are compared by this keyed digest, and not kept. */
export class Digests {
  readonly #key = randomBytes(32);

  of(key: Buffer): string {
    return createHmac('sha256', this.#key).update(key).digest('hex');
  }
}

export interface Key {
  readonly keyId: string;
  readonly digest: string;
  readonly bits: number;
  readonly extension: JsonObject | null;
}

/** Elements of a key container, `keys` or what stands for it; undefined when there is no array. */
export function elementsOf(value: Json | undefined): readonly Json[] | undefined {
  if (!isObject(value)) return undefined;
  const list = value.keys ?? value.Keys;
  return Array.isArray(list) ? list : undefined;
}

export function keysOf(value: Json | undefined, digests: Digests): Key[] {
  return (elementsOf(value) ?? []).flatMap((element) => {
    if (!isObject(element) || typeof element.key_ID !== 'string' || typeof element.key !== 'string') return [];
    // Node reads both alphabets of RFC 4648.
    const bytes = Buffer.from(element.key, 'base64');
    const key: Key = {
      keyId: element.key_ID.toLowerCase(),
      digest: digests.of(bytes),
      bits: bytes.length * 8,
      extension: isObject(element.key_extension) ? element.key_extension : null,
    };
    bytes.fill(0);
    return [key];
  });
}
