/** `skykey study hotline-tap`: how fast a call falls silent when somebody taps the link. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { playTapTrial, prepareTapStage, reportTap, type TapOutcome, type TapStage, tapRow } from '@skykey/node';
import { checkWritable, writeWhole } from '../file.ts';
import { makeFolder, RESULTS } from '../lab/long-study.ts';
import { sourceHash } from '../lab/world.ts';
import { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';

export interface HotlineTapOptions {
  readonly trials: number;
  readonly realTime: number;
  readonly scenario: string;
  readonly port: number;
  readonly seed: number;
  readonly out?: string;
  readonly results?: string;
  readonly json?: boolean;
}

interface Trial {
  readonly number: number;
  readonly speed: number | null;
}

const JOURNALS = fileURLToPath(new URL('../../../../data/hotline-tap', import.meta.url));
/** Neither at the horizon nor when the pass is nearly over. */
const FROM = 0.1;
const TO = 0.7;
/** Passes that are behind when a trial begins: with each of these another link comes next. */
const PASSES = [2, 3];

export async function hotlineTap(options: HotlineTapOptions): Promise<void> {
  const { trials, realTime, scenario, port, seed, results = RESULTS, out = JOURNALS, json } = options;
  makeFolder(results);
  makeFolder(out);
  const files = { document: join(results, 'hotline-tap.json'), text: join(results, 'hotline-tap.md') };
  for (const file of Object.values(files)) checkWritable('--results', file);
  const journal = join(out, `${fingerprint(scenario, seed)}.jsonl`);
  const known = readJournal(journal);
  const wanted: readonly Trial[] = [
    ...Array.from({ length: trials }, (_, number) => ({ number, speed: null })),
    ...Array.from({ length: realTime }, (_, number) => ({ number, speed: 1 })),
  ];
  const within = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'skykey-study-'));
  const clear = (): void => rmSync(within, { recursive: true, force: true, maxRetries: 5 });
  const interrupted = (): never => process.exit(130);
  process.once('exit', clear).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const progress = new Progress();
  try {
    const stages: TapStage[] = [];
    for (const [done, trial] of wanted.entries()) {
      if (known.has(nameOf(trial))) continue;
      progress.report(done / wanted.length, `${wanted.length} taps`);
      for (const passes of stages.length > 0 ? [] : PASSES) {
        const data = join(within, `stage-${passes}`);
        stages.push(await prepareTapStage({ scenario, data, port, seed, passes }));
      }
      const outcome = await playTapTrial({
        stage: stages[trial.number % stages.length]!,
        data: join(within, 'trial'),
        seed: draw(seed, trial, 'photons', 2 ** 40),
        moment: FROM + ((TO - FROM) * draw(seed, trial, 'moment', 2 ** 20)) / 2 ** 20,
        speed: trial.speed,
        fraction: 1,
      });
      known.set(nameOf(trial), outcome);
      appendFileSync(journal, `${JSON.stringify({ name: nameOf(trial), outcome })}\n`);
    }
  } finally {
    progress.end();
    clear();
    process.off('exit', clear).off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
  const of = (real: boolean): readonly TapOutcome[] =>
    wanted.filter(({ speed }) => (speed !== null) === real).map((trial) => known.get(nameOf(trial))!);
  const pace = of(false)[0]?.speed;
  const rows = [
    ...(trials > 0 ? [tapRow(`as the mission runs${pace ? `, ${pace} times as fast` : ''}`, of(false))] : []),
    ...(realTime > 0 ? [tapRow('real time', of(true))] : []),
  ];
  const document = `${JSON.stringify({ study: 'hotline-tap', version: VERSION, seed, scenario, rows, trials: [...of(false), ...of(true)] }, null, 2)}\n`;
  const text = reportTap(rows, seed);
  writeWhole('--results', files.document, document);
  writeWhole('--results', files.text, text);
  process.stdout.write(json ? document : `${text}\nWritten to ${results}\n`);
  if (rows.some(({ violations, p99Ms }, i) => violations.length > 0 || (i === 0 && p99Ms > 1000))) process.exitCode = 1;
}

const nameOf = ({ number, speed }: Trial): string => `${speed === null ? 'mission' : 'real'} ${number}`;

function draw(seed: number, trial: Trial, what: string, below: number): number {
  return (
    createHash('sha256')
      .update(`${seed} ${nameOf(trial)} ${what}`)
      .digest()
      .readUIntBE(0, 6) % below
  );
}

/** A line that was cut off with its study is played again. */
function readJournal(file: string): Map<string, TapOutcome> {
  const known = new Map<string, TapOutcome>();
  if (!existsSync(file)) return known;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    try {
      const { name, outcome } = JSON.parse(line) as { name: string; outcome: TapOutcome };
      known.set(name, outcome);
    } catch {
      // Cut off, or the end.
    }
  }
  return known;
}

/** After a change of the code a study begins anew. */
function fingerprint(scenario: string, seed: number): string {
  const folders = ['distill', 'kme', 'hotline', 'node'].map((name) =>
    fileURLToPath(new URL('.', import.meta.resolve(`@skykey/${name}`))),
  );
  const inputs = JSON.stringify({
    version: VERSION,
    engine: process.versions.v8,
    code: sourceHash(folders),
    scenario,
    seed,
  });
  return createHash('sha256').update(inputs).digest('hex').slice(0, 16);
}
