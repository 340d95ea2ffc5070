/**
 * One message of LDPC: `node packages/distill/src/ldpc/one-way.bench.ts [family] [frames] [error rates, comma]`, or
 * `… study [frames] [journal]` for the study in docs/results (1,000 frames of both families, about ten minutes of
 * processor time).
 *
 * For each error rate: efficiency, with tags and whatever a failed frame discloses; frames that failed, with the 95 %
 * interval of their rate (Clopper and Pearson, Biometrika 26, 404 (1934)); frames that were saved; wrong bits that no
 * tag found; speed of both sides in key bits per second of processor time, the code being there. Frames come in
 * batches, each with its own seed. A study writes every batch down in its journal, and one that was cut short goes on
 * where it stopped: the same frames, the same result.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { popcount, xor, zeros } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import { seededBytes, seededWords } from '../test/benchtop.ts';
import type { Family } from './degrees.ts';
import { decodeOneWay, encodeOneWay, prepareOneWay, withoutFrames } from './one-way.ts';

const FRAME_BITS = { short: 102_400, long: 819_200 };
/** Frames that are made, and measured, together. */
const BATCH = { short: 20, long: 2 };
const STUDIED = {
  short: [0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08, 0.1],
  long: [0.015, 0.02, 0.03, 0.05, 0.08],
};
const RESULTS = new URL('../../../../docs/results/', import.meta.url);

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

function run(family: Family, rate: number, batch: number): Batch {
  const bits = BATCH[family] * FRAME_BITS[family];
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
  prepareOneWay(bits, rate, { family });
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

/** What is told of one error rate. */
interface Row {
  readonly family: Family;
  readonly frameBits: number;
  readonly errorRate: number;
  readonly frames: number;
  readonly failed: number;
  /** Of the rate of failures, 95 %. */
  readonly interval: readonly [number, number];
  readonly saved: number;
  readonly unnoticedBits: number;
  /** All that is disclosed, failed frames whole, over n h(q). */
  readonly efficiency: number;
  readonly sweeps: number;
  readonly aliceMbps: number;
  readonly bobMbps: number;
  readonly bothMbps: number;
}

function summarize(batches: readonly Batch[]): Row {
  const sum = (what: (b: Batch) => number): number => batches.reduce((total, b) => total + what(b), 0);
  const { family, rate } = batches[0]!;
  const frames = sum((b) => b.frames);
  const failed = sum((b) => b.failed);
  const bits = sum((b) => b.bits);
  const disclosed = sum((b) => b.leaked) + failed * FRAME_BITS[family];
  const speed = (ms: (b: Batch) => number): number => median(batches.map((b) => b.bits / ms(b) / 1000));
  return {
    ...{ family, frameBits: FRAME_BITS[family], errorRate: rate, frames, failed },
    interval: [
      failed ? bound(failed, frames, (p) => 1 - below(failed - 1, frames, p) < 0.025) : 0,
      bound(failed, frames, (p) => below(failed, frames, p) > 0.025),
    ],
    ...{ saved: sum((b) => b.saved), unnoticedBits: sum((b) => b.residual) },
    efficiency: disclosed / (bits * binaryEntropy(sum((b) => b.errors) / bits)),
    sweeps: sum((b) => b.sweeps) / frames,
    aliceMbps: speed((b) => b.encodeMs),
    bobMbps: speed((b) => b.decodeMs),
    bothMbps: speed((b) => b.encodeMs + b.decodeMs),
  };
}

function print(row: Row): void {
  console.log(
    `QBER ${(100 * row.errorRate).toFixed(2).padStart(5)} %  f ${row.efficiency.toFixed(4)}  ` +
      `failed ${row.failed} of ${row.frames} (${row.interval.map((p) => p.toExponential(1)).join(' to ')})  ` +
      `saved ${row.saved}  wrong bits ${row.unnoticedBits}  sweeps ${row.sweeps.toFixed(1)}  ` +
      `Alice ${row.aliceMbps.toFixed(0)}, Bob ${row.bobMbps.toFixed(1)}, both ${row.bothMbps.toFixed(1)} Mbit/s`,
  );
}

/** The rows of the study; batches that the journal has are not made again. */
function study(frames: number, journal: string): Row[] {
  const done = existsSync(journal)
    ? readFileSync(journal, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Batch)
    : [];
  const rows: Row[] = [];
  for (const family of ['short', 'long'] as const) {
    for (const rate of STUDIED[family]) {
      const batches = done.filter((b) => b.family === family && b.rate === rate);
      const known = new Set(batches.map((b) => b.batch));
      const count = Math.ceil(frames / BATCH[family]);
      for (let batch = 0; batch < count; batch++) {
        if (known.has(batch)) continue;
        const result = run(family, rate, batch);
        appendFileSync(journal, `${JSON.stringify(result)}\n`);
        batches.push(result);
        process.stderr.write(`\r${family} ${100 * rate} %: ${batches.length} of ${count} batches `);
      }
      process.stderr.write('\r\x1b[K');
      const row = summarize(batches);
      print(row);
      rows.push(row);
    }
  }
  return rows;
}

function write(rows: readonly Row[], command: string): void {
  mkdirSync(RESULTS, { recursive: true });
  const made = new Date().toISOString().slice(0, 10);
  const processor = cpus()[0]?.model.trim() ?? 'unknown';
  const document = { study: 'ldpc', made, processor, command, rows };
  writeFileSync(new URL('ldpc.json', RESULTS), `${JSON.stringify(document, null, 2)}\n`);
  const table = (family: Family): string =>
    rows
      .filter((row) => row.family === family)
      .map((row) => {
        const interval = row.interval.map((p) => (p ? p.toExponential(1) : '0')).join(' to ');
        return `| ${100 * row.errorRate} % | ${row.efficiency.toFixed(3)} | ${row.failed} of ${row.frames.toLocaleString('en')} | ${interval} | ${row.saved} | ${row.unnoticedBits} | ${row.sweeps.toFixed(1)} | ${row.bothMbps.toFixed(1)} |`;
      })
      .join('\n');
  const within = (family: Family, most: number): string =>
    rows
      .filter((row) => row.family === family && row.efficiency <= most)
      .map((row) => `${100 * row.errorRate} %`)
      .join(', ') || 'none of these rates';
  const heading = `| error rate | f | frames failed | rate of that, 95 % | saved | wrong bits unnoticed | sweeps | Mbit/s |
|---|---|---|---|---|---|---|---|`;
  writeFileSync(
    new URL('ldpc.md', RESULTS),
    `# Error correction in one message: how close, how fast, how often it fails

Made ${made} by \`${command}\`. Frames are simulated: random keys, independent errors, both parties expecting the error rate that the errors were drawn with. The frames come out the same anywhere; speeds are those of the machine. Where fewer than 1,000 frames are counted the study was cut short; it goes on where it stopped.

f is all that Alice discloses over n h(q) with the errors that there were: syndromes, a tag of 32 bits a frame, and every failed frame whole. Failed: no error pattern was found that has both syndrome and tag; the interval is Clopper and Pearson's. Saved: decoding ended a few bits short, or in a second try; counted as right. Wrong bits unnoticed: in frames whose tag agreed, by comparison of all bits. Mbit/s: key bits over the processor time of both parties on one core (${processor}, other work on it), median of batches; the code is made before, in a tenth of a second.

## Short frames: 102,400 bits

${heading}
${table('short')}

## Long frames: 819,200 bits

${heading}
${table('long')}

## What holds

- f at most 1.25 in short frames at ${within('short', 1.25)}; f at most 1.12 in long frames at ${within('long', 1.12)}.
- The syndrome is set so that a frame with 3.3 standard deviations more errors than expected is still within reach of its code (\`packages/distill/src/ldpc/rate.ts\`). That margin alone is 8 % of f for short frames at 1 %, 2 % for long ones at 2 %.
- Codes for few errors are weak. Long frames are not taken unasked below 1.8 %: at 1.5 % a third of them end a few bits short and one or two in a hundred too far (the row above); smaller syndromes than the one in use did not fail more often, so it is not parities that they lack. No code has fewer than 10 parities for 200 bits: from 0.3 % down every frame discloses a twentieth of itself, whatever its errors. Above 11 % (10.4 % in short frames) one message is refused; so is a key that is too short to keep anything. Cascade does both.
- An estimate of the error rate that is not exact (\`spread\`, its standard deviation) widens the margin: the rate of the code adapts to what is known before anything is sent, since nothing can be asked for afterwards. A frame that fails all the same is disclosed whole and stays in the key.
`,
  );
}

if (process.argv[2] === 'study') {
  const frames = Number(process.argv[3] ?? 1000);
  const command = `node packages/distill/src/ldpc/one-way.bench.ts study ${frames}`;
  write(study(frames, process.argv[4] ?? 'ldpc-study.jsonl'), command);
} else {
  const family = (process.argv[2] ?? 'short') as Family;
  const frames = Number(process.argv[3] ?? 200);
  for (const rate of (process.argv[4] ?? STUDIED[family].join(',')).split(',').map(Number)) {
    const count = Math.ceil(frames / BATCH[family]);
    print(summarize(Array.from({ length: count }, (_, batch) => run(family, rate, batch))));
  }
}
