import type { AcquisitionInput } from './acquisition.ts';
import type { FoldedLaw } from './folded.ts';

/** The residual along a window: phase at its middle and slope, with their covariance (00 01 11) and the share of noise. */
export interface FittedLine {
  readonly phasePs: number;
  readonly slopePsPerS: number;
  readonly covariance: readonly [number, number, number];
  readonly noise: number;
}

const ROUNDS = 12;

/**
 * Phase and slope by maximum likelihood, from a line that is right to about half a slot. Tags that were claimed are judged
 * against the pulses that Alice sent about them, each with its intensity and bit: density `n + (1 - n) sum_k W_k g(t - k T)`,
 * W the likelihood of the setting in `expected` (`detector * 256 + setting`), g the Gaussian of the jitter. Where jitter is
 * long against the slot that knows more of time than the folded law, by which the other tags are judged, and it does not
 * repeat from slot to slot.
 */
export function fitLine(
  { emissionPs, detector, claimed, answer, periodPs, uncertainty }: AcquisitionInput,
  law: FoldedLaw,
  expected: Float64Array,
  middlePs: number,
  start: { readonly phasePs: number; readonly slopePsPerS: number },
): FittedLine {
  const { claim, row } = claimed;
  const width = 2 * claim.halfSlots + 1;
  const { jitterPs } = law;
  const reach = Math.ceil((4 * jitterPs) / periodPs);
  const height = periodPs / (jitterPs * Math.sqrt(2 * Math.PI));
  const perVariance = 1 / (jitterPs * jitterPs);
  // The prior of the slope keeps the matrix regular for a window with all its tags in one place.
  const prior = 1 / (uncertainty.slope * 1e12) ** 2;
  let { phasePs, slopePsPerS } = start;
  let noise = 0.2;
  let covariance: readonly [number, number, number] = [0, 0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const folded = law.information(noise);
    let [g0, g1, i00, i01, i11] = [0, 0, 0, 0, prior];
    let stray = 0;
    let next = 0;
    for (let i = 0; i < emissionPs.length; i++) {
      const at = emissionPs[i]!;
      const s = (at - middlePs) * 1e-12;
      const emitted = at - phasePs - slopePsPerS * s;
      let score = 0;
      let information = folded;
      if (row[next] === i) {
        const slot = Math.floor(emitted / periodPs + 0.5);
        const column = slot - claim.centreSlot[next]! + claim.halfSlots;
        let light = 0;
        let slope = 0;
        for (let k = -reach; k <= reach; k++) {
          if (column + k < 0 || column + k >= width) continue;
          const off = emitted - (slot + k) * periodPs;
          const setting = answer.settings[next * width + column + k]!;
          const density = expected[(detector[i]! << 8) + setting]! * height * Math.exp(-0.5 * off * off * perVariance);
          light += density;
          slope += density * off * perVariance;
        }
        const whole = noise + (1 - noise) * light;
        score = ((1 - noise) * slope) / whole;
        information = score * score;
        stray += noise / whole;
        next++;
      } else score = law.scoreAt(emitted);
      g0 += score;
      g1 += score * s;
      i00 += information;
      i01 += information * s;
      i11 += information * s * s;
    }
    const determinant = i00 * i11 - i01 * i01;
    covariance = [i11 / determinant, -i01 / determinant, i00 / determinant];
    const step = covariance[0] * g0 + covariance[1] * g1;
    const turn = covariance[1] * g0 + covariance[2] * g1;
    phasePs += Math.max(-jitterPs, Math.min(jitterPs, step));
    slopePsPerS += turn;
    noise = Math.min(0.95, Math.max(0.02, stray / row.length));
  }
  return { phasePs, slopePsPerS, covariance, noise };
}
