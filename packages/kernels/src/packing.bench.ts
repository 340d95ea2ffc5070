/**
 * Packing of columns and slots: entries per microsecond of processor time, kernel and twin.
 * Run: node packages/kernels/src/packing.bench.ts
 */
import { fromBytes } from '@skykey/bits';
import * as kernel from './packing.ts';
import * as twin from './packing-twin.ts';

const ENTRIES = 65_536;

/** Median of five. */
function rate(run: () => void): number {
  run();
  const rates = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    for (let times = 1; ; times++) {
      run();
      const { user, system } = process.cpuUsage(before);
      if (user + system > 100_000) return (times * ENTRIES) / (user + system);
    }
  });
  return rates.sort((a, b) => a - b)[2]!;
}

const column = (below: number): Uint8Array =>
  crypto.getRandomValues(new Uint8Array(ENTRIES)).map((value) => value % below);
const [threes, bits] = [column(3), column(2)];
const packed = twin.packColumn(threes, 0, 2);
// One detection in 32 is marked.
const marks = fromBytes(
  column(256).map((value) => (value < 64 ? 1 << (value & 7) : 0)),
  ENTRIES,
);
const others = new Uint8Array(ENTRIES);
const gaps = crypto.getRandomValues(new Uint16Array(32_768));
const slot = Float64Array.from({ length: ENTRIES }, (_, i) => 65_536 * i + gaps[i % gaps.length]!);
const room = new Float64Array(ENTRIES);
const told = twin.encodeSlots(slot, 0);
const announced = { from: 0, until: 65_536 * ENTRIES, length: ENTRIES };

for (const [name, fast, plain] of [
  ['one bit of each', () => kernel.packColumn(bits, 0, 1), () => twin.packColumn(bits, 0, 1)],
  ['two bits of each', () => kernel.packColumn(threes, 0, 2), () => twin.packColumn(threes, 0, 2)],
  ['two bits back', () => kernel.unpackColumn(packed, ENTRIES, 2), () => twin.unpackColumn(packed, ENTRIES, 2)],
  ['divided', () => kernel.divide(threes, marks, others), () => twin.divide(threes, marks, others)],
  ['joined', () => kernel.joinColumns(threes, bits, bits), () => twin.joinColumns(threes, bits, bits)],
  ['the largest', () => kernel.largestOfColumn(threes), () => twin.largestOfColumn(threes)],
  ['slots told', () => kernel.encodeSlots(slot, 0), () => twin.encodeSlots(slot, 0)],
  ['slots read', () => kernel.decodeSlots(told, announced, room), () => twin.decodeSlots(told, announced)],
] as const) {
  const [quick, slow] = [rate(fast), rate(plain)];
  console.log(`${name}: ${quick.toFixed(0)} M/s, twin ${slow.toFixed(1)}, ratio ${(quick / slow).toFixed(0)}`);
}
