import { binaryEntropy, DEFAULT_PROOF, type KeyStatement, proofNamed } from '@skykey/finitekey';
import type { MonitorTally } from './estimate.ts';
import type { Triple } from './sift.ts';
import type { Alarm, Method, SessionParameters, SessionReport } from './types.ts';
import { VERIFICATION_BITS, verificationBound } from './verify.ts';

/** What reconciliation cost and found; the same at both ends. The ledger: what is here is what went over the line. */
export interface Reconciliation {
  readonly method: Method;
  /** All that Alice said about her key, in bits: parities or syndromes, frame tags and disclosed frames. */
  readonly leakedBits: number;
  /** Bob's answers to frame tags, one bit each: they depend on more than the errors, and are charged with `leakedBits`. */
  readonly tagAnswers: number;
  /** All that Bob said, in bits: differences of parities, `tagAnswers`, and `countBits` for the number of corrected bits. */
  readonly announcedBits: number;
  /** All messages of both directions as encoded, in bits. */
  readonly messageBits: number;
  readonly roundTrips: number;
  readonly frames: number;
  /** Frames that had to be disclosed. */
  readonly failedFrames: number;
  /** Errors found, m_X. */
  readonly corrected: number;
}

/** Of an empty key: no word is needed. */
export function nothingToReconcile(method: Method): Reconciliation {
  return {
    ...{ method, leakedBits: 0, tagAnswers: 0, announcedBits: 0, messageBits: 0 },
    ...{ roundTrips: 0, frames: 0, failedFrames: 0, corrected: 0 },
  };
}

/** Bits that a number from 0 to `most` tells. */
export function countBits(most: number): number {
  return Math.ceil(Math.log2(most + 1));
}

/** What a session has found so far; becomes the report at whatever point it ends. */
export class Findings {
  readonly parameters: SessionParameters;
  readonly alarms: Alarm[] = [];
  detections = 0;
  tally: MonitorTally;
  keyDetections: Triple = [0, 0, 0];
  testDetections: Triple = [0, 0, 0];
  testErrors: Triple = [0, 0, 0];
  acquisitions = 0;
  spentSlots = 0;
  reconciliation: Reconciliation;
  verificationBits = 0;
  statement: KeyStatement | undefined;
  secretBits = 0;

  constructor(parameters: SessionParameters, tally: MonitorTally) {
    this.parameters = parameters;
    this.tally = tally;
    this.reconciliation = nothingToReconcile(parameters.method === 'ldpc' ? 'ldpc' : 'cascade');
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
      reconciliation.tagAnswers,
      secretBits,
    ]);
  }

  #ledger(): Pick<SessionReport, 'proof' | 'rigorous' | 'proofGaps' | 'secrecy' | 'phaseErrorRate'> {
    const { statement } = this;
    if (!statement) {
      const secrecy = { epsilons: [], terms: {}, assumptions: [] };
      const proof = 'none: refused before the key length was computed';
      return { proof, rigorous: false, proofGaps: [], secrecy, phaseErrorRate: 0.5 };
    }
    const { proof, rigorous, epsilons, assumptions, phaseError } = statement;
    const named = proofNamed(this.parameters.proof);
    // Written to files as JSON, where -0 would not come back.
    const terms = Object.fromEntries(Object.entries(statement.terms).map(([name, bits]) => [name, bits + 0]));
    const shared = proofNamed(DEFAULT_PROOF).assumptions;
    const gaps = [
      ...(named.rigorous
        ? []
        : [`Not every step of ${proof} is a theorem (${named.source}): it was taken because the parameters name it.`]),
      ...assumptions.filter((one) => !shared.includes(one)),
    ];
    const secrecy = { epsilons, terms, assumptions };
    return { proof, rigorous, proofGaps: rigorous ? [] : gaps, secrecy, phaseErrorRate: phaseError };
  }

  report(end: Ending): SessionReport {
    const { parameters, tally, keyDetections, testDetections, testErrors, reconciliation } = this;
    const { classicalBytes, pads, forgeryBound, refusal } = end;
    const compared = testDetections[0] + tally.signal;
    const { method, tagAnswers, announcedBits, messageBits, roundTrips, frames, failedFrames } = reconciliation;
    const keyBits = keyDetections[0] + keyDetections[1] + keyDetections[2];
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
      acquisitions: this.acquisitions,
      spentSlots: this.spentSlots,
      reconciliation: {
        ...{ method, efficiency: this.#efficiency(), leakedBits: this.leakedBits },
        ...{ tagAnswers, announcedBits, messageBits, roundTrips, frames, failedFrames },
      },
      ...this.#ledger(),
      epsSec: parameters.epsSec,
      epsCor: parameters.epsCor,
      composed: parameters.epsSec + parameters.epsCor + forgeryBound,
      correctness: { tagBits: VERIFICATION_BITS, probability: verificationBound(keyBits) },
      forgeryBound,
      authenticationBitsSpent: 128 * pads,
      secretBits: refusal === undefined ? this.secretBits : 0,
      verdict: refusal === undefined ? 'accepted' : 'refused',
      ...(refusal === undefined ? {} : { reason: refusal }),
      alarms: [...this.alarms],
      classicalBytes,
    };
  }
}

/** How a session ended. */
export interface Ending {
  readonly classicalBytes: number;
  /** Pads that this side took. */
  readonly pads: number;
  readonly forgeryBound: number;
  /** Why there is no key; absent where there is. */
  readonly refusal?: string;
}
