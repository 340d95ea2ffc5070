/**
 * Polynomial hash: bytes per CPU second, kernel and twin.
 * Run: node packages/kernels/src/polynomial-hash.bench.ts
 */
import assert from 'node:assert/strict';
import { BLOCK_BYTES, hashBlocks, POINT_BYTES } from './polynomial-hash.ts';
import { hashBlocks as twin } from './polynomial-hash-twin.ts';

const point = crypto.getRandomValues(new Uint8Array(POINT_BYTES));

/** Median of five of the bytes per microsecond of processor time. */
function rate(hash: typeof hashBlocks, text: Uint8Array): { readonly rate: number; readonly state: Uint8Array } {
  const state = new Uint8Array(POINT_BYTES);
  hash(state, point, text);
  const first = state.slice();
  const rates = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    for (let times = 1; ; times++) {
      hash(state, point, text);
      const { user, system } = process.cpuUsage(before);
      if (user + system > 100_000) return (times * text.length) / (user + system);
    }
  });
  return { rate: rates.sort((a, b) => a - b)[2]!, state: first };
}

for (const blocks of [70_000, 272, 8]) {
  const text = new Uint8Array(blocks * BLOCK_BYTES);
  for (let at = 0; at < text.length; at += 65_536) crypto.getRandomValues(text.subarray(at, at + 65_536));
  const [a, b] = [rate(hashBlocks, text), rate(twin, text)];
  assert.deepEqual(a.state, b.state);
  console.log(
    `${text.length} bytes: ${a.rate.toFixed(0)} MB/s, twin ${b.rate.toFixed(0)}, ratio ${(a.rate / b.rate).toFixed(2)}`,
  );
}
