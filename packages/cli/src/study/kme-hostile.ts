/** `skykey study kme-hostile`: a million hostile inputs on every interface of a key manager. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { playHostile, reportHostile } from '@skykey/node';
import { checkWritable, writeWhole } from '../file.ts';
import { makeFolder, RESULTS } from '../lab/long-study.ts';
import { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';
import { COMMAND } from './kme-faults.ts';

export interface KmeHostileOptions {
  readonly inputs: number;
  readonly seed: number;
  readonly results?: string;
  readonly json?: boolean;
}

export async function kmeHostile({ inputs, seed, results = RESULTS, json }: KmeHostileOptions): Promise<void> {
  makeFolder(results);
  const files = { document: join(results, 'kme-hostile.json'), text: join(results, 'kme-hostile.md') };
  for (const file of Object.values(files)) checkWritable('--results', file);
  const within = mkdtempSync(join(tmpdir(), 'skykey-study-'));
  const progress = new Progress();
  try {
    const outcome = await playHostile({
      ...{ command: COMMAND, within, seed, inputs },
      onProgress: (done) => progress.report(Math.min(1, done / inputs), `${inputs} hostile inputs`),
    });
    const document = `${JSON.stringify({ study: 'kme-hostile', version: VERSION, seed, ...outcome }, null, 2)}\n`;
    const text = reportHostile(outcome, seed);
    writeWhole('--results', files.document, document);
    writeWhole('--results', files.text, text);
    progress.end();
    process.stdout.write(json ? document : `${text}\nWritten to ${results}\n`);
    if (outcome.violations.length > 0) process.exitCode = 1;
  } finally {
    progress.end();
    rmSync(within, { recursive: true, force: true, maxRetries: 5 });
  }
}
