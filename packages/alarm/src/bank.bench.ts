/**
 * What the bank costs: microseconds a bin and milliseconds a pass of 400 bins, clean and under attack, and what it costs to
 * learn a baseline. Medians of CPU time.
 * Run: node packages/alarm/src/bank.bench.ts
 */
import { createBank } from './bank.ts';
import { learnBaseline } from './baseline.ts';
import { type Change, modelLink, modelPass } from './test/link-model.ts';

const BINS = 400;
const TRAINING = 20;
const PASSES = 15;

const cpuMs = (work: () => void): number => {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

const link = modelLink(BINS);
const training = Array.from({ length: TRAINING }, (_, i) => modelPass({ link, seed: i }));
const learnMs = cpuMs(() => learnBaseline(link, training));
const baseline = learnBaseline(link, training);
console.log(`learn from ${TRAINING} passes: ${(learnMs / TRAINING).toFixed(1)} ms a pass`);

const cases: readonly (readonly [string, Change])[] = [
  ['clean', () => {}],
  [
    'intercept-resend 5 %',
    (truth) => {
      truth.resent = 0.05;
    },
  ],
  [
    'jamming',
    (truth) => {
      truth.noiseHz = truth.noiseHz.map((hz) => hz + 5e4);
    },
  ],
];
for (const [name, change] of cases) {
  const passes = Array.from({ length: PASSES }, (_, i) => modelPass({ link, seed: 1000 + i, change }));
  const watch = (pass: (typeof passes)[number]): void => {
    const bank = createBank(link, baseline);
    for (const observation of pass) bank.observe(observation);
    bank.conclude();
  };
  for (const pass of passes) watch(pass);
  const ms = median(passes.map((pass) => cpuMs(() => watch(pass))));
  console.log(
    `${name}: ${ms.toFixed(2)} ms a pass of ${BINS} bins, ${((1000 * ms) / BINS).toFixed(1)} microseconds a bin`,
  );
}
