/**
 * Sifting: detections per CPU second, kernel and twin.
 * Run: node packages/kernels/src/sift.bench.ts
 */
import assert from 'node:assert/strict';
import { pack } from '@skykey/bits';
import { packColumn } from './packing.ts';
import { countErrors, sift } from './sift.ts';
import { countErrors as countErrorsTwin, sift as siftTwin } from './sift-twin.ts';

const DETECTIONS = 1_000_000;

/** Median of three of the detections per microsecond of processor time. */
function rate(run: () => void): number {
  const rates = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage();
    for (let times = 1; ; times++) {
      run();
      const { user, system } = process.cpuUsage(before);
      if (user + system > 100_000) return (times * DETECTIONS) / (user + system);
    }
  });
  return rates.sort((a, b) => a - b)[1]!;
}

const column = (of: (random: number) => number): Uint8Array => {
  const out = new Uint8Array(DETECTIONS);
  for (let at = 0; at < DETECTIONS; at += 65_536) crypto.getRandomValues(out.subarray(at, at + 65_536));
  return out.map(of);
};
const [own, intensity] = [column((random) => random & 1), column((random) => random % 3)];
const [alice, bob] = [pack(column((random) => random & 1)), pack(column((random) => random & 1))];
const announced = { length: DETECTIONS, packed: packColumn(intensity, 0, 2) };
assert.deepEqual(sift(own, alice, bob, announced), siftTwin(own, alice, bob, announced));
assert.deepEqual(countErrors(alice, bob, intensity), countErrorsTwin(alice, bob, intensity));
for (const [name, kernel, twin] of [
  ['sift', () => sift(own, alice, bob, announced), () => siftTwin(own, alice, bob, announced)],
  ['countErrors', () => countErrors(alice, bob, intensity), () => countErrorsTwin(alice, bob, intensity)],
] as const) {
  const [fast, plain] = [rate(kernel), rate(twin)];
  console.log(`${name}: ${fast.toFixed(0)} M/s, twin ${plain.toFixed(1)}, ratio ${(fast / plain).toFixed(0)}`);
}
