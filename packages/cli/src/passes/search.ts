/**
 * The search over all satellites of a question: here when it is small, in worker threads when it is not. Satellites share
 * nothing, so each worker is given the next one as soon as it is done with the last.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { checkStation } from '@skykey/orbit';
import { type Found, type Question, sightings } from './sighting.ts';

/** Satellites x stations x days from which on a worker's start (half a second) is worth it. */
const WORTH_WORKERS = 3000;
const MOST_WORKERS = 8;

/** What a worker answers for one satellite; an error crosses as its words, since classes do not. */
export type Answer =
  | { readonly index: number; readonly found: Found }
  | { readonly index: number; readonly problem: { readonly code: unknown; readonly message: string } };

/** In order of time. Throws OrbitError, or one of the same code and words. */
export async function search(question: Question, onProgress: (fraction: number) => void): Promise<Found> {
  for (const station of question.stations) checkStation(station);
  const { satellites, stations, fromMs, toMs } = question;
  const size = (satellites.length * stations.length * (toMs - fromMs)) / 86_400_000;
  const clonable = satellites.every(({ target }) => target.kind === 'sgp4');
  const workers = Math.min(availableParallelism(), MOST_WORKERS, satellites.length);
  const all =
    clonable && workers > 1 && size >= WORTH_WORKERS
      ? await shared(question, workers, onProgress)
      : satellites.map((_, index) => {
          onProgress(index / satellites.length);
          return sightings(question, index);
        });
  return {
    passes: all.flatMap(({ passes }) => passes).sort((a, b) => a.pass.aosMs - b.pass.aosMs),
    joint: all.flatMap(({ joint }) => joint).sort((a, b) => a.joint.startMs - b.joint.startMs),
  };
}

async function shared(question: Question, count: number, onProgress: (fraction: number) => void): Promise<Found[]> {
  const { length } = question.satellites;
  const all = new Array<Found>(length);
  let next = 0;
  let done = 0;
  const workers = Array.from({ length: count }, () => {
    // The command's own options (--test, for one) are not the worker's.
    return new Worker(new URL('./worker.ts', import.meta.url), { workerData: question, execArgv: [] });
  });
  try {
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            const ask = (): void => {
              if (next < length) worker.postMessage(next++);
              else resolve();
            };
            worker.once('error', reject);
            worker.on('message', (answer: Answer) => {
              if ('problem' in answer) {
                reject(Object.assign(new Error(answer.problem.message), { code: answer.problem.code }));
                return;
              }
              all[answer.index] = answer.found;
              onProgress(++done / length);
              ask();
            });
            ask();
          }),
      ),
    );
    return all;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
