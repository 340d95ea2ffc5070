/** `skykey lab --study NAME`: hours of passes with progress and resumption, and a report that a reader can check. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GateStudy, gateClaims, LONG_STUDIES, type LongStudy, type SeriesResult } from '@skykey/lab';
import { CliError } from '../error.ts';
import { checkWritable, writeWhole } from '../file.ts';
import { day } from '../interval.ts';
import { Progress } from '../progress.ts';
import { StudyFolder } from './folder.ts';
import { type GateReport, gateDocument, gateText } from './gate-report.ts';
import { Laboratory } from './laboratory.ts';
import { type LinkOf, type Report, reportDocument, reportText } from './study-report.ts';
import { refuseUnused } from './unused.ts';
import { linkOf, type World } from './world.ts';

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
/** Where reports of studies are kept. */
export const RESULTS = join(ROOT, 'docs', 'results');

/** Sources at the gate: a hundredth of a second each, so that nothing is kept. */
const GATE = 'source-gate';
const TRIALS = 2000;

export async function longStudy(name: string, options: LongStudyOptions): Promise<void> {
  const asked = LONG_STUDIES.find((one) => one.name === name);
  if (!asked && name !== GATE) {
    const names = [...LONG_STUDIES.map((one) => one.name), GATE].join(', ');
    throw new CliError('cli/option', `--study ${name}: the studies are ${names}`);
  }
  if (!asked) refuseUnused(options, ['out', 'workers'], `--study ${GATE}`);
  const results = options.results ?? RESULTS;
  const files = { document: join(results, `${name}.json`), text: join(results, `${name}.md`) };
  makeFolder(results);
  for (const file of Object.values(files)) checkWritable('--results', file);
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
  writeWhole('--results', files.document, document);
  writeWhole('--results', files.text, written.text);
  process.stdout.write(options.json ? document : `${written.text}\nWritten to ${results}\n`);
}

/** Before hours are played for it. Throws CliError `cli/file`. */
export function makeFolder(results: string): void {
  try {
    mkdirSync(results, { recursive: true });
  } catch (error) {
    const { message } = error as Error;
    throw new CliError('cli/file', `--results ${results} cannot be made a folder: ${message}`, { cause: error });
  }
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
  const claims = gateClaims(trials);
  return { scenario, seed, seconds, link, specificationPs, trials, claims, date: day(Date.now()) };
}

async function played(
  asked: LongStudy,
  options: LongStudyOptions,
  folder: StudyFolder,
  progress: Progress,
): Promise<Report> {
  const { seed, scenario, seconds, workers, passes = asked.passes } = options;
  const laboratories = new Map<string, { readonly laboratory: Laboratory; readonly on: LinkOf }>();
  /** Where a series is played: the first that is asked for is the link that the report is about. */
  const laboratoryOf = ({ detections, devices, seconds: part }: LinkOf): Laboratory => {
    const length = shorter(part, seconds);
    const key = JSON.stringify([detections, devices, length]);
    const known = laboratories.get(key);
    if (known) return known.laboratory;
    const world: World = {
      scenario,
      ...(detections === null ? {} : { detections }),
      ...(devices === null ? {} : { devices }),
      ...(length === null ? {} : { seconds: length }),
    };
    const laboratory = new Laboratory(world, { seed, folder, workers, progress });
    laboratories.set(key, { laboratory, on: { detections, devices, seconds: length } });
    return laboratory;
  };
  const results: SeriesResult[] = [];
  const days = new Set<string>();
  try {
    const { link } = laboratoryOf({ detections: null, devices: null, seconds: null });
    for (const series of asked.series(passes, seed, (at) => laboratoryOf(at).edge(at.study))) {
      const laboratory = laboratoryOf(series);
      const { summary, tally, days: on } = await laboratory.play(series.study);
      for (const one of on) days.add(one);
      results.push({ ...series, link: laboratory.link, summary, tally });
    }
    return {
      ...{ study: asked, passes, seed, seconds, scenario, link, results },
      others: [...laboratories.values()].slice(1).map(({ laboratory, on }) => ({ ...on, link: laboratory.link })),
      claims: asked.claims(results),
      sections: asked.sections(results),
      days: [...days].sort(),
    };
  } finally {
    await Promise.all([...laboratories.values()].map(({ laboratory }) => laboratory.close()));
  }
}

/** What a series asks for, or less where the command does. */
function shorter(asked: number | null, option: number | undefined): number | null {
  if (asked === null || option === undefined) return asked ?? option ?? null;
  return Math.min(asked, option);
}
