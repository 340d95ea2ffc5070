/**
 * Work that is wanted again and again: one run at a time, and however often it is asked for meanwhile, one more after it.
 * So nothing piles up behind a disk that is slow.
 */
export class Paced {
  readonly #work: () => Promise<void>;
  readonly #pauseMs: number;
  readonly #onFault: (error: unknown) => void;
  #running: Promise<unknown> | undefined;
  #next: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** `pauseMs`: `soon` runs the work no sooner and hence not more often. `onFault`: what it throws then. */
  constructor(work: () => Promise<void>, pauseMs: number, onFault: (error: unknown) => void) {
    this.#work = work;
    this.#pauseMs = pauseMs;
    this.#onFault = onFault;
  }

  /** Has the work run within the pause. */
  soon(): void {
    if (this.#stopped) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.now().catch(this.#onFault);
    }, this.#pauseMs);
  }

  /** Resolves when a run is over that began after this call; rejects with what it throws. Stopped: at once, without one. */
  now(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    if (!this.#running) return this.#run();
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#stopped ? undefined : this.#run();
    });
    return this.#next;
  }

  /** Begins nothing more, and waits for what runs. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #run(): Promise<void> {
    const run = this.#work();
    this.#running = run
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined;
      });
    return run;
  }
}
