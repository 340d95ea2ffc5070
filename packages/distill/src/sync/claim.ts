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
