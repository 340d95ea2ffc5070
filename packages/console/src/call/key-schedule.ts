import { BASE_KEY_BYTES, frameKeyId, type MediaMessage, type Stream } from '@skykey/hotline/media';
import { base64Bytes } from './base64.ts';
import type { LeaseAnswer, LeaseKey } from './contract.ts';

/** Key ids that are named to the site at most: the newest. */
const MOST_NAMED = 64;
/** Keys kept for later, at most: an epoch has four. */
const MOST_WAITING = 16;

/** A key for the media room, in the worker's memory alone. */
export type KeyMessage = Extract<MediaMessage, { kind: 'key' }>;

/**
 * When each key that the site gives is put to use. One to seal with: when the site says so (`sendEpoch`). One to open
 * with: when the first frame names it, since from then on the keys before it live for a few seconds only, and the site
 * may give it long ahead. Epochs only go forward, so that no key is ever begun a second time.
 */
export class KeySchedule {
  readonly #named = new Set<string>();
  #sendEpoch = -1;
  #waiting: readonly KeyMessage[] = [];

  /** Ids of keys in use or kept: the site need not give them again. */
  have(): readonly string[] {
    return [...this.#named];
  }

  /** The epoch that is sealed with; null before the first. */
  get sendEpoch(): number | null {
    return this.#sendEpoch < 0 ? null : this.#sendEpoch;
  }

  /** Takes an answer of the site; returns the keys to seal with from now on. */
  after({ sendEpoch, keys }: Pick<LeaseAnswer, 'sendEpoch' | 'keys'>): readonly KeyMessage[] {
    for (const key of keys) {
      const message = this.#named.has(key.keyId) ? null : keyMessage(key);
      if (message === null) continue;
      this.#name(key.keyId);
      this.#waiting = [...this.#waiting, message];
    }
    const ready = this.#waiting.filter(({ use, epoch }) => use === 'seal' && epoch === sendEpoch);
    if (ready.length > 0 && sendEpoch > this.#sendEpoch) this.#sendEpoch = sendEpoch;
    const install = this.#withdraw(({ use, epoch }) => use === 'seal' && epoch === this.#sendEpoch);
    wipe(this.#withdraw(({ use, epoch }) => use === 'seal' && epoch < this.#sendEpoch));
    wipe(this.#withdraw((key) => this.#waiting.indexOf(key) < this.#waiting.length - MOST_WAITING));
    return install;
  }

  /** The key to open with that a frame names, if it waits; what is older is not begun any more. */
  named(stream: Stream, kid: bigint): KeyMessage | null {
    const mine = (key: KeyMessage) => key.use === 'open' && key.stream === stream;
    const [key] = this.#withdraw((each) => mine(each) && frameKeyId(each.epoch, stream) === kid);
    if (key === undefined) return null;
    wipe(this.#withdraw((each) => mine(each) && each.epoch < key.epoch));
    return key;
  }

  /** Overwrites the keys that wait. */
  wipe(): void {
    wipe(this.#waiting);
    this.#waiting = [];
  }

  #withdraw(which: (key: KeyMessage) => boolean): readonly KeyMessage[] {
    const withdrawn = this.#waiting.filter(which);
    this.#waiting = this.#waiting.filter((key) => !withdrawn.includes(key));
    return withdrawn;
  }

  #name(keyId: string): void {
    this.#named.add(keyId);
    const [oldest] = this.#named;
    if (this.#named.size > MOST_NAMED && oldest !== undefined) this.#named.delete(oldest);
  }
}

function wipe(keys: readonly KeyMessage[]): void {
  for (const { baseKey } of keys) baseKey.fill(0);
}

/** Null for a key that is none: then it is not named either, and the site may mend it. */
function keyMessage({ use, stream, mediaEpoch, baseKey }: LeaseKey): KeyMessage | null {
  const bytes = base64Bytes(baseKey);
  if (bytes?.length !== BASE_KEY_BYTES) return null;
  return { kind: 'key', use: use === 'send' ? 'seal' : 'open', stream, epoch: mediaEpoch, baseKey: bytes };
}
