import { type Acquired, acquire, type NotAcquired } from '../acquire.ts';
import type { AcquisitionInput } from '../acquisition.ts';
import { type AcquisitionTags, answerClaim, claimTags } from '../disclosure.ts';
import { Prediction } from '../prediction.ts';
import { type TrackedTags, Tracker, type TrackOptions } from '../track.ts';
import { type FlybyOptions, flyby, JITTER_PS, SETTINGS } from './flyby.ts';

/** A whole pass at once, as tests look at it: times as Bob predicts them, and as they truly were. */
export interface Rehearsal {
  readonly periodPs: number;
  readonly jitterPs: number;
  readonly emissionPs: Float64Array;
  readonly detector: Uint8Array;
  /** Time of each tag on Alice's clock, as if its jitter were hers, ps since slot 0. */
  readonly truePs: Float64Array;
  readonly readingPs: Float64Array;
  /** Rows of the acquisition window. */
  readonly window: number;
  readonly claimed: AcquisitionTags;
  readonly acquisition: Acquired | NotAcquired;
  /** Processor time of an acquisition, ms, as `spentMs` measures it; NaN without that. */
  readonly acquisitionMs: number;
}

export const UNCERTAINTY = { offsetPs: 2e6, slope: 1e-7 };

/** With `spentMs`, the acquisition is repeated until it has taken 100 ms. */
export function rehearse(options: FlybyOptions, windowS: number, spentMs: () => number = () => Infinity): Rehearsal {
  const pass = flyby(options);
  const prediction = new Prediction({ offsetPs: 0, driftPsPerS: 0 }, pass.light, {
    firstPs: 0,
    pulseRateHz: options.pulseRateHz,
  });
  const readings: Float64Array[] = [];
  const detectors: Uint8Array[] = [];
  const truths: Float64Array[] = [];
  for (const { readingPs, tags, slot, offsetPs } of pass.bins()) {
    readings.push(readingPs);
    detectors.push(tags.detector);
    // -32768 stands for an offset beyond the column.
    truths.push(slot.map((s, i) => (offsetPs[i] === -32768 ? Number.NaN : s * pass.periodPs + offsetPs[i]!)));
  }
  const readingPs = Float64Array.from(readings.flatMap((chunk) => [...chunk]));
  const detector = Uint8Array.from(detectors.flatMap((chunk) => [...chunk]));
  const truePs = Float64Array.from(truths.flatMap((chunk) => [...chunk]));
  const emissionPs = prediction.emissionPs(readingPs);
  const window = emissionPs.findIndex((t) => t >= windowS * 1e12);
  const jitterPs = Math.hypot(options.jitterPs ?? JITTER_PS, options.clockJitterPs ?? 0);
  const times = emissionPs.subarray(0, window);
  const claimed = claimTags(times, pass.periodPs, UNCERTAINTY);
  const answer = answerClaim(claimed.claim, pass.emissions, { sentUntil: Number.MAX_SAFE_INTEGER });
  const input: AcquisitionInput = {
    emissionPs: times,
    detector: detector.subarray(0, window),
    claimed,
    answer,
    settings: SETTINGS,
    periodPs: pass.periodPs,
    jitterPs,
    uncertainty: UNCERTAINTY,
  };
  const acquisition = acquire(input);
  const before = spentMs();
  let rounds = 0;
  for (; spentMs() - before < 100; rounds++) {
    claimTags(times, pass.periodPs, UNCERTAINTY);
    acquire(input);
  }
  const acquisitionMs = (spentMs() - before) / rounds;
  return {
    periodPs: pass.periodPs,
    jitterPs,
    emissionPs,
    detector,
    truePs,
    readingPs,
    window,
    claimed,
    acquisition,
    acquisitionMs,
  };
}

/** How a tracker did: its time of emission against the true one. */
export interface Tracking {
  readonly tracked: number;
  readonly untracked: number;
  readonly rmsPs: number;
  readonly worstPs: number;
  /** Tags that were put into a slot that is not theirs. */
  readonly slips: number;
  readonly kept: number;
  readonly chunks: readonly TrackedTags[];
}

/** Tracks all tags after the acquisition window, which must have been found. */
export function trackAll(rehearsal: Rehearsal, tracker: Tracker, chunk = 5000): Tracking {
  const { emissionPs, detector, truePs, periodPs, window } = rehearsal;
  const chunks: TrackedTags[] = [];
  for (let i = window; i < emissionPs.length; i += chunk) {
    chunks.push(tracker.push(emissionPs.subarray(i, i + chunk), detector.subarray(i, i + chunk)));
  }
  chunks.push(tracker.finish());
  let row = window;
  let [tracked, untracked, squares, worstPs, slips, kept] = [0, 0, 0, 0, 0, 0];
  for (const { slot, residualPs, inGate } of chunks) {
    for (let i = 0; i < slot.length; i++, row++) {
      kept += inGate[i]!;
      if (slot[i] === -1) {
        untracked++;
        continue;
      }
      if (Number.isNaN(truePs[row]!)) continue;
      const error = slot[i]! * periodPs + residualPs[i]! - truePs[row]!;
      tracked++;
      squares += error * error;
      worstPs = Math.max(worstPs, Math.abs(error));
      if (Math.abs(error) > periodPs / 2) slips++;
    }
  }
  return { tracked, untracked, rmsPs: Math.sqrt(squares / tracked), worstPs, slips, kept, chunks };
}

export function trackerOf(rehearsal: Rehearsal, change: Partial<TrackOptions> = {}): Tracker {
  const { acquisition, periodPs, jitterPs, emissionPs, window } = rehearsal;
  if (acquisition.kind !== 'found') throw new Error(acquisition.reason);
  const gatePs = Math.min(2000, periodPs);
  return new Tracker({ periodPs, jitterPs, gatePs, ...change }, acquisition, emissionPs[window - 1]!);
}
