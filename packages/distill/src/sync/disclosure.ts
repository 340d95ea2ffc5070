import { DistillError } from '../error.ts';
import type { EmissionRecord } from '../types.ts';
import type { AcquisitionAnswer, AcquisitionClaim } from './claim.ts';
import { requirePositive, type Uncertainty } from './prediction.ts';

export type { AcquisitionAnswer, AcquisitionClaim, AcquisitionOutcome } from './claim.ts';

/** Slots from `from` up to but not including `until`. */
export interface SlotRange {
  readonly from: number;
  readonly until: number;
}

/** Some five times the tags that an acquisition needs with 10 % of noise (`sync.bench.ts`). */
export const MOST_CLAIMED = 500;
/** 2 us at 4 GHz. A claim of `MOST_CLAIMED` tags then is 8 million slots. */
export const MOST_HALF_SLOTS = 8192;

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

/** Where a claim may lie. */
export interface ClaimLimits {
  /** The first slot whose light may not have passed Bob yet. */
  readonly sentUntil: number;
  /** The end of the slots that were spent, or given to the key, before. */
  readonly settledUntil?: number;
  /** Most tags that are answered; MOST_CLAIMED when left out. */
  readonly most?: number;
}

/**
 * The slots that a claim asks about, tag by tag. Throws `distill/claim`, and then nothing is to be disclosed, for a claim that
 * is not as described or reaches beyond its limits.
 */
export function claimedSlots(claim: AcquisitionClaim, limits: ClaimLimits): Float64Array {
  const { centreSlot, halfSlots } = claim;
  const { sentUntil, settledUntil = 0, most = MOST_CLAIMED } = limits;
  const refuse = (what: string): never => {
    throw new DistillError('distill/claim', `the claim ${what}`);
  };
  if (!(Number.isInteger(halfSlots) && halfSlots >= 1 && halfSlots <= MOST_HALF_SLOTS)) {
    refuse(`asks for ${halfSlots} slots on either side of a tag; 1 to ${MOST_HALF_SLOTS} are possible`);
  }
  const tags = centreSlot.length;
  if (tags < 1 || tags > most) refuse(`is of ${tags} tags; 1 to ${most} are answered`);
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
  return slot;
}

/** Alice's answer, from what she sent in these slots. Throws as `claimedSlots`. */
export function answerClaim(
  claim: AcquisitionClaim,
  emissions: (slot: Float64Array) => EmissionRecord,
  limits: ClaimLimits,
): AcquisitionAnswer {
  const { intensity, basis, bit } = emissions(claimedSlots(claim, limits));
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
