/**
 * What Bob's hardware reports once the gate is cut: columnar, in order of slot, then of detector; two detectors in one
 * slot are two rows.
 */
export interface Detections {
  /** Slot (pulse) number since the start of the pass, exact integers below 2^52. */
  readonly slot: Float64Array;
  /** Detector 0..3. */
  readonly detector: Uint8Array;
  /** Time of the click against the centre of its slot, rounded to the ps. */
  readonly offsetPs: Int16Array;
}

/** What Alice's hardware sent in given slots: one row a slot. */
export interface Emissions {
  readonly slot: Float64Array;
  /** Index into `Source.intensities`. */
  readonly intensity: Uint8Array;
  readonly basis: Uint8Array;
  readonly bit: Uint8Array;
}
