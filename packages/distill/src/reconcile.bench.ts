/**
 * Cascade, both parties in one process: `node packages/distill/src/reconcile.bench.ts`. For each error rate: efficiency f
 * with frame tags, round trips, traffic, frames that failed, speed in key bits per second of one core.
 */
import { pack, popcount, xor, zeros } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import { Transcript } from './authenticate.ts';
import { Line } from './line.ts';
import { reconcileAlice, reconcileBob } from './reconcile.ts';
import { linePair, MemoryPads, seededBytes, seededWords } from './test/benchtop.ts';

const BITS = Number(process.argv[2] ?? 1_000_000);
const RUNS = Number(process.argv[3] ?? 2);

for (const rate of [0.001, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.08, 0.11]) {
  let leaked = 0;
  let errors = 0;
  let rounds = 0;
  let failed = 0;
  let traffic = 0;
  let ms = 0;
  let residual = 0;
  for (let run = 0; run < RUNS; run++) {
    const next = seededWords(1000 * rate * 7 + run + 1);
    const key = pack(Uint8Array.from({ length: BITS }, () => next() & 1));
    const noise = pack(Uint8Array.from({ length: BITS }, () => (next() / 2 ** 32 < rate ? 1 : 0)));
    const point = await new MemoryPads(1).hashKey();
    const channels = linePair();
    const alice = new Line(channels.alice, 'alice', new Transcript(point));
    const bob = new Line(channels.bob, 'bob', new Transcript(point));
    const start = performance.now();
    const [, found] = await Promise.all([
      reconcileAlice(alice, key, rate, seededBytes(run + 99)),
      reconcileBob(bob, xor(key, noise), rate),
    ]);
    ms += performance.now() - start;
    leaked += found.leakedBits;
    errors += popcount(noise);
    rounds = Math.max(rounds, found.roundTrips);
    failed += found.failedFrames;
    traffic += bob.bytes;
    residual += popcount(xor(key, found.key ?? zeros(BITS)));
  }
  const n = BITS * RUNS;
  const shannon = n * binaryEntropy(errors / n);
  console.log(
    `QBER ${(100 * rate).toFixed(2).padStart(5)} %  f ${(leaked / shannon).toFixed(4)}  round trips ${String(rounds).padStart(4)}  ` +
      `traffic ${((8 * traffic) / shannon).toFixed(2)} x Shannon  failed frames ${failed}  wrong bits ${residual}  ` +
      `${(n / ms / 1000).toFixed(1)} Mbit/s`,
  );
}
