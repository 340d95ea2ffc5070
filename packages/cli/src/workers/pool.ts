/** Threads for work that takes long. Each has its own instances of the kernels: two on one memory would spoil each other's keys. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { bitsOf, type JobName, type Result, type Task } from './jobs.ts';
import { errorOf, type Problem } from './problem.ts';

type Answer = { readonly result: Result<JobName> } | { readonly problem: Problem };

interface Waiting {
  readonly job: JobName;
  readonly task: Task<JobName>;
  readonly resolve: (result: Result<JobName>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A pool of worker threads. Bits of a task are transferred, not copied: the caller's arrays are empty after `run`, and the
 * worker overwrites what it got. Bits of a result come back the same way.
 */
export class WorkerPool {
  readonly #most: number;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Waiting>();
  readonly #waiting: Waiting[] = [];
  #closed = false;

  /** `workers`: one a core when left out. They are started when they are needed. */
  constructor(workers = availableParallelism()) {
    this.#most = Math.max(1, workers);
  }

  /** Jobs that may wait for a thread; who comes with more is sent away. */
  get limit(): number {
    return this.#most;
  }

  /**
   * Does a job in a thread. Rejects with what the job throws, an error of the same class and code; and with RangeError,
   * nothing transferred, when `limit` jobs are waiting already, when an array shares its memory with others, or when the pool
   * is closed: `map` never asks for too much.
   */
  async run<K extends JobName>(job: K, task: Task<K>): Promise<Result<K>> {
    if (this.#closed) throw new RangeError('the pool is closed');
    if (this.#waiting.length >= this.#most)
      throw new RangeError(`${this.#most} jobs are waiting already: wait for one`);
    for (const { byteLength, buffer } of bitsOf(task)) {
      if (byteLength !== buffer.byteLength)
        throw new RangeError('bits that go to a worker need a memory of their own: it goes with them');
    }
    return new Promise<Result<JobName>>((resolve, reject) => {
      this.#waiting.push({ job, task, resolve, reject });
      this.#next();
    }) as Promise<Result<K>>;
  }

  /** Does one job after the other and yields their results in order. Tasks are asked for only when a thread is free for them. */
  async *map<K extends JobName>(job: K, tasks: Iterable<Task<K>> | AsyncIterable<Task<K>>): AsyncGenerator<Result<K>> {
    const running: Promise<Result<K>>[] = [];
    try {
      for await (const task of tasks) {
        const promise = this.run(job, task);
        // A result that nobody has asked for yet may be an error; it is told when its turn comes.
        promise.catch(() => undefined);
        running.push(promise);
        if (running.length >= this.#most) yield await running.shift()!;
      }
      while (running.length) yield await running.shift()!;
    } finally {
      await Promise.allSettled(running);
    }
  }

  /** Ends the threads. Jobs that are not done are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    const workers = [...this.#idle, ...this.#busy.keys()];
    const left = [...this.#busy.values(), ...this.#waiting];
    this.#idle.length = this.#waiting.length = 0;
    this.#busy.clear();
    for (const { task, reject } of left) {
      // What was handed over is empty here, and ends with its thread.
      for (const bytes of bitsOf(task)) if (bytes.length) bytes.fill(0);
      reject(new RangeError('the pool was closed before the job was done'));
    }
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  /** Gives the longest waiting job to a thread, if there is one for it. */
  #next(): void {
    const worker = this.#idle.pop() ?? (this.#busy.size < this.#most ? this.#start() : undefined);
    if (!worker) return;
    const waiting = this.#waiting.shift();
    if (!waiting) {
      this.#idle.push(worker);
      return;
    }
    const { job, task, reject } = waiting;
    this.#busy.set(worker, waiting);
    try {
      worker.postMessage({ job, task }, [...new Set(bitsOf(task).map(({ buffer }) => buffer as ArrayBuffer))]);
    } catch (error) {
      this.#busy.delete(worker);
      this.#idle.push(worker);
      reject(error as Error);
    }
  }

  #start(): Worker {
    // The command's own options (--test, for one) are not the worker's.
    const worker = new Worker(new URL('./thread.ts', import.meta.url), { execArgv: [] });
    worker.unref();
    worker.on('message', (answer: Answer) => {
      const waiting = this.#busy.get(worker);
      if (!waiting) return;
      this.#busy.delete(worker);
      this.#idle.push(worker);
      if ('problem' in answer) waiting.reject(errorOf(answer.problem));
      else waiting.resolve(answer.result);
      this.#next();
    });
    let fault: Error | undefined;
    worker.on('error', (error) => {
      fault = error as Error;
    });
    worker.on('exit', () => {
      const waiting = this.#busy.get(worker);
      this.#busy.delete(worker);
      const at = this.#idle.indexOf(worker);
      if (at >= 0) this.#idle.splice(at, 1);
      waiting?.reject(fault ?? new Error('a worker thread ended before its job was done'));
      if (!this.#closed && this.#waiting.length) this.#next();
    });
    return worker;
  }
}
