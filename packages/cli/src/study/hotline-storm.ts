/** `skykey study hotline-storm`: dry pools, crashes at every write and a hostile line, against the session whole. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StormPart, type StormSize, stormParts } from '@skykey/hotline/trial';
import { checkWritable, writeWhole } from '../file.ts';
import { day } from '../interval.ts';
import { makeFolder, RESULTS } from '../lab/long-study.ts';
import { sourceHash } from '../lab/world.ts';
import { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';
import { Journal } from './journal.ts';
import { type StormWorld, stormDocument, stormText } from './storm-report.ts';
import { employ, partOf } from './workers.ts';

export interface HotlineStormOptions {
  readonly crashes: number;
  readonly moments: number;
  readonly mutated: number;
  readonly rounds: number;
  /** Of conversations that go through every write or every message, at most so many. */
  readonly points?: number;
  readonly seed: number;
  readonly results?: string;
  /** Folder of journals. */
  readonly out?: string;
  /** Processes that play. */
  readonly workers?: number;
  /** `k/n`: one of those, which plays each n-th world. */
  readonly part?: string;
  readonly json?: boolean;
}

/** Journals, which may be thrown away; the report is what is kept. */
const JOURNALS = fileURLToPath(new URL('../../../../data/hotline-storm', import.meta.url));

export async function hotlineStorm(options: HotlineStormOptions): Promise<void> {
  const { crashes, moments, mutated, rounds, points, seed, results = RESULTS, out = JOURNALS, json } = options;
  const size: StormSize = { crashes, moments, mutated, rounds, seed, ...(points && { most: points }) };
  makeFolder(results);
  const files = { document: join(results, 'hotline-storm.json'), text: join(results, 'hotline-storm.md') };
  for (const file of Object.values(files)) checkWritable('--results', file);
  makeFolder(out);
  const name = join(out, fingerprint(size));
  const parts = await stormParts(size);
  const count = parts.reduce((sum, { worlds }) => sum + worlds, 0);
  const [part, of] = partOf(options.part);
  if (options.part !== undefined) {
    await playWorlds(parts, journalOf(name, part), (i) => i % of === part);
    return;
  }
  if ((options.workers ?? 1) > 1) {
    const asked = [
      '--out',
      out,
      '--results',
      results,
      '--crashes',
      crashes,
      '--moments',
      moments,
      '--mutated',
      mutated,
    ];
    const rest = ['--rounds', rounds, '--seed', seed, ...(points ? ['--points', points] : [])];
    const args = ['hotline-storm', ...[...asked, ...rest].map(String)];
    await employ(options.workers!, args, () => Journal.count(name) / count);
  }
  const worlds = await playWorlds(parts, journalOf(name), () => true);
  const document = stormDocument(size, worlds);
  const written = `${JSON.stringify(document, null, 2)}\n`;
  const report = stormText(document);
  writeWhole('--results', files.document, written);
  writeWhole('--results', files.text, report);
  process.stdout.write(json ? written : `${report}\nWritten to ${results}\n`);
  if (document.findings.length > 0) process.exitCode = 1;
}

function journalOf(name: string, part?: number): Journal<StormWorld> {
  return new Journal<StormWorld>({
    ...{ name, part },
    keyOf: ({ part: of, world }) => `${of}/${world}`,
    isWorld: ({ part: of, world, findings, playedOn }) =>
      typeof of === 'string' && Number.isSafeInteger(world) && Array.isArray(findings) && typeof playedOn === 'string',
  });
}

/** Those that the journal has are not played again. */
async function playWorlds(
  parts: readonly StormPart[],
  journal: Journal<StormWorld>,
  isOurs: (index: number) => boolean,
): Promise<readonly StormWorld[]> {
  const all = parts.flatMap((part) => Array.from({ length: part.worlds }, (_, world) => ({ part, world })));
  const progress = new Progress();
  const worlds: StormWorld[] = [];
  let found = 0;
  try {
    for (const [i, { part, world }] of all.entries()) {
      if (!isOurs(i)) continue;
      progress.report(i / all.length, `${all.length} worlds, now of ${part.name}; ${found} findings`);
      let played = journal.found(`${part.name}/${world}`);
      if (!played) {
        played = { part: part.name, ...(await part.play(world)), playedOn: day(Date.now()) };
        journal.add(played);
      }
      worlds.push(played);
      found += played.findings.length;
    }
  } finally {
    progress.end();
  }
  return worlds;
}

/** All that decides what a world is: after a change of the code a study begins anew. */
function fingerprint(size: StormSize): string {
  const folders = ['bits', 'distill', 'hotline'].map((name) =>
    fileURLToPath(new URL('.', import.meta.resolve(`@skykey/${name}`))),
  );
  const inputs = JSON.stringify({ version: VERSION, engine: process.versions.v8, code: sourceHash(folders), size });
  return createHash('sha256').update(inputs).digest('hex').slice(0, 16);
}
