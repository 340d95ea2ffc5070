/** What a key manager does by itself, again and again: one round at a time, and what failed is said once. */
import type { Logger } from 'pino';
import { messageOf } from './doors.ts';

export interface RoundsOptions {
  readonly everyMs: number;
  readonly work: () => Promise<void>;
  readonly log: Logger;
}

export class Rounds {
  readonly #options: RoundsOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #said = new Set<string>();
  #running: Promise<void> | undefined;
  #soon: NodeJS.Immediate | undefined;
  #ended = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  /** `besides`: what else is done, in its own time. */
  begin(
    besides: readonly { readonly what: string; readonly everyMs: number; readonly work: () => Promise<void> }[],
  ): void {
    this.#timers.push(
      setInterval(() => void this.now(), this.#options.everyMs),
      ...besides.map(({ what, everyMs, work }) => setInterval(() => void this.#keep(what, work), everyMs)),
    );
  }

  soon(): void {
    if (this.#ended) return;
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      void this.now();
    });
  }

  /** Whoever calls while one runs waits for that one. Never rejects. */
  now(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.#running ??= this.#keep('a tick', this.#options.work).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Begins nothing more. Returns what runs. */
  end(): Promise<void> {
    this.#ended = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearImmediate(this.#soon);
    return this.#running ?? Promise.resolve();
  }

  /** Says once what fails, and again when it has failed otherwise or has worked meanwhile. */
  async #keep(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#said.delete(what);
    } catch (error) {
      if (this.#said.has(what) || this.#ended) return;
      this.#said.add(what);
      this.#options.log.error({ reason: messageOf(error) }, `${what} failed; it is tried again`);
    }
  }
}
