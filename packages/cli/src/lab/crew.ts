/** Threads that play passes. What a pass is does not depend on who plays it, nor on how many there are. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Baseline } from '@skykey/alarm';
import { type LabLink, type PassOutcome, playPasses, type Study } from '@skykey/lab';
import type { World } from './world.ts';

/** What a worker is started with. */
export interface Outfit {
  readonly world: World;
  readonly baseline: Baseline;
}

export interface Order {
  readonly study: Study;
  readonly passes: readonly number[];
}

/** An error crosses as its words, since classes do not. */
export type Answer =
  | { readonly outcomes: readonly PassOutcome[] }
  | { readonly problem: { readonly code: string; readonly message: string } };

/** Passes in one order: some tenths of a second of work. */
const ORDER = 8;
/** Passes from which on the start of a thread is worth it. */
const WORTH_WORKERS = 32;

export class Crew {
  readonly #link: LabLink;
  readonly #outfit: Outfit;
  readonly #most: number;
  #workers: Worker[] = [];

  /** `workers`: as many as the machine has cores when left out. */
  constructor(link: LabLink, outfit: Outfit, workers = availableParallelism()) {
    this.#link = link;
    this.#outfit = outfit;
    this.#most = workers;
  }

  /** Plays these passes; `onOutcomes` hears of some at a time, in any order. */
  async play(
    study: Study,
    passes: readonly number[],
    onOutcomes: (outcomes: readonly PassOutcome[]) => void,
  ): Promise<void> {
    const orders = Array.from({ length: Math.ceil(passes.length / ORDER) }, (_, i) =>
      passes.slice(i * ORDER, (i + 1) * ORDER),
    );
    if (this.#most <= 1 || passes.length < WORTH_WORKERS) {
      for (const order of orders) onOutcomes([...playPasses(this.#link, this.#outfit.baseline, study, order)]);
      return;
    }
    this.#hire();
    let next = 0;
    await Promise.all(
      this.#workers.map(async (worker) => {
        while (next < orders.length) onOutcomes(await answer(worker, { study, passes: orders[next++]! }));
      }),
    );
  }

  async dismiss(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    this.#workers = [];
  }

  #hire(): void {
    while (this.#workers.length < this.#most) {
      // The command's own options (--test, for one) are not the worker's.
      this.#workers.push(
        new Worker(new URL('./worker.ts', import.meta.url), { workerData: this.#outfit, execArgv: [] }),
      );
    }
  }
}

function answer(worker: Worker, order: Order): Promise<readonly PassOutcome[]> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off('error', failed).off('message', heard);
      act();
    };
    const failed = (error: Error): void => settle(() => reject(error));
    const heard = (said: Answer): void =>
      settle(() => {
        if ('problem' in said) reject(Object.assign(new Error(said.problem.message), { code: said.problem.code }));
        else resolve(said.outcomes);
      });
    worker.on('error', failed).on('message', heard);
    worker.postMessage(order);
  });
}
