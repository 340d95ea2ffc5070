import { binaryEntropy } from './entropy.ts';
import { FiniteKeyError } from './error.ts';

/**
 * What a key length is computed from: the counts of one block, a fixed number of emitted pulses, as a JSON document.
 * Exactly one of `leakBits` and `efficiency` is given.
 */
export type KeyDocument = DecoyDocument | PairDocument;

interface Price {
  /** Probability that the key is not secret, 0..1 excluded. */
  readonly epsSec: number;
  /** Probability that the two keys differ, 0..1 excluded. */
  readonly epsCor: number;
  /**
   * All that reconciliation disclosed of Alice's key, in bits as counted: parities or syndromes, tags of frames, frames in
   * clear; and Bob's answers to those tags, one bit each (why: `variable-length.ts`, 6a). The verification tag apart.
   */
  readonly leakBits?: number;
  /**
   * Bits of the verification tag that Alice sends in clear, each charged; log2(2 / epsCor) at least. Left out: so many, as
   * published formulas have it.
   */
  readonly tagBits?: number;
  /** In place of `leakBits`, for planning: f in f n h(E), E the error rate of the key basis; from 1 on. */
  readonly efficiency?: number;
}

/** Decoy BB84, key from X, test in Z, arrays by intensity; counts may be expectations, and so not whole. */
export interface DecoyDocument extends Price {
  readonly protocol: 'decoy-bb84';
  /** Mean photon numbers, falling: two (one decoy) or three (two decoys). The last may be 0 where there are three. */
  readonly intensities: readonly number[];
  /** Probabilities of the intensities, the same in both bases; sum 1. */
  readonly probabilities: readonly number[];
  /**
   * Detections with both parties in the key basis, and the errors among them (known once errors are corrected): all of the
   * block, those of frames that could not be corrected among them, for a choice of frames is a choice by errors. The bits of
   * such a frame are either disclosed and in `leakBits`, or dropped and subtracted from the length by whoever dropped them.
   * With one decoy, where the errors enter the length, they must be disclosed: without that they are not known.
   */
  readonly nX: readonly number[];
  readonly mX: readonly number[];
  /** Detections with both parties in the test basis, and the errors among them. */
  readonly nZ: readonly number[];
  readonly mZ: readonly number[];
  /** 1 - least / greatest efficiency of Bob's detectors over all modes (`mismatchOf`), 0..1; left out: assumed to be 0. */
  readonly detectorMismatch?: number;
  /** What dark counts add where detectors are not equally dark (`darkExcessOf`); left out: assumed to be nothing. */
  readonly darkExcess?: DarkExcess;
  /**
   * Bits that Bob said about his key, those in `leakBits` apart. Cascade: his parities. One message: which frames failed, one
   * bit a frame. Both: the number of corrected bits, ceil(log2(n + 1)) for n bits; with one decoy it is charged already, as
   * the sum of the errors by intensity. Left out: however many, and in `tilted-one-way` none.
   */
  readonly bobBits?: number;
}

/** Expected number of gates that meet a dark count beyond those that all detectors have alike, at most. */
export interface DarkExcess {
  /** Among the pulses of the block that both parties have in the key basis; of all intensities, detected or not. */
  readonly key: number;
  /** In the test basis likewise. */
  readonly test: number;
}

/** Pairs of entangled photons, BBM92, whole numbers. */
export interface PairDocument extends Price {
  readonly protocol: 'bbm92';
  /** Sifted bits kept for the key, and the errors among them (needed with `efficiency` alone). */
  readonly keyBits: number;
  readonly keyErrors?: number;
  /** Sifted bits of the other basis, compared in public, and the errors among them. */
  readonly testBits: number;
  readonly testErrors: number;
}

/** One way in which the statement may be wrong. */
export interface Epsilon {
  /** For example `singles of the key basis`. */
  readonly event: string;
  /** Bound on its probability. */
  readonly probability: number;
  /** What it adds to epsSec: the probability, or 2 sqrt(probability) where the event is smoothed over. */
  readonly share: number;
}

export interface KeyStatement {
  /** l, floored, never negative. */
  readonly secretBits: number;
  /** The same before floor and clip at zero: the sum of `terms`. */
  readonly rawSecretBits: number;
  /** Lower bounds on detections of empty and of single-photon pulses in the key basis. */
  readonly s0: number;
  readonly s1: number;
  /** Upper bound on the phase error rate of those single photons, at most 1/2. */
  readonly phaseError: number;
  /** What reconciliation disclosed: as given, or as `efficiency` models it. */
  readonly leakBits: number;
  /** Bits, signed, by what they are for; they add up to `rawSecretBits`. */
  readonly terms: Readonly<Record<string, number>>;
  /** Their shares add up to epsSec. */
  readonly epsilons: readonly Epsilon[];
  /** Name of the proof. */
  readonly proof: string;
  /** Whether every step is a theorem for this document. */
  readonly rigorous: boolean;
  /** What must hold, in sentences. */
  readonly assumptions: readonly string[];
}

/** A statement from its terms. */
export function statementOf(
  parts: Omit<KeyStatement, 'secretBits' | 'rawSecretBits' | 'terms'>,
  terms: Record<string, number>,
): KeyStatement {
  const rawSecretBits = Object.values(terms).reduce((sum, bits) => sum + bits, 0);
  return { secretBits: Math.max(0, Math.floor(rawSecretBits)), rawSecretBits, ...parts, terms };
}

export const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Bits of leak: as given, or as modelled. */
export function leakOf({ leakBits, efficiency }: Price, keyBits: number, keyErrors: number): number {
  return leakBits ?? (keyBits === 0 ? 0 : efficiency! * keyBits * binaryEntropy(keyErrors / keyBits));
}

/** Bits of the verification tag: as sent, or log2(2 / epsCor). */
export const verificationOf = ({ epsCor, tagBits }: Price): number => tagBits ?? 1 - Math.log2(epsCor);

/** What makes of a document a plan, in sentences for the assumptions; none where all was counted. */
export function plannedIn(document: KeyDocument): readonly string[] {
  const sentences: string[] = [];
  if (document.leakBits === undefined) {
    sentences.push('The leak is a model, f n h(E); a key that is used is charged with the bits that were disclosed.');
  }
  if (document.protocol === 'decoy-bb84' && !counted(document)) {
    sentences.push(
      'The counts are expectations, not whole numbers; a key that is used comes from a block that was counted.',
    );
  }
  return sentences;
}

/** Whether the counts are whole, and not expectations. */
export const counted = ({ nX, mX, nZ, mZ }: DecoyDocument): boolean =>
  [nX, mX, nZ, mZ].every((counts) => counts.every(Number.isInteger));

const DECOY_FIELDS = [
  'intensities',
  'probabilities',
  'nX',
  'mX',
  'nZ',
  'mZ',
  'detectorMismatch',
  'darkExcess',
  'bobBits',
];
const PAIR_FIELDS = ['keyBits', 'keyErrors', 'testBits', 'testErrors'];
const PRICE_FIELDS = ['protocol', 'epsSec', 'epsCor', 'leakBits', 'efficiency', 'tagBits'];

/** Whatever was read from somewhere, as a document for a proof of that protocol. Throws FiniteKeyError with field and remedy. */
export function checkDocument(value: unknown, protocol: KeyDocument['protocol']): KeyDocument {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FiniteKeyError('document', 'must be a JSON object with protocol, counts, epsSec and epsCor');
  }
  const document = value as Record<string, unknown>;
  if (document.protocol !== protocol) {
    throw new FiniteKeyError(
      'protocol',
      `must be "${protocol}" for this proof, not ${JSON.stringify(document.protocol)}`,
    );
  }
  const known = [...PRICE_FIELDS, ...(protocol === 'decoy-bb84' ? DECOY_FIELDS : PAIR_FIELDS)];
  for (const field of Object.keys(document)) {
    if (!known.includes(field)) throw new FiniteKeyError(field, `is not known; the fields are ${known.join(', ')}`);
  }
  checkPrice(document as unknown as Price);
  if (protocol === 'decoy-bb84') checkDecoys(document as unknown as DecoyDocument);
  else checkPairs(document as unknown as PairDocument);
  return document as unknown as KeyDocument;
}

function checkPrice({ epsSec, epsCor, leakBits, efficiency, tagBits }: Price): void {
  for (const [field, eps] of Object.entries({ epsSec, epsCor })) {
    if (!(typeof eps === 'number' && eps > 0 && eps < 1)) {
      throw new FiniteKeyError(field, `must be a number between 0 and 1, both excluded, not ${JSON.stringify(eps)}`);
    }
  }
  if ((leakBits === undefined) === (efficiency === undefined)) {
    throw new FiniteKeyError('leakBits', 'give either leakBits (counted) or efficiency (f in f n h(E)), and not both');
  }
  if (leakBits !== undefined) least('leakBits', leakBits, 0, 'bits');
  if (efficiency !== undefined) least('efficiency', efficiency, 1, 'no unit');
  if (tagBits !== undefined) least('tagBits', tagBits, verificationOf({ epsSec, epsCor }), 'bits, log2(2 / epsCor)');
}

function least(field: string, value: unknown, from: number, unit: string): void {
  if (!(typeof value === 'number' && Number.isFinite(value) && value >= from)) {
    throw new FiniteKeyError(field, `must be a finite number from ${from} on (${unit}), not ${JSON.stringify(value)}`);
  }
}

function checkDecoys(document: DecoyDocument): void {
  const { intensities, probabilities, detectorMismatch, darkExcess, bobBits } = document;
  const count = Array.isArray(intensities) ? intensities.length : 0;
  if (count !== 2 && count !== 3) {
    throw new FiniteKeyError(
      'intensities',
      `must be two or three mean photon numbers, not ${JSON.stringify(intensities)}`,
    );
  }
  for (const field of ['intensities', 'probabilities', 'nX', 'mX', 'nZ', 'mZ'] as const) {
    const values: unknown = document[field];
    if (!Array.isArray(values) || values.length !== count || !values.every((v) => Number.isFinite(v) && v >= 0)) {
      throw new FiniteKeyError(
        field,
        `must be ${count} finite numbers from 0 on, one for each intensity, not ${JSON.stringify(values)}`,
      );
    }
  }
  const [mu1, mu2, mu3 = 0] = [intensities[0]!, intensities[1]!, intensities[2]];
  if (!(mu1 > mu2 + mu3 && mu2 > mu3)) {
    throw new FiniteKeyError(
      'intensities',
      `must fall, ${count === 3 ? 'mu1 > mu2 + mu3, mu2 > mu3 >= 0' : 'mu1 > mu2 > 0'}, not ${intensities.join(', ')}`,
    );
  }
  const sum = total(probabilities);
  if (probabilities.some((p) => p === 0) || Math.abs(sum - 1) > 1e-9) {
    throw new FiniteKeyError(
      'probabilities',
      `each intensity needs one above 0, and together they must be 1, not ${probabilities.join(' + ')} = ${sum}`,
    );
  }
  for (const [errors, detections] of [
    ['mX', 'nX'],
    ['mZ', 'nZ'],
  ] as const) {
    for (const [k, m] of document[errors].entries()) {
      const n = document[detections][k]!;
      if (m > n)
        throw new FiniteKeyError(
          errors,
          `${m} errors among ${n} detections at intensity ${k + 1}; there cannot be more`,
        );
      // Rounding of logarithms of factorials is bounded up to here.
      if (n > 1e12) throw new FiniteKeyError(detections, `must be at most 1e12 detections, not ${n}`);
    }
  }
  if (
    detectorMismatch !== undefined &&
    !(typeof detectorMismatch === 'number' && detectorMismatch >= 0 && detectorMismatch <= 1)
  ) {
    throw new FiniteKeyError('detectorMismatch', `must lie from 0 to 1, not ${JSON.stringify(detectorMismatch)}`);
  }
  if (
    darkExcess !== undefined &&
    ![darkExcess?.key, darkExcess?.test].every((mean) => Number.isFinite(mean) && mean! >= 0)
  ) {
    throw new FiniteKeyError(
      'darkExcess',
      `must be two expected numbers from 0 on, { "key": …, "test": … }, not ${JSON.stringify(darkExcess)}`,
    );
  }
  if (bobBits !== undefined) least('bobBits', bobBits, 0, 'bits');
}

function checkPairs({ keyBits, keyErrors, testBits, testErrors, efficiency }: PairDocument): void {
  for (const [field, value] of Object.entries({
    keyBits,
    testBits,
    testErrors,
    ...(keyErrors !== undefined && { keyErrors }),
  })) {
    if (!(Number.isInteger(value) && value >= 0 && value <= 1e12)) {
      throw new FiniteKeyError(field, `must be a whole number from 0 to 1e12, not ${JSON.stringify(value)}`);
    }
  }
  if (testErrors > testBits) {
    throw new FiniteKeyError('testErrors', `${testErrors} errors among ${testBits} test bits; there cannot be more`);
  }
  if (keyErrors !== undefined && keyErrors > keyBits) {
    throw new FiniteKeyError('keyErrors', `${keyErrors} errors among ${keyBits} key bits; there cannot be more`);
  }
  if (efficiency !== undefined && keyErrors === undefined) {
    throw new FiniteKeyError(
      'keyErrors',
      'are needed to model the leak; give them, or leakBits in place of efficiency',
    );
  }
}
