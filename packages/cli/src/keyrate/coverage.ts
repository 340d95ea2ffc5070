/** `skykey keyrate --study coverage`: how often a bound is wrong, over sessions whose truth is known. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../error.ts';
import { checkWritable, writeWhole } from '../file.ts';
import { day } from '../interval.ts';
import { makeFolder, RESULTS } from '../lab/long-study.ts';
import { sourceHash } from '../lab/world.ts';
import { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';
import { CELLS, type Cell, nameOf, type PlayedCell, playCell } from './coverage-cells.ts';
import { CoverageJournal } from './coverage-journal.ts';
import { coverageDocument, coverageText } from './coverage-report.ts';

export interface CoverageOptions {
  readonly sessions?: number;
  readonly seed?: number;
  readonly results?: string;
  readonly json?: boolean;
}

/** Of each cell. */
const SESSIONS = 100_000;
const SEED = 1;

export function coverageStudy(options: CoverageOptions): void {
  const { sessions = SESSIONS, seed = SEED, results = RESULTS, json } = options;
  if (sessions < 1) throw new CliError('cli/option', `--sessions ${sessions}: give a whole number from 1 on`);
  makeFolder(results);
  const files = { document: join(results, 'coverage.json'), text: join(results, 'coverage.md') };
  for (const file of Object.values(files)) checkWritable('--results', file);
  const journal = new CoverageJournal(join(results, `coverage-${fingerprint(sessions, seed)}.part.jsonl`));
  const progress = new Progress();
  let cells: readonly PlayedCell[];
  try {
    cells = playCells(CELLS, { sessions, seed, journal, progress });
  } finally {
    progress.end();
  }
  const report = { sessions, seed, cells };
  const document = `${JSON.stringify(coverageDocument(report), null, 2)}\n`;
  const text = coverageText(report);
  writeWhole('--results', files.document, document);
  writeWhole('--results', files.text, text);
  journal.remove();
  process.stdout.write(json ? document : `${text}\nWritten to ${results}\n`);
}

/** Those that the journal has are not played again. */
export function playCells(
  cells: readonly Cell[],
  {
    sessions,
    seed,
    journal,
    progress,
  }: {
    readonly sessions: number;
    readonly seed: number;
    readonly journal: CoverageJournal;
    readonly progress: Pick<Progress, 'report'>;
  },
): readonly PlayedCell[] {
  return cells.map((cell, i) => {
    const kept = journal.found(nameOf(cell));
    if (kept) return kept;
    const onSession = (played: number): void => {
      if (played % 64 > 0) return;
      const what = `${cells.length} cells of ${sessions} sessions: ${cell.proof}, ${cell.attack}, eps ${cell.epsilon}`;
      progress.report((i + played / sessions) / cells.length, what);
    };
    const played = { ...playCell(cell, { sessions, seed, onSession }), playedOn: day(Date.now()) };
    journal.add(played);
    return played;
  });
}

/** All that decides what a cell is: after a change of the code a study begins anew. */
function fingerprint(sessions: number, seed: number): string {
  const code = sourceHash([fileURLToPath(new URL('.', import.meta.resolve('@skykey/finitekey')))]);
  const inputs = JSON.stringify({ version: VERSION, engine: process.versions.v8, code, sessions, seed });
  return createHash('sha256').update(inputs).digest('hex').slice(0, 16);
}
