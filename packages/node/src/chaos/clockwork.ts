/**
 * Virtual time: what is to happen stands in a queue, and the next thing happens when everything before it has come to rest.
 * What is computed takes no time at all. Work that waits for something real, a database, holds the clock meanwhile.
 */
export class Clockwork {
  nowMs = 0;
  readonly #queue: { readonly atMs: number; readonly turn: number; readonly act: () => void }[] = [];
  readonly #grainMs: number;
  #turns = 0;
  #held = 0;
  #released: (() => void) | undefined;

  /** What lies within `grainMs` happens at once: so that work on a real database overlaps. 0: one thing at a time. */
  constructor(grainMs = 0) {
    this.#grainMs = grainMs;
  }

  after(delayMs: number, act: () => void): void {
    const entry = { atMs: this.nowMs + Math.max(0, delayMs), turn: ++this.#turns, act };
    const queue = this.#queue;
    // A binary heap; of what happens at one moment, what was asked for first comes first.
    let i = queue.push(entry) - 1;
    for (let above = (i - 1) >> 1; i > 0 && isBefore(entry, queue[above]!); above = (i - 1) >> 1) {
      queue[i] = queue[above]!;
      i = above;
    }
    queue[i] = entry;
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Stops virtual time until the promise is settled. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#held++;
    try {
      return await work;
    } finally {
      if (--this.#held === 0) this.#released?.();
    }
  }

  /** Lets things happen until `isOver`, or nothing is left to happen. */
  async run(isOver: () => boolean): Promise<void> {
    for (;;) {
      await this.#rest();
      if (isOver()) return;
      const first = this.#next();
      if (!first) return;
      this.nowMs = Math.max(this.nowMs, first.atMs);
      first.act();
      while (this.#grainMs > 0 && this.#queue[0] && this.#queue[0].atMs <= first.atMs + this.#grainMs)
        this.#next()!.act();
    }
  }

  async #rest(): Promise<void> {
    do {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#held === 0) continue;
      await new Promise<void>((resolve) => {
        this.#released = resolve;
      });
      this.#released = undefined;
    } while (this.#held > 0);
  }

  #next(): { readonly atMs: number; readonly act: () => void } | undefined {
    const queue = this.#queue;
    const first = queue[0];
    const last = queue.pop();
    if (!first || !last || queue.length === 0) return first;
    let i = 0;
    for (;;) {
      let below = 2 * i + 1;
      if (below >= queue.length) break;
      if (below + 1 < queue.length && isBefore(queue[below + 1]!, queue[below]!)) below++;
      if (!isBefore(queue[below]!, last)) break;
      queue[i] = queue[below]!;
      i = below;
    }
    queue[i] = last;
    return first;
  }
}

interface Moment {
  readonly atMs: number;
  readonly turn: number;
}

const isBefore = (a: Moment, b: Moment): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.turn < b.turn);
