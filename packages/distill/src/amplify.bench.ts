/**
 * Privacy amplification, input bits per CPU second, at the sizes of a satellite pass and of a long one.
 * Run: node packages/distill/src/amplify.bench.ts
 */
import assert from 'node:assert/strict';
import { type Bits, fromBytes, xor } from '@skykey/bits';
import { amplify, toeplitzSeedBits } from './amplify.ts';

function random(length: number): Bits {
  const bytes = new Uint8Array(Math.ceil(length / 8));
  for (let at = 0; at < bytes.length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return fromBytes(bytes, length);
}

for (const [inputBits, outputBits] of [
  [100_000, 30_000],
  [1_000_000, 300_000],
  [10_000_000, 3_000_000],
] as const) {
  const seed = random(toeplitzSeedBits(inputBits, outputBits));
  const [a, b] = [random(inputBits), random(inputBits)];
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage();
    const outputs = [a, b, xor(a, b)].map((input) => amplify(input, seed, outputBits));
    const { user, system } = process.cpuUsage(before);
    assert.deepEqual(outputs[2], xor(outputs[0]!, outputs[1]!));
    best = Math.min(best, (user + system) / 3e6);
  }
  const rate = (inputBits / best / 1e6).toFixed(1);
  console.log(
    `${inputBits} to ${outputBits} bits: ${(best * 1e3).toFixed(1)} ms, ${rate} Mbit of input per CPU second`,
  );
}
