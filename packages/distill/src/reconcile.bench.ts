/**
 * Cascade, both parties in one process, messages encoded and decoded:
 *
 *   node packages/distill/src/reconcile.bench.ts [bits] [runs]            the table: efficiency, round trips, traffic, speed
 *   node packages/distill/src/reconcile.bench.ts study [folder]    frames that fail (cascade/failures.bench.ts)
 *
 * Speed is key bits per second of processor time of both parties together, the median of the runs and, beside it, in
 * passes over a reference loop of the same process (a processor that others use is slower in both).
 */
import { fileURLToPath } from 'node:url';
import { binaryEntropy } from '@skykey/finitekey';
import { RATES, study, twoKeys } from './cascade/failures.bench.ts';
import { reconcileBoth } from './reconcile-both.ts';
import { seededBytes } from './test/benchtop.ts';

function processorS(from?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Random reads and writes in 256 KB: what Cascade does all the time. */
function reference(): number {
  const words = new Int32Array(65_536);
  const before = process.cpuUsage();
  for (let i = 0, at = 1; i < 1e7; i++) {
    at = (words[(at + Math.imul(i, 40_503)) & 65_535]! + i) | 0;
    words[at & 65_535] = i;
  }
  return processorS(before);
}

async function table(bits: number, runs: number): Promise<void> {
  for (const rate of RATES) {
    const seconds: number[] = [];
    const references: number[] = [];
    const roundTrips: number[] = [];
    let leaked = 0;
    let shannon = 0;
    let messages = 0;
    let retagged = 0;
    let failed = 0;
    let wrong = 0;
    for (let run = 0; run < runs; run++) {
      const { alice, bob } = twoKeys(bits, rate, 1000 * run + Math.round(1e4 * rate));
      references.push(reference());
      const before = process.cpuUsage();
      const outcome = await reconcileBoth(alice, bob, {
        method: 'cascade',
        errorRate: rate,
        random: seededBytes(run + 1),
      });
      seconds.push(processorS(before));
      roundTrips.push(outcome.roundTrips);
      leaked += outcome.leakedBits;
      shannon += bits * binaryEntropy(outcome.errors / bits);
      messages += outcome.messageBits;
      retagged += outcome.retaggedFrames;
      failed += outcome.failedFrames;
      wrong += outcome.residualErrors;
    }
    console.log(
      `QBER ${(100 * rate).toFixed(1)} %  f ${(leaked / shannon).toFixed(4)}  round trips ${median(roundTrips)} (most ${Math.max(...roundTrips)})  ` +
        `messages ${(messages / shannon).toFixed(2)} x Shannon  retagged ${retagged}  failed ${failed}  wrong bits ${wrong}  ` +
        `${(bits / median(seconds) / 1e6).toFixed(1)} Mbit/s (best ${(bits / Math.min(...seconds) / 1e6).toFixed(1)}), ` +
        `${(median(seconds) / median(references) / (bits / 1e6)).toFixed(2)} references a Mbit`,
    );
  }
}

const [mode, folder = fileURLToPath(new URL('../../../docs/results', import.meta.url))] = process.argv.slice(2);
if (mode === 'study') await study(folder);
else {
  const [bits = 1_000_000, runs = 15] = process.argv.slice(2).map(Number);
  await table(bits, runs);
}
