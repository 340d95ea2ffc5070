/**
 * What the two parties together may look at, bin by bin: announced settings of detected slots, tags, monitors. No truth.
 * The alarm sees this and nothing else. Both samplers fill it: the event sampler by counting its tags
 * (`observe/count-events.ts`), the count sampler by drawing the counts themselves.
 */

/** Bins of the histogram of arrival in the gate, each detector's own. */
export const ARRIVAL_CELLS = 16;

/** Names of monitors, in the order of `Observation.monitors`. */
export const MONITORS = [
  'bright-light',
  'injected-power',
  'out-of-band',
  'source-power',
  'clock',
  'range',
  'beacon-power',
  'beacon-pointing',
  'self-test',
] as const;
export type MonitorName = (typeof MONITORS)[number];

/** One bin. `K` classes. All counts are whole numbers. */
export interface Observation {
  readonly bin: number;
  readonly startS: number;
  readonly durationS: number;
  /** Pulses sent in the bin. */
  readonly pulses: number;
  /**
   * Slots in which exactly one detector clicked inside the gate, `[(class * 4 + state) * 4 + detector]`, 16 K long.
   */
  readonly single: Float64Array;
  /** Slots with clicks of several detectors in the gate, `[class * 2 + (0 same basis only, 1 both bases)]`, 2 K long. */
  readonly double: Float64Array;
  /** Clicks outside the gate, by detector. They fall in the share `1 - gate / slot` of all time. */
  readonly outside: Float64Array;
  /** By detector * ARRIVAL_CELLS + cell: single clicks by arrival in the gate, early to late, cells of equal width. */
  readonly arrival: Float64Array;
  /** By detector: mean arrival of single clicks in the gate, ps (NaN: none). */
  readonly arrivalMeanPs: Float64Array;
  /** By diode (`class * 4 + state`): mean arrival of single clicks in the gate, ps (NaN: none), detectors pooled. */
  readonly diodeMeanPs: Float64Array;
  /** By detector: clicks that came less than twice the dead time after the previous click of the same detector. */
  readonly soon: Float64Array;
  /** All clicks by detector, in and out of the gate. */
  readonly clicks: Float64Array;
  /** Readings with their noise, in the order of `MONITORS`; NaN where the monitor is not fitted. */
  readonly monitors: Float64Array;
}

/** What is true of a bin beside it, for the harness alone. */
export interface LedgerEntry {
  /** Sifted slots of the key basis X (both in X, doubles settled), all classes. */
  readonly sifted: number;
  /** Bits that the adversary knows of them: the sum of 1 - h(guess), h the binary entropy. */
  readonly knownBits: number;
  /** Sifted slots of X whose pulse held exactly one photon at the exit, by truth, and none. */
  readonly siftedSingles: number;
  readonly siftedVacuum: number;
}

/** One bin with its truth. */
export interface ObservedBin {
  readonly observation: Observation;
  readonly ledger: LedgerEntry;
}

export function emptyObservation(
  classes: number,
  at: { readonly bin: number; readonly startS: number; readonly durationS: number; readonly pulses: number },
): Observation {
  return {
    ...at,
    single: new Float64Array(classes * 16),
    double: new Float64Array(classes * 2),
    outside: new Float64Array(4),
    arrival: new Float64Array(4 * ARRIVAL_CELLS),
    arrivalMeanPs: new Float64Array(4).fill(Number.NaN),
    diodeMeanPs: new Float64Array(classes * 4).fill(Number.NaN),
    soon: new Float64Array(4),
    clicks: new Float64Array(4),
    monitors: new Float64Array(MONITORS.length).fill(Number.NaN),
  };
}
