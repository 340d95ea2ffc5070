/**
 * Sifting: detections per CPU second of one party through sift and estimate together, and through the steps before them.
 * Run: node packages/distill/src/sift.bench.ts
 */
import { pack, zeros } from '@skykey/bits';
import { packColumn } from '@skykey/kernels';
import { countErrors } from './estimate.ts';
import { KeptDetections, settleClicks, sift } from './sift.ts';
import { seededBytes, seededWords } from './test/benchtop.ts';

const DETECTIONS = 2_000_000;

/** Median of `rounds` of the detections per microsecond of processor time. */
function rate(detections: number, rounds: number, run: () => void): number {
  const rates = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    let times = 0;
    let spent = 0;
    do {
      run();
      times++;
      const { user, system } = process.cpuUsage(before);
      spent = user + system;
    } while (spent < 100_000);
    return (times * detections) / spent;
  });
  return rates.sort((a, b) => a - b)[rounds >> 1]!;
}

for (const shareZ of [0.5, 0.1]) {
  const next = seededWords(7);
  const column = (of: () => number): Uint8Array => Uint8Array.from({ length: DETECTIONS }, of);
  const basis = (): number => Number(next() / 2 ** 32 < shareZ);
  const aliceBits = column(basis);
  const bobBits = column(basis);
  const [alice, bob] = [pack(aliceBits), pack(bobBits)];
  const intensity = {
    length: DETECTIONS,
    packed: packColumn(
      column(() => (next() >>> 16) % 3),
      0,
      2,
    ),
  };
  const own = column(() => next() & 1);
  const peer = own.map((bit) => bit ^ Number(next() % 50 === 0));
  const theirs = sift(peer, alice, bob, intensity);
  const both = rate(DETECTIONS, 5, () => {
    const { test, testIntensity } = sift(own, alice, bob, intensity);
    countErrors(test, theirs.test, testIntensity);
  });
  console.log(`basis Z ${100 * shareZ} %: sift and countErrors ${both.toFixed(0)} M detections/s`);
}

const next = seededWords(8);
const slot = Float64Array.from({ length: DETECTIONS }, (_, i) => 1000 * i + (next() % 900));
const detector = Uint8Array.from(slot, () => next() >>> 30);
const random = seededBytes(9);
const chunk = { slot, detector, untilSlot: 1000 * DETECTIONS };
const settled = rate(DETECTIONS, 5, () => settleClicks(chunk, 0, 1000 * DETECTIONS, random));
const marks = zeros(DETECTIONS);
for (let i = 0; i < DETECTIONS; i++) if (next() % 32 === 0) marks.bytes[i >> 3]! |= 1 << (i & 7);
const kept = rate(DETECTIONS, 5, () => new KeptDetections().append(detector, marks));
console.log(`settleClicks ${settled.toFixed(0)} M detections/s, KeptDetections ${kept.toFixed(0)} M detections/s`);
