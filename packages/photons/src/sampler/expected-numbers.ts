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
  /** By cell: single clicks that no light of their slot made, detectors pooled. */
  readonly strayArrival: Float64Array;
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
    strayArrival: new Float64Array(ARRIVAL_CELLS),
    dispersion: new Float64Array(4),
    together: false,
    soonShare: new Float64Array(4),
    insight: new Insight(),
    gatePs: [0, 0],
  };
}

/**
 * Probabilities of a slot become numbers of a bin: `single`, `doubleSent`, `crossShare` and `outside` are those of a slot
 * when it begins, `soonShare` is what it will be; all that follows from them is filled in.
 */
export function toNumbers(out: OpenExpectation): void {
  const { single, double, doubleSent, crossShare, outside, clicks, soon, pulses, classes, soonShare, insight } = out;
  for (let i = 0; i < single.length; i++) single[i]! *= pulses;
  let [bothX, bothZ, cross] = [0, 0, 0];
  let sifted = 0;
  for (let k = 0; k < classes; k++) {
    double[2 * k] = double[2 * k + 1] = 0;
    for (let basis = 0; basis < 2; basis++) {
      const at = 3 * (2 * k + basis);
      for (let i = 0; i < 3; i++) doubleSent[at + i]! *= pulses;
      double[2 * k]! += doubleSent[at]! + doubleSent[at + 1]!;
      double[2 * k + 1]! += doubleSent[at + 2]!;
      bothX += doubleSent[at]!;
      bothZ += doubleSent[at + 1]!;
      cross += doubleSent[at + 2]!;
    }
    sifted += doubleSent[6 * k]! + doubleSent[6 * k + 2]! / 2;
    for (let state = 0; state < 2; state++) sifted += single[16 * k + 4 * state]! + single[16 * k + 4 * state + 1]!;
  }
  for (let d = 0; d < 4; d++) crossShare[d] = cross > 0 ? (pulses * crossShare[d]!) / cross : 0;
  for (let d = 0; d < 4; d++) {
    let sum = (d < 2 ? bothX : bothZ) + cross * crossShare[d]!;
    for (let diode = 0; diode < 4 * classes; diode++) sum += single[4 * diode + d]!;
    outside[d]! *= pulses;
    clicks[d] = sum + outside[d]!;
    soon[d] = clicks[d]! * soonShare[d]!;
  }
  out.sifted = sifted;
  Object.assign(out, insight.sum(sifted));
}

/**
 * Arrivals by diode, from six sums for each: number, sum and sum of squares of the clicks of its light, and those of others.
 */
export function toDiodes(sums: Float64Array, out: OpenExpectation): void {
  for (let diode = 0; diode < 4 * out.classes; diode++) {
    const at = 6 * diode;
    const light = sums[at]!;
    const all = light + sums[at + 3]!;
    const mean = (sums[at + 1]! + sums[at + 4]!) / all;
    const square = (sums[at + 2]! + sums[at + 5]!) / all;
    const lightMean = light > 0 ? sums[at + 1]! / light : 0;
    const lightSquare = light > 0 ? sums[at + 2]! / light : 0;
    out.diodeMeanPs[diode] = all > 0 ? mean : Number.NaN;
    out.diodeSpreadPs[diode] = all > 0 ? Math.sqrt(Math.max(0, square - mean * mean)) : 0;
    out.diodeLightMeanPs[diode] = lightMean;
    out.diodeLightSpreadPs[diode] = Math.sqrt(Math.max(0, lightSquare - lightMean * lightMean));
    out.diodeLightShare[diode] = all > 0 ? light / all : 0;
  }
}
