import { DistillError } from '../error.ts';
import type { EmissionRecord } from '../types.ts';
import { requirePositive, type Uncertainty } from './prediction.ts';

/**
 * What is said to find the slots, in this order:
 *
 * 1. Bob: `AcquisitionClaim`. He commits to when he had some tags of a window of time, as slots by his prediction.
 * 2. Alice: `AcquisitionAnswer`. She discloses what she sent in all slots that these tags may have come from.
 * 3. Bob: `AcquisitionOutcome`.
 *
 * All slots from the first to the last disclosed are spent, for both and whatever comes of it: `spentSlots` says which, from
 * the claim alone. Nothing is disclosed of a slot that Alice has not sent, nor of one twice, and Bob's tags exist before the
 * claim; all three messages belong in the authenticated transcript, since a forged claim makes the two spend different slots.
 */
export interface AcquisitionClaim {
  /** Rising, at least `2 halfSlots + 1` apart. */
  readonly centreSlot: Float64Array;
  readonly halfSlots: number;
}

export interface AcquisitionAnswer {
  /** For each claimed tag slots `centre - halfSlots` to `centre + halfSlots`: `intensity * 4 + basis * 2 + bit`. */
  readonly settings: Uint8Array;
}

export interface AcquisitionOutcome {
  readonly found: boolean;
  readonly significance: number;
}

/** Slots from `from` up to but not including `until`. */
export interface SlotRange {
  readonly from: number;
  readonly until: number;
}

/** Some five times the tags that an acquisition needs with 10 % of noise (`sync.bench.ts`). */
export const MOST_CLAIMED = 500;
/** 2 us at 4 GHz. A claim of `MOST_CLAIMED` tags then is 8 million slots. */
const MOST_HALF_SLOTS = 8192;

export interface AcquisitionTags {
  readonly claim: AcquisitionClaim;
  /** Which rows of the window were claimed. */
  readonly row: Uint32Array;
}

/**
 * Bob's claim: tags of the window, spread evenly over it, far enough apart that no slot would be disclosed for two of them.
 * Chosen by time alone. Throws `distill/sync` for tags out of order, or an uncertainty of too many slots.
 */
export function claimTags(
  emissionPs: Float64Array,
  periodPs: number,
  { offsetPs, slope }: Uncertainty,
  most = MOST_CLAIMED,
): AcquisitionTags {
  requirePositive('periodPs', periodPs);
  requirePositive('the uncertainty of the offset', offsetPs);
  requireOrder(emissionPs);
  const spanPs = emissionPs.length > 0 ? emissionPs[emissionPs.length - 1]! - emissionPs[0]! : 0;
  // One slot more, since the phase within a slot is not known either.
  const halfSlots = Math.ceil((offsetPs + (slope * spanPs) / 2) / periodPs) + 1;
  if (halfSlots > MOST_HALF_SLOTS) {
    throw new DistillError(
      'distill/sync',
      `the prediction is uncertain by ${halfSlots} slots; an acquisition takes at most ${MOST_HALF_SLOTS}`,
    );
  }
  const row: number[] = [];
  const apart = Math.max(2 * halfSlots + 1, spanPs / periodPs / most);
  let next = halfSlots;
  for (let i = 0; i < emissionPs.length && row.length < most; i++) {
    const centre = Math.floor(emissionPs[i]! / periodPs + 0.5);
    if (centre < next) continue;
    row.push(i);
    // The grid of the spread, not the tag before, so that a gap does not thin out what follows.
    next = Math.max(centre + 2 * halfSlots + 1, next + apart * Math.floor((centre - next) / apart) + apart);
  }
  const centreSlot = Float64Array.from(row, (i) => Math.floor(emissionPs[i]! / periodPs + 0.5));
  return { claim: { centreSlot, halfSlots }, row: Uint32Array.from(row) };
}

/** All slots that a claim spends; an empty range for an empty claim. */
export function spentSlots({ centreSlot, halfSlots }: AcquisitionClaim): SlotRange {
  if (centreSlot.length === 0) return { from: 0, until: 0 };
  return { from: centreSlot[0]! - halfSlots, until: centreSlot[centreSlot.length - 1]! + halfSlots + 1 };
}

/**
 * Alice's answer. `sentUntil` is the first slot whose light may not have passed Bob yet; `settledUntil` the end of the slots
 * that were spent, or given to the key, before. Throws `distill/claim`, and then discloses nothing, for a claim that is not
 * as described, reaches beyond either, or asks for more than `most` tags.
 */
export function answerClaim(
  claim: AcquisitionClaim,
  emissions: (slot: Float64Array) => EmissionRecord,
  { sentUntil, settledUntil = 0 }: { readonly sentUntil: number; readonly settledUntil?: number },
  most = MOST_CLAIMED,
): AcquisitionAnswer {
  const { centreSlot, halfSlots } = claim;
  const refuse = (what: string): never => {
    throw new DistillError('distill/claim', `the peer's claim ${what}`);
  };
  if (!(Number.isInteger(halfSlots) && halfSlots >= 1 && halfSlots <= MOST_HALF_SLOTS)) {
    refuse(`asks for ${halfSlots} slots on either side of a tag; 1 to ${MOST_HALF_SLOTS} are possible`);
  }
  const tags = centreSlot.length;
  if (tags > most) refuse(`is of ${tags} tags; at most ${most} are answered`);
  const width = 2 * halfSlots + 1;
  let next = settledUntil + halfSlots;
  for (let i = 0; i < tags; i++) {
    const centre = centreSlot[i]!;
    if (!(Number.isSafeInteger(centre) && centre >= next)) {
      refuse(`has slot ${centre} in row ${i}, where a whole number from ${next} on is due`);
    }
    next = centre + width;
  }
  const { until } = spentSlots(claim);
  if (until > sentUntil) refuse(`reaches to slot ${until - 1}; only those before ${sentUntil} have gone by`);
  const slot = new Float64Array(tags * width);
  for (let i = 0; i < tags; i++) {
    const first = centreSlot[i]! - halfSlots;
    for (let j = 0; j < width; j++) slot[i * width + j] = first + j;
  }
  const { intensity, basis, bit } = emissions(slot);
  return { settings: Uint8Array.from(intensity, (k, i) => k * 4 + basis[i]! * 2 + bit[i]!) };
}

/** Throws `distill/sync` unless times never fall. */
export function requireOrder(timePs: Float64Array, afterPs = Number.NEGATIVE_INFINITY): void {
  let last = afterPs;
  for (let i = 0; i < timePs.length; i++) {
    const here = timePs[i]!;
    if (!(here >= last && here < Number.POSITIVE_INFINITY)) {
      throw new DistillError(
        'distill/sync',
        `tag ${i} of a chunk is at ${here} ps after ${last}; tags must be in order`,
      );
    }
    last = here;
  }
}
