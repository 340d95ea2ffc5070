/** A worker thread of `WorkerPool`: one job after the other, with its own instances of every kernel and their private memories. */
import { parentPort } from 'node:worker_threads';
import { bitsOf, type JobName, perform, type Task } from './jobs.ts';
import { wordsOf } from './problem.ts';

parentPort!.on('message', async ({ job, task }: { readonly job: JobName; readonly task: Task<JobName> }) => {
  try {
    const result = await perform(job, task);
    const whole = bitsOf(result).map(({ buffer }) => buffer as ArrayBuffer);
    parentPort!.postMessage({ result }, [...new Set(whole)]);
  } catch (error) {
    parentPort!.postMessage({ problem: wordsOf(error) });
  }
});
