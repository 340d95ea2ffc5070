import type { FoldedLaw } from './folded.ts';
import type { Servo } from './servo.ts';

/** The share of noise is reckoned from the light of about this time, ps, or longer where it is faint or smeared by jitter. */
const MEMORY_PS = 5e11;
const LONGEST_MEMORY_PS = 5e12;
/** Tags times contrast squared that a memory should hold: then the coherence of light stands out from that of noise. */
const COHERENT_TAGS = 50;
const LEAST_NOISE = 0.02;
/** Steps of the share, so that the tables of the law are seldom made anew. */
const NOISE_STEPS = 64;

/**
 * Measures the phase of the light against the servo's expectation, step by step. The share of noise is known from the
 * coherence of the recent residuals: under a cloud it goes to 1, and what still clicks says nothing any more.
 */
export class PhaseMeter {
  readonly #law: FoldedLaw;
  readonly #counts: Float64Array;
  readonly #memoryPs: number;
  #tags = 0;
  #timeSum = 0;
  #originPs = 0;
  /** Sums of the recent past, fading: unit vectors, tags, and the variance of the vectors if all were noise. */
  #re = 0;
  #im = 0;
  #recent = 0;
  #spread = 0;
  #noise: number;

  /** As if there had been so many tags a second before, with this share of noise. */
  constructor(law: FoldedLaw, noise: number, tagRateHz: number) {
    this.#law = law;
    this.#counts = new Float64Array(law.bins);
    const wantedPs = (1e12 * COHERENT_TAGS) / (law.contrast ** 2 * Math.max(1, tagRateHz));
    this.#memoryPs = Math.min(LONGEST_MEMORY_PS, Math.max(MEMORY_PS, wantedPs));
    this.#noise = noise;
    this.#recent = tagRateHz * this.#memoryPs * 1e-12;
    this.#re = this.#recent * (1 - noise) * law.contrast;
    this.#spread = this.#recent / 2;
  }

  /** Share of the recent tags that is not light, 0.02 to 1. */
  get noise(): number {
    return this.#noise;
  }

  /** A residual to the servo's expectation, at a time. */
  add(residualPs: number, timePs: number): void {
    if (this.#tags === 0) this.#originPs = timePs;
    this.#counts[this.#law.binOf(residualPs)]!++;
    this.#timeSum += timePs - this.#originPs;
    this.#tags++;
  }

  /** Corrects the servo by what was added since the last time, `stepPs` long, and moves it on to the end of the step. */
  settle(servo: Servo, endPs: number, stepPs: number): void {
    const fade = Math.exp(-stepPs / this.#memoryPs);
    this.#re *= fade;
    this.#im *= fade;
    this.#recent *= fade;
    this.#spread *= fade * fade;
    if (this.#tags > 0) {
      servo.advance(Math.min(endPs, Math.max(servo.atPs, this.#originPs + this.#timeSum / this.#tags)));
      this.#correct(servo);
    }
    servo.advance(endPs);
  }

  #correct(servo: Servo): void {
    const law = this.#law;
    const counts = this.#counts;
    const tags = this.#tags;
    const [re, im] = law.phasor(counts);
    this.#re += re;
    this.#im += im;
    this.#recent += tags;
    this.#spread += tags;
    // Of noise alone the square exceeds four times its mean once in fifty.
    const coherent = Math.sqrt(Math.max(0, this.#re ** 2 + this.#im ** 2 - 4 * this.#spread));
    const noise = 1 - coherent / (law.contrast * this.#recent);
    this.#noise = Math.min(1, Math.max(LEAST_NOISE, Math.ceil(noise * NOISE_STEPS) / NOISE_STEPS));
    const information = tags * law.information(this.#noise);
    if (this.#noise < 1 && information > 0) {
      const prior = servo.phasePs2;
      const before = servo.phaseAt(servo.atPs);
      const shift = law.shift(counts, tags, this.#noise, prior);
      // The shift is that of prior and tags together; the filter wants what the tags say alone.
      servo.update(shift * (1 + 1 / (information * prior)), 1 / information);
      this.#turn(servo.phaseAt(servo.atPs) - before);
    }
    counts.fill(0);
    this.#tags = 0;
    this.#timeSum = 0;
  }

  /** The past, seen from the phase as it is now known. */
  #turn(byPs: number): void {
    const angle = (-2 * Math.PI * byPs) / this.#law.periodPs;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    [this.#re, this.#im] = [this.#re * c - this.#im * s, this.#re * s + this.#im * c];
  }
}
