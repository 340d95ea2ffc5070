import { ARRIVAL_CELLS } from '../observe/observation.ts';
import { Insight } from './insight.ts';

/** How the clicks of one slot fell, for a pulse of each class in each of Alice's bases: `[(class * 2 + basis) * 3 + this]`. */
export const DoubleClick = { bothX: 0, bothZ: 1, cross: 2 } as const;

/**
 * What a bin's `Observation` and `LedgerEntry` are on average: expected numbers in the same order (see there), and what
 * else a sampler has to know to draw them.
 */
export interface Expectation {
  readonly classes: number;
  readonly pulses: number;
  readonly single: Float64Array;
  readonly double: Float64Array;
  readonly outside: Float64Array;
  readonly arrival: Float64Array;
  readonly soon: Float64Array;
  readonly clicks: Float64Array;
  /** By detector and by diode: mean arrival of single clicks in the gate, ps; NaN where there are none. */
  readonly arrivalMeanPs: Float64Array;
  readonly diodeMeanPs: Float64Array;
  sifted: number;
  knownBits: number;
  siftedSingles: number;
  siftedVacuum: number;

  /** Slots with several clicks, by class, Alice's basis and `DoubleClick`. */
  readonly doubleSent: Float64Array;
  /** By detector: of the slots with clicks in both bases, the share in which it clicks. */
  readonly crossShare: Float64Array;
  /** By detector and cell: mean arrival, ps. */
  readonly cellMeanPs: Float64Array;
  /** By diode: standard deviation of an arrival, and mean, standard deviation and share of those that light made. */
  readonly diodeSpreadPs: Float64Array;
  readonly diodeLightMeanPs: Float64Array;
  readonly diodeLightSpreadPs: Float64Array;
  readonly diodeLightShare: Float64Array;
  /** By detector: variance of the number of clicks over its mean; with `deadTogether` of all clicks, four times. */
  readonly dispersion: Float64Array;
  readonly together: boolean;
  /** By detector: probability that a click comes within twice the dead time of the one before. */
  readonly soonShare: Float64Array;
  /** What she knows of a sifted slot, and the photons in it. */
  readonly insight: Insight;
  /** First and last edge of the gate, ps. */
  readonly gatePs: readonly [number, number];
}

/** An expectation that is being reckoned. */
export type OpenExpectation = { -readonly [Key in keyof Expectation]: Expectation[Key] };

export function emptyExpectation(classes: number): OpenExpectation {
  return {
    classes,
    pulses: 0,
    single: new Float64Array(16 * classes),
    double: new Float64Array(2 * classes),
    outside: new Float64Array(4),
    arrival: new Float64Array(4 * ARRIVAL_CELLS),
    soon: new Float64Array(4),
    clicks: new Float64Array(4),
    arrivalMeanPs: new Float64Array(4),
    diodeMeanPs: new Float64Array(4 * classes),
    sifted: 0,
    knownBits: 0,
    siftedSingles: 0,
    siftedVacuum: 0,
    doubleSent: new Float64Array(6 * classes),
    crossShare: new Float64Array(4),
    cellMeanPs: new Float64Array(4 * ARRIVAL_CELLS),
    diodeSpreadPs: new Float64Array(4 * classes),
    diodeLightMeanPs: new Float64Array(4 * classes),
    diodeLightSpreadPs: new Float64Array(4 * classes),
    diodeLightShare: new Float64Array(4 * classes),
    dispersion: new Float64Array(4),
    together: false,
    soonShare: new Float64Array(4),
    insight: new Insight(),
    gatePs: [0, 0],
  };
}
