import { maximise } from './linear-programme.ts';

/** Pulses that differ for her in nothing but what she can measure: photon number and time of emission. */
export interface TaggedPulses {
  /** Among all pulses. */
  readonly probability: number;
  /** Distribution of the photon number at the exit, `mostPhotons + 1` long; its last stands for that number and more. */
  readonly numbers: Float64Array;
  readonly offsetPs: number;
  /**
   * By reading: how often she finds this one in something that tells of the pulse beside its photons, which can be read
   * without touching them. In place of times. As many of each pulse, summing to 1; left out of all where there is none.
   */
  readonly readings?: readonly number[];
  /** Probability with which one photon of such a pulse must be put at the receiver's front, so that Bob sees nothing. */
  readonly front: number;
  /** The same for two photons, so that double clicks stay as many. */
  readonly pairs: number;
  /** What she knows, in bits, of a single photon that she lets pass. */
  readonly singleBits: number;
}

export interface TaggedYields {
  /** `[pulses * (mostPhotons + 1) + n]`: probability of handing one photon over, what she measured averaged. */
  readonly forward: Float64Array;
  /** By n: probability of handing two photons over, for all pulses alike. */
  readonly forwardTwo: Float64Array;
  /** Of what Bob detects of each of the pulses: share that held one photon at the exit. */
  readonly singleShare: Float64Array;
  /** Bits that she knows of a detection, over all pulses. */
  readonly knownBits: number;
}

export interface TaggingMeans {
  /** Standard deviation of the time of a photon. */
  readonly pulseWidthPs: number;
  /** What must be found as often as expected: classes alone, or every diode as well (within 0.2 %). */
  readonly balance: 'class' | 'diode';
  readonly receiverTransmittance: number;
}

/** Photon numbers from here on are taken as this one. */
export const mostPhotons = 4;
const numberCount = mostPhotons + 1;
/** Cells of the measured time, the two outer ones without end. */
const timeCells = 40;
/** How far they reach beyond the outermost offsets, standard deviations. */
const reach = 4.5;
/** Pulses that are to be found this much more rarely than the brightest are not counted: noise drowns them. */
const faint = 0.01;
/** No row. */
const none = -1;
/** Relative difference of a diode's detections from its class's that hides in the drift of detectors. Assumed. */
const unbalance = 0.002;

/**
 * The best that she can do with photon number and time of emission without being seen. She counts the photons of a pulse
 * and hands one over with a probability that depends on their number and, of several, on the mean time of those that she
 * keeps: the time of the photon that goes on stays unmeasured, so that what arrives at Bob's is spread in time as ever,
 * for every diode. Single photons pass whatever their time, and now and then she hands two photons over, so that Bob's
 * double clicks stay as many. Under the condition that pulses of each class are found at Bob's exactly as often as
 * expected, and with `diode` those of each diode within 0.2 % of that, the probabilities are chosen to let as many known
 * bits through as they can: a linear programme, whose solution is the Neyman-Pearson rule of the times with several
 * constraints, over a finite grid of times. A finer grid would give her little more; any grid is something that she can
 * do. Readings of something beside the pulse do the same in place of times, and decide on single photons too.
 *
 * What leaks of the signal into a vacuum class is not held to anything; it is less than the noise there. Were it counted,
 * so faint a light could come from single photons alone, and would tie their yield down.
 *
 * Null where the way has too little loss for one photon a pulse to be enough, and where nothing passes at all.
 */
export function taggedYields(
  pulses: readonly TaggedPulses[],
  { pulseWidthPs, balance, receiverTransmittance }: TaggingMeans,
): TaggedYields | null {
  if (brightest(pulses) === 0) return null;
  const marked = pulses[0]!.readings !== undefined;
  const edges = timeEdges(pulses, pulseWidthPs);
  const cells = pulses[0]!.readings?.length ?? edges[0]!.length - 1;
  const { groups, groupOf, differences, differenceOf } = rowsOf(pulses, balance);
  // Rows: what each group is found, its double counts, and how single diodes stand to their group.
  const rows = 2 * groups + differences;
  const firstOf = (n: number): number => (marked ? (n - 1) * cells : n === 1 ? 0 : 1 + (n - 2) * cells);
  const firstTwo = firstOf(mostPhotons + 1);
  const firstSlack = firstTwo + mostPhotons - 1;
  const count = firstSlack + differences;
  // Two photons are found this much more often than one.
  const twice = 2 - receiverTransmittance;
  const columns = new Float64Array(count * rows);
  const value = new Float64Array(count);
  const target = new Float64Array(rows);
  /** Weight of the cells, `[(pulses * numberCount + n) * cells + cell]`. */
  const weights = new Float64Array(pulses.length * numberCount * cells);
  for (let p = 0; p < pulses.length; p++) {
    const { probability, numbers, front, pairs, singleBits } = pulses[p]!;
    const group = groupOf[p]!;
    const difference = differenceOf[p]!;
    const counts = (column: number, found: number): void => {
      if (group === none) return;
      columns[column * rows + group]! += found;
      if (difference !== none) columns[column * rows + 2 * groups + difference]! += found;
    };
    if (group !== none) {
      target[group]! += probability * front;
      target[groups + group]! += probability * pairs;
    }
    for (let n = 1; n <= mostPhotons; n++) {
      const inN = probability * numbers[n]!;
      for (let cell = 0; cell < (n === 1 && !marked ? 1 : cells); cell++) {
        const weight = weightOf(pulses[p]!, n, cell);
        weights[(p * numberCount + n) * cells + cell] = weight;
        counts(firstOf(n) + cell, inN * weight);
        value[firstOf(n) + cell]! += inN * weight * (n === 1 ? singleBits : 1);
      }
      if (n === 1) continue;
      const two = firstTwo + n - 2;
      counts(two, inN * twice);
      if (group !== none) columns[two * rows + groups + group]! += inN;
      // Of two photons she would have none left.
      if (n > 2) value[two]! += inN * twice;
    }
  }
  const most = new Float64Array(count).fill(1);
  for (let p = 0; p < pulses.length; p++) {
    const difference = differenceOf[p]!;
    if (difference === none) continue;
    const group = groupOf[p]!;
    const row = 2 * groups + difference;
    const expected = pulses[p]!.probability * pulses[p]!.front;
    const share = expected / target[group]!;
    for (let j = 0; j < firstSlack; j++) columns[j * rows + row]! -= share * columns[j * rows + group]!;
    columns[(firstSlack + difference) * rows + row] = expected;
    most[firstSlack + difference] = 2 * unbalance;
    target[row] = unbalance * expected;
  }
  const optimum = maximise({ rows, columns, value, most, target });
  return optimum === null ? null : summed(pulses, optimum.x, { weights, cells, firstOf, twice });

  /** How often she finds herself in a cell of a pulse of n photons. */
  function weightOf({ readings, offsetPs }: TaggedPulses, n: number, cell: number): number {
    if (readings !== undefined) return readings[cell]!;
    if (n === 1) return 1;
    const sharpness = Math.sqrt(n - 1) / pulseWidthPs;
    const from = (edges[n - 2]![cell]! - offsetPs) * sharpness;
    return normalBetween(from, (edges[n - 2]![cell + 1]! - offsetPs) * sharpness);
  }
}

function brightest(pulses: readonly TaggedPulses[]): number {
  return Math.max(...pulses.map(({ front }) => front));
}

/** Borders of the cells of the mean time of 1, 2 … photons. All in one cell where times tell nothing. */
function timeEdges(pulses: readonly TaggedPulses[], pulseWidthPs: number): Float64Array[] {
  const faintest = faint * brightest(pulses);
  const offsets = pulses.filter(({ front }) => front > faintest).map(({ offsetPs }) => offsetPs);
  const low = Math.min(...offsets);
  const high = Math.max(...offsets);
  return Array.from({ length: mostPhotons - 1 }, (_, i) => {
    if (!(high > low)) return Float64Array.of(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    const margin = (reach * pulseWidthPs) / Math.sqrt(i + 1);
    const widthPs = (high - low + 2 * margin) / (timeCells - 2);
    const edges = Float64Array.from({ length: timeCells + 1 }, (_, j) => low - margin + (j - 1) * widthPs);
    edges[0] = Number.NEGATIVE_INFINITY;
    edges[timeCells] = Number.POSITIVE_INFINITY;
    return edges;
  });
}

/**
 * Groups of pulses that hold the same photons, which together are to be found as often as expected, and with `diode` the
 * rows in which each but the first of a group is compared with it.
 */
function rowsOf(pulses: readonly TaggedPulses[], balance: 'class' | 'diode') {
  const firsts: TaggedPulses[] = [];
  const faintest = faint * brightest(pulses);
  let differences = 0;
  const groupOf = new Int32Array(pulses.length).fill(none);
  const differenceOf = new Int32Array(pulses.length).fill(none);
  for (const [p, one] of pulses.entries()) {
    if (one.front <= faintest || one.probability === 0) continue;
    const at = firsts.findIndex(
      (first) => near(one.front, first.front) && one.numbers.every((q, n) => near(q, first.numbers[n]!)),
    );
    groupOf[p] = at === -1 ? firsts.push(one) - 1 : at;
    if (at !== -1 && balance === 'diode' && one.offsetPs !== firsts[at]!.offsetPs) differenceOf[p] = differences++;
  }
  return { groups: firsts.length, groupOf, differences, differenceOf };
}

/** Equal but for the rounding of sums that were taken in another order. */
function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-12 * Math.max(a, b);
}

/** Standard normal probability between two values, to full relative accuracy in the tails. */
export function normalBetween(from: number, to: number): number {
  if (from > 0) return normalBelow(-from) - normalBelow(-to);
  return to < 0 ? normalBelow(to) - normalBelow(from) : 1 - normalBelow(from) - normalBelow(-to);
}

/** Standard normal probability below x <= 0 (Abramowitz and Stegun 26.2.11 near the middle, 26.2.14 in the tail). */
function normalBelow(x: number): number {
  const z = -x;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (density === 0) return 0;
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let k = 3; term > 1e-17 * sum; k += 2) sum += term *= (z * z) / k;
    return 0.5 - density * sum;
  }
  let fraction = z;
  for (let k = 60; k > 0; k--) fraction = z + k / fraction;
  return density / fraction;
}

function summed(
  pulses: readonly TaggedPulses[],
  x: Float64Array,
  columns: {
    readonly weights: Float64Array;
    readonly cells: number;
    readonly firstOf: (n: number) => number;
    readonly twice: number;
  },
): TaggedYields {
  const { weights, cells, firstOf, twice } = columns;
  const forward = new Float64Array(pulses.length * numberCount);
  const forwardTwo = new Float64Array(numberCount);
  const firstTwo = firstOf(mostPhotons + 1);
  forwardTwo.set(x.subarray(firstTwo, firstTwo + mostPhotons - 1), 2);
  const singleShare = new Float64Array(pulses.length);
  let bits = 0;
  let all = 0;
  for (let p = 0; p < pulses.length; p++) {
    const { probability, numbers, singleBits } = pulses[p]!;
    for (let n = 1; n <= mostPhotons; n++) {
      let sum = 0;
      for (let cell = 0; cell < firstOf(n + 1) - firstOf(n); cell++) {
        sum += weights[(p * numberCount + n) * cells + cell]! * x[firstOf(n) + cell]!;
      }
      forward[p * numberCount + n] = sum;
    }
    const single = numbers[1]! * forward[p * numberCount + 1]!;
    let multi = 0;
    for (let n = 2; n <= mostPhotons; n++) {
      multi += numbers[n]! * (forward[p * numberCount + n]! + twice * forwardTwo[n]!);
    }
    const both = numbers[2]! * twice * forwardTwo[2]!;
    singleShare[p] = single + multi > 0 ? single / (single + multi) : 0;
    bits += probability * (single * singleBits + multi - both);
    all += probability * (single + multi);
  }
  return { forward, forwardTwo, singleShare, knownBits: all > 0 ? bits / all : 0 };
}
