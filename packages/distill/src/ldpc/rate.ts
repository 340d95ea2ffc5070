import { binaryEntropy } from '@skykey/finitekey';
import { DistillError } from '../error.ts';
import { type Family, LEAST_LAYERS, MOST_LAYERS } from './degrees.ts';
import type { FrameShape } from './frame.ts';

/**
 * How many syndrome bits a frame needs. There is no second chance without a way back, so that the frame must be decodable at
 * an error rate that its own bits exceed only rarely: SIGMAS standard deviations of their number above the estimate. To
 * that comes what a code of the family needs over the entropy even in an endless frame, REACH. Both from measured
 * frame error rates (`one-way.bench.ts`).
 */
const SIGMAS = 3.3;
export const REACH: Readonly<Record<Family, number>> = { short: 1.2, long: 1.085 };
/** Highest error rate that has codes, with a margin for its spread. */
export const MOST_ERROR_RATE = 0.11;

/**
 * Rows, a multiple of 16, for a frame of a given shape. `spread`: standard deviation of the estimate of the error rate.
 * Throws DistillError `distill/bad-argument` for an error rate outside (0, MOST_ERROR_RATE], or a frame too short for it.
 */
export function rowsFor(family: Family, shape: FrameShape, errorRate: number, spread: number): number {
  if (!(errorRate > 0 && errorRate <= MOST_ERROR_RATE)) {
    throw new DistillError(
      'distill/bad-argument',
      `errorRate must be above 0 and at most ${MOST_ERROR_RATE} for one message, not ${errorRate}`,
    );
  }
  if (!(spread >= 0 && spread <= 0.5)) {
    throw new DistillError('distill/bad-argument', `spread must be from 0 to 0.5, not ${spread}`);
  }
  const { bits, lift } = shape;
  const sigma = Math.sqrt((errorRate * (1 - errorRate)) / bits + spread * spread);
  const entropy = binaryEntropy(Math.min(0.5, errorRate + SIGMAS * sigma));
  const rows = 16 * Math.ceil((REACH[family] * entropy * bits) / 16);
  const least = LEAST_LAYERS * lift;
  if (Math.max(rows, least) >= bits || rows > MOST_LAYERS * lift) {
    throw new DistillError(
      'distill/bad-argument',
      `a frame of ${bits} bits is too short for one message at an error rate of ${errorRate}: it would give away all of it`,
    );
  }
  return Math.max(rows, least);
}
