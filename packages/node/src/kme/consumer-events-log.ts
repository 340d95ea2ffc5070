/** Server-sent events (HTML standard, 9.2) of one application: kept for whoever comes back, bounded, read at the reader's pace. */
import { NodeError } from '../error.ts';

/** Data of an event: JSON, one line. */
export interface ConsumerEvent {
  readonly event: 'alarm' | 'reopened' | 'voided' | 'stock';
  readonly data: object;
}

/** Events that are kept. */
const KEPT = 256;
/** A comment keeps a quiet stream open. */
const HEARTBEAT_MS = 15_000;
const HEARTBEAT = ':\n\n';
const ID = /^([A-Za-z0-9_]{1,32})\.(0|[1-9][0-9]{0,14})$/;

export class ConsumerLog {
  readonly #run: string;
  readonly #kept: { readonly sequence: number; readonly text: string }[] = [];
  readonly #waking = new Set<() => void>();
  #last = 0;
  #ended = false;

  /** `run`: told apart from every other run of every process; an id of another cannot be resumed. */
  constructor(run: string) {
    if (!/^[A-Za-z0-9_]{1,32}$/.test(run)) throw new NodeError('node/argument', 'a run is 1 to 32 letters or digits');
    this.#run = run;
  }

  append({ event, data }: ConsumerEvent): void {
    const sequence = ++this.#last;
    this.#kept.push({ sequence, text: `id: ${this.#run}.${sequence}\n${said(event, data)}` });
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const wake of [...this.#waking]) wake();
  }

  /** Ends every stream, those to come too. */
  end(): void {
    this.#ended = true;
    for (const wake of [...this.#waking]) wake();
  }

  /**
   * What comes, and before it what was missed since `lastEventId` (as it stood in the header). What is gone is said by an
   * event `missed`. `standing`: what holds now, for a reader who knows nothing or has missed something.
   */
  stream(lastEventId: string | undefined, standing: () => readonly ConsumerEvent[]): AsyncIterable<string> {
    return { [Symbol.asyncIterator]: () => this.#reader(lastEventId, standing) };
  }

  #reader(lastEventId: string | undefined, standing: () => readonly ConsumerEvent[]): AsyncIterator<string> {
    let seen: number | undefined;
    let over = false;
    const wakes = new Set<() => void>();
    /** Null: nothing yet. */
    const take = (): string | null => {
      if (seen === undefined) {
        const begin = this.#begin(lastEventId, standing);
        seen = this.#last;
        return begin;
      }
      if (seen === this.#last) return null;
      const lost = (this.#kept[0]?.sequence ?? this.#last + 1) - 1 - seen;
      const text = this.#since(seen, lost, 'they are not kept any more', standing);
      seen = this.#last;
      return text;
    };
    const next = async (): Promise<IteratorResult<string>> => {
      if (over || this.#ended) return { done: true, value: undefined };
      const text = take();
      if (text !== null) return { done: false, value: text };
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          wakes.delete(wake);
          this.#waking.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, HEARTBEAT_MS);
        wakes.add(wake);
        this.#waking.add(wake);
      });
      if (over || this.#ended) return { done: true, value: undefined };
      return { done: false, value: take() ?? HEARTBEAT };
    };
    const end = async (): Promise<IteratorResult<string>> => {
      over = true;
      for (const wake of wakes) wake();
      return { done: true, value: undefined };
    };
    return { next, return: end };
  }

  #begin(lastEventId: string | undefined, standing: () => readonly ConsumerEvent[]): string {
    // The reader has an id to come back with before anything has happened.
    const opening = `retry: 2000\nid: ${this.#run}.${this.#last}\nevent: ready\ndata: {}\n\n`;
    if (!lastEventId) return opening + now(standing);
    const [, run, digits] = ID.exec(lastEventId) ?? [];
    const seen = Number(digits ?? Number.NaN);
    if (run !== this.#run || !(seen <= this.#last)) {
      const missed = said('missed', { count: null, why: 'the id is not of this run of the key manager' });
      return missed + this.#from(0) + now(standing) + opening;
    }
    const lost = (this.#kept[0]?.sequence ?? this.#last + 1) - 1 - seen;
    return this.#since(seen, lost, 'they are not kept any more', standing) + opening;
  }

  #since(seen: number, lost: number, why: string, standing: () => readonly ConsumerEvent[]): string {
    return lost > 0 ? said('missed', { count: lost, why }) + this.#from(seen) + now(standing) : this.#from(seen);
  }

  #from(seen: number): string {
    return this.#kept
      .filter(({ sequence }) => sequence > seen)
      .map(({ text }) => text)
      .join('');
  }
}

/** Without an id: the reader's last one stays what it was. */
const said = (event: string, data: object): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

const now = (standing: () => readonly ConsumerEvent[]): string =>
  standing()
    .map(({ event, data }) => said(event, data))
    .join('');
