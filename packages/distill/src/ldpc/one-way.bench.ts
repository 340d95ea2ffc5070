/**
 * One message of LDPC: `node packages/distill/src/ldpc/one-way.bench.ts [family] [frames] [error rates, comma]
 * [journal]`.
 *
 * For each error rate: efficiency with tags, frames that failed with the 95 % interval of their rate (Clopper and
 * Pearson, Biometrika 26, 404 (1934)), frames that were saved, wrong words that no tag found, speed of both sides in
 * key bits per second of processor time. Frames come in batches, each with its own seed; with a journal (a file)
 * every batch is written down, and a run that was cut short goes on where it stopped: the same frames, the same
 * result.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { popcount, xor, zeros } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import { seededBytes, seededWords } from '../test/benchtop.ts';
import type { Family } from './degrees.ts';
import { decodeOneWay, encodeOneWay, withoutFrames } from './one-way.ts';

const family = (process.argv[2] ?? 'short') as Family;
const FRAMES = Number(process.argv[3] ?? 200);
const RATES = (process.argv[4] ?? '0.01,0.015,0.02,0.03,0.05,0.08').split(',').map(Number);
const JOURNAL = process.argv[5];
const FRAME_BITS = { short: 102_400, long: 819_200 }[family];
const BATCH = family === 'short' ? 20 : 2;

interface Batch {
  readonly family: Family;
  readonly rate: number;
  readonly batch: number;
  readonly frames: number;
  readonly bits: number;
  readonly errors: number;
  readonly leaked: number;
  readonly failed: number;
  readonly saved: number;
  /** Wrong bits in frames that were not reported. */
  readonly residual: number;
  readonly sweeps: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
}

const done: Batch[] =
  JOURNAL && existsSync(JOURNAL)
    ? readFileSync(JOURNAL, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Batch)
    : [];

function run(rate: number, batch: number): Batch {
  const bits = BATCH * FRAME_BITS;
  const next = seededWords(Math.round(rate * 1e6) * 4_096 + batch + 1);
  const alice = zeros(bits);
  new Uint32Array(alice.bytes.buffer).forEach((_, i, words) => {
    words[i] = next();
  });
  const noise = zeros(bits);
  // Distances between errors are geometric.
  const perBit = Math.log1p(-rate);
  const gap = (): number => Math.floor(Math.log1p(-next() / 2 ** 32) / perBit);
  for (let i = gap(); i < bits; i += 1 + gap()) noise.bytes[i >> 3]! |= 1 << (i & 7);
  const bob = xor(alice, noise);
  const cpu = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const t0 = cpu();
  const { message, leakedBits } = encodeOneWay(alice, rate, { random: seededBytes(batch), family });
  const t1 = cpu();
  const found = decodeOneWay(bob, message, rate);
  const t2 = cpu();
  return {
    family,
    rate,
    batch,
    frames: found.frames,
    bits,
    errors: popcount(noise),
    leaked: leakedBits,
    failed: found.failedFrames.length,
    saved: found.savedFrames,
    residual: popcount(
      xor(
        withoutFrames(alice, found.frames, found.failedFrames),
        withoutFrames(found.key, found.frames, found.failedFrames),
      ),
    ),
    sweeps: found.iterations,
    encodeMs: t1 - t0,
    decodeMs: t2 - t1,
  };
}

/** P(X <= k) of a binomial. */
function below(k: number, n: number, p: number): number {
  let term = (1 - p) ** n;
  let sum = term;
  for (let i = 1; i <= k; i++) {
    term *= ((n - i + 1) / i) * (p / (1 - p));
    sum += term;
  }
  return sum;
}

function bound(k: number, n: number, tail: (p: number) => boolean): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 60; i++) {
    const p = (low + high) / 2;
    if (tail(p)) low = p;
    else high = p;
  }
  return k <= n ? low : 1;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

for (const rate of RATES) {
  const batches = done.filter((b) => b.family === family && b.rate === rate);
  const known = new Set(batches.map((b) => b.batch));
  for (let batch = 0; batch * BATCH < FRAMES; batch++) {
    if (known.has(batch)) continue;
    const result = run(rate, batch);
    if (JOURNAL) appendFileSync(JOURNAL, `${JSON.stringify(result)}\n`);
    batches.push(result);
  }
  const sum = (what: (b: Batch) => number): number => batches.reduce((total, b) => total + what(b), 0);
  const frames = sum((b) => b.frames);
  const failed = sum((b) => b.failed);
  const bits = sum((b) => b.bits);
  const from = failed ? bound(failed, frames, (p) => 1 - below(failed - 1, frames, p) < 0.025) : 0;
  const to = bound(failed, frames, (p) => below(failed, frames, p) > 0.025);
  const speed = (ms: (b: Batch) => number): string => median(batches.map((b) => b.bits / ms(b) / 1000)).toFixed(1);
  console.log(
    `QBER ${(100 * rate).toFixed(2).padStart(5)} %  f ${(sum((b) => b.leaked) / (bits * binaryEntropy(sum((b) => b.errors) / bits))).toFixed(4)}  ` +
      `failed ${failed} of ${frames} (${from.toExponential(1)} to ${to.toExponential(1)})  saved ${sum((b) => b.saved)}  ` +
      `wrong bits ${sum((b) => b.residual)}  sweeps ${(sum((b) => b.sweeps) / frames).toFixed(1)}  ` +
      `Alice ${speed((b) => b.encodeMs)}, Bob ${speed((b) => b.decodeMs)} Mbit/s`,
  );
}
