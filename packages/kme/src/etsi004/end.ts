import { KmeError } from '../error.ts';
import type { Notebook } from '../service.ts';
import type { ChunkWindow } from './chunks.ts';
import type { Dialect, Qos } from './message.ts';
import { RateLimit } from './qos.ts';

/** What this site knows durably of its end of a key stream. Holds no key. */
export interface EndRecord {
  readonly ksid: string;
  /** The application of this site, and the other one. */
  readonly sae: string;
  readonly peer: string;
  readonly peerKme: string;
  /** Whether this end sets the chunks aside. */
  readonly leads: boolean;
  readonly qos: Qos;
  /** Of this site's application; null before it has opened the stream. */
  readonly dialect: Dialect | null;
  /** Whether each application has opened the stream, and closed it. */
  readonly connected: boolean;
  readonly peerConnected: boolean;
  readonly closed: boolean;
  readonly peerClosed: boolean;
  /** Whether the other site knows that this end is closed. */
  readonly closeTold: boolean;
  /** Chunks below were set aside at some time; none beyond was ever given out. */
  readonly assignedTo: number;
  /** Those of them that have not expired, in order. */
  readonly windows: readonly ChunkWindow[];
  /** Of the next window. */
  readonly shift: number;
  /** Leader: chunks from `assignedTo` on whose assignment may or may not have come to pass. */
  readonly pending: number;
  /** How far each application has asked. */
  readonly askedTo: number;
  readonly peerAskedTo: number;
  readonly usedAtMs: number;
}

const PREFIX = 'etsi004/';

/** One end of a key stream: the record, which changes only once the change is durable, and what need not survive. */
export class StreamEnd {
  readonly #notebook: Notebook;
  #record: EndRecord;
  #writing: Promise<unknown> = Promise.resolve();
  #working: Promise<unknown> = Promise.resolve();
  #arrivals = new Set<() => void>();
  #forgotten = false;
  rate: RateLimit;
  /** Chunks below were all given to this site's application, as far as is known. */
  readTo = 0;
  /** Leader: the same of the other site's. */
  peerReadTo = 0;
  /** Follower: how far the leader was told that we are. */
  reportedTo = 0;
  /** Leader: chunks of the next window, and when the last was set aside. */
  reach = 4;
  reachedAtMs: number;
  /** Leader: the key service takes no chunks of this size, whatever their ids. */
  refused = false;
  usedAtMs: number;
  /** How far this site's application has asked; kept with the next change. */
  askedTo: number;

  private constructor(notebook: Notebook, record: EndRecord, nowMs: number) {
    this.#notebook = notebook;
    this.#record = record;
    this.rate = new RateLimit(record.qos, nowMs);
    this.reachedAtMs = nowMs;
    this.usedAtMs = record.usedAtMs;
    this.askedTo = record.askedTo;
  }

  static async create(notebook: Notebook, record: EndRecord): Promise<StreamEnd> {
    await notebook.remember(nameOf(record), record);
    return new StreamEnd(notebook, record, record.usedAtMs);
  }

  /** Every end that the notebook holds. */
  static async recallAll(notebook: Notebook, nowMs: number): Promise<StreamEnd[]> {
    const notes = await notebook.recallAll(PREFIX);
    return notes.map(({ name, value }) => {
      const record = value as EndRecord;
      if (nameOf(record) !== name || !Array.isArray(record.windows)) {
        throw new KmeError('kme/argument', `the note ${name} is no key stream: restore the store from its backup`);
      }
      return new StreamEnd(notebook, record, nowMs);
    });
  }

  get record(): EndRecord {
    return this.#record;
  }

  /** Changes the record; seen by nobody before it is durable. */
  update(patch: Partial<EndRecord>): Promise<void> {
    const done = this.#writing.then(async () => {
      if (this.#forgotten) return;
      const next = { ...this.#record, usedAtMs: this.usedAtMs, askedTo: this.askedTo, ...patch };
      await this.#notebook.remember(nameOf(next), next);
      this.#record = next;
      if (patch.qos) this.rate = new RateLimit(next.qos, next.usedAtMs);
      if (next.peerConnected) this.#welcome();
    });
    this.#writing = done.catch(() => {});
    return done;
  }

  /** For ever: a change that comes later is none. */
  async forget(): Promise<void> {
    this.#forgotten = true;
    await this.#writing;
    await this.#notebook.forget(nameOf(this.#record));
  }

  /**
   * One piece of work on the chunks at a time. To tell the other site something from within is allowed to the follower
   * alone: its words wait for the leader's work, so the leader's must never wait for the follower.
   */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#working.then(work);
    this.#working = done.catch(() => {});
    return done;
  }

  /** Resolves when the other application has opened the stream; `gone` takes the wish back. */
  peerArrives(gone: AbortSignal): Promise<void> {
    if (this.#record.peerConnected) return Promise.resolve();
    return new Promise((resolve) => {
      this.#arrivals.add(resolve);
      gone.addEventListener('abort', () => this.#arrivals.delete(resolve), { once: true });
    });
  }

  #welcome(): void {
    for (const arrive of this.#arrivals) arrive();
    this.#arrivals.clear();
  }
}

function nameOf({ ksid, sae }: EndRecord): string {
  return `${PREFIX}${ksid}/${sae}`;
}
