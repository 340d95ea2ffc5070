import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import { HotlineError, type HotlineErrorCode } from '../../error.ts';
import type { Words } from '../block.ts';
import type { KeyNeed, NamedKey } from '../key.ts';
import type { Route } from '../route.ts';

export const ROUTE: Route = {
  conversationId: '6f1c2d3e-4b5a-4978-8a9b-0c1d2e3f4a5b',
  sender: 'beijing',
  receiver: 'moscow',
};
export const REVERSE: Route = { ...ROUTE, sender: 'moscow', receiver: 'beijing' };

export function words(text: string, change: Partial<Words> = {}): Words {
  return { text, author: 'Li Wei', sentAtMs: 1_790_000_000_000, salt: null, ...change };
}

/** Keys as a key manager would hand them out: known bytes under rising ids, a fresh copy for each side. */
export class SeededKeys {
  readonly #bytes: (count: number) => Uint8Array;
  readonly #known = new Map<string, Uint8Array>();

  constructor(seed: number) {
    const cipher = createCipheriv('aes-128-ctr', new Uint8Array(16).fill(seed), new Uint8Array(16));
    this.#bytes = (count) => new Uint8Array(cipher.update(new Uint8Array(count)));
  }

  draw({ bytesPerKey, count }: KeyNeed): NamedKey[] {
    return Array.from({ length: count }, () => {
      const keyId = `00000000-0000-4000-8000-${(this.#known.size + 1).toString(16).padStart(12, '0')}`;
      this.#known.set(keyId, this.#bytes(bytesPerKey));
      return this.#copy(keyId);
    });
  }

  fetch(keyIds: readonly string[]): NamedKey[] {
    return keyIds.map((keyId) => this.#copy(keyId));
  }

  bytesOf(keyIds: readonly string[]): Uint8Array {
    return Uint8Array.from(keyIds.flatMap((keyId) => [...this.#known.get(keyId)!]));
  }

  #copy(keyId: string): NamedKey {
    return { keyId, key: SecretBytes.adopt(this.#known.get(keyId)!.slice()) };
  }
}

/** The code of the HotlineError that `attempt` throws; anything else is passed on. */
export function codeOf(attempt: () => unknown): HotlineErrorCode {
  return refusalOf(attempt).code;
}

export function refusalOf(attempt: () => unknown): HotlineError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof HotlineError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** Fails unless `attempt` throws a HotlineError with this code. */
export function refuses(code: HotlineErrorCode, attempt: () => unknown): void {
  assert.equal(codeOf(attempt), code);
}

export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const altered = bytes.slice();
  altered[bit >> 3]! ^= 1 << (bit & 7);
  return altered;
}
