import { imperfections } from '../test/imperfect-link.ts';
import { createCounts } from './counts.ts';
import { Expectations } from './expectation.ts';
import type { PassInput } from './sampler.ts';
import { createTables } from './table.ts';

/** Microseconds of processor time for each bin of a pass of 400: the table, its expectation, and the numbers drawn. */

const bins = 400;

function pass(flawed: boolean): PassInput {
  return {
    seed: 1,
    source: {
      pulseRateHz: 1e9,
      basisXProbability: 0.5,
      intensities: [
        { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
        { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
        { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
      ],
      ...(flawed && {
        flaws: {
          fluctuation: 0.05,
          correlation: [
            [0, 0.01, 0.02],
            [0, 0.01, 0],
            [0, 0, 0],
          ],
          leakage: 1e-3,
          diodeOffsetPs: [0, 10, 20, 30, 0, 10, 20, 30, 0, 10, 20, 30],
        },
      }),
    },
    receiver: {
      basisXProbability: 0.5,
      misalignment: 0.01,
      deadTimeNs: 50,
      jitterPs: 100,
      gateNs: 0.5,
      ...(flawed && { flaws: imperfections }),
    },
    trace: {
      binS: 0.5,
      channelTransmittance: Float64Array.from({ length: bins }, (_, i) => 1e-3 * (1 + 0.5 * Math.sin(i / 40))),
      receiverTransmittance: 0.5,
      noisePerGate: new Float64Array(bins).fill(2e-7),
    },
  };
}

/** Median of some runs after a few that warm up. */
function microseconds(work: () => void): number {
  const runs: number[] = [];
  for (let i = 0; i < 14; i++) {
    const before = process.cpuUsage().user;
    work();
    runs.push((process.cpuUsage().user - before) / bins);
  }
  return runs.slice(5).sort((a, b) => a - b)[4]!;
}

for (const flawed of [false, true]) {
  const input = pass(flawed);
  const table = microseconds(() => {
    const tables = createTables(input);
    for (let bin = 0; bin < bins; bin++) tables.next(bin);
  });
  const expectations = new Expectations();
  const expected = microseconds(() => {
    const tables = createTables(input);
    for (let bin = 0; bin < bins; bin++) expectations.of(tables.next(bin));
  });
  const drawn = microseconds(() => {
    const counted = createCounts(input);
    while (counted.remaining > 0) counted.next();
  });
  const { kinds } = createTables(input).next(0);
  const figures = [table, expected - table, drawn - expected, drawn].map((value) => value.toFixed(1));
  const what = flawed ? 'every imperfection' : 'an ideal link';
  console.log(`${what}, ${kinds.count} kinds: table ${figures[0]}, expectation ${figures[1]}, numbers ${figures[2]}`);
  console.log(`  ${figures[3]} us a bin, ${((drawn * bins) / 1000).toFixed(1)} ms a pass of ${bins} bins`);
}
