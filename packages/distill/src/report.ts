import { binaryEntropy, type KeyLength } from '@skykey/finitekey';
import type { MonitorTally } from './estimate.ts';
import type { Triple } from './sift.ts';
import type { Alarm, SessionParameters, SessionReport } from './types.ts';

/** What reconciliation cost and found. */
export interface Reconciliation {
  /** Parities, frame tags and disclosed frames, in bits: all that Alice said about her key. */
  readonly leakedBits: number;
  readonly roundTrips: number;
  readonly frames: number;
  /** Frames that had to be disclosed. */
  readonly failedFrames: number;
  /** Errors found, m_X. */
  readonly corrected: number;
}

/** Bits of the verification tag, which Alice discloses beside what reconciliation took. */
export const VERIFICATION_BITS = 128;

/** What a session has found so far; becomes the report at whatever point it ends. */
export class Findings {
  readonly parameters: SessionParameters;
  readonly alarms: Alarm[] = [];
  detections = 0;
  tally: MonitorTally;
  keyDetections: Triple = [0, 0, 0];
  testDetections: Triple = [0, 0, 0];
  testErrors: Triple = [0, 0, 0];
  reconciliation: Reconciliation = { leakedBits: 0, roundTrips: 0, frames: 0, failedFrames: 0, corrected: 0 };
  verificationBits = 0;
  keyLength: KeyLength | undefined;
  secretBits = 0;

  constructor(parameters: SessionParameters, tally: MonitorTally) {
    this.parameters = parameters;
    this.tally = tally;
  }

  get leakedBits(): number {
    return this.reconciliation.leakedBits + this.verificationBits;
  }

  /** f: bits that reconciliation disclosed against n h(q) with the true error rate q; 0 where n h(q) is 0. */
  #efficiency(): number {
    const [signal, decoy, weakest] = this.keyDetections;
    const n = signal + decoy + weakest;
    const shannon = n && n * binaryEntropy(this.reconciliation.corrected / n);
    return shannon ? this.reconciliation.leakedBits / shannon : 0;
  }

  /** The outcome as public counts, for the context of the tags: the parties' figures are compared without being sent. */
  outcome(): string {
    const { detections, keyDetections, testDetections, testErrors, reconciliation, leakedBits, secretBits } = this;
    return JSON.stringify([
      detections,
      this.tally.disclosed,
      keyDetections,
      testDetections,
      testErrors,
      reconciliation.corrected,
      leakedBits,
      secretBits,
    ]);
  }

  report(classicalBytes: number, pads: number, refusal?: string): SessionReport {
    const { parameters, tally, keyDetections, testDetections, testErrors, reconciliation } = this;
    const compared = testDetections[0] + tally.signal;
    return {
      sessionId: parameters.sessionId,
      linkId: parameters.linkId,
      pulses: parameters.pulses,
      detections: this.detections,
      monitored: tally.disclosed,
      siftedSignal: keyDetections[0] + testDetections[0] + tally.signal,
      qberSignal: compared ? (testErrors[0] + tally.signalErrors) / compared : 0,
      keyDetections,
      testDetections,
      testErrors,
      keyErrors: reconciliation.corrected,
      reconciliation: {
        method: 'cascade',
        efficiency: this.#efficiency(),
        leakedBits: this.leakedBits,
        roundTrips: reconciliation.roundTrips,
        frames: reconciliation.frames,
        failedFrames: reconciliation.failedFrames,
      },
      proof: this.keyLength?.proof ?? 'none: refused before the key length was computed',
      proofGaps: this.keyLength?.gaps ?? [],
      epsSec: parameters.epsSec,
      epsCor: parameters.epsCor,
      phaseErrorRate: this.keyLength?.phaseErrorRate ?? 0.5,
      authenticationBitsSpent: 128 * pads,
      secretBits: refusal === undefined ? this.secretBits : 0,
      verdict: refusal === undefined ? 'accepted' : 'refused',
      ...(refusal === undefined ? {} : { reason: refusal }),
      alarms: [...this.alarms],
      classicalBytes,
    };
  }
}
