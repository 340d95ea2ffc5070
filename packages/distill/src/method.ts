import { DistillError } from './error.ts';
import { planOneWay } from './ldpc/one-way.ts';
import type { Method } from './types.ts';

/** Round trips that Cascade takes for 10^6 bits, about (`reconcile.bench.ts`); fewer for less, some more for more. */
const CASCADE_ROUND_TRIPS = 180;
/** Longer than this nobody wants to wait for a few percent of key, ms. */
const PATIENCE_MS = 30_000;

/** What the choice rests on: all of it known before a bit of the key is disclosed. */
export interface MethodChoice {
  readonly keyBits: number;
  /** What error correction expects, 0..1/2. */
  readonly errorRate: number;
  /** Standard deviation of that estimate, absolute; 0 when left out. */
  readonly errorSpread?: number;
  /** Least time between a question and its answer, ms; 0 where it is not known. */
  readonly roundTripMs: number;
}

/**
 * How to correct errors: by Cascade, which discloses less, unless its round trips take more than half a minute and one message
 * can do it. Cascade discloses some 1.04 of the limit, LDPC 1.1 to 1.3, by how long the key is and how well its error rate is
 * known: one message costs key, waiting costs nothing but time.
 *
 * Error rate and length are public by then, and the round trip is what an adversary lets it be: by delaying answers she can
 * have LDPC and cost some key. No bit of the key has a part in the choice, so a proof may take it for settled beforehand.
 */
export function chooseMethod(choice: MethodChoice): Method {
  return CASCADE_ROUND_TRIPS * choice.roundTripMs > PATIENCE_MS && withinReach(choice) ? 'ldpc' : 'cascade';
}

/** Whether one message can correct such a key: codes there are for some error rates, and short keys would be given away. */
export function withinReach({ keyBits, errorRate, errorSpread = 0 }: Omit<MethodChoice, 'roundTripMs'>): boolean {
  try {
    planOneWay(keyBits, errorRate, { spread: errorSpread });
    return true;
  } catch (error) {
    if (error instanceof DistillError && error.code === 'distill/bad-argument') return false;
    throw error;
  }
}
