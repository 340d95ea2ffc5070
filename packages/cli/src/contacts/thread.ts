/** The worker thread of `planContacts`: one question, one answer. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadScenario } from '@skykey/node';
import { contacts } from '@skykey/planner';
import type { ContactQuestion } from './contacts.ts';

const REALISATIONS = 200;
/** Of chance in the counts: the sky's own luck is not known here. */
const SEED = 1;

const { scenario, fromMs, toMs } = workerData as ContactQuestion;
const planned = contacts({
  ...{ scenario: loadScenario(scenario), fromMs, toMs, realisations: REALISATIONS, seed: SEED },
  // The sky of a mission has no clouds; every pass is flown.
  ...{ weather: 'clear', objective: 'fair', blocks: 'pass' },
});
parentPort!.postMessage(
  planned.map(({ stationIds, startMs, endMs, bits }) => ({ stationId: stationIds[0]!, startMs, endMs, bits })),
);
