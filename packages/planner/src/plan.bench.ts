/**
 * `node packages/planner/src/plan.bench.ts`: three stations, one satellite, thirty days, a thousand realisations, stage by
 * stage; what every station is worth; and the schedule of a crowded constellation with its gap.
 */
import { type PlanRequest, plan } from './plan.ts';
import { type Proposal, schedule } from './schedule.ts';
import { shipped } from './test/scenarios.ts';
import { worth } from './worth.ts';

const RUNS = Number(process.argv[2] ?? 3);
const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const fromMs = Date.parse('2016-12-01T00:00:00Z');
const request: PlanRequest = {
  scenario: shipped('intercontinental'),
  fromMs,
  toMs: fromMs + 30 * 86_400_000,
  realisations: 1000,
  seed: 1,
};

const timed = (work: () => unknown): number => {
  const start = performance.now();
  work();
  return performance.now() - start;
};

const stages = new Map<string, number[]>();
const whole: number[] = [];
for (let run = 0; run < RUNS; run++) {
  let stage = 'passes';
  let since = performance.now();
  const lap = (next: string): void => {
    const list = stages.get(stage) ?? [];
    list.push(performance.now() - since);
    stages.set(stage, list);
    stage = next;
    since = performance.now();
  };
  whole.push(
    timed(() => plan({ ...request, onProgress: (progress) => progress.stage !== stage && lap(progress.stage) })),
  );
  lap('');
}
for (const [stage, times] of stages) console.log(`  ${stage.padEnd(9)} ${median(times).toFixed(0).padStart(6)} ms`);
console.log(`plan, 3 stations x 1 satellite x 30 days x 1000 realisations: ${(median(whole) / 1000).toFixed(2)} s`);
console.log(`worth of each of the three stations: ${(timed(() => worth(request)) / 1000).toFixed(2)} s`);

for (const [satellites, stations, nights] of [
  [20, 8, 5],
  [100, 20, 5],
] as const) {
  let state = 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const proposals: Proposal[] = [];
  for (let night = 0; night < nights; night++) {
    for (let i = 0; i < satellites * stations * 2; i++) {
      const startMs = night * 86_400_000 + uniform() * 36_000_000;
      const station = i % stations;
      proposals.push({
        id: `${night}-${i}`,
        resources: [`satellite ${Math.floor(i / stations) % satellites}`, `station ${station}`],
        startMs,
        endMs: startMs + 100_000 + uniform() * 250_000,
        value: 1000 + uniform() ** 2 * 900_000,
        group: `station ${station}`,
      });
    }
  }
  for (const objective of ['total', 'fair'] as const) {
    const start = performance.now();
    const result = schedule({ proposals, setupS: 60, objective });
    console.log(
      `schedule (${objective}), ${satellites} satellites x ${stations} stations x ${nights} nights, ${proposals.length} proposals: ` +
        `${((performance.now() - start) / 1000).toFixed(2)} s, ${result.chosen.length} served, gap ${(100 * result.gap).toFixed(3)} %`,
    );
  }
}
