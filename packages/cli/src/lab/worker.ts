/** A worker thread of `Crew`: told which passes of a study to play, it answers with what became of them. */
import { parentPort, workerData } from 'node:worker_threads';
import { playPasses } from '@skykey/lab';
import type { Answer, Order, Outfit } from './crew.ts';
import { linkOf } from './world.ts';

const { world, baseline } = workerData as Outfit;
const link = linkOf(world);
parentPort!.on('message', (order: Order) => {
  parentPort!.postMessage(answerTo(order));
});

function answerTo({ study, passes }: Order): Answer {
  try {
    return { outcomes: [...playPasses(link, baseline, study, passes)] };
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown };
    if (typeof code !== 'string') throw error;
    return { problem: { code, message } };
  }
}
