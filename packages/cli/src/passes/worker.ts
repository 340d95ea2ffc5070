/** A worker thread of `search`: told the place of a satellite in the question, it answers with what it found. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Answer } from './search.ts';
import { type Question, sightings } from './sighting.ts';

const question = workerData as Question;
parentPort!.on('message', (index: number) => {
  parentPort!.postMessage(answerFor(index));
});

function answerFor(index: number): Answer {
  try {
    return { index, found: sightings(question, index) };
  } catch (error) {
    const { code, message } = error as Error & { code?: unknown };
    if (typeof code !== 'string') throw error;
    return { index, problem: { code, message } };
  }
}
