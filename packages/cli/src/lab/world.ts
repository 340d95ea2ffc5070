/** The link that a study is played on, as it crosses to workers: named, not carried. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Devices, type LabLink, labLink, TRAINING_PASSES } from '@skykey/lab';
import { loadScenario } from '@skykey/node';
import { startOf } from '../interval.ts';
import { VERSION } from '../version.ts';

export interface World {
  /** Id or file, as it was typed. */
  readonly scenario: string;
  readonly detections?: number;
  /** Of the link, where they are not the usual ones. */
  readonly devices?: Devices;
  /** Only the first seconds of the pass, for tests. */
  readonly seconds?: number;
}

export function linkOf({ scenario: name, detections, devices, seconds }: World): LabLink {
  const scenario = loadScenario(name);
  return labLink({
    scenario,
    fromMs: startOf(scenario),
    ...(detections === undefined ? {} : { detections }),
    ...(devices === undefined ? {} : { devices }),
    ...(seconds === undefined ? {} : { seconds }),
  });
}

/** Whose code decides what a pass of a link is and what becomes of it; the link itself is in its figures. */
const DECISIVE = ['photons', 'alarm', 'finitekey', 'lab'] as const;

/**
 * A name for everything that a baseline and the passes of a study come from: the link, the rules of its key, and the code of
 * the engine, the adversaries, the alarm, the bound and the lab, to the letter.
 */
export function fingerprint(link: LabLink, seed: number): string {
  const { alarm: _, assumed, ...figures } = link;
  const inputs = {
    version: VERSION,
    engine: process.versions.v8,
    code: codeHash(),
    training: { passes: TRAINING_PASSES, seed },
    link: figures,
    assumed,
  };
  return createHash('sha256').update(JSON.stringify(inputs, asPlain)).digest('hex').slice(0, 16);
}

/** Typed arrays as arrays: JSON would have them as objects. */
const asPlain = (_: string, value: unknown): unknown => (value instanceof Float64Array ? Array.from(value) : value);

let known: string | undefined;

/** Read once: workers and engine are of the code that the command was started with. */
function codeHash(): string {
  known ??= sourceHash(DECISIVE.map((name) => fileURLToPath(new URL('.', import.meta.resolve(`@skykey/${name}`)))));
  return known;
}

/** Of the sources in these folders as they lie there, but for tests and benchmarks. */
export function sourceHash(folders: readonly string[]): string {
  const hash = createHash('sha256');
  for (const [i, folder] of folders.entries()) {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((one) => /(?<!\.test|\.bench)\.ts$/.test(one) && !/^test\b/.test(one)).sort()) {
      hash.update(`${i}/${file}\n`).update(readFileSync(join(folder, file)));
    }
  }
  return hash.digest('hex');
}
