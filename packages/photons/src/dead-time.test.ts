import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PassInput, simulate } from './engine.ts';
import type { PhotonBin, Receiver, Source } from './types.ts';

const source: Source = {
  pulseRateHz: 1e8,
  intensities: [{ name: 'signal', meanPhotons: 0.8, probability: 1 }],
  basisXProbability: 0.5,
};
const receiver: Receiver = { basisXProbability: 0.5, misalignment: 0.02, deadTimeNs: 319.5, jitterPs: 350, gateNs: 2 };
const slotPs = 10_000;

/** Bins of 100 slots, three dead times long, in bright light. */
function input(change: Partial<Receiver> = {}): PassInput {
  const bins = 3000;
  return {
    trace: {
      binS: 1e-6,
      channelTransmittance: new Float64Array(bins).fill(0.2),
      receiverTransmittance: 0.6,
      noisePerGate: new Float64Array(bins).fill(1e-3),
    },
    source,
    receiver: { ...receiver, ...change },
    seed: 77,
  };
}

/** Time from each click of a detector to the next one of the same, and whether a bin ended in between. */
function* gaps(bins: Iterable<PhotonBin>): Generator<{ ps: number; acrossBins: boolean }> {
  const last = [0, 1, 2, 3].map(() => ({ ps: -Infinity, bin: -1 }));
  for (const { bin, detections } of bins) {
    for (let row = 0; row < detections.slot.length; row++) {
      const ps = detections.slot[row]! * slotPs + detections.offsetPs[row]!;
      const before = last[detections.detector[row]!]!;
      if (before.bin >= 0) yield { ps: ps - before.ps, acrossBins: before.bin !== bin };
      last[detections.detector[row]!] = { ps, bin };
    }
  }
}

test('no detector clicks within its dead time, in a bin or across a border', () => {
  let within = 0;
  let across = 0;
  for (const { ps, acrossBins } of gaps(simulate(input()))) {
    assert.ok(ps >= 319_500, `${ps} ps`);
    if (ps >= 400_000) continue;
    if (acrossBins) across++;
    else within++;
  }
  assert.ok(within > 1000 && across > 1000);
});

test('bins drawn apart, each with rested detectors, would break it', () => {
  const apart = Array.from({ length: 300 }, (_, bin) => [...simulate({ ...input(), firstBin: bin, bins: 1 })]).flat();
  const broken = [...gaps(apart)].filter(({ ps }) => ps < 319_500);
  assert.ok(broken.length > 100);
  assert.ok(broken.every(({ acrossBins }) => acrossBins));
});

test('a detector that was dead for d slots clicks on average 1/p slots later', () => {
  // No jitter and no noise: a click is at the middle of its slot and kills the next five.
  const still = input({ deadTimeNs: 55, jitterPs: 0, misalignment: 0.5 });
  const noisePerGate = new Float64Array(still.trace.noisePerGate.length);
  let sum = 0;
  let count = 0;
  for (const { ps } of gaps(simulate({ ...still, trace: { ...still.trace, noisePerGate } }))) {
    sum += ps / slotPs;
    count++;
  }
  const p = -Math.expm1((-0.8 * 0.2 * 0.6) / 4);
  const sigma = Math.sqrt(1 - p) / p / Math.sqrt(count);
  assert.ok(count > 10_000);
  assert.ok(Math.abs(sum / count - (5 + 1 / p)) < 4 * sigma);
});

test('a count in the dead time does not prolong it', () => {
  // Light in every slot: a paralysable detector would never click again.
  const bright = input({ deadTimeNs: 25, jitterPs: 0 });
  const noisePerGate = new Float64Array(bright.trace.noisePerGate.length).fill(40);
  const perDetector = [0, 0, 0, 0];
  let slots = 0;
  for (const bin of simulate({ ...bright, trace: { ...bright.trace, noisePerGate } })) {
    slots += bin.pulses;
    for (const detector of bin.detections.detector) perDetector[detector]!++;
  }
  for (const clicks of perDetector) assert.ok(Math.abs(clicks - slots / 3) < 0.01 * slots);
});
