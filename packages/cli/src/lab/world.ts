/** The link that a study is played on, as it crosses to workers: named, not carried. */
import { createHash } from 'node:crypto';
import { type LabLink, labLink, TRAINING_PASSES, train } from '@skykey/lab';
import { loadScenario } from '@skykey/node';
import { startOf } from '../interval.ts';
import { VERSION } from '../version.ts';

export interface World {
  /** Id or file, as it was typed. */
  readonly scenario: string;
  readonly detections?: number;
  /** Only the first seconds of the pass, for tests. */
  readonly seconds?: number;
}

export function linkOf({ scenario: name, detections, seconds }: World): LabLink {
  const scenario = loadScenario(name);
  return labLink({
    scenario,
    fromMs: startOf(scenario),
    ...(detections === undefined ? {} : { detections }),
    ...(seconds === undefined ? {} : { seconds }),
  });
}

/** Passes of a probe, the fewest that a baseline can be learned from. */
const PROBE = 8;

/**
 * A name for everything that a baseline and the passes of a study come from: the link, and by a probe of clean passes the
 * engine, its weather and the alarm as they are today.
 */
export function fingerprint(link: LabLink, seed: number): string {
  const { passId, source, receiver, trace } = link;
  const inputs = {
    version: VERSION,
    training: { passes: TRAINING_PASSES, seed },
    link: { passId, source, receiver, channel: Array.from(trace.channelTransmittance) },
    probe: train(link, seed, PROBE),
  };
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
}
