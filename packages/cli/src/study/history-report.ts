/** The report of the study of histories: what was asked, what failed meanwhile, and what the checker found. */
import type { Finding } from '@skykey/node';
import { VERSION } from '../version.ts';
import type { PlayedWorld } from './history-journal.ts';

export interface StoreReport {
  readonly seed: number;
  readonly operationsPerWorld: number;
  readonly worlds: number;
  readonly operations: number;
  readonly keys: number;
  readonly copies: number;
  readonly grains: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly notFound: Readonly<Record<string, number>>;
  readonly deaths: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly virtualHours: number;
  readonly cpuS: number;
  readonly firstPlayed: string;
  readonly lastPlayed: string;
  readonly findings: readonly (Finding & { readonly seed: number })[];
  readonly faults: readonly { readonly seed: number; readonly text: string }[];
}

export interface HistoryDocument {
  readonly study: 'kme-history';
  readonly version: string;
  readonly stores: Readonly<Partial<Record<'sqlite' | 'postgres', StoreReport>>>;
}

export function storeReport(
  worlds: readonly PlayedWorld[],
  { seed, operationsPerWorld }: { readonly seed: number; readonly operationsPerWorld: number },
): StoreReport {
  const total = (of: (world: PlayedWorld) => number): number => worlds.reduce((sum, world) => sum + of(world), 0);
  const merged = (of: (world: PlayedWorld) => Readonly<Record<string, number | undefined>>): Record<string, number> => {
    const sums = new Map<string, number>();
    for (const world of worlds) {
      for (const [name, count] of Object.entries(of(world))) sums.set(name, (sums.get(name) ?? 0) + (count ?? 0));
    }
    return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const days = worlds.map(({ playedOn }) => playedOn).sort();
  return {
    ...{ seed, operationsPerWorld, worlds: worlds.length },
    operations: total(({ operations }) => operations),
    keys: total(({ verdict }) => verdict.keys),
    copies: total(({ verdict }) => verdict.copies),
    grains: total(({ verdict }) => verdict.grains),
    answers: merged(({ answers }) => answers),
    notFound: merged(({ verdict }) => verdict.notFound),
    deaths: merged(({ deaths }) => deaths),
    counts: merged(({ counts }) => counts),
    virtualHours: total(({ virtualMs }) => virtualMs) / 3_600_000,
    cpuS: total(({ cpuS }) => cpuS),
    ...{ firstPlayed: days[0]!, lastPlayed: days.at(-1)! },
    findings: worlds.flatMap(({ seed: of, verdict }) => verdict.findings.map((finding) => ({ seed: of, ...finding }))),
    faults: worlds.flatMap(({ seed: of, faults }) => faults.map((text) => ({ seed: of, text }))),
  };
}

export const historyDocument = (stores: HistoryDocument['stores']): HistoryDocument => ({
  study: 'kme-history',
  version: VERSION,
  stores,
});

const NAMES = { sqlite: 'SQLite', postgres: 'PostgreSQL' } as const;
const number = (value: number): string => Math.round(value).toLocaleString('en-US');

const NOT_FOUND: Readonly<Record<string, string>> = {
  'delivered-or-unknown': 'the application had its copy, or asked a process that died',
  void: 'burned by an application',
  alarm: 'a link that it rests on was under alarm',
  age: 'old enough to have been burned, clocks being wrong as they were',
  stranger: 'asked by somebody it is not for',
  'other-key': 'its own assignment had failed, or another key of the same request was missing',
};

const HAPPENED: Readonly<Record<string, string>> = {
  deaths: 'processes that died',
  parts: 'nodes cut off from others',
  jumps: 'clocks that jumped',
  stalls: 'processes that missed their heartbeat',
  connectionsCut: 'connections to the database cut',
  commitsCut: 'connections cut during COMMIT',
  sent: 'messages and answers sent',
  lost: 'of them lost',
  doubled: 'of them doubled',
  late: 'of them overtaken by later ones',
  mangled: 'of them damaged',
  sessions: 'blocks of key that links brought',
  restored: 'vaults put back',
};

export function historyText({ stores }: HistoryDocument): string {
  const parts = (['sqlite', 'postgres'] as const).flatMap((store) => {
    const report = stores[store];
    return report ? [storeText(store, report)] : [];
  });
  return `# Keys under crashes, partitions and wrong clocks

Two sites and a satellite that joins their links, with the code that runs in production: \`Kme\`, \`Exchange\` and \`Vault\`. Applications ask for keys, fetch, burn and repeat; meanwhile processes die at any await and come back on what was on the disk, lines lose, double, delay and damage messages, nodes are cut off, clocks jump by up to four seconds, links go under alarm. On PostgreSQL each site has two processes on one real server, whose connections are cut, in the middle of COMMIT above all, and whose leases end while they live.

What every application was told is one history. For each key it is searched for an order that explains all answers (linearizability, Herlihy and Wing 1990; search of Wing and Gong 1993): given to its master once, to each slave once, the same bytes, to nobody else, not after it was burned or under alarm there; and once acknowledged it is there for each slave. Every 16 bytes that were given out are looked up in what the links made: in no other key, and labelled with the link they came from.

Played by Skykey ${VERSION}. A process dies, not the machine: what was written and not synced survives here.

${parts.join('\n')}
## What this does not show

- Deaths fall between two steps of a process, never within a write to the disk.
- Of a request for several keys that was told that one is missing, one that may have been missing is enough.
- "Old enough" and "under alarm" are generous by ten seconds, since clocks are wrong; how often that excused an answer is counted above.
- SQLite worlds are the same for the same seed. On PostgreSQL what happens within 12 ms of virtual time runs on a real server at once, and no two runs are alike.
`;
}

function storeText(store: 'sqlite' | 'postgres', report: StoreReport): string {
  const { seed, worlds, operations, keys, copies, grains, counts, findings, faults, cpuS, virtualHours } = report;
  const happened = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  const table = (record: Readonly<Record<string, number>>, head: string, name = (key: string) => key): string =>
    [
      `| ${head} | |`,
      '|---|---|',
      ...Object.entries(record).map(([key, count]) => `| ${name(key)} | ${number(count)} |`),
    ].join('\n');
  const list =
    findings.length + faults.length === 0
      ? 'Nothing was found.'
      : [
          ...findings
            .slice(0, 50)
            .map((finding) => `- **${finding.rule}**, world ${finding.seed}, key ${finding.keyId}: ${finding.text}`),
          ...faults.slice(0, 50).map((fault) => `- **fault**, world ${fault.seed}: ${fault.text}`),
        ].join('\n');
  const days =
    report.firstPlayed === report.lastPlayed ? report.firstPlayed : `${report.firstPlayed} to ${report.lastPlayed}`;
  return `## ${NAMES[store]}

**${number(operations)} operations, ${number(findings.length)} violations, ${number(faults.length)} other faults.** ${number(keys)} keys, ${number(copies)} copies given, ${number(grains)} times 16 bytes looked up; ${number(worlds)} worlds of ${number(report.operationsPerWorld)} operations, ${virtualHours.toFixed(1)} hours of virtual time, ${number(cpuS)} s of processor time, ${days}.
Run again by \`npx skykey study kme-history --store ${store} --operations ${worlds * report.operationsPerWorld} --seed ${seed}\`.

${list}

${table(happened, 'what happened', (key) => HAPPENED[key] ?? key)}

${table(report.deaths, 'processes died')}

${table(report.answers, 'calls and answers')}

${table(report.notFound, 'why `not-found` was right', (key) => NOT_FOUND[key] ?? key)}
`;
}
