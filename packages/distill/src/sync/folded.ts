import { DistillError } from '../error.ts';
import { requirePositive } from './prediction.ts';

/** Below this contrast of a folded histogram no phase can be followed (jitter above 0.56 of a period). */
const LEAST_CONTRAST = 2e-3;

/**
 * The law of tags folded at a period: a share b of noise, uniform, and light, Gaussian about the phase and wrapped round the
 * period, so that jitter may be as long as the period. Tabulated relative to the uniform law in bins of at most a quarter of
 * the jitter; bin j stands for a residual of j bins, modulo the period.
 *
 * The estimators are those of maximum likelihood: a shift m is found by Fisher scoring on `sum ln p(r - m)`.
 */
export class FoldedLaw {
  readonly periodPs: number;
  readonly bins: number;
  readonly binPs: number;
  /** First harmonic of the light alone, e^(-2 (pi jitter / period)^2). */
  readonly contrast: number;
  readonly jitterPs: number;
  readonly #light: Float64Array;
  readonly #gradient: Float64Array;
  readonly #score: Float64Array;
  readonly #cosine: Float64Array;
  readonly #sine: Float64Array;
  #noise = Number.NaN;
  #information = 0;

  /** Throws `distill/sync` for a jitter that leaves no contrast. */
  constructor(periodPs: number, jitterPs: number) {
    requirePositive('periodPs', periodPs);
    requirePositive('jitterPs', jitterPs);
    this.contrast = Math.exp(-2 * ((Math.PI * jitterPs) / periodPs) ** 2);
    if (this.contrast < LEAST_CONTRAST) {
      throw new DistillError(
        'distill/sync',
        `jitterPs is ${jitterPs}, ${(jitterPs / periodPs).toFixed(2)} of a slot; above 0.56 no phase can be seen`,
      );
    }
    let bins = 64;
    while (bins * jitterPs < 4 * periodPs && bins < 1 << 16) bins *= 2;
    this.periodPs = periodPs;
    this.jitterPs = jitterPs;
    this.bins = bins;
    this.binPs = periodPs / bins;
    this.#light = new Float64Array(bins);
    this.#gradient = new Float64Array(bins);
    this.#score = new Float64Array(bins);
    this.#cosine = Float64Array.from({ length: bins }, (_, j) => Math.cos((2 * Math.PI * j) / bins));
    this.#sine = Float64Array.from({ length: bins }, (_, j) => Math.sin((2 * Math.PI * j) / bins));
    const height = periodPs / (jitterPs * Math.sqrt(2 * Math.PI));
    for (let j = 0; j < bins; j++) {
      for (let turn = -5; turn <= 5; turn++) {
        const r = j * this.binPs + turn * periodPs;
        const density = height * Math.exp(-0.5 * (r / jitterPs) ** 2);
        this.#light[j]! += density;
        this.#gradient[j]! -= (density * r) / jitterPs ** 2;
      }
    }
  }

  /** The bin of a residual of any size. */
  binOf(residualPs: number): number {
    return Math.floor(residualPs / this.binPs + 0.5) & (this.bins - 1);
  }

  /** Sum of the unit vectors of a histogram: real and imaginary part. */
  phasor(counts: Float64Array): [number, number] {
    let re = 0;
    let im = 0;
    for (let j = 0; j < this.bins; j++) {
      const count = counts[j]!;
      if (count === 0) continue;
      re += count * this.#cosine[j]!;
      im += count * this.#sine[j]!;
    }
    return [re, im];
  }

  /** Fisher information of one tag about the phase, 1/ps^2, at a share of noise; sets the law for `scoreAt`. */
  information(noise: number): number {
    if (noise === this.#noise) return this.#information;
    let sum = 0;
    for (let j = 0; j < this.bins; j++) {
      const p = (1 - noise) * this.#light[j]! + noise;
      const slope = (1 - noise) * this.#gradient[j]!;
      // Where neither light nor noise is possible no tag comes, and none could say anything.
      this.#score[j] = p > 1e-300 ? -slope / p : 0;
      sum += p > 1e-300 ? (slope * slope) / p : 0;
    }
    this.#noise = noise;
    this.#information = sum / this.bins;
    return this.#information;
  }

  /** Derivative of the log-likelihood of a residual by a shift, 1/ps, under the law set by `information`. */
  scoreAt(residualPs: number): number {
    const at = residualPs / this.binPs;
    const low = Math.floor(at);
    const mask = this.bins - 1;
    return this.#score[low & mask]! + (at - low) * (this.#score[(low + 1) & mask]! - this.#score[low & mask]!);
  }

  /**
   * The shift of a histogram of `tags` counts, ps, that a Gaussian prior of mean 0 and this variance makes the likeliest.
   */
  shift(counts: Float64Array, tags: number, noise: number, priorPs2: number): number {
    const information = tags * this.information(noise);
    let shift = priorPs2 > (this.jitterPs / 2) ** 2 ? this.#coarse(counts, noise, priorPs2) : 0;
    for (let round = 0; round < 6; round++) {
      let score = -shift / priorPs2;
      for (let j = 0; j < this.bins; j++)
        if (counts[j]! > 0) score += counts[j]! * this.scoreAt(j * this.binPs - shift);
      const step = score / (information + 1 / priorPs2);
      // A step beyond the jitter leaves the part of the law that the information describes.
      shift += Math.max(-this.jitterPs, Math.min(this.jitterPs, step));
      if (Math.abs(step) < 1e-3 * this.jitterPs) break;
    }
    return shift;
  }

  /** The best whole bin: scoring alone would not find a phase that is far from the prediction. */
  #coarse(counts: Float64Array, noise: number, priorPs2: number): number {
    const mask = this.bins - 1;
    const logs = this.#light.map((light) => Math.log(Math.max(1e-300, (1 - noise) * light + noise)));
    const filled: number[] = [];
    for (let j = 0; j < this.bins; j++) if (counts[j]! > 0) filled.push(j);
    const reach = Math.min(this.bins / 2 - 1, Math.ceil((4 * Math.sqrt(priorPs2)) / this.binPs));
    let best = 0;
    let most = Number.NEGATIVE_INFINITY;
    for (let by = -reach; by <= reach; by++) {
      let sum = -((by * this.binPs) ** 2) / (2 * priorPs2);
      for (const j of filled) sum += counts[j]! * logs[(j - by) & mask]!;
      if (sum > most) {
        most = sum;
        best = by;
      }
    }
    return best * this.binPs;
  }
}
