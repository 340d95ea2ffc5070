/** Files on their way from this browser to the desk, one after the other; from there on the desk tells of them. */
import { Store } from '../../store.ts';
import type { Answer } from '../api.ts';

export interface Upload {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  readonly doneBytes: number;
  readonly state: 'queued' | 'running' | 'refused';
  readonly reason: string | null;
}

/** The part of a `File` that is needed here. */
export type Source = Pick<File, 'name' | 'size'>;

/** Gives one file to the desk. Never rejects; an abort is an answer that nobody waits for. */
export type SendFile<F extends Source> = (
  file: F,
  onProgress: (doneBytes: number) => void,
  signal: AbortSignal,
) => Promise<Answer>;

interface Job<F> {
  readonly id: number;
  readonly file: F;
  readonly ending: AbortController;
}

/** How often a view hears of progress, ms. */
const SHOW_MS = 100;

export class Uploads<F extends Source = File> {
  readonly store: Store<readonly Upload[]> = new Store<readonly Upload[]>([], SHOW_MS);
  readonly #send: SendFile<F>;
  readonly #queue: Job<F>[] = [];
  #running: Job<F> | null = null;
  #lastId = 0;

  constructor(send: SendFile<F>) {
    this.#send = send;
  }

  add(file: F): void {
    const job = { id: ++this.#lastId, file, ending: new AbortController() };
    this.#queue.push(job);
    const { name, size: bytes } = file;
    this.store.update((all) => [...all, { id: job.id, name, bytes, doneBytes: 0, state: 'queued', reason: null }]);
    void this.#next();
  }

  /** Says why a file cannot be sent, without trying. */
  refuse({ name, size: bytes }: Source, reason: string): void {
    const id = ++this.#lastId;
    this.store.update((all) => [...all, { id, name, bytes, doneBytes: 0, state: 'refused', reason }]);
  }

  /** Ends one that is on its way, or takes a refused one off the page. */
  remove(id: number): void {
    this.store.update((all) => all.filter((upload) => upload.id !== id));
    const waiting = this.#queue.findIndex((job) => job.id === id);
    if (waiting >= 0) this.#queue.splice(waiting, 1);
    if (this.#running?.id === id) this.#running.ending.abort();
  }

  /** Ends everything: the person signs out. */
  close(): void {
    this.#queue.length = 0;
    this.#running?.ending.abort();
  }

  async #next(): Promise<void> {
    if (this.#running !== null) return;
    const job = this.#queue.shift();
    if (job === undefined) return;
    this.#running = job;
    this.#change(job.id, { state: 'running' });
    const answer = await this.#send(job.file, (doneBytes) => this.#change(job.id, { doneBytes }), job.ending.signal);
    this.#running = null;
    // One that was taken away is no longer in the list, and neither line finds it.
    if (answer.ok) this.store.update((all) => all.filter(({ id }) => id !== job.id));
    else this.#change(job.id, { state: 'refused', reason: answer.error });
    void this.#next();
  }

  #change(id: number, more: Partial<Upload>): void {
    this.store.update((all) => all.map((upload) => (upload.id === id ? { ...upload, ...more } : upload)));
  }
}
