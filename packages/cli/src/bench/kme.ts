/** `skykey bench kme`: pairs of `enc_keys` and `dec_keys` a second, two real KMEs and their applications on this machine. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../error.ts';
import { Progress } from '../progress.ts';
import type { Load, LoadResult, Quantiles } from './kme-generator.ts';
import { type Postgres, startPostgres } from './kme-postgres.ts';
import { type Backing, makeCertificates, type Server, SITES, startBare, startKmes, stop } from './kme-sites.ts';
import { cpuS, diskMs, familyCpuS, residentBytes } from './kme-watch.ts';

export type Subject = 'bare' | 'sqlite' | 'postgres';

/** One combination that is measured. */
export interface Level {
  readonly subject: Subject;
  readonly connections: number;
  /** Keys in a request. */
  readonly number: number;
}

export interface Spread {
  readonly value: number;
  readonly least: number;
  readonly most: number;
}

/** Medians of the rounds. */
export interface LevelFigures extends Level {
  readonly pairsPerS: Spread;
  readonly encMs: Quantiles;
  readonly decMs: Quantiles;
  readonly pairMs: Quantiles;
  /** Processor time of a pair, microseconds: the two servers, the applications, and the database; null where not told. */
  readonly cpuUs: {
    readonly north: number | null;
    readonly south: number | null;
    readonly applications: number;
    readonly database: number | null;
  };
  /** Writes to the disk that were waited for, by both sites, of a pair. */
  readonly syncs: number | null;
  readonly transactions: number | null;
  /** Pairs a second as a part of those of the transport alone, in the same round. */
  readonly ofBare: number | null;
}

export interface KmeFigures {
  readonly rounds: number;
  readonly quick: boolean;
  readonly seconds: number;
  readonly levels: readonly LevelFigures[];
  /** What the disk took for one write of ten pages and its fdatasync meanwhile, milliseconds. */
  readonly disk: Quantiles;
  /** Resident memory of both KMEs, bytes. */
  readonly memory: readonly {
    readonly subject: Subject;
    readonly before: number | null;
    readonly after: number | null;
  }[];
  /** Of all rounds; there should be none. */
  readonly errors: Readonly<Record<string, number>>;
  readonly unequal: number;
  readonly repeated: number;
  readonly expectations: readonly {
    readonly what: string;
    readonly value: number | null;
    readonly met: boolean | null;
  }[];
  readonly warnings: readonly string[];
}

interface Round {
  readonly result: LoadResult;
  readonly north: number | null;
  readonly south: number | null;
  readonly database: number | null;
  readonly syncs: number | null;
  readonly transactions: number | null;
}

const CONNECTIONS = [1, 8, 32];
const MANY = 10;
const WARM_UP_S = 2;
/** Key of either direction: two million keys of 256 bits. */
const KEY_BYTES = 64e6;

/** What the generator is asked, one load at a time. */
export class Generator {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(fileURLToPath(new URL('./kme-generator.ts', import.meta.url)));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** `onMeasuring` is called when the warm-up is over. */
  run(load: Load, onMeasuring: () => void = () => undefined): Promise<LoadResult> {
    return new Promise((resolve, reject) => {
      const heard = (message: 'measuring' | LoadResult | { failed: string }): void => {
        if (message === 'measuring') return void onMeasuring();
        this.#child.off('message', heard);
        if ('failed' in message) reject(new CliError('cli/bench', `the applications gave up: ${message.failed}`));
        else resolve(message);
      };
      this.#child.on('message', heard);
      this.#child.send(load);
    });
  }

  close(): void {
    this.#child.disconnect();
  }
}

/** Everything that runs, and goes when the work is over, whatever becomes of it. */
export async function withSites<T>(work: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = new Stage();
  const clear = (): void => stage.kill();
  const interrupted = (): never => process.exit(130);
  process.once('exit', clear).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await makeCertificates(stage.folder);
    return await work(stage);
  } finally {
    await stage.close();
    process.off('exit', clear).off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'skykey-bench-'));
  readonly generator = new Generator();
  readonly #servers: Server[] = [];
  #postgres: Postgres | undefined;

  async bare(): Promise<[Server, Server]> {
    return this.#keep((await Promise.all(SITES.map((site) => startBare(this.folder, site)))) as [Server, Server]);
  }

  async kmes(backing: Backing, keyBytes: number, keyTtlS?: number): Promise<[Server, Server]> {
    return this.#keep(await startKmes(this.folder, backing, keyBytes, keyTtlS));
  }

  /** Or why there is none. */
  async postgres(): Promise<Postgres | string> {
    const server = await startPostgres();
    if (typeof server !== 'string') this.#postgres = server;
    return server;
  }

  /** At once, when the bench is interrupted: nothing that it started goes on. */
  kill(): void {
    for (const { process: child } of this.#servers) child.kill('SIGKILL');
    this.#postgres?.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #keep(servers: [Server, Server]): [Server, Server] {
    this.#servers.push(...servers);
    return servers;
  }

  async close(): Promise<void> {
    this.generator.close();
    await Promise.all(this.#servers.map(stop));
    await this.#postgres?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function kmeFigures(rounds: number, quick: boolean): Promise<KmeFigures> {
  const progress = new Progress();
  try {
    progress.report(0, 'the bench, two sites and their key');
    return await withSites((stage) => measure(stage, rounds, quick, progress));
  } finally {
    progress.end();
  }
}

async function measure(stage: Stage, rounds: number, quick: boolean, progress: Progress): Promise<KmeFigures> {
  const warnings: string[] = [];
  const seconds = quick ? 1 : 5;
  const keyBytes = quick ? KEY_BYTES / 16 : KEY_BYTES;
  const subjects = new Map<Subject, readonly [Server, Server]>([['bare', await stage.bare()]]);
  subjects.set('sqlite', await stage.kmes({ kind: 'sqlite' }, keyBytes));
  const postgres = await stage.postgres();
  if (typeof postgres === 'string') warnings.push(postgres);
  else subjects.set('postgres', await stage.kmes({ kind: 'postgres', connection: postgres.connection }, keyBytes));
  const database = typeof postgres === 'string' ? undefined : postgres;

  const levels: Level[] = [...CONNECTIONS.map((connections) => [connections, 1]), [CONNECTIONS.at(-1)!, MANY]].flatMap(
    ([connections, number]) =>
      [...subjects.keys()].map((subject) => ({ subject, connections: connections!, number: number! })),
  );
  const memoryOf = ([north, south]: readonly [Server, Server]): number | null => {
    const [a, b] = [north, south].map((server) => residentBytes(server.process.pid!));
    return a === null || b === null ? null : a! + b!;
  };
  const before = new Map([...subjects].map(([subject, servers]) => [subject, memoryOf(servers)]));
  const found = new Map<Level, Round[]>(levels.map((level) => [level, []]));
  const disks: Quantiles[] = [];
  for (let round = 0; round < rounds; round++) {
    disks.push(diskMs(stage.folder));
    // Side by side in time, so that what else the machine does falls on all of them.
    for (const [at, level] of levels.entries()) {
      const done = (round + at / levels.length) / rounds;
      progress.report(done, `the bench, ${level.subject}, ${level.connections} connections`);
      const of = level.subject === 'postgres' ? database : undefined;
      found.get(level)!.push(await oneRound(stage.generator, subjects.get(level.subject)!, level, seconds, of));
    }
  }
  const all = [...found.values()].flat();
  if (all.some(({ north }) => north === null))
    warnings.push('this system does not tell what a process takes: no processor time of servers');
  const errors: Record<string, number> = {};
  for (const { result } of all)
    for (const [what, count] of Object.entries(result.errors)) errors[what] = (errors[what] ?? 0) + count;
  const figures = levels.map((level) => figuresOf(level, found.get(level)!, bareOf(found, level)));
  const sum = (of: 'unequal' | 'repeated'): number => all.reduce((total, { result }) => total + result[of], 0);
  return {
    ...{
      rounds,
      quick,
      seconds,
      levels: figures,
      errors,
      unequal: sum('unequal'),
      repeated: sum('repeated'),
      warnings,
    },
    disk: { p50: median(disks.map(({ p50 }) => p50)), p99: median(disks.map(({ p99 }) => p99)) },
    memory: [...subjects].map(([subject, servers]) => ({
      subject,
      before: before.get(subject)!,
      after: memoryOf(servers),
    })),
    expectations: expectations(figures, quick),
  };
}

const bareOf = (
  found: ReadonlyMap<Level, readonly Round[]>,
  { subject, connections, number }: Level,
): readonly Round[] | null =>
  subject === 'bare'
    ? null
    : [...found].find(
        ([level]) => level.subject === 'bare' && level.connections === connections && level.number === number,
      )![1];

async function oneRound(
  generator: Generator,
  servers: readonly [Server, Server],
  { connections, number }: Level,
  seconds: number,
  database: Postgres | undefined,
): Promise<Round> {
  const taken = async () => ({
    cpu: servers.map(({ process }) => cpuS(process.pid!)),
    database: database ? familyCpuS(database.process.pid!) : null,
    syncs: database?.syncs() ?? null,
    told: await Promise.all(servers.map(countersOf)),
  });
  let before: Promise<Awaited<ReturnType<typeof taken>>> | undefined;
  const [master, slave] = servers.map(({ application }) => application) as [Load['master'], Load['slave']];
  const load = { master, slave, connections, number, bothWays: false, warmUpS: Math.min(WARM_UP_S, seconds), seconds };
  const result = await generator.run(load, () => {
    before = taken();
  });
  const [from, to] = [await before!, await taken()];
  const each = (less: number | null | undefined, more: number | null | undefined): number | null =>
    less == null || more == null || result.pairs === 0 ? null : (more - less) / result.pairs;
  const total = (name: 'commits' | 'transactions'): number | null =>
    from.told.reduce<number | null>((sum, told, i) => {
      const one = each(told?.[name], to.told[i]?.[name]);
      return sum === null || one === null ? null : sum + one;
    }, 0);
  return {
    result,
    ...{
      north: each(from.cpu[0], to.cpu[0]),
      south: each(from.cpu[1], to.cpu[1]),
      database: each(from.database, to.database),
    },
    ...{ syncs: database ? each(from.syncs, to.syncs) : total('commits'), transactions: total('transactions') },
  };
}

/** How many transactions a KME has done so far, and in how many writes to the disk. */
async function countersOf({ operations }: Server): Promise<{ transactions: number; commits: number } | null> {
  if (operations === null) return null;
  const text = await (await fetch(`http://127.0.0.1:${operations}/metrics`)).text();
  const read = (name: string): number =>
    Number(new RegExp(`^skykey_kme_vault_${name}_total (\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
  return { transactions: read('transactions'), commits: read('commits') };
}

function figuresOf(level: Level, rounds: readonly Round[], bare: readonly Round[] | null): LevelFigures {
  const rate = ({ result }: Round): number => result.pairs / result.seconds;
  const rates = rounds.map(rate);
  const middle = (of: (round: Round) => number | null): number | null => {
    const values = rounds.map(of);
    return values.some((value) => value === null || Number.isNaN(value)) ? null : median(values as number[]);
  };
  const us = (of: (round: Round) => number | null): number | null => {
    const s = middle(of);
    return s === null ? null : s * 1e6;
  };
  const quantiles = (name: 'encMs' | 'decMs' | 'pairMs'): Quantiles => ({
    p50: median(rounds.map(({ result }) => result[name].p50)),
    p99: median(rounds.map(({ result }) => result[name].p99)),
  });
  return {
    ...level,
    pairsPerS: { value: median(rates), least: Math.min(...rates), most: Math.max(...rates) },
    ...{ encMs: quantiles('encMs'), decMs: quantiles('decMs'), pairMs: quantiles('pairMs') },
    cpuUs: {
      ...{ north: us(({ north }) => north), south: us(({ south }) => south), database: us(({ database }) => database) },
      applications: us(({ result }) => result.cpuS / Math.max(1, result.pairs))!,
    },
    ...{ syncs: middle(({ syncs }) => syncs), transactions: middle(({ transactions }) => transactions) },
    ofBare: bare && median(rounds.map((round, i) => rate(round) / rate(bare[i]!))),
  };
}

/** What must be true on two cores with the applications on the same; of small sizes nothing is said. */
function expectations(levels: readonly LevelFigures[], quick: boolean): KmeFigures['expectations'] {
  const of = (subject: Subject, connections: number): LevelFigures | undefined =>
    levels.find((level) => level.subject === subject && level.connections === connections && level.number === 1);
  const [one, most, shared] = [of('sqlite', 1), of('sqlite', 32), of('postgres', 32)];
  const expect = (what: string, value: number | undefined, isMet: (value: number) => boolean) => ({
    ...{ what, value: value ?? null, met: quick || value === undefined ? null : isMet(value) },
  });
  return [
    expect('SQLite, 32 connections: at least 1,000 pairs a second', most?.pairsPerS.value, (value) => value >= 1000),
    expect('SQLite, 32 connections: p99 of a pair at most 50 ms', most?.pairMs.p99, (value) => value <= 50),
    expect('SQLite, one connection: at least 250 pairs a second', one?.pairsPerS.value, (value) => value >= 250),
    expect(
      'PostgreSQL, 32 connections: at least half of the pairs of SQLite',
      shared && most && shared.pairsPerS.value / most.pairsPerS.value,
      (value) => value >= 0.5,
    ),
  ];
}

export function median(values: readonly number[]): number {
  const ordered = values.toSorted((a, b) => a - b);
  return (ordered[(ordered.length - 1) >> 1]! + ordered[ordered.length >> 1]!) / 2;
}
