import { createCipheriv } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import {
  Conversation,
  type ConversationOptions,
  type ConversationStore,
  HotlineError,
  type HotlineErrorCode,
  type KeySource,
  type NamedKey,
  type Suite,
} from '../index.ts';

/** Two key managers that hold the same keys, as strict as ETSI GS QKD 014: each key is delivered once on each side. */
export class KeyStock {
  /** Keys left before the stock is dry. */
  left = Infinity;
  /** Every secret that was ever handed out. */
  readonly handedOut: SecretBytes[] = [];
  /** Number of calls, by side and kind. */
  readonly calls = { draw: 0, fetch: 0 };
  readonly #keys = new Map<string, { bytes: Uint8Array; drawnBy: string; fetched: boolean }>();
  readonly #stream: Uint8Array;
  #at = 0;

  constructor(seed = 1) {
    const cipher = createCipheriv('aes-128-ctr', new Uint8Array(16).fill(seed), new Uint8Array(16));
    this.#stream = new Uint8Array(cipher.update(new Uint8Array(1 << 18)));
  }

  side(deskId: string): KeySource {
    return {
      draw: async (bytesPerKey, count) => {
        this.calls.draw++;
        if (bytesPerKey < 8 || bytesPerKey > 512 || count < 1 || count > 128) throw new Error('400 size or number');
        if (count > this.left) throw new Error('503 not enough key');
        this.left -= count;
        return Array.from({ length: count }, () => {
          const keyId = `00000000-0000-4000-8000-${(this.#keys.size + 1).toString(16).padStart(12, '0')}`;
          this.#keys.set(keyId, { bytes: this.#next(bytesPerKey), drawnBy: deskId, fetched: false });
          return this.#handOut(keyId);
        });
      },
      fetch: async (keyIds) => {
        this.calls.fetch++;
        for (const keyId of keyIds) {
          const key = this.#keys.get(keyId);
          if (!key || key.fetched || key.drawnBy === deskId) throw new Error('400 one or more keys were not found');
        }
        return keyIds.map((keyId) => {
          this.#keys.get(keyId)!.fetched = true;
          return this.#handOut(keyId);
        });
      },
    };
  }

  #next(bytes: number): Uint8Array {
    if (this.#at + bytes > this.#stream.length) throw new Error('the test needs a longer stream');
    this.#at += bytes;
    return this.#stream.slice(this.#at - bytes, this.#at);
  }

  #handOut(keyId: string): NamedKey {
    const key = SecretBytes.adopt(this.#keys.get(keyId)!.bytes.slice());
    this.handedOut.push(key);
    return { keyId, key };
  }
}

/** What a disk would hold; `Conversation` objects come and go, this stays. */
export class Counters implements ConversationStore {
  reserved = 0;
  accepted = 0;

  async reserveSequence(): Promise<number> {
    return ++this.reserved;
  }

  async acceptedSequence(): Promise<number> {
    return this.accepted;
  }

  async accept(sequence: number): Promise<void> {
    this.accepted = sequence;
  }
}

export const SUITES: readonly Suite[] = ['one-time-pad', 'aes-256-gcm'];
export const CONVERSATION = '6f1c2d3e-4b5a-4978-8a9b-0c1d2e3f4a5b';

/** Beijing and Moscow over one stock of keys. */
export function twoDesks(suite: Suite, seed = 1) {
  const stock = new KeyStock(seed);
  const counters = { beijing: new Counters(), moscow: new Counters() };
  const desk = (self: 'beijing' | 'moscow', change: Partial<ConversationOptions> = {}) =>
    new Conversation({
      conversationId: CONVERSATION,
      self: { deskId: self, accepts: SUITES },
      peer: { deskId: self === 'beijing' ? 'moscow' : 'beijing', accepts: SUITES },
      suite,
      keys: stock.side(self),
      store: counters[self],
      ...change,
    });
  return { stock, counters, desk, beijing: desk('beijing'), moscow: desk('moscow') };
}

/** The HotlineError that `attempt` rejects with, for `assert.rejects`-like checks that need its fields. */
export async function refusal(attempt: Promise<unknown>): Promise<HotlineError> {
  const error = await attempt.then(
    () => new Error('it was not refused'),
    (reason) => reason,
  );
  if (error instanceof HotlineError) return error;
  throw error;
}

export async function refusalCode(attempt: Promise<unknown>): Promise<HotlineErrorCode> {
  return (await refusal(attempt)).code;
}
