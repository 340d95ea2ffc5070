import type { Triple } from './sift.ts';

export { countErrors } from '@skykey/kernels';

/**
 * Basis-matched comparisons of the live monitor. A monitored detection is disclosed with all that is known about it, so it
 * takes part in neither key nor estimation. That leaves the proof's block untouched: the choice falls on detections by
 * Alice's coin alone, after Bob's commitment and whatever their basis, intensity or bit, and those of one pulse are
 * independent of those of every other, so nothing said about a monitored pulse tells of a remaining one, and the
 * remaining detections are those of a slightly lossier channel.
 */
export class MonitorTally {
  /** Detections disclosed, matched or not. */
  disclosed = 0;
  /** Matched ones of the signal intensity. */
  signal = 0;
  signalErrors = 0;
  /** Matched ones in the key basis, all intensities. */
  key = 0;
  keyErrors = 0;

  /**
   * Takes one detection; `emission` is `intensity * 4 + basis * 2 + bit`. Returns whether one that compares signal bits is
   * wrong; undefined for any other.
   */
  add(detector: number, emission: number): boolean | undefined {
    this.disclosed++;
    if ((detector ^ emission) & 2) return undefined;
    const error = (detector ^ emission) & 1;
    if (!(emission & 2)) {
      this.key++;
      this.keyErrors += error;
    }
    if (emission >> 2) return undefined;
    this.signal++;
    this.signalErrors += error;
    return error === 1;
  }
}

/** What reconciliation expects of the key. */
export interface ExpectedErrors {
  /** In (0, 1/2]. */
  readonly rate: number;
  /** Standard deviation of that estimate. */
  readonly spread: number;
}

/**
 * The error rate that reconciliation expects in the key: all that was compared in the test basis, and in the key basis by
 * the monitor, with one error and one match added so that it is never 0 or 1 (Laplace's rule). It sets sizes of blocks and of
 * syndromes and nothing else: a wrong guess costs bits, never secrecy.
 */
export function expectedErrors(tally: MonitorTally, testDetections: Triple, testErrors: Triple): ExpectedErrors {
  const sum = ([signal, decoy, weakest]: Triple): number => signal + decoy + weakest;
  const compared = tally.key + sum(testDetections) + 2;
  const rate = (tally.keyErrors + sum(testErrors) + 1) / compared;
  return { rate: Math.min(0.5, rate), spread: Math.sqrt((rate * (1 - rate)) / compared) };
}
