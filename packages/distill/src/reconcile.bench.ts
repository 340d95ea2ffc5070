/**
 * Cascade, both parties in one process, messages encoded and decoded:
 *
 *   node packages/distill/src/reconcile.bench.ts [bits] [runs]            the table: efficiency, round trips, traffic, speed
 *   node packages/distill/src/reconcile.bench.ts study [bits] [frames] [first seed] [QBER]    frames that fail
 *
 * Speed is key bits per second of processor time of both parties together, the median of the runs and, beside it, in
 * passes over a reference loop of the same process (a processor that others use is slower in both). The study counts frames
 * whose first tag differs (they are lost without a clean-up), frames that had to be disclosed after it, and wrong bits, and
 * gives upper limits at 95 % for what it has not seen; with another first seed it goes on.
 */
import { type Bits, zeros } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import { reconcileBoth } from './reconcile-both.ts';
import { seededBytes, seededWords } from './test/benchtop.ts';

const RATES = [0.005, 0.01, 0.02, 0.03, 0.05];

function keys(bits: number, rate: number, seed: number): { alice: Bits; bob: Bits } {
  const next = seededWords(seed);
  const alice = zeros(bits);
  for (let i = 0; i < alice.bytes.length; i++) alice.bytes[i] = next();
  if (bits & 7) alice.bytes[alice.bytes.length - 1]! &= (1 << (bits & 7)) - 1;
  const bob = { length: bits, bytes: alice.bytes.slice() };
  const step = Math.log1p(-rate);
  for (let i = -1; ; ) {
    i += 1 + Math.floor(Math.log((next() + 0.5) / 2 ** 32) / step);
    if (!(i < bits)) return { alice, bob };
    bob.bytes[i >> 3]! ^= 1 << (i & 7);
  }
}

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
      const { alice, bob } = keys(bits, rate, 1000 * run + Math.round(1e4 * rate));
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

async function study(bits: number, frames: number, firstSeed: number, rates: readonly number[]): Promise<void> {
  for (const rate of rates) {
    let retagged = 0;
    let failed = 0;
    let wrong = 0;
    let played = 0;
    for (let frame = 0; frame < frames; frame++) {
      const { alice, bob } = keys(bits, rate, firstSeed + frame);
      const random = seededBytes(firstSeed + frame);
      const outcome = await reconcileBoth(alice, bob, { method: 'cascade', errorRate: rate, random });
      played += outcome.frames;
      retagged += outcome.retaggedFrames;
      failed += outcome.failedFrames;
      wrong += outcome.residualErrors;
    }
    // Rule of three: none in N trials leaves at most 3 / N at 95 %.
    const most = failed ? '' : `, at most ${(3 / played).toExponential(1)} at 95 %`;
    console.log(
      `QBER ${(100 * rate).toFixed(1)} %, ${played} frames of ${bits} bits, seeds ${firstSeed} to ${firstSeed + frames - 1}: ` +
        `first tag differs ${retagged} (${(retagged / played).toExponential(1)}), disclosed ${failed}${most}, wrong bits ${wrong}`,
    );
  }
}

const [mode, ...rest] = process.argv.slice(2);
if (mode === 'study') {
  const [bits = 20_000, frames = 1000, seed = 1, rate] = rest.map(Number);
  await study(bits, frames, seed, rate === undefined ? RATES : [rate]);
} else {
  const [bits = 1_000_000, runs = 15] = process.argv.slice(2).map(Number);
  await table(bits, runs);
}
