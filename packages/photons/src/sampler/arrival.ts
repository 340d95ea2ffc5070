import { PhotonsError } from '../error.ts';
import { ARRIVAL_CELLS } from '../observe/observation.ts';
import { type NormalPoint, normalLaw } from './normal-law.ts';

/**
 * When clicks come, against the centre of the gate. Bob's offsets are whole picoseconds, so that a cell of the histogram
 * holds the clicks between the first and the last whole number in it, half a picosecond beyond both.
 */
export function cellEdges(gateNs: number): Float64Array {
  const halfPs = gateNs * 500;
  const edges = new Float64Array(ARRIVAL_CELLS + 1);
  for (let i = 0; i < ARRIVAL_CELLS; i++) edges[i] = Math.ceil(-halfPs + (i * 2 * halfPs) / ARRIVAL_CELLS) - 0.5;
  edges[ARRIVAL_CELLS] = Math.floor(halfPs) + 0.5;
  return edges;
}

/** Shares of clicks by cell, and the sums of their times, ps. */
export interface Cells {
  readonly share: Float64Array;
  readonly momentPs: Float64Array;
}

export function emptyCells(): Cells {
  return { share: new Float64Array(ARRIVAL_CELLS), momentPs: new Float64Array(ARRIVAL_CELLS) };
}

/** Adds `weight` clicks, Gaussian in time, to the cells; returns how many of them fall in the gate. */
export function addGaussian(
  cells: Cells,
  edges: Float64Array,
  weight: number,
  meanPs: number,
  spreadPs: number,
): number {
  const spread = Math.max(1e-3, spreadPs);
  const first = (edges[0]! - meanPs) / spread;
  const last = (edges[ARRIVAL_CELLS]! - meanPs) / spread;
  if (last < -8 || first > 8) return 0;
  normalLaw(first, point);
  let { below, density } = point;
  const before = below;
  for (let i = 0; i < ARRIVAL_CELLS; i++) {
    normalLaw((edges[i + 1]! - meanPs) / spread, point);
    const share = point.below - below;
    cells.share[i]! += weight * share;
    cells.momentPs[i]! += weight * (meanPs * share + spread * (density - point.density));
    below = point.below;
    density = point.density;
  }
  return weight * (below - before);
}
const point: NormalPoint = { below: 0, density: 0 };

/** Adds `weight` clicks that are uniform over the gate. */
export function addUniform(cells: Cells, edges: Float64Array, weight: number): void {
  const perPs = weight / (edges[ARRIVAL_CELLS]! - edges[0]!);
  for (let i = 0; i < ARRIVAL_CELLS; i++) {
    const share = perPs * (edges[i + 1]! - edges[i]!);
    cells.share[i]! += share;
    cells.momentPs[i]! += (share * (edges[i]! + edges[i + 1]!)) / 2;
  }
}

/**
 * Adds `weight` clicks that come an exponential time after `fromPs`, in whatever slot that is; returns how many of them
 * fall in a gate.
 */
export function addWrapped(
  cells: Cells,
  edges: Float64Array,
  weight: number,
  fromPs: number,
  decayPs: number,
  slotPs: number,
): number {
  const all = -Math.expm1(-slotPs / decayPs);
  // Clicks from the phase of `fromPs` to that of a time, a slot and more counting as one whole round.
  const upTo = (timePs: number): number => {
    const rounds = Math.floor((timePs - fromPs) / slotPs);
    return rounds - Math.expm1(-(timePs - fromPs - rounds * slotPs) / decayPs) / all;
  };
  let below = upTo(edges[0]!);
  const before = below;
  for (let i = 0; i < ARRIVAL_CELLS; i++) {
    const next = upTo(edges[i + 1]!);
    const share = weight * (next - below);
    cells.share[i]! += share;
    cells.momentPs[i]! += (share * (edges[i]! + edges[i + 1]!)) / 2;
    below = next;
  }
  return weight * (below - before);
}

/**
 * Strata that the walk of a detector is cut into, by the upper ends of their u: fine, and coarse where only few clicks come
 * early enough to walk.
 */
const fineStrata = [0.25, 0.5, 0.75, 1];
const coarseStrata = [0.25, 1];
const fewWalk = 0.02;

/** A detector's walk as a mixture: how large a share of its clicks is late by how much, ps. */
export interface WalkMixture {
  readonly share: Float64Array;
  readonly latePs: Float64Array;
}

export function emptyWalk(): WalkMixture {
  return { share: new Float64Array(fineStrata.length), latePs: new Float64Array(fineStrata.length) };
}

/**
 * Fills in the mixture and returns how many strata it has: one without a walk.
 *
 * A click that comes T + t after the one before is late by L u, u = e^(-t / decay), L the lateness at the end of the dead
 * time T. For counts at rate r, thinned by 1 - e^(-t / recovery), u has density a u^(a - 1) (1 - u^k), a = r decay and
 * k = decay / recovery; each stratum of u is taken at its mean.
 */
export function walkMixture(
  walk: { readonly latePs: number; readonly decayNs: number } | undefined,
  ratePerPs: number,
  deadPs: number,
  recoveryPs: number,
  out: WalkMixture,
): number {
  out.share[0] = 1;
  out.latePs[0] = 0;
  if (walk === undefined || !(ratePerPs > 0)) return 1;
  const decayPs = walk.decayNs * 1000;
  const latest = walk.latePs * Math.exp(-deadPs / decayPs);
  const a = ratePerPs * decayPs;
  const thinned = recoveryPs > 0 ? a + decayPs / recoveryPs : Infinity;
  const whole = integral(a, thinned, 0, 1);
  const strata = 1 - integral(a, thinned, 0, 0.25) / whole < fewWalk ? coarseStrata : fineStrata;
  let [below, momentBelow] = [0, 0];
  for (let i = 0; i < strata.length; i++) {
    const upTo = integral(a, thinned, 0, strata[i]!);
    const momentUpTo = integral(a, thinned, 1, strata[i]!);
    out.share[i] = (upTo - below) / whole;
    out.latePs[i] = upTo > below ? (latest * (momentUpTo - momentBelow)) / (upTo - below) : 0;
    below = upTo;
    momentBelow = momentUpTo;
  }
  return strata.length;
}

/** Integral of u^power times the density above, from 0 to u. */
function integral(a: number, thinned: number, power: number, u: number): number {
  const heard = (a * u ** (a + power)) / (a + power);
  return thinned === Infinity ? heard : heard - (a * u ** (thinned + power)) / (thinned + power);
}

/** A clock that drifts further in a bin is not one that a link has. */
const mostParts = 100;

/**
 * Into how many parts a bin is cut, so that the clock drifts in each by no more than the spread of a click, or a quarter of a
 * cell: there a uniform number is as good as a Gaussian one of its variance. Throws `photons/trace` for a drift that takes
 * more than a hundred.
 */
export function driftParts(driftPs: number, spreadPs: number, cellPs: number): number {
  const finestPs = Math.max(spreadPs, cellPs / 4);
  const parts = Math.max(1, Math.ceil(Math.abs(driftPs) / finestPs));
  if (parts <= mostParts) return parts;
  const rule = `the count sampler takes at most ${mostParts * finestPs} ps; shorter bins have less, or play clicks one by one`;
  throw new PhotonsError('photons/trace', `the clock drifts by ${driftPs} ps in a bin; ${rule}`);
}
