import { DistillError } from '../error.ts';
import { requirePositive } from './prediction.ts';

/** A line along which folded tags add up: the residual is `phasePs + slope * (t - middle)`, phase modulo the period. */
export interface SlopePeak {
  /** s/s. */
  readonly slope: number;
  /** At the middle of the window, from 0 up to the period. */
  readonly phasePs: number;
  /** |sum of unit vectors|^2 / tags. Of pure noise: exponential of mean 1 at every slope. */
  readonly power: number;
}

/** The grid of slopes is at least this fine, and at least eight steps to a turn over the window. */
const FINEST = 1e-9;
const STEPS_A_TURN = 8;

/**
 * Slope and phase from the tags' times alone: tags are folded at the period and added as unit vectors in blocks so short
 * that no slope turns them by more than an eighth; blocks are then added up along every slope of the grid (the Goertzel sum
 * at the pulse rate and its neighbours). Returns the strongest peaks, falling. No detector is looked at.
 *
 * `emissionPs` are predicted times in order, `slopeRange` is how far they may be off, s/s. Throws `distill/sync`.
 */
export function slopePeaks(
  emissionPs: Float64Array,
  periodPs: number,
  slopeRange: number,
  most: number,
): readonly SlopePeak[] {
  requirePositive('periodPs', periodPs);
  requirePositive('the uncertainty of the slope', slopeRange);
  const tags = emissionPs.length;
  if (tags < 2) throw new DistillError('distill/sync', `${tags} tags have no slope; at least two are needed`);
  const firstPs = emissionPs[0]!;
  const spanPs = emissionPs[tags - 1]! - firstPs;
  requirePositive('the time from the first to the last tag', spanPs);
  const middlePs = firstPs + spanPs / 2;
  const blocks = Math.ceil((8 * slopeRange * spanPs) / periodPs);
  const blockPs = spanPs / blocks;
  const re = new Float64Array(blocks);
  const im = new Float64Array(blocks);
  const turn = (2 * Math.PI) / periodPs;
  for (let i = 0; i < tags; i++) {
    const at = emissionPs[i]!;
    const block = Math.min(blocks - 1, Math.floor((at - firstPs) / blockPs));
    const angle = turn * (at - Math.floor(at / periodPs) * periodPs);
    re[block]! += Math.cos(angle);
    im[block]! += Math.sin(angle);
  }

  const sumAlong = (slope: number): [number, number] => {
    // Turned on from block to block by a product, which is exact enough for the few hundred there are.
    const start = -turn * slope * (firstPs + blockPs / 2 - middlePs);
    const step = -turn * slope * blockPs;
    let [c, s] = [Math.cos(start), Math.sin(start)];
    const [stepC, stepS] = [Math.cos(step), Math.sin(step)];
    let sumRe = 0;
    let sumIm = 0;
    for (let block = 0; block < blocks; block++) {
      sumRe += re[block]! * c - im[block]! * s;
      sumIm += re[block]! * s + im[block]! * c;
      [c, s] = [c * stepC - s * stepS, c * stepS + s * stepC];
    }
    return [sumRe, sumIm];
  };
  const powerAlong = (slope: number): number => {
    const [a, b] = sumAlong(slope);
    return (a * a + b * b) / tags;
  };

  const stepSlope = Math.min(FINEST, periodPs / (STEPS_A_TURN * spanPs));
  const half = Math.ceil(slopeRange / stepSlope);
  const power = Float64Array.from({ length: 2 * half + 1 }, (_, i) => powerAlong((i - half) * stepSlope));
  const found: SlopePeak[] = [];
  for (let i = 0; i < power.length; i++) {
    const [before, here, after] = [power[i - 1] ?? 0, power[i]!, power[i + 1] ?? 0];
    if (here < before || here <= after) continue;
    const inside = i > 0 && i < power.length - 1;
    const bend = before - 2 * here + after;
    const shift = inside && bend < 0 ? (0.5 * (before - after)) / bend : 0;
    const slope = (i - half + shift) * stepSlope;
    const [a, b] = sumAlong(slope);
    const phase = Math.atan2(b, a) / turn;
    found.push({ slope, phasePs: phase < 0 ? phase + periodPs : phase, power: (a * a + b * b) / tags });
  }
  return found.sort((one, other) => other.power - one.power).slice(0, most);
}
