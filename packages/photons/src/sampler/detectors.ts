import type { Receiver } from '../link.ts';
import { longer } from './columns.ts';
import type { Electrons } from './electrons.ts';
import type { Uniforms } from './uniforms.ts';
import { exponential } from './ziggurat.ts';

/** What a click of noise stands for in place of a slot, and an after-pulse. */
export const NO_PULSE = -1;
export const AFTER_PULSE = -2;

const quiet = new Float64Array(4);

/** What is left of an exponential after so many time constants is no longer looked at: 4e-18. */
const forgotten = 40;

/**
 * Four detectors that make clicks of counts, and remember from bin to bin:
 *
 * - Noise counts come at random, from a stream of their own. Those in a dead time do nothing and have no memory: where there
 *   are many, the next one is drawn from its end, so that however strong the noise, it takes no more than its clicks.
 * - A count in the dead time of its detector (of any, with `deadTogether`) does nothing.
 * - After its own dead time a detector hears a count t later with probability 1 - e^(-t / recovery); with `deadTogether`
 *   the other three are only held, their efficiency does not suffer.
 * - A click is followed, with the probability of an after-pulse, by a carrier that is released an exponential time after
 *   the dead time. It clicks unless the detector is dead then; recovery is in its probability already. Its click is one
 *   like others and may have an after-pulse itself.
 * - The tag of a click is late by the walk, the detector itself is not.
 */
export class Detectors {
  /** Clicks, rising in time, walk included; index of their slot, `NO_PULSE` or `AFTER_PULSE`. */
  clicks = 0;
  timePs = new Float64Array(0);
  pulse = new Int32Array(0);
  detector = new Uint8Array(0);

  readonly #deadPs: number;
  readonly #together: boolean;
  readonly #recoveryPs: number;
  readonly #latePs: number;
  readonly #decayPs: number;
  readonly #afterPs: number;
  readonly #lastPs = new Float64Array(4);
  readonly #deadUntilPs = new Float64Array(4);
  readonly #noiseGapPs = new Float64Array(4);
  /** Next noise count of each detector; the first of them. */
  readonly #noisePs = new Float64Array(4);
  #noisy = 0;
  /** After-pulses to come, the next one last. */
  #coming = 0;
  #comingPs = new Float64Array(16);
  #comingIn = new Uint8Array(16);
  /** Clicks until one has an after-pulse. */
  #untilAfterPulse = Infinity;
  #perLogMiss = 0;
  readonly #random: Uniforms;
  readonly #noise: Uniforms;

  constructor(receiver: Receiver, random: Uniforms, noise: Uniforms) {
    this.#random = random;
    this.#noise = noise;
    const { recoveryNs = 0, walk, afterPulse, deadTogether = false } = receiver.flaws ?? {};
    this.#deadPs = receiver.deadTimeNs * 1000;
    this.#together = deadTogether;
    this.#recoveryPs = recoveryNs * 1000;
    this.#latePs = walk?.latePs ?? 0;
    this.#decayPs = (walk?.decayNs ?? 0) * 1000;
    this.#afterPs = (afterPulse?.timeConstantNs ?? 0) * 1000;
    this.rest();
  }

  /** Forgets all clicks. */
  rest(): void {
    this.#lastPs.fill(-Infinity);
    this.#deadUntilPs.fill(-Infinity);
    this.#coming = 0;
  }

  /**
   * Makes the clicks of a bin that lasts to `endPs`. The next bin's times begin `binPs` later. `afterPulses` is the
   * probability of one, of a click; `noiseHz` are counts of each detector that no pulse makes, 1/s.
   */
  play(electrons: Electrons, afterPulses: number, endPs: number, binPs: number, noiseHz: Float64Array = quiet): void {
    this.clicks = 0;
    for (let d = 0; d < 4; d++) {
      this.#noiseGapPs[d] = noiseHz[d]! > 0 ? 1e12 / noiseHz[d]! : Infinity;
      this.#noiseFrom(endPs - binPs, d);
    }
    this.#perLogMiss = afterPulses > 0 ? 1 / -Math.log1p(-afterPulses) : Infinity;
    // Bins have streams of their own, and the wait for an after-pulse has no memory: it begins anew.
    this.#untilAfterPulse = this.#wait();
    for (let from = 0; from < electrons.counts; from += 2048) {
      this.#stretch(electrons, from, Math.min(electrons.counts, from + 2048), endPs);
    }
    this.#othersUntil(endPs, endPs);
    for (let d = 0; d < 4; d++) {
      this.#lastPs[d]! -= binPs;
      this.#deadUntilPs[d]! -= binPs;
    }
    for (let i = 0; i < this.#coming; i++) this.#comingPs[i]! -= binPs;
  }

  /** Some counts, few enough for the loop to be compiled as a function. */
  #stretch({ timePs, pulse, detector }: Electrons, from: number, to: number, endPs: number): void {
    for (let i = from; i < to; i++) {
      const t = timePs[i]!;
      if (this.#coming > 0 || this.#noisePs[this.#noisy]! <= t) this.#othersUntil(t, endPs);
      this.#count(t, detector[i]!, pulse[i]!);
    }
  }

  /** Noise, of this bin, and after-pulses, as they come. */
  #othersUntil(timePs: number, endPs: number): void {
    const noiseEndPs = Math.min(timePs, endPs);
    for (;;) {
      const d = this.#noisy;
      const noisePs = this.#noisePs[d]!;
      if (this.#coming > 0 && this.#comingPs[this.#coming - 1]! <= Math.min(timePs, noisePs)) {
        this.#coming--;
        this.#count(this.#comingPs[this.#coming]!, this.#comingIn[this.#coming]!, AFTER_PULSE);
      } else if (noisePs <= noiseEndPs) {
        if (noisePs >= this.#deadUntilPs[d]!) this.#count(noisePs, d, NO_PULSE);
        this.#noiseFrom(this.#noiseGapPs[d]! < this.#deadPs ? Math.max(noisePs, this.#deadUntilPs[d]!) : noisePs, d);
      } else return;
    }
  }

  /** The first noise count of a detector after a time. */
  #noiseFrom(timePs: number, d: number): void {
    const noisePs = this.#noisePs;
    noisePs[d] = this.#noiseGapPs[d] === Infinity ? Infinity : timePs + this.#noiseGapPs[d]! * exponential(this.#noise);
    const first = noisePs[1]! < noisePs[0]! ? 1 : 0;
    const second = noisePs[3]! < noisePs[2]! ? 3 : 2;
    this.#noisy = noisePs[second]! < noisePs[first]! ? second : first;
  }

  #count(t: number, d: number, pulse: number): void {
    if (t < this.#deadUntilPs[d]!) return;
    const since = t - this.#lastPs[d]!;
    if (this.#recoveryPs > 0 && pulse !== AFTER_PULSE) {
      const recovered = (since - this.#deadPs) / this.#recoveryPs;
      if (recovered < forgotten && this.#random.uniform() < Math.exp(-recovered)) return;
    }
    this.#lastPs[d] = t;
    const deadUntilPs = t + this.#deadPs;
    if (this.#together) this.#deadUntilPs.fill(deadUntilPs);
    else this.#deadUntilPs[d] = deadUntilPs;
    if (this.#untilAfterPulse === 0) {
      this.#come(deadUntilPs + this.#afterPs * exponential(this.#random), d);
      this.#untilAfterPulse = this.#wait();
    } else this.#untilAfterPulse--;
    const late = since < forgotten * this.#decayPs ? this.#latePs * Math.exp(-since / this.#decayPs) : 0;
    this.#put(t + late, d, pulse);
  }

  /** How many clicks go by without an after-pulse: geometric. */
  #wait(): number {
    return this.#perLogMiss === Infinity ? Infinity : Math.floor(exponential(this.#random) * this.#perLogMiss);
  }

  #come(timePs: number, detector: number): void {
    if (this.#coming === this.#comingPs.length) {
      this.#comingPs = longer(this.#comingPs, new Float64Array(2 * this.#coming));
      this.#comingIn = longer(this.#comingIn, new Uint8Array(2 * this.#coming));
    }
    let i = this.#coming++;
    while (i > 0 && this.#comingPs[i - 1]! < timePs) {
      this.#comingPs[i] = this.#comingPs[i - 1]!;
      this.#comingIn[i] = this.#comingIn[i - 1]!;
      i--;
    }
    this.#comingPs[i] = timePs;
    this.#comingIn[i] = detector;
  }

  #put(timePs: number, detector: number, pulse: number): void {
    if (this.clicks === this.timePs.length) this.#grow();
    const { timePs: times, pulse: pulses, detector: detectors } = this;
    let i = this.clicks++;
    while (i > 0 && times[i - 1]! > timePs) {
      times[i] = times[i - 1]!;
      pulses[i] = pulses[i - 1]!;
      detectors[i] = detectors[i - 1]!;
      i--;
    }
    times[i] = timePs;
    pulses[i] = pulse;
    detectors[i] = detector;
  }

  #grow(): void {
    const room = Math.max(1024, 2 * this.timePs.length);
    this.timePs = longer(this.timePs, new Float64Array(room));
    this.pulse = longer(this.pulse, new Int32Array(room));
    this.detector = longer(this.detector, new Uint8Array(room));
  }
}
