/** `skykey bench kme --hour`: whether memory, files or latency of the KMEs grow under one load that does not end. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../error.ts';
import { paragraph } from '../paragraph.ts';
import { Progress } from '../progress.ts';
import { withSites } from './kme.ts';
import { fileBytes, residentBytes } from './kme-watch.ts';
import { type Trend, trendOf } from './trend.ts';

export interface GrowthFigures {
  readonly minutes: number;
  readonly connections: number;
  /** How long a key lives that nobody fetches, seconds; records of keys that are gone are kept for twice as long. */
  readonly keyTtlS: number;
  readonly windows: readonly Window[];
  /** Without the first fifth, in which caches fill and records gather: change an hour. */
  readonly trends: Readonly<Record<Subject, Trend>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly unequal: number;
  readonly repeated: number;
  readonly verdicts: readonly { readonly what: string; readonly met: boolean }[];
}

/** What is looked at, and how it must not go. */
const SUBJECTS = {
  pairsPerS: { sign: -1, what: 'pairs a second do not fall' },
  p50Ms: { sign: 1, what: 'the median latency does not grow' },
  p99Ms: { sign: 1, what: 'the latency of the slowest in a hundred does not grow' },
  memoryMb: { sign: 1, what: 'memory does not grow' },
  fileMb: { sign: 1, what: 'files do not grow' },
} as const;
type Subject = keyof typeof SUBJECTS;
const SUBJECT_NAMES = Object.keys(SUBJECTS) as Subject[];

interface Window {
  /** Since the load began, minutes. */
  readonly atMinute: number;
  readonly pairs: number;
  readonly pairsPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Resident memory of both KMEs. */
  readonly memoryMb: number;
  readonly fileMb: number;
}

export interface GrowthRequest {
  readonly minutes: number;
  readonly machine: string;
  readonly results: string | undefined;
  readonly print: (document: object, text: () => string) => void;
}

const CONNECTIONS = 32;
/** Pairs a second for which key is brought along; beyond them it runs out. */
const MOST_PAIRS_PER_S = 2500;
const KEY_BYTES = 32;
const WINDOWS = 30;
/** A key's life as a part of the run: records are kept for twice as long, and are in balance when the first fifth is over. */
const TTL_SHARE = 1 / 20;
/** What counts as growth: a slope that is one beyond doubt, and that would add so much of the level in an hour. */
const SHARE_PER_HOUR = 0.05;

export async function kmeGrowth({ minutes, machine, results, print }: GrowthRequest): Promise<void> {
  if (!(minutes >= 1)) throw new CliError('cli/option', `--minutes ${minutes}: give a whole number from 1 on`);
  const figures = await grow(minutes);
  print({ growth: figures }, () => growthText(figures, machine));
  if (results === undefined) return;
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, 'kme-load.json'), `${JSON.stringify({ machine, ...figures }, null, 2)}\n`);
  writeFileSync(join(results, 'kme-load.md'), growthReport(figures, machine));
}

async function grow(minutes: number): Promise<GrowthFigures> {
  const progress = new Progress();
  try {
    return await withSites(async (stage) => {
      progress.report(0, 'the load, two sites and their key');
      // Half of the loops ask one way, half the other.
      const keyTtlS = Math.max(1, Math.round(minutes * 60 * TTL_SHARE));
      const keyBytes = Math.ceil((minutes * 60 + 60) * MOST_PAIRS_PER_S * (KEY_BYTES / 2));
      const servers = await stage.kmes({ kind: 'sqlite' }, keyBytes, keyTtlS);
      const [master, slave] = servers.map(({ application }) => application) as [
        (typeof servers)[0]['application'],
        (typeof servers)[0]['application'],
      ];
      const memoryMb = (): number =>
        servers.reduce((sum, { process }) => sum + (residentBytes(process.pid!) ?? Number.NaN), 0) / 1e6;
      const files = servers.flatMap((server) => server.files);
      const seconds = (minutes * 60) / WINDOWS - 1;
      const common = { master, slave, connections: CONNECTIONS, number: 1, bothWays: true };
      await stage.generator.run({ ...common, warmUpS: 1, seconds: 4 });
      const windows: Window[] = [];
      const errors: Record<string, number> = {};
      let [unequal, repeated] = [0, 0];
      const startMs = performance.now();
      for (let i = 0; i < WINDOWS; i++) {
        progress.report(i / WINDOWS, 'the load');
        const result = await stage.generator.run({ ...common, warmUpS: 1, seconds });
        for (const [what, count] of Object.entries(result.errors)) errors[what] = (errors[what] ?? 0) + count;
        unequal += result.unequal;
        repeated += result.repeated;
        windows.push({
          ...{
            atMinute: (performance.now() - startMs) / 60_000,
            pairs: result.pairs,
            pairsPerS: result.pairs / seconds,
          },
          ...{
            p50Ms: result.pairMs.p50,
            p99Ms: result.pairMs.p99,
            memoryMb: memoryMb(),
            fileMb: fileBytes(files) / 1e6,
          },
        });
      }
      return figuresOf({ minutes, keyTtlS, windows, errors, unequal, repeated });
    });
  } finally {
    progress.end();
  }
}

function figuresOf(run: Omit<GrowthFigures, 'connections' | 'trends' | 'verdicts'>): GrowthFigures {
  const { windows, errors, unequal, repeated } = run;
  const settled = windows.slice(Math.floor(windows.length / 5));
  const hours = settled.map(({ atMinute }) => atMinute / 60);
  const trend = (name: Subject): Trend =>
    trendOf(
      hours,
      settled.map((window) => window[name]),
    );
  const trends = Object.fromEntries(SUBJECT_NAMES.map((name) => [name, trend(name)])) as Record<Subject, Trend>;
  const grows = ({ mean, from, to }: Trend, sign: 1 | -1): boolean =>
    (sign > 0 ? from > 0 : to < 0) && Math.abs(sign > 0 ? from : to) > SHARE_PER_HOUR * mean;
  return {
    ...{ connections: CONNECTIONS, ...run, trends },
    verdicts: [
      ...SUBJECT_NAMES.map((name) => ({
        what: SUBJECTS[name].what,
        met: !grows(trends[name], SUBJECTS[name].sign),
      })),
      {
        what: 'every key came once, alike at both ends, and nobody was refused',
        met: unequal + repeated + Object.keys(errors).length === 0,
      },
    ],
  };
}

const three = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

function sentences({
  minutes,
  connections,
  keyTtlS,
  windows,
  trends,
  errors,
  unequal,
  repeated,
  verdicts,
}: GrowthFigures): string[] {
  const line = (what: string, unit: string, { mean, slope, from, to }: Trend): string =>
    `${what}: ${three(mean)} ${unit} on average, ${three(slope)} ${unit} an hour (95 % interval ${three(from)} to ${three(to)}).`;
  const pairs = windows.reduce((sum, window) => sum + window.pairs, 0);
  return [
    `${minutes} minutes, ${connections} connections, ${pairs.toLocaleString('en')} pairs of enc_keys and dec_keys, in ${windows.length} windows; trends without the first fifth. A key that nobody fetches lives ${keyTtlS} s here, and the record of one that is gone, by which nobody gets it twice, is kept for twice as long (a day and two by default).`,
    line('Pairs a second', '/s', trends.pairsPerS),
    line('Median of a pair', 'ms', trends.p50Ms),
    line('Slowest in a hundred', 'ms', trends.p99Ms),
    line('Resident memory of both KMEs', 'MB', trends.memoryMb),
    line('Files of both sites', 'MB', trends.fileMb),
    `Refused: ${Object.values(errors).reduce((a, b) => a + b, 0)}${Object.keys(errors).length ? ` (${Object.keys(errors).join('; ')})` : ''}; different at the two ends: ${unequal}; given twice: ${repeated}.`,
    ...verdicts.map(({ what, met }) => `${met ? 'Met' : 'NOT MET'}: ${what}.`),
  ];
}

export function growthText(figures: GrowthFigures, machine: string): string {
  return `${[`Key delivery for long, on ${machine}`, ...sentences(figures)].flatMap((each) => paragraph(each)).join('\n')}\n`;
}

export function growthReport(figures: GrowthFigures, machine: string): string {
  const rows = figures.windows.map(
    ({ atMinute, pairsPerS, p50Ms, p99Ms, memoryMb, fileMb }) =>
      `| ${[atMinute.toFixed(1), pairsPerS.toFixed(0), three(p50Ms), three(p99Ms), memoryMb.toFixed(0), fileMb.toFixed(0)].join(' | ')} |`,
  );
  return [
    '# Load on two KMEs',
    '',
    `\`skykey bench kme --minutes ${figures.minutes}\` on ${machine}. By the clock: whatever else the machine did is in it.`,
    '',
    ...sentences(figures).map((each) => `- ${each}`),
    '',
    `Growth is a slope whose 95 % interval lies on one side of zero by more than ${SHARE_PER_HOUR * 100} % of the level an hour; that was fixed before the first run.`,
    '',
    '| minute | pairs/s | p50 ms | p99 ms | memory MB | files MB |',
    '| ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
  ].join('\n');
}
