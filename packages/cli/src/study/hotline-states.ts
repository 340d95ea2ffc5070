/** `skykey study hotline-states`: two desks of the hotline in every state that a hostile line can bring them to. */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { openShipped, playStates, reportStates } from '@skykey/hotline/trial';
import { checkWritable, writeWhole } from '../file.ts';
import { makeFolder, RESULTS } from '../lab/long-study.ts';
import { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';

export interface HotlineStatesOptions {
  readonly depth: number;
  readonly agreementStates: number;
  readonly results?: string;
  readonly json?: boolean;
}

export async function hotlineStates(options: HotlineStatesOptions): Promise<void> {
  const { depth, agreementStates, results = RESULTS, json } = options;
  makeFolder(results);
  const files = { document: join(results, 'hotline-states.json'), text: join(results, 'hotline-states.md') };
  for (const file of Object.values(files)) checkWritable('--results', file);
  const progress = new Progress();
  try {
    const outcome = await playStates(await openShipped(registerHooks), {
      ...{ depth, agreementStates },
      onProgress: (done, what) => progress.report(done, what),
    });
    const document = `${JSON.stringify({ study: 'hotline-states', version: VERSION, ...outcome }, null, 2)}\n`;
    const text = reportStates(outcome);
    writeWhole('--results', files.document, document);
    writeWhole('--results', files.text, text);
    progress.end();
    process.stdout.write(json ? document : `${text}\nWritten to ${results}\n`);
    if (outcome.violations.length > 0) process.exitCode = 1;
  } finally {
    progress.end();
  }
}
