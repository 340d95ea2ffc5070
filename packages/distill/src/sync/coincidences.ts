import { LEAST_SIGNIFICANCE } from './acquire.ts';
import { requireOrder } from './disclosure.ts';
import { requirePositive, type Uncertainty } from './prediction.ts';
import type { ServoState } from './servo.ts';

export interface CoincidenceOptions {
  /** Standard deviation of the difference of two tags of one pair. */
  readonly jitterPs: number;
  /** How far the second station's times may be off the first's. */
  readonly uncertainty: Uncertainty;
  /** Of the residual, ps/s^2. Left out: 2000. */
  readonly accelerationPsPerS2?: number;
}

export interface FoundCoincidences {
  readonly kind: 'found';
  /** Second less first. */
  readonly state: ServoState;
  /** Of the differences that a tracker looks at (`CAPTURE_JITTERS`): the share of accidents, and how many a second. */
  readonly noise: number;
  readonly tagRateHz: number;
  /** Coincidences beyond accidents, 1/s. */
  readonly rateHz: number;
  readonly significance: number;
  readonly candidates: number;
}

export interface NoCoincidences {
  readonly kind: 'refused';
  readonly significance: number;
  readonly candidates: number;
  readonly reason: string;
}

/** The differences that a tracker looks at, in jitters: so many that a Gaussian does not feel that they are folded. */
export const CAPTURE_JITTERS = 32;

/** Differences that a search looks at: some 0.1 s of processor time. A stretch of more is cut at this many. */
const MOST_DIFFERENCES = 16e6;

/**
 * Finds by how much the times of two stations that watch one source of pairs differ: times of both are predicted times of
 * emission, in order. Two steps, in each a histogram of differences, taken pair by pair, which costs less than a transform
 * as long as few tags of one station are within the uncertainty of one of the other (200 at 100 kHz and 1 ms).
 *
 * 1. Over a stretch so short that the slope moves the differences by no more than a bin, bins over the whole uncertainty.
 * 2. Over all, the differences near that bin along every slope of a grid, in bins of two jitters.
 *
 * A histogram's largest sum of two neighbouring bins is judged against accidents alone: n or more where m are expected come
 * with a probability of at most e^(-(n ln(n/m) - n + m)) (Chernoff), times the sums that were looked at. Each step must show
 * a significance of 7.5 by itself (`LEAST_SIGNIFICANCE`, the same scale). Throws `distill/sync`.
 */
export function findCoincidences(
  firstPs: Float64Array,
  secondPs: Float64Array,
  options: CoincidenceOptions,
): FoundCoincidences | NoCoincidences {
  const { jitterPs, uncertainty } = options;
  requirePositive('jitterPs', jitterPs);
  requirePositive('the uncertainty of the offset', uncertainty.offsetPs);
  requirePositive('the uncertainty of the slope', uncertainty.slope);
  requireOrder(firstPs);
  requireOrder(secondPs);
  if (firstPs.length < 2 || secondPs.length < 2) return refused(0, 0, 'a station has fewer than two tags');
  const fromPs = Math.max(firstPs[0]!, secondPs[0]!);
  const untilPs = Math.min(firstPs[firstPs.length - 1]!, secondPs[secondPs.length - 1]!);
  if (!(untilPs > fromPs)) return refused(0, 0, 'the tags of the two stations do not overlap in time');
  const coarse = coarseOffset(firstPs, secondPs, fromPs, untilPs, options);
  if (coarse.significance < LEAST_SIGNIFICANCE) {
    return refused(coarse.significance, coarse.candidates, 'no offset has more coincidences than chance');
  }
  return fineLine(firstPs, secondPs, untilPs, coarse, options);
}

interface Coarse {
  readonly offsetPs: number;
  readonly binPs: number;
  readonly middlePs: number;
  readonly significance: number;
  readonly candidates: number;
}

function refused(significance: number, candidates: number, what: string): NoCoincidences {
  const reason = `${what}: significance ${significance.toFixed(2)}, ${LEAST_SIGNIFICANCE} is the least`;
  return { kind: 'refused', significance, candidates, reason };
}

function coarseOffset(
  firstPs: Float64Array,
  secondPs: Float64Array,
  fromPs: number,
  untilPs: number,
  { jitterPs, uncertainty }: CoincidenceOptions,
): Coarse {
  const { offsetPs, slope } = uncertainty;
  const perPs = (firstPs.length / span(firstPs)) * (secondPs.length / span(secondPs));
  // Once the slope sets the width of a bin, accidents in it grow as the square of the coincidences: longer gains nothing.
  const stretchPs = Math.min(untilPs - fromPs, 1e11, MOST_DIFFERENCES / (perPs * 2 * offsetPs));
  const binPs = Math.max(4 * jitterPs, 2 * slope * stretchPs);
  const bins = Math.ceil((2 * offsetPs) / binPs) + 2;
  const counts = new Float64Array(bins);
  const lowPs = (-bins * binPs) / 2;
  const endPs = fromPs + stretchPs;
  let low = 0;
  let looked = 0;
  for (let i = lowerBound(firstPs, fromPs); i < firstPs.length && firstPs[i]! <= endPs; i++) {
    const here = firstPs[i]! + lowPs;
    while (low < secondPs.length && secondPs[low]! < here) low++;
    for (let j = low; j < secondPs.length; j++) {
      const bin = Math.floor((secondPs[j]! - here) / binPs);
      if (bin >= bins) break;
      counts[bin]!++;
      looked++;
    }
  }
  const best = strongest(counts);
  const candidates = bins - 1;
  return {
    offsetPs: lowPs + (best.at + 1) * binPs,
    binPs,
    middlePs: fromPs + stretchPs / 2,
    significance: significanceOf(best.count, (2 * looked) / bins, candidates),
    candidates,
  };
}

function fineLine(
  firstPs: Float64Array,
  secondPs: Float64Array,
  untilPs: number,
  coarse: Coarse,
  { jitterPs, uncertainty, accelerationPsPerS2 = 2000 }: CoincidenceOptions,
): FoundCoincidences | NoCoincidences {
  const startPs = coarse.middlePs;
  const lengthPs = untilPs - startPs;
  // What the slope takes the light away by from the stretch where it was seen.
  const reachPs = coarse.binPs + uncertainty.slope * lengthPs;
  const near = differencesNear(firstPs, secondPs, startPs, coarse.offsetPs, reachPs);
  const { atPs, byPs, count } = near;
  if (count < 2) return refused(0, 0, 'fewer than two coincidences to make a line');
  const binPs = 2 * jitterPs;
  const bins = Math.ceil((2 * reachPs) / binPs) + 2;
  const counts = new Float64Array(bins);
  const half = Math.ceil((uncertainty.slope * lengthPs) / jitterPs);
  const slopeStep = uncertainty.slope / Math.max(1, half);
  let best = { slope: 0, at: 0, count: -1 };
  for (let k = -half; k <= half; k++) {
    const slope = k * slopeStep;
    counts.fill(0);
    for (let i = 0; i < count; i++) {
      const bin = Math.floor((byPs[i]! - slope * atPs[i]! + reachPs) / binPs) + 1;
      if (bin >= 0 && bin < bins) counts[bin]!++;
    }
    const peak = strongest(counts);
    if (peak.count > best.count) best = { slope, ...peak };
  }
  const candidates = (2 * half + 1) * (bins - 1);
  const expected = (2 * binPs * count) / (2 * reachPs);
  const significance = significanceOf(best.count, expected, candidates);
  if (significance < LEAST_SIGNIFICANCE) {
    return refused(significance, candidates, 'the coincidences at one offset do not make a line');
  }
  const line = fitLine(near, best.slope, best.at * binPs - reachPs, jitterPs);
  const light = Math.max(0, line.tags - (count * 6 * jitterPs) / (2 * reachPs));
  const rateHz = light / (lengthPs * 1e-12);
  const accidents = (count * CAPTURE_JITTERS * jitterPs) / (2 * reachPs);
  return {
    kind: 'found',
    state: {
      atPs: startPs + line.middlePs,
      mean: [coarse.offsetPs + line.phasePs, line.slopePsPerS, 0],
      covariance: [line.phasePs2, 0, 0, line.slopePs2, 0, accelerationPsPerS2 ** 2],
    },
    noise: Math.min(0.95, accidents / (accidents + light)),
    tagRateHz: (accidents + light) / (lengthPs * 1e-12),
    rateHz,
    significance: Math.min(coarse.significance, significance),
    candidates: candidates + coarse.candidates,
  };
}

/** Differences within `reachPs` of an offset, and when: since `startPs`. */
interface Differences {
  readonly atPs: Float64Array;
  readonly byPs: Float64Array;
  readonly count: number;
}

function differencesNear(
  firstPs: Float64Array,
  secondPs: Float64Array,
  startPs: number,
  offsetPs: number,
  reachPs: number,
): Differences {
  let atPs = new Float64Array(4096);
  let byPs = new Float64Array(4096);
  let count = 0;
  let low = 0;
  for (let i = lowerBound(firstPs, startPs); i < firstPs.length; i++) {
    const here = firstPs[i]! + offsetPs;
    while (low < secondPs.length && secondPs[low]! < here - reachPs) low++;
    for (let j = low; j < secondPs.length && secondPs[j]! <= here + reachPs; j++) {
      if (count === atPs.length) {
        const [times, differences] = [atPs, byPs];
        atPs = new Float64Array(2 * count);
        byPs = new Float64Array(2 * count);
        atPs.set(times);
        byPs.set(differences);
      }
      atPs[count] = firstPs[i]! - startPs;
      byPs[count++] = secondPs[j]! - here;
    }
  }
  return { atPs, byPs, count };
}

/** Least squares through what is within three jitters of a line, which follows. */
function fitLine({ atPs, byPs, count }: Differences, slope: number, phasePs: number, jitterPs: number) {
  let line = { middlePs: 0, phasePs, slopePsPerS: slope * 1e12, phasePs2: 0, slopePs2: 0, tags: 0 };
  for (let round = 0; round < 4; round++) {
    // The histogram's bins are coarse against the jitter, and so is the first look.
    const widest = (round === 0 ? 5 : 3) * jitterPs;
    let [n, st, sd, stt, std] = [0, 0, 0, 0, 0];
    for (let i = 0; i < count; i++) {
      const off = byPs[i]! - line.phasePs - line.slopePsPerS * 1e-12 * (atPs[i]! - line.middlePs);
      if (Math.abs(off) > widest) continue;
      const s = atPs[i]! * 1e-12;
      n++;
      st += s;
      sd += byPs[i]!;
      stt += s * s;
      std += s * byPs[i]!;
    }
    if (n < 2) return line;
    const middle = st / n;
    const spread = Math.max(1e-12, stt - st * middle);
    const slopePsPerS = (std - sd * middle) / spread;
    const variance = jitterPs * jitterPs;
    line = {
      middlePs: middle * 1e12,
      phasePs: sd / n,
      slopePsPerS,
      phasePs2: variance / n,
      slopePs2: variance / spread,
      tags: n,
    };
  }
  return line;
}

/** Largest sum of two neighbours, and the first of them. */
function strongest(counts: Float64Array): { readonly at: number; readonly count: number } {
  let best = { at: 0, count: -1 };
  for (let i = 0; i + 1 < counts.length; i++) {
    const count = counts[i]! + counts[i + 1]!;
    if (count > best.count) best = { at: i, count };
  }
  return best;
}

function significanceOf(count: number, expected: number, candidates: number): number {
  if (!(count > expected)) return 0;
  const exponent = count * Math.log(count / Math.max(expected, 1e-12)) - count + expected;
  return Math.sqrt(2 * Math.max(0, exponent - Math.log(candidates)));
}

function span(timePs: Float64Array): number {
  return Math.max(1, timePs[timePs.length - 1]! - timePs[0]!);
}

function lowerBound(timePs: Float64Array, least: number): number {
  let [low, high] = [0, timePs.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timePs[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
