/** `skykey study kme-faults`: a fault at every system call by which a key manager changes its files. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reportFaults, studyFaults } from '@skykey/node';
import { checkWritable, writeWhole } from '../file.ts';
import { makeFolder, RESULTS } from '../lab/long-study.ts';
import { sourceHash } from '../lab/world.ts';
import { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';

export interface KmeFaultsOptions {
  readonly points?: number;
  readonly workers?: number;
  readonly seed: number;
  readonly results?: string;
  readonly json?: boolean;
}

/** This program, for a process of its own. */
export const COMMAND = [process.execPath, fileURLToPath(new URL('../../bin/skykey.js', import.meta.url))];

export async function kmeFaults(options: KmeFaultsOptions): Promise<void> {
  const { points, seed, results = RESULTS, json } = options;
  makeFolder(results);
  const files = { document: join(results, 'kme-faults.json'), text: join(results, 'kme-faults.md') };
  for (const file of Object.values(files)) checkWritable('--results', file);
  const within = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'skykey-study-'));
  const clear = (): void => rmSync(within, { recursive: true, force: true, maxRetries: 5 });
  const interrupted = (): never => process.exit(130);
  process.once('exit', clear).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const progress = new Progress();
  let violations = 0;
  try {
    const study = await studyFaults({
      ...{ command: COMMAND, within, seed: `faults ${seed}`, most: points },
      out: join(results, `kme-faults-${fingerprint(seed)}.part`),
      workers: options.workers ?? availableParallelism(),
      onOutcome: (done, all, outcome) => {
        violations += outcome.violations.length;
        progress.report(done / all, `${all} faults at system calls; ${violations} violations`);
      },
    });
    const wrong = study.outcomes.filter((outcome) => outcome.violations.length > 0);
    const summary = {
      study: 'kme-faults',
      version: VERSION,
      seed,
      calls: Object.fromEntries(study.calls),
      points: study.points,
    };
    const document = `${JSON.stringify({ ...summary, tried: study.outcomes.length, wrong }, null, 2)}\n`;
    const text = reportFaults(study);
    writeWhole('--results', files.document, document);
    writeWhole('--results', files.text, text);
    progress.end();
    process.stdout.write(json ? document : `${text}\nWritten to ${results}\n`);
    if (wrong.length > 0) process.exitCode = 1;
  } finally {
    progress.end();
    clear();
    process.off('exit', clear).off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

/** After a change of the code a study begins anew. */
function fingerprint(seed: number): string {
  const folders = ['vault', 'kme', 'node'].map((name) =>
    fileURLToPath(new URL('.', import.meta.resolve(`@skykey/${name}`))),
  );
  const inputs = JSON.stringify({ version: VERSION, engine: process.versions.v8, code: sourceHash(folders), seed });
  return createHash('sha256').update(inputs).digest('hex').slice(0, 16);
}
