/**
 * Entangled pairs: singles of both stations per CPU second, with every imperfection and with somebody on the line.
 * Run: node packages/photons/src/pairs/pairs.bench.ts
 */
import { interceptOneArm } from './adversaries.ts';
import { CoincidenceSearch } from './coincidences.ts';
import { pairs } from './create.ts';
import type { PairAdversary, PairInput, PairStation } from './pairs.ts';

const bins = 100;
const fill = (value: number): Float64Array => new Float64Array(bins).fill(value);
const station = (transmittance: number): PairStation => ({
  transmittance: fill(transmittance),
  noiseHz: fill(500),
  receiver: {
    basisXProbability: 0.5,
    misalignment: 0.01,
    deadTimeNs: 50,
    jitterPs: 300,
    flaws: {
      afterPulse: { probability: 0.02, timeConstantNs: 100 },
      detectors: [1, 0.95, 0.9, 0.97].map((efficiency, i) => ({ efficiency, delayPs: 40 * i })),
    },
  },
  flight: { atStartPs: fill(3e9), ratePsPerS: fill(1e7), curvaturePsPerS2: fill(1e5) },
  clock: { offsetPs: fill(200), jitterPs: 50 },
});
const input = (adversary?: PairAdversary): PairInput => ({
  source: { pairRateHz: 1e8, visibility: 0.96 },
  stations: [station(0.003), station(0.002)],
  binS: 0.1,
  seed: 1,
  ...(adversary ? { adversary } : {}),
});

const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]!;
for (const [name, adversary, search] of [
  ['nobody on the line', undefined, false],
  ['one arm intercepted', interceptOneArm(1), false],
  ['nobody, coincidences searched', undefined, true],
] as const) {
  const rates: number[] = [];
  let found = 0;
  for (let round = 0; round < 5; round++) {
    const window = new CoincidenceSearch({ windowPs: 2500 });
    const before = process.cpuUsage();
    let singles = 0;
    found = 0;
    for (const bin of pairs(input(adversary))) {
      singles += bin.stations[0].reckonedPs.length + bin.stations[1].reckonedPs.length;
      if (search) found += window.push(bin).timePs.length;
    }
    const { user, system } = process.cpuUsage(before);
    rates.push(singles / (user + system));
  }
  console.log(
    `${name}: ${median(rates).toFixed(1)} million singles per CPU second${search ? `, ${found} coincidences` : ''}`,
  );
}
