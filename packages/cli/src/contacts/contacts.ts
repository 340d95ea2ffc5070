/** The passes of a scenario that make key, planned on a thread of its own: whoever serves keys meanwhile must not wait. */
import { Worker } from 'node:worker_threads';
import type { PlanContacts } from '@skykey/node';

export interface ContactQuestion {
  readonly scenario: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Rejects with what the planner says. */
export const planContacts: PlanContacts = (scenario, fromMs, toMs) =>
  new Promise((resolve, reject) => {
    const question: ContactQuestion = { scenario, fromMs, toMs };
    const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: question, execArgv: [] });
    // A process that ends does not wait for a plan.
    worker.unref();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the planning thread ended without a plan')));
  });
