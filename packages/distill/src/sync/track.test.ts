import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TagReader, TagWriter } from '@skykey/photons';
import { settleClicks } from '../sift.ts';
import { SlotDetections } from './detections.ts';
import { spentSlots } from './disclosure.ts';
import { Prediction } from './prediction.ts';
import { flyby } from './test/flyby.ts';
import { type Rehearsal, rehearse, trackAll, trackerOf } from './test/rehearsal.ts';
import { Tracker } from './track.ts';

const wrong = { clockOffsetPs: 0.9e6, clockDriftPsPerS: 6e4, clockJitterPs: 50, aheadS: 0.05 };

describe('tracking', () => {
  for (const [name, pulseRateHz, durationS, closestS] of [
    ['at 100 MHz from a Doppler of 2.3e-5 on', 1e8, 60, 170],
    ['at 100 MHz through the zenith, where second and third derivative are largest', 1e8, 60, 30],
    ['at 1 GHz through the zenith', 1e9, 20, 10],
  ] as const) {
    it(`stays within 100 ps rms at 45 dB ${name}`, () => {
      const pass = rehearse({ pulseRateHz, lossDb: 45, durationS, closestS, seed: 11, ...wrong }, 0.1);
      const tracker = trackerOf(pass);
      const tracking = trackAll(pass, tracker);
      assert.equal(tracking.tracked, pass.emissionPs.length - pass.window);
      assert.ok(tracking.rmsPs < 50, `rms ${tracking.rmsPs} ps`);
      assert.ok(tracking.rmsPs < 2 * tracker.uncertaintyPs, 'the tracker knows how good it is');
      assert.equal(tracking.slips, 0);
      assert.ok(tracking.worstPs < 300, `worst ${tracking.worstPs} ps`);
    });
  }

  it('goes through a cloud with growing uncertainty, and finds its slots again', () => {
    const options = { pulseRateHz: 1e8, lossDb: 45, durationS: 24, closestS: 12, cloud: [8, 13], ...wrong } as const;
    const pass = rehearse({ ...options, seed: 2 }, 0.1);
    const tracker = trackerOf(pass);
    const { emissionPs, detector, window } = pass;
    const uncertainty = new Map<number, number>();
    const noise = new Map<number, number>();
    for (let i = window; i < emissionPs.length; i += 20) {
      tracker.push(emissionPs.subarray(i, i + 20), detector.subarray(i, i + 20));
      const second = Math.floor(emissionPs[Math.min(emissionPs.length, i + 20) - 1]! * 1e-12);
      uncertainty.set(second, tracker.uncertaintyPs);
      noise.set(second, tracker.noise);
    }
    assert.ok(uncertainty.get(12)! > 10 * uncertainty.get(7)!, `${uncertainty.get(7)} to ${uncertainty.get(12)} ps`);
    assert.ok(uncertainty.get(15)! < 2 * uncertainty.get(7)!);
    assert.ok(noise.get(12)! > 0.8 && noise.get(15)! < 0.2);
    const tracking = trackAll(pass, trackerOf(pass));
    assert.equal(tracking.slips, 0);
    assert.equal(tracking.untracked, 0);
  });

  it('gives up when a slip cannot be excluded', () => {
    const options = { pulseRateHz: 1e8, lossDb: 45, durationS: 32, closestS: 12, cloud: [4, 30], ...wrong } as const;
    const pass = rehearse({ ...options, seed: 2 }, 0.1);
    const tracker = trackerOf(pass);
    const tracking = trackAll(pass, tracker);
    assert.ok(tracker.lost);
    assert.equal(tracking.slips, 0);
    assert.ok(tracking.untracked > 2000);
    const { slot, inGate } = tracking.chunks.at(-1)!;
    assert.ok(slot.every((one) => one === -1) && inGate.every((one) => one === 0));
  });

  it('keeps the same tags whatever the bits are: swapping 0 and 1 changes nothing (pitfall P10)', () => {
    const pass = rehearse({ pulseRateHz: 1e8, lossDb: 40, durationS: 10, closestS: 5, seed: 7, ...wrong }, 0.1);
    const swapped: Rehearsal = { ...pass, detector: pass.detector.map((d) => d ^ 1) };
    const one = trackAll(pass, trackerOf(pass));
    const other = trackAll(swapped, trackerOf(pass));
    assert.ok(one.kept > 20_000 && one.kept < one.tracked);
    const { until } = spentSlots(pass.claimed.claim);
    const [a, b] = [new SlotDetections(1e9, until), new SlotDetections(1e9, until)];
    for (const [i, chunk] of one.chunks.entries()) {
      const twin = other.chunks[i]!;
      assert.deepEqual({ ...twin, detector: twin.detector.map((d) => d ^ 1) }, chunk);
      const [kept, keptTwin] = [a.push(chunk), b.push(twin)];
      assert.deepEqual({ ...keptTwin, detector: keptTwin.detector.map((d) => d ^ 1) }, kept);
    }
  });

  it('gives the same slots in chunks of any size, from a file of time tags too', () => {
    const options = { pulseRateHz: 1e8, lossDb: 45, durationS: 3, closestS: 40, seed: 8, ...wrong };
    const pass = rehearse(options, 0.1);
    const joined = (chunks: readonly { readonly slot: Float64Array }[]) => chunks.flatMap(({ slot }) => [...slot]);
    const due = joined(trackAll(pass, trackerOf(pass)).chunks);
    for (const chunk of [1, 7, 333]) assert.deepEqual(joined(trackAll(pass, trackerOf(pass), chunk).chunks), due);

    const file = new TagWriter().write({ timePs: pass.readingPs, detector: pass.detector });
    const { timePs, detector } = new TagReader().push(file);
    const prediction = new Prediction({ offsetPs: 0, driftPsPerS: 0 }, flyby(options).light, {
      firstPs: 0,
      pulseRateHz: 1e8,
    });
    const read = { ...pass, emissionPs: prediction.emissionPs(timePs), detector };
    const tracking = trackAll(read, trackerOf(pass));
    assert.ok(tracking.rmsPs < 50 && tracking.slips === 0);
  });

  it('refuses tags out of order and gates wider than a slot', () => {
    const pass = rehearse({ pulseRateHz: 1e8, lossDb: 45, durationS: 0.3, closestS: 40, seed: 8, ...wrong }, 0.1);
    const tracker = trackerOf(pass);
    const from = pass.emissionPs[pass.window]!;
    assert.throws(() => tracker.push(Float64Array.of(from, from - 1), new Uint8Array(2)), { code: 'distill/sync' });
    assert.throws(() => tracker.push(Float64Array.of(from, Number.NaN), new Uint8Array(2)), { code: 'distill/sync' });
    assert.throws(() => tracker.push(Float64Array.of(from), new Uint8Array(2)), /1 times and 2 detectors/);
    assert.equal(tracker.finish().slot.length, 0, 'none was taken');
    assert.throws(() => trackerOf(pass, { gatePs: 10_001 }), /gatePs is 10001/);
    const { acquisition } = pass;
    assert.ok(acquisition.kind === 'found');
    assert.throws(() => new Tracker({ periodPs: 1e4, jitterPs: 350, gatePs: 2e3 }, acquisition, 0), /before its state/);
  });
});

describe('detections for a session', () => {
  it('are those in the gate, in order, complete up to a slot, without what was spent', () => {
    const pass = rehearse({ pulseRateHz: 1e8, lossDb: 38, durationS: 4, closestS: 2, seed: 9, ...wrong }, 0.1);
    const { chunks, kept } = trackAll(pass, trackerOf(pass), 500);
    const pulses = 3.9e8;
    const fromSlot = 2.5e7;
    const stream = new SlotDetections(pulses, fromSlot);
    let watched = fromSlot;
    let rows = 0;
    const take = (chunk: ReturnType<SlotDetections['push']>): void => {
      // It throws for whatever breaks the promise of a driver.
      settleClicks(chunk, watched, pulses, (length) => new Uint8Array(length));
      watched = chunk.untilSlot;
      rows += chunk.slot.length;
    };
    for (const chunk of chunks.slice(0, -1)) take(stream.push(chunk));
    take(stream.finish(chunks.at(-1)!));
    assert.equal(watched, pulses);
    assert.ok(rows > 0.9 * kept && rows < 0.98 * kept, `${rows} of ${kept}`);
  });
});
