/** `skykey study hotline-memory`: what is left of a conversation in the memory of its desks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid, platform } from 'node:process';
import { playMemory, reportMemory } from '@skykey/node';
import { CliError } from '../error.ts';
import { checkWritable, writeWhole } from '../file.ts';
import { makeFolder, RESULTS } from '../lab/long-study.ts';
import { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';

export interface HotlineMemoryOptions {
  readonly texts: number;
  readonly results?: string;
  readonly json?: boolean;
}

export async function hotlineMemory({ texts, results = RESULTS, json }: HotlineMemoryOptions): Promise<void> {
  if (!(texts >= 1)) throw new CliError('cli/option', `--texts ${texts}: give a whole number from 1 on`);
  if (platform !== 'linux' || getuid?.() !== 0)
    throw new CliError('cli/option', 'this looks into the memory of other processes: run it on Linux, as root');
  makeFolder(results);
  const files = { document: join(results, 'hotline-memory.json'), text: join(results, 'hotline-memory.md') };
  for (const file of Object.values(files)) checkWritable('--results', file);
  const within = mkdtempSync(join(tmpdir(), 'skykey-study-'));
  const progress = new Progress();
  try {
    const outcome = await playMemory({
      ...{ within: join(within, 'stage'), texts },
      onProgress: (done) => progress.report(done, `a conversation of ${texts} texts, and the search for them`),
    });
    const document = `${JSON.stringify({ study: 'hotline-memory', version: VERSION, ...outcome }, null, 2)}\n`;
    const text = reportMemory(outcome);
    writeWhole('--results', files.document, document);
    writeWhole('--results', files.text, text);
    progress.end();
    process.stdout.write(json ? document : `${text}\nWritten to ${results}\n`);
    if (outcome.findings.some(({ after }) => after > 0)) process.exitCode = 1;
  } finally {
    progress.end();
    rmSync(within, { recursive: true, force: true, maxRetries: 5 });
  }
}
