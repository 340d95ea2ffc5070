/** `skykey study hotline-planted`: faults planted into copies of the source, and whether the tests find each. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from '../error.ts';
import { checkWritable, writeWhole } from '../file.ts';
import { day } from '../interval.ts';
import { makeFolder, RESULTS } from '../lab/long-study.ts';
import { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';
import { Copy, type TestRun } from './planted/copy.ts';
import { FAULTS, type Fault } from './planted/index.ts';

export interface HotlinePlantedOptions {
  /** Those whose name contains it. */
  readonly only?: string;
  readonly workers?: number;
  readonly results?: string;
  readonly json?: boolean;
}

interface Outcome extends Fault {
  /** The first test that failed; null: no test found the fault. */
  readonly caughtBy: string | null;
}

export async function hotlinePlanted({
  only = '',
  workers = 1,
  results = RESULTS,
  json,
}: HotlinePlantedOptions): Promise<void> {
  const faults = FAULTS.filter(({ name }) => name.includes(only));
  if (faults.length === 0)
    throw new CliError('cli/option', `--only ${only}: no fault of the list has this in its name`);
  makeFolder(results);
  const files = { document: join(results, 'hotline-planted.json'), text: join(results, 'hotline-planted.md') };
  for (const file of Object.values(files)) checkWritable('--results', file);
  const within = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'skykey-planted-'));
  const clear = (): void => rmSync(within, { recursive: true, force: true, maxRetries: 5 });
  const interrupted = (): never => process.exit(130);
  process.once('exit', clear).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const progress = new Progress();
  const outcomes = new Map<Fault, Outcome>();
  try {
    const copies = Array.from({ length: workers }, (_, i) => new Copy(join(within, `${i}`)));
    progress.report(0, 'the tests as they are');
    const whole = await copies[0]!.test([...new Set(faults.flatMap(({ tests }) => tests))]);
    if (whole.failed !== null) {
      throw new CliError('cli/bench', `without any fault a test fails: ${whole.failed}; mend that first`);
    }
    const waiting = faults.values();
    await Promise.all(
      copies.map(async (copy) => {
        for (const fault of waiting) {
          progress.report(outcomes.size / faults.length, `${faults.length} faults; now: ${fault.name}`);
          outcomes.set(fault, { ...fault, caughtBy: (await planted(copy, fault)).failed });
        }
      }),
    );
    const all = faults.map((fault) => outcomes.get(fault)!);
    const missed = all.filter(({ caughtBy }) => caughtBy === null);
    const summary = { study: 'hotline-planted', version: VERSION, playedOn: day(Date.now()), faults: all.length };
    const document = `${JSON.stringify({ ...summary, missed: missed.length, outcomes: all }, null, 2)}\n`;
    const text = report(all);
    writeWhole('--results', files.document, document);
    writeWhole('--results', files.text, text);
    progress.end();
    process.stdout.write(json ? document : `${text}\nWritten to ${results}\n`);
    if (missed.length > 0) process.exitCode = 1;
  } finally {
    progress.end();
    clear();
    process.off('exit', clear).off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

async function planted(copy: Copy, { name, file, find, replacement, tests }: Fault): Promise<TestRun> {
  const restore = await copy.replace(file, find, replacement, name);
  try {
    await copy.load(file, name);
    return await copy.test(tests);
  } finally {
    restore();
  }
}

function report(outcomes: readonly Outcome[]): string {
  const missed = outcomes.filter(({ caughtBy }) => caughtBy === null);
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const rows = outcomes.map(
    ({ name, breaks, file, caughtBy }) =>
      `| ${cell(name)} | ${cell(breaks)} | \`${file.replace(/^packages\//, '')}\` | ${caughtBy === null ? '**nothing**' : cell(caughtBy)} |`,
  );
  return `# Faults planted into the hotline

\`skykey study hotline-planted\`, Skykey ${VERSION}, ${day(Date.now())}. Each fault of a list is put into a copy of the source, one at a time; the copy is loaded, and the tests that are named beside the fault run. Without any fault all of them pass. A fault that no test finds is a test that is missing.

**${outcomes.length} faults, ${outcomes.length - missed.length} found, ${missed.length} missed.**

| fault | what is broken | in | found by |
|---|---|---|---|
${rows.join('\n')}

A list of faults shows that tests look at what they say they look at, not that there are no others: it holds what its writers thought of.
`;
}
