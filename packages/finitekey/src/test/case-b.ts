import type { ExpectedLink } from '../link-model.ts';

/**
 * SatQuMA's case B, a micro-satellite of 40 mm aperture at 500 km over a station of 350 mm (radii), 785 nm: loss in dB every
 * 10 s from zenith on, internal loss of 6 dB included. Computed with SatQuMA 2.0 (github.com/cnqo-qcomms/SatQuMA, MIT License,
 * see data/README.md); the pass is the same on both sides of zenith.
 */
const LOSS_DB = [
  25.951, 26.0495, 26.3337, 26.7733, 27.3293, 27.9632, 28.643, 29.3447, 30.0521, 30.7546, 31.4461, 32.1238, 32.7865,
  33.4348, 34.0698, 34.6937, 35.3084, 35.919, 36.5259, 37.1377, 37.7554, 38.3856, 39.0359,
];
const STEP_S = 10;
const EXTRA_DB = 6;

/** Second derivatives at the points, in dB a step squared: a tridiagonal system, by elimination. */
const CURVATURE = ((): readonly number[] => {
  const last = LOSS_DB.length - 1;
  const diagonal = [2];
  const right = [6 * (LOSS_DB[1]! - LOSS_DB[0]!)];
  for (let i = 1; i < last; i++) {
    const weight = 1 / diagonal[i - 1]!;
    diagonal.push(4 - weight);
    right.push(6 * (LOSS_DB[i + 1]! - 2 * LOSS_DB[i]! + LOSS_DB[i - 1]!) - weight * right[i - 1]!);
  }
  const curvature = new Array<number>(last + 1).fill(0);
  for (let i = last - 1; i >= 0; i--) curvature[i] = (right[i]! - curvature[i + 1]!) / diagonal[i]!;
  return curvature;
})();

/** One slice a second, from 220 s before zenith to 220 s after. */
export const caseB: ExpectedLink = {
  transmittance: Array.from({ length: 441 }, (_, i) => 10 ** (-(lossDb(Math.abs(i - 220)) + EXTRA_DB) / 10)),
  pulses: 1e8,
  noise: 5e-7,
  misalignment: 0.005,
  afterPulsing: 1e-3,
};

/** What SatQuMA found at a half window of 210 s, and the length that it printed. */
export const SATQUMA = {
  keyBasis: 0.876562298,
  probabilities: [0.864216437, 0.0972214239, 1 - 0.864216437 - 0.0972214239],
  intensities: [0.701832239, 0.122710078, 0],
  secretBits: 1_284_955.08,
} as const;
/** The most that is known from the same formulas, by a simplex search at that window. */
export const BEST_KNOWN_BITS = 1_284_958;

/** Cubic spline through the points, level at zenith and without curvature at the end. */
function lossDb(timeS: number): number {
  const last = LOSS_DB.length - 1;
  const at = Math.min(last - 1, Math.floor(timeS / STEP_S));
  const t = timeS / STEP_S - at;
  const u = 1 - t;
  const [a, b] = [LOSS_DB[at]!, LOSS_DB[at + 1]!];
  return u * a + t * b + ((u ** 3 - u) * CURVATURE[at]! + (t ** 3 - t) * CURVATURE[at + 1]!) / 6;
}
