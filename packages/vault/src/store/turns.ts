import type { Sql } from './store.ts';

/** A Sql that is dead once its work is over. */
export interface TransactionSql extends Sql {
  isOver: boolean;
}

/** One piece of work that waits for its turn. */
export interface Turn {
  /** Runs the work; the promise of whoever asked is settled by `settle` or `fail` later. Rejects when the work does. */
  readonly run: (sql: TransactionSql) => Promise<void>;
  /** What the work did is durable. */
  readonly settle: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Works in the order they came, those that wait together in one group: whoever carries a group out commits once for all of
 * it. While nothing is under way a work starts as soon as `defer` lets it, so that nobody waits for company.
 */
export class Turns {
  readonly #waiting: Turn[] = [];
  readonly #most: number;
  readonly #defer: (run: () => void) => void;
  readonly #carryOut: (group: Turn[]) => Promise<void>;
  #underWay = false;
  #group: Promise<void> = Promise.resolve();

  /** `carryOut` settles or fails every turn of the group (at most `most`), and never rejects. */
  constructor(most: number, defer: (run: () => void) => void, carryOut: (group: Turn[]) => Promise<void>) {
    this.#most = most;
    this.#defer = defer;
    this.#carryOut = carryOut;
  }

  /** Rejects with what `work` throws, or with what the group failed of. */
  work<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return new Promise((resolve, fail) => {
      let result: T;
      this.add({
        run: async (sql) => {
          try {
            result = await work(sql);
          } finally {
            sql.isOver = true;
          }
        },
        settle: () => resolve(result),
        fail,
      });
    });
  }

  add(turn: Turn): void {
    this.#waiting.push(turn);
    this.#start();
  }

  /** Fails those that wait for their turn; resolves when those that have it are through. */
  async end(error: unknown): Promise<void> {
    for (const turn of this.#waiting.splice(0)) turn.fail(error);
    await this.#group;
  }

  #start(): void {
    if (this.#underWay || this.#waiting.length === 0) return;
    this.#underWay = true;
    this.#defer(() => void this.#next());
  }

  async #next(): Promise<void> {
    this.#group = this.#carryOut(this.#waiting.splice(0, this.#most));
    await this.#group;
    this.#underWay = false;
    this.#start();
  }
}
