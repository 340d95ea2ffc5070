/** What the KME tells of the keys that a tunnel has, as it happens: another key at once, or none and the tunnel closed. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KmeClient, KmeEvent } from '@skykey/client';
import type { Watch } from './watch.ts';

export interface NewsOptions {
  readonly kme: Pick<KmeClient, 'events'>;
  /** The other end's SAE. */
  readonly peer: string;
  readonly role: 'leader' | 'follower';
  readonly watch: Pick<Watch, 'keyId' | 'inDoubt' | 'doubt' | 'despair'>;
  /** `close`: a key in doubt is replaced in time, or the tunnel is closed. `keep`: it is replaced when it can be. */
  readonly onAlarm: 'close' | 'keep';
  /** Asks for a new key at once. */
  readonly hurry: () => void;
  /** For people. */
  readonly tell: (sentence: string) => void;
  readonly signal: AbortSignal;
}

/** So long a key in doubt may stay in use: a round takes one second, and a KME's Retry-After may be ten. */
export const DOUBT_LIMIT_MS = 10_000;
/** The leader hears the same, as a rule, and needs no reminder. */
const LEADER_FIRST_MS = 3_000;

export class News {
  readonly #options: NewsOptions;
  /** Links under alarm that were acted upon: a KME that was started again tells of them anew. */
  readonly #alarmed = new Set<string>();

  constructor(options: NewsOptions) {
    this.#options = options;
  }

  /** Until the signal aborts, or the KME turns out to tell nothing. Never rejects. */
  async follow(): Promise<void> {
    const { kme, tell, signal } = this.#options;
    try {
      await kme.events({ signal, onEvent: (event) => this.hear(event) });
    } catch (error) {
      tell(`its KME tells no events, so an alarm shows at the next rotation only: ${(error as Error).message}`);
    }
  }

  hear(event: KmeEvent): void {
    const { peer, watch } = this.#options;
    if (event.type === 'reopened') this.#alarmed.delete(event.link);
    if (event.type === 'alarm' && event.saes.includes(peer) && !this.#alarmed.has(event.link)) {
      this.#alarmed.add(event.link);
      this.#doubt(`the link ${event.link}, on which keys with ${peer} rest, is under alarm: ${event.reason}`);
    }
    // Nothing is left that could take its place.
    if (event.type === 'stock' && event.sae === peer && event.storedKeyCount === 0) watch.despair();
    const { keyId } = watch;
    if (event.type === 'voided' && keyId !== null && event.keyIds.includes(keyId)) {
      this.#doubt(`its key ${keyId} is void`);
    }
  }

  #doubt(reason: string): void {
    const { watch, role, onAlarm, hurry, tell, signal } = this.#options;
    if (watch.keyId === null || watch.inDoubt) return;
    watch.doubt(reason, onAlarm === 'close' ? DOUBT_LIMIT_MS : Number.POSITIVE_INFINITY);
    tell(`${reason}; a new key is wanted at once`);
    if (role === 'leader') {
      hurry();
      return;
    }
    void pause(LEADER_FIRST_MS, undefined, { signal, ref: false })
      .then(() => watch.inDoubt && hurry())
      .catch(() => undefined);
  }
}
