import { KmeError } from '../error.ts';
import { type Notification, qualified } from './notification.ts';

export interface SdnEventsOptions {
  /** Told apart from every earlier run of this process: ids of another run cannot be resumed. 1 to 32 of `A-Z a-z 0-9 _`. */
  readonly run: string;
  readonly nowMs: () => number;
  /** Events that are kept for whoever comes back. Default 1024. */
  readonly kept?: number;
}

/** A comment that keeps a quiet stream open: to be written every 15 seconds or so. */
export const HEARTBEAT = ':\n\n';

/** A number that no run reaches. */
const SEQUENCE = /^([A-Za-z0-9_]{1,32})\.([1-9][0-9]{0,14})$/;

/**
 * The notifications of a node as server-sent events (HTML standard, 9.2), each with the JSON of RFC 8040, 6.4, and an id.
 * Who comes back with `Last-Event-ID` gets what was kept since; what was not kept is told first, by an event `missed`, so
 * that a controller knows to read the whole model again.
 */
export class SdnEvents {
  readonly #options: SdnEventsOptions;
  readonly #kept: { readonly sequence: number; readonly text: string }[] = [];
  readonly #listeners = new Set<(text: string) => void>();
  #last = 0;

  constructor(options: SdnEventsOptions) {
    this.#options = options;
    if (!/^[A-Za-z0-9_]{1,32}$/.test(options.run)) {
      throw new KmeError('kme/argument', `run shall be 1 to 32 letters or digits, not ${JSON.stringify(options.run)}`);
    }
    if (!(Number.isInteger(this.#capacity) && this.#capacity >= 1)) {
      throw new KmeError('kme/argument', `kept shall be a whole number from 1, not ${options.kept}`);
    }
  }

  /** Told to everybody who listens, and kept. */
  publish(notifications: readonly Notification[]): void {
    for (const { name, content } of notifications) {
      const eventTime = new Date(this.#options.nowMs()).toISOString();
      const document = { 'ietf-restconf:notification': { eventTime, [qualified(name)]: content } };
      const text = `id: ${this.#id(++this.#last)}\ndata: ${JSON.stringify(document)}\n\n`;
      this.#kept.push({ sequence: this.#last, text });
      if (this.#kept.length > this.#capacity) this.#kept.shift();
      for (const listener of this.#listeners) listener(text);
    }
  }

  /**
   * Calls `send` with the beginning of the stream at once, and then with each event as it happens. Returns how to end
   * it. `lastEventId` as it came in the header; undefined for a stream that begins now. `send` must not throw; a reader
   * that cannot keep up is for the adapter to drop: it comes back and is told what it missed.
   */
  subscribe(lastEventId: string | undefined, send: (text: string) => void): () => void {
    send(this.since(lastEventId));
    this.#listeners.add(send);
    return () => {
      this.#listeners.delete(send);
    };
  }

  /** The beginning of a stream: a line that opens it, what was missed and is gone, what was missed and is here. */
  since(lastEventId: string | undefined): string {
    const opening = `retry: 2000\n: skykey ${this.#id(this.#last)}\n\n`;
    if (lastEventId === undefined || lastEventId === '') return opening;
    const [, run, digits] = SEQUENCE.exec(lastEventId) ?? [];
    const seen = Number(digits ?? Number.NaN);
    const first = this.#kept[0]?.sequence ?? this.#last + 1;
    const ours = run === this.#options.run && seen <= this.#last;
    if (!ours) return `${opening}${this.#missed(null, 'the id is not of this run of the node')}${this.#from(0)}`;
    const lost = first - 1 - seen;
    const told = lost > 0 ? this.#missed(lost, 'they are not kept any more') : '';
    return opening + told + this.#from(seen);
  }

  #from(seen: number): string {
    return this.#kept
      .filter(({ sequence }) => sequence > seen)
      .map(({ text }) => text)
      .join('');
  }

  /** Without an id, so that the reader's last one stays what it was. `count` null: nobody knows how many. */
  #missed(count: number | null, why: string): string {
    return `event: missed\ndata: ${JSON.stringify({ count, why })}\n\n`;
  }

  #id(sequence: number): string {
    return `${this.#options.run}.${sequence}`;
  }

  get #capacity(): number {
    return this.#options.kept ?? 1024;
  }
}
