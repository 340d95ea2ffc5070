/** `skykey study kme-history`: a million calls of applications while everything fails, and whether each key was given once. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PostgresServer, playHistory } from '@skykey/node';
import { CliError } from '../error.ts';
import { checkWritable, readText, writeWhole } from '../file.ts';
import { day } from '../interval.ts';
import { makeFolder, RESULTS } from '../lab/long-study.ts';
import { sourceHash } from '../lab/world.ts';
import { Progress } from '../progress.ts';
import { VERSION } from '../version.ts';
import { HistoryJournal, type PlayedWorld } from './history-journal.ts';
import { type HistoryDocument, historyDocument, historyText, storeReport } from './history-report.ts';
import { employ, partOf } from './workers.ts';

export interface KmeHistoryOptions {
  readonly operations: number;
  readonly store: string;
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

/** Calls in one world at most: each begins with empty vaults, so that a study can be cut off and go on. */
const PER_WORLD = 4_000;
/** Worlds of one seed. */
const MOST_WORLDS = 100_000;
/** Journals, which may be thrown away; the report is what is kept. */
const JOURNALS = fileURLToPath(new URL('../../../../data/kme-history', import.meta.url));
const STORES = ['sqlite', 'postgres'] as const;

export async function kmeHistory(options: KmeHistoryOptions): Promise<void> {
  const { operations, seed, results = RESULTS, out = JOURNALS, json } = options;
  const store = STORES.find((name) => name === options.store);
  if (!store) throw new CliError('cli/option', `--store ${options.store}: give sqlite or postgres`);
  const perWorld = Math.min(PER_WORLD, operations);
  const count = Math.ceil(operations / PER_WORLD);
  if (count < 1 || count > MOST_WORLDS) {
    throw new CliError('cli/option', `--operations ${operations}: give from 1 to ${MOST_WORLDS * PER_WORLD}`);
  }
  makeFolder(results);
  const files = { document: join(results, 'kme-history.json'), text: join(results, 'kme-history.md') };
  for (const file of Object.values(files)) checkWritable('--results', file);
  makeFolder(out);
  const name = join(out, `${store}-${fingerprint(seed, perWorld)}`);
  const [part, parts] = partOf(options.part);
  if (options.part !== undefined) {
    const journal = new HistoryJournal(name, part);
    await playWorlds(count, { store, seed, perWorld, journal, isOurs: (i) => i % parts === part });
    return;
  }
  if ((options.workers ?? 1) > 1) {
    const asked = ['--operations', operations, '--store', store, '--seed', seed, '--out', out, '--results', results];
    await employ(options.workers!, ['kme-history', ...asked.map(String)], () => HistoryJournal.count(name) / count);
  }
  const worlds = await playWorlds(count, {
    store,
    seed,
    perWorld,
    journal: new HistoryJournal(name),
    isOurs: () => true,
  });
  const document = historyDocument({
    ...others(files.document),
    [store]: storeReport(worlds, { seed, operationsPerWorld: perWorld }),
  });
  const written = `${JSON.stringify(document, null, 2)}\n`;
  const report = historyText(document);
  writeWhole('--results', files.document, written);
  writeWhole('--results', files.text, report);
  process.stdout.write(json ? written : `${report}\nWritten to ${results}\n`);
  if (worlds.some(({ verdict, faults }) => verdict.findings.length + faults.length > 0)) process.exitCode = 1;
}

/** Those that the journal has are not played again. */
async function playWorlds(
  count: number,
  options: {
    readonly store: 'sqlite' | 'postgres';
    readonly seed: number;
    readonly perWorld: number;
    readonly journal: HistoryJournal;
    readonly isOurs: (world: number) => boolean;
  },
): Promise<readonly PlayedWorld[]> {
  const { store, seed, perWorld, journal, isOurs } = options;
  const progress = new Progress();
  // Files in memory where there are such: what is studied is the death of processes, not of the machine.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'skykey-study-'));
  let server: PostgresServer | undefined;
  const clear = (): void => {
    server?.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const interrupted = (): never => process.exit(130);
  process.once('exit', clear).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  const worlds: PlayedWorld[] = [];
  let found = 0;
  try {
    chmodSync(folder, 0o711);
    for (let i = 0; i < count; i++) {
      if (!isOurs(i)) continue;
      const worldSeed = seed * MOST_WORLDS + i;
      progress.report(i / count, `${count} worlds of ${perWorld} operations on ${store}; ${found} findings`);
      let world = journal.found(worldSeed);
      if (!world) {
        if (store === 'postgres') server ??= await PostgresServer.start(folder);
        const before = process.cpuUsage();
        const played = await playHistory({
          ...{ seed: worldSeed, store, folder, operations: perWorld },
          ...(server && { server }),
        });
        const { user, system } = process.cpuUsage(before);
        world = { ...played, cpuS: (user + system) / 1e6, playedOn: day(Date.now()) };
        journal.add(world);
      }
      worlds.push(world);
      found += world.verdict.findings.length + world.faults.length;
    }
  } finally {
    progress.end();
    await server?.stop();
    clear();
    process.off('exit', clear).off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
  return worlds;
}

/** What the report says of the other store stays. */
function others(file: string): HistoryDocument['stores'] {
  if (!existsSync(file)) return {};
  try {
    return (JSON.parse(readText('--results', file)) as HistoryDocument).stores;
  } catch (error) {
    throw new CliError('cli/file', `${file} is no report of this study; remove it to begin anew`, { cause: error });
  }
}

/** All that decides what a world is: after a change of the code a study begins anew. */
function fingerprint(seed: number, operations: number): string {
  const folders = ['vault', 'kme'].map((name) => fileURLToPath(new URL('.', import.meta.resolve(`@skykey/${name}`))));
  const code = sourceHash([...folders, fileURLToPath(new URL('chaos', import.meta.resolve('@skykey/node')))]);
  const inputs = JSON.stringify({ version: VERSION, engine: process.versions.v8, code, operations, seed });
  return createHash('sha256').update(inputs).digest('hex').slice(0, 16);
}
