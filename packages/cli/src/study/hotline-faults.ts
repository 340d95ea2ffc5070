/** `skykey study hotline-faults`: a fault at every system call by which two desks change their files. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reportDeskFaults, studyDeskFaults } from '@skykey/node';
import { checkWritable, writeWhole } from '../file.ts';
import { makeFolder, RESULTS } from '../lab/long-study.ts';
import { sourceHash } from '../lab/world.ts';
import { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';

export interface HotlineFaultsOptions {
  readonly points?: number;
  readonly workers?: number;
  readonly results?: string;
  readonly json?: boolean;
}

export async function hotlineFaults({ points, workers, results = RESULTS, json }: HotlineFaultsOptions): Promise<void> {
  makeFolder(results);
  const files = { document: join(results, 'hotline-faults.json'), text: join(results, 'hotline-faults.md') };
  for (const file of Object.values(files)) checkWritable('--results', file);
  const within = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'skykey-study-'));
  const clear = (): void => rmSync(within, { recursive: true, force: true, maxRetries: 5 });
  const interrupted = (): never => process.exit(130);
  process.once('exit', clear).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const progress = new Progress();
  let violations = 0;
  try {
    const study = await studyDeskFaults({
      ...{ within, most: points, workers: workers ?? availableParallelism() },
      out: join(results, `hotline-faults-${fingerprint()}.part`),
      onOutcome: (done, all, outcome) => {
        violations += outcome.violations.length;
        progress.report(done / all, `${all} faults at system calls; ${violations} violations`);
      },
    });
    const wrong = study.outcomes.filter((outcome) => outcome.violations.length > 0);
    const calls = Object.fromEntries(
      Object.entries(Object.groupBy(study.calls, ({ call }) => call)).map(([call, list]) => [call, list!.length]),
    );
    const summary = { study: 'hotline-faults', version: VERSION, calls, points: study.points };
    const document = `${JSON.stringify({ ...summary, tried: study.outcomes.length, wrong }, null, 2)}\n`;
    const text = reportDeskFaults(study);
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
function fingerprint(): string {
  const folders = ['hotline', 'node'].map((name) =>
    fileURLToPath(new URL('.', import.meta.resolve(`@skykey/${name}`))),
  );
  const inputs = JSON.stringify({ version: VERSION, engine: process.versions.v8, code: sourceHash(folders) });
  return createHash('sha256').update(inputs).digest('hex').slice(0, 16);
}
