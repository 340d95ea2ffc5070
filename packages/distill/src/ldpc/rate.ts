import { binaryEntropy } from '@skykey/finitekey';
import { DistillError } from '../error.ts';
import { type Family, LEAST_LAYERS, MOST_LAYERS } from './degrees.ts';

/**
 * How many syndrome bits a frame needs. There is no second chance without a way back, so that the frame must be
 * decodable at an error rate that its own bits exceed only rarely: SIGMAS standard deviations of their number above
 * the estimate. To that comes what a code of the family needs over the entropy when the number of errors is as
 * expected, REACH: long frames a step beyond where decoding begins to succeed, short ones as much as few sweeps need.
 * Both from simulation (`one-way.bench.ts`).
 */
const SIGMAS = 3.3;
/** Syndrome bits over the entropy, by error rate; straight lines between. Codes for few errors are weak. */
const REACH: Readonly<Record<Family, readonly (readonly [errorRate: number, reach: number])[]>> = {
  short: [
    [0.005, 1.3],
    [0.01, 1.187],
    [0.015, 1.164],
    [0.02, 1.176],
    [0.03, 1.19],
    [0.05, 1.204],
    [0.08, 1.215],
  ],
  long: [
    [0.005, 1.35],
    [0.01, 1.2],
    [0.015, 1.105],
    [0.02, 1.0945],
    [0.03, 1.098],
    [0.05, 1.095],
    [0.08, 1.09],
  ],
};
/** Highest error rate that has codes: of long frames; what short ones need beside ends at 0.104. */
export const MOST_ERROR_RATE = 0.11;

/**
 * Rows, a multiple of 16, for a frame of `bits` bits in columns of `lift`. `spread`: standard deviation of the
 * estimate of the error rate. Throws DistillError `distill/bad-argument` for an error rate outside (0,
 * MOST_ERROR_RATE], or a frame too short for it.
 */
export function rowsFor(
  family: Family,
  { bits, lift }: { readonly bits: number; readonly lift: number },
  errorRate: number,
  spread: number,
): number {
  if (!(errorRate > 0 && errorRate <= MOST_ERROR_RATE)) {
    throw new DistillError(
      'distill/bad-argument',
      `errorRate must be above 0 and at most ${MOST_ERROR_RATE} for one message, not ${errorRate}: beyond, Cascade corrects`,
    );
  }
  if (!(spread >= 0 && spread <= 0.5)) {
    throw new DistillError('distill/bad-argument', `spread must be from 0 to 0.5, not ${spread}`);
  }
  const sigma = Math.sqrt((errorRate * (1 - errorRate)) / bits + spread * spread);
  const entropy = binaryEntropy(Math.min(0.5, errorRate + SIGMAS * sigma));
  const rows = 16 * Math.ceil((reachOf(family, errorRate) * entropy * bits) / 16);
  const least = LEAST_LAYERS * lift;
  if (rows > MOST_LAYERS * lift) {
    throw new DistillError(
      'distill/bad-argument',
      `errorRate ${errorRate} and its spread ask for more parities in frames of ${bits} bits than one message has codes for: Cascade corrects so many errors`,
    );
  }
  if (Math.max(rows, least) >= bits) {
    throw new DistillError(
      'distill/bad-argument',
      `a frame of ${bits} bits is too short for one message at an error rate of ${errorRate}: it would give away all of it; Cascade does not`,
    );
  }
  return Math.max(rows, least);
}

function reachOf(family: Family, errorRate: number): number {
  const knots = REACH[family];
  const above = knots.findIndex(([rate]) => rate >= errorRate);
  if (above === 0) return knots[0]![1];
  if (above < 0) return knots.at(-1)![1];
  const [low, atLow] = knots[above - 1]!;
  const [high, atHigh] = knots[above]!;
  return atLow + ((atHigh - atLow) * (errorRate - low)) / (high - low);
}
