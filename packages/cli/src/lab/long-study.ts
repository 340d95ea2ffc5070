/** `skykey lab --study NAME`: hours of passes with progress and resumption, and a report that a reader can check. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GateStudy, gateClaims, LONG_STUDIES, type LongStudy, type SeriesResult } from '@skykey/lab';
import { CliError } from '../error.ts';
import { writeWhole } from '../file.ts';
import { day } from '../interval.ts';
import { Progress } from '../progress.ts';
import { StudyFolder } from './folder.ts';
import { type GateReport, gateDocument, gateText } from './gate-report.ts';
import { Laboratory } from './laboratory.ts';
import { type Report, reportDocument, reportText } from './study-report.ts';
import { linkOf } from './world.ts';

export interface LongStudyOptions {
  readonly scenario: string;
  readonly passes?: number;
  readonly seed: number;
  readonly seconds?: number;
  readonly out?: string;
  readonly results?: string;
  readonly workers?: number;
  readonly json?: boolean;
}

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
/** Journals, which may be thrown away; the report is what is kept. */
const JOURNALS = join(ROOT, 'data', 'lab');
const RESULTS = join(ROOT, 'docs', 'results');

/** Sources at the gate: a hundredth of a second each, so that nothing is kept. */
const GATE = 'source-gate';
const TRIALS = 2000;

export async function longStudy(name: string, options: LongStudyOptions): Promise<void> {
  const asked = LONG_STUDIES.find((one) => one.name === name);
  if (!asked && name !== GATE) {
    const names = [...LONG_STUDIES.map((one) => one.name), GATE].join(', ');
    throw new CliError('cli/option', `--study ${name}: the studies are ${names}`);
  }
  const results = options.results ?? RESULTS;
  const progress = new Progress();
  let written: { readonly document: unknown; readonly text: string };
  try {
    if (asked) {
      const report = await played(asked, options, new StudyFolder(options.out ?? join(JOURNALS, name)), progress);
      written = { document: reportDocument(report), text: reportText(report) };
    } else {
      const report = gated(options, progress);
      written = { document: gateDocument(report), text: gateText(report) };
    }
  } finally {
    progress.end();
  }
  const document = `${JSON.stringify(written.document, null, 2)}\n`;
  mkdirSync(results, { recursive: true });
  writeWhole('--results', join(results, `${name}.json`), document);
  writeWhole('--results', join(results, `${name}.md`), written.text);
  process.stdout.write(options.json ? document : `${written.text}\nWritten to ${results}\n`);
}

function gated({ scenario, seed, seconds, passes = TRIALS }: LongStudyOptions, progress: Progress): GateReport {
  if (!(passes >= 1)) throw new CliError('cli/option', `--passes ${passes}: give a whole number from 1 on`);
  const link = linkOf({ scenario, ...(seconds === undefined ? {} : { seconds }) });
  const study = new GateStudy(link, seed);
  const trials = Array.from({ length: passes }, (_, trial) => {
    progress.report(trial / passes, `${passes} sources at the gate`);
    return study.play(seed, trial);
  });
  const { specificationPs } = study;
  return { scenario, seed, link, specificationPs, trials, claims: gateClaims(trials), date: day(Date.now()) };
}

async function played(
  asked: LongStudy,
  options: LongStudyOptions,
  folder: StudyFolder,
  progress: Progress,
): Promise<Report> {
  const { seed, scenario, seconds, workers, passes = asked.passes } = options;
  const laboratories = new Map<number | null, Laboratory>();
  const results: SeriesResult[] = [];
  try {
    for (const series of asked.series(passes, seed)) {
      const { study, detections } = series;
      let laboratory = laboratories.get(detections);
      if (!laboratory) {
        const world = {
          scenario,
          ...(detections === null ? {} : { detections }),
          ...(seconds === undefined ? {} : { seconds }),
        };
        laboratory = new Laboratory(world, { seed, folder, workers, progress });
        laboratories.set(detections, laboratory);
      }
      const { summary } = await laboratory.play(study);
      results.push({ ...series, summary });
    }
    const { link } = [...laboratories.values()][0]!;
    return {
      study: asked,
      passes,
      seed,
      scenario,
      link,
      results,
      claims: asked.claims(results),
      date: day(Date.now()),
    };
  } finally {
    await Promise.all([...laboratories.values()].map((one) => one.close()));
  }
}
