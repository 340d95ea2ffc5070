/**
 * Toeplitz products, input bits per second of processor time, and how many times the plain TypeScript twin.
 * Run: node packages/kernels/src/amplify.bench.ts
 */
import assert from 'node:assert/strict';
import type { Bits } from '@skykey/bits';
import { toeplitz } from './amplify.ts';
import { toeplitzTwin } from './amplify-twin.ts';
import { bitsFrom } from './test/toeplitz.ts';

type Product = (input: Bits, seed: Bits, outputBits: number) => Bits;

/** Seconds of processor time a call, over at least 0.1 s; the median of `rounds`. */
function timeOf(product: Product, n: number, l: number, rounds: number): [seconds: number, out: Bits] {
  const [input, seed] = [bitsFrom(n, n), bitsFrom(l, n + l - 1)];
  let out = product(input, seed, l);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    for (let calls = 1; ; calls++) {
      out = product(input, seed, l);
      const { user, system } = process.cpuUsage(before);
      if (user + system < 1e5) continue;
      times.push((user + system) / calls / 1e6);
      break;
    }
  }
  return [times.sort((a, b) => a - b)[rounds >> 1]!, out];
}

for (const [n, l] of [
  [10_000, 3000],
  [100_000, 30_000],
  [1_000_000, 250_000],
  [1_000_000, 500_000],
] as const) {
  const [kernelS, out] = timeOf(toeplitz, n, l, 5);
  const [twinS, twinOut] = timeOf(toeplitzTwin, n, l, 3);
  assert.deepEqual(out, twinOut);
  console.log(
    `${n} to ${l} bits: ${(kernelS * 1e3).toFixed(2)} ms, ${(n / kernelS / 1e6).toFixed(0)} Mbit/s, ${(twinS / kernelS).toFixed(1)} times the twin`,
  );
}
