/**
 * `node packages/kme/src/network/forecast.bench.ts`: ten sites, three satellites, 24 hours with a thousand realisations:
 * paths, joins and forecasts for every pair of sites, processor time a pair. The reference is a pass over the same contacts
 * that adds up every realisation once.
 */
import { Forecaster } from './forecast.ts';
import { type Contact, drawBits } from './forecast-supply.ts';
import { disjointPaths } from './paths.ts';
import { joinPlan } from './paths-join.ts';
import { link, NOW_MS, OPEN_RULES, satellite, site } from './test/networks.ts';
import { Topology } from './topology.ts';

const RUNS = Number(process.argv[2] ?? 5);
const REALISATIONS = 1000;
const HOUR_MS = 3_600_000;
const sites = Array.from({ length: 10 }, (_, i) => `site-${i}`);
const satellites = ['S1', 'S2', 'S3'];

let state = 1;
const uniform = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};

const links = [
  ...satellites.flatMap((s) => sites.map((at) => link(s, at, { stockBits: 0 }))),
  // A ring of fibres between the first five sites, with little in store.
  ...[0, 1, 2, 3, 4].map((i) => link(sites[i]!, sites[(i + 1) % 5]!, { stockBits: 20_000 })),
];
const topology = new Topology([...sites.map((id) => site(id)), ...satellites.map((id) => satellite(id))], links);
const contacts = satellites.flatMap((s) =>
  sites.flatMap((at) =>
    Array.from({ length: 4 }, (): Contact => {
      const startMs = NOW_MS + uniform() * 23 * HOUR_MS;
      const endMs = startMs + 300_000;
      const chance = { probability: 0.4 + 0.5 * uniform(), meanBits: 200_000 * uniform(), spreadBits: 3000 };
      return {
        link: `${s}-${at}`,
        startMs,
        endMs,
        readyMs: endMs + 60_000,
        bits: drawBits(chance, REALISATIONS, uniform),
      };
    }),
  ),
);
const talks = new Map(
  satellites.map((s) => [
    s,
    contacts.filter((one) => one.link.startsWith(s)).map(({ startMs, readyMs }) => ({ startMs, endMs: readyMs })),
  ]),
);
const pairs = sites.flatMap((from, i) => sites.slice(i + 1).map((to) => ({ from, to })));
const rules = (minPaths: number, maxAgeMs: number | null = null) => ({
  ...OPEN_RULES,
  minPaths,
  maxAgeMs,
  maxRelays: 5,
});
const full = topology.withLinks(links.map((one) => ({ ...one, stockBits: 100_000, oldestAtMs: NOW_MS })));

/** Median processor milliseconds of one call, each sample at least 100 ms long. */
function cpuMs(work: () => unknown): number {
  const samples: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    let calls = 0;
    let used = 0;
    for (const from = process.cpuUsage(); used < 100; calls++) {
      work();
      const { user, system } = process.cpuUsage(from);
      used = (user + system) / 1000;
    }
    samples.push(used / calls);
  }
  return samples.sort((a, b) => a - b)[Math.floor(RUNS / 2)]!;
}

const sums = new Float64Array(REALISATIONS);
const reference = cpuMs(() => {
  for (const { bits } of contacts) for (let r = 0; r < bits.length; r++) sums[r]! += bits[r]!;
});
console.log(`${contacts.length} contacts x ${REALISATIONS} realisations added up once: ${reference.toFixed(3)} ms`);

const show = (what: string, ms: number): void =>
  console.log(`  ${what.padEnd(52)} ${ms.toFixed(3).padStart(8)} ms  ${(ms / reference).toFixed(1).padStart(7)} x`);

for (const count of [1, 2, 3]) {
  const ask = (pair: { from: string; to: string }) =>
    disjointPaths(full, { ...pair, bits: 256, rules: rules(count), nowMs: NOW_MS });
  const all = pairs.map(ask);
  const found = all.filter((one) => one.found).length;
  const proved = all.filter((one) => one.proved).length;
  show(
    `${count} disjoint paths and their joins, a pair`,
    cpuMs(() => {
      for (const pair of pairs) {
        const answer = ask(pair);
        if (answer.found) joinPlan(full, answer.paths, 256);
      }
    }) / pairs.length,
  );
  console.log(`    found for ${found} of ${pairs.length} pairs, proved for ${proved}`);
}
show(
  'a forecaster from contacts',
  cpuMs(() => new Forecaster({ topology, contacts, talks, nowMs: NOW_MS, untilMs: NOW_MS + 24 * HOUR_MS })),
);
const forecaster = new Forecaster({ topology, contacts, talks, nowMs: NOW_MS, untilMs: NOW_MS + 24 * HOUR_MS });
for (const [count, maxAgeMs] of [
  [1, null],
  [2, null],
  [3, null],
  [1, 6 * HOUR_MS],
] as const) {
  const ask = (pair: { from: string; to: string }) =>
    forecaster.earliest({ ...pair, bits: 100_000, rules: rules(count, maxAgeMs) });
  const ready = pairs.map(ask).flatMap((one) => (one.found ? [(one.forecast.readyAtMs - NOW_MS) / HOUR_MS] : []));
  const age = maxAgeMs === null ? '' : ', nothing older than 6 h';
  show(
    `forecast over ${count} paths${age}, a pair`,
    cpuMs(() => {
      for (const pair of pairs) ask(pair);
    }) / pairs.length,
  );
  const middle = ready.sort((a, b) => a - b)[Math.floor(ready.length / 2)] ?? Number.NaN;
  console.log(`    found for ${ready.length} of ${pairs.length} pairs, median after ${middle.toFixed(1)} h`);
}
