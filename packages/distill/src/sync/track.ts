import { DistillError } from '../error.ts';
import { requireOrder } from './disclosure.ts';
import { FoldedLaw } from './folded.ts';
import { PhaseMeter } from './phase.ts';
import { requirePositive } from './prediction.ts';
import { Servo, type ServoState, USUAL_WANDER, type Wander } from './servo.ts';

export interface TrackOptions {
  readonly periodPs: number;
  /** Standard deviation of a tag of light about the centre of its slot: pulse, detector and clock together. */
  readonly jitterPs: number;
  /** Full width about the centre of a slot, at most a slot. Fixed before the first tag (pitfall P10). */
  readonly gatePs: number;
  /** 10 to 50 ms; 20 ms when left out. */
  readonly stepPs?: number;
  /** Left out: `USUAL_WANDER`. */
  readonly wander?: Wander;
}

/** Where tracking begins: what an acquisition found. */
export interface TrackStart {
  readonly state: ServoState;
  readonly noise: number;
  /** Tags a second, noise and all. */
  readonly tagRateHz: number;
}

/** Tags in the order in which they came, each once. Arrays are the caller's. */
export interface TrackedTags {
  /** -1 for a tag that was not tracked. */
  readonly slot: Float64Array;
  /** Time against the centre of the slot, ps; 0 for a tag that was not tracked. */
  readonly residualPs: Float32Array;
  /** 1 in the gate while the phase was known well enough, else 0. */
  readonly inGate: Uint8Array;
  /** As it came, not looked at. */
  readonly detector: Uint8Array;
  /** All tags to come are in this slot or later ones. */
  readonly untilSlot: number;
}

/** Above this part of a slot (one standard deviation) the phase is not known well enough: three make half a slot. */
const WORST_PHASE = 1 / 6;

/**
 * Follows the light through a pass and says of every tag which slot it belongs to. Times alone decide: no detector is looked
 * at, so that no bit can matter to what is kept (pitfall P10); the gate is the one that was set at the start.
 *
 * Steps of predicted time; a step's tags come out once it is over, along a line between what was known at its two ends, so
 * that slots never fall. In gaps the servo goes on by itself, and its uncertainty grows. Beyond a sixth of a slot a slip
 * cannot be excluded: the tracker is `lost` then, for good, keeps nothing more, and a new acquisition is due.
 *
 * Memory: the tags of a step, and those of a chunk.
 */
export class Tracker {
  /** That of a tag at `fromPs`. */
  readonly firstSlot: number;
  readonly #options: Required<Omit<TrackOptions, 'wander'>>;
  readonly #servo: Servo;
  readonly #meter: PhaseMeter;
  #timePs = new Float64Array(1024);
  #detector = new Uint8Array(1024);
  #held = 0;
  #stepEndPs: number;
  #residual: { readonly atPs: number; readonly phasePs: number };
  #lastPs: number;
  #lost = false;

  /** From the end of the acquisition window on, `fromPs`. Throws `distill/sync` for options out of range. */
  constructor(options: TrackOptions, { state, noise, tagRateHz }: TrackStart, fromPs: number) {
    const { periodPs, jitterPs, gatePs, stepPs = 2e10, wander = USUAL_WANDER } = options;
    requirePositive('stepPs', stepPs);
    if (!(gatePs > 0 && gatePs <= periodPs)) {
      throw new DistillError(
        'distill/sync',
        `gatePs is ${gatePs}; it must be positive and at most a slot, ${periodPs} ps`,
      );
    }
    if (!(fromPs >= state.atPs)) {
      throw new DistillError('distill/sync', `tracking begins at ${fromPs} ps, before its state of ${state.atPs} ps`);
    }
    this.#options = { periodPs, jitterPs, gatePs, stepPs };
    this.#servo = new Servo(state, wander);
    this.#servo.advance(fromPs);
    this.#meter = new PhaseMeter(new FoldedLaw(periodPs, jitterPs), noise, tagRateHz);
    this.#stepEndPs = fromPs + stepPs;
    const phasePs = this.#servo.phaseAt(fromPs);
    this.#residual = { atPs: fromPs, phasePs };
    this.firstSlot = Math.floor((fromPs - phasePs) / periodPs + 0.5);
    this.#lastPs = fromPs;
  }

  /** One standard deviation of the phase, ps. */
  get uncertaintyPs(): number {
    return Math.sqrt(this.#servo.phasePs2);
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Share of the recent tags that is not light. */
  get noise(): number {
    return this.#meter.noise;
  }

  /**
   * Takes tags in order, as predicted times of emission, and returns those whose step is over. Throws `distill/sync` for tags
   * out of order, and then takes none of them.
   */
  push(emissionPs: Float64Array, detector: Uint8Array): TrackedTags {
    if (detector.length !== emissionPs.length) {
      throw new DistillError('distill/sync', `a chunk has ${emissionPs.length} times and ${detector.length} detectors`);
    }
    requireOrder(emissionPs, this.#lastPs);
    this.#hold(emissionPs, detector);
    return this.#play(false);
  }

  /** The tags that are left. */
  finish(): TrackedTags {
    return this.#play(true);
  }

  #hold(emissionPs: Float64Array, detector: Uint8Array): void {
    const need = this.#held + emissionPs.length;
    if (need > this.#timePs.length) {
      const times = new Float64Array(Math.max(need, 2 * this.#timePs.length));
      const detectors = new Uint8Array(times.length);
      times.set(this.#timePs.subarray(0, this.#held));
      detectors.set(this.#detector.subarray(0, this.#held));
      this.#detector.fill(0);
      this.#timePs = times;
      this.#detector = detectors;
    }
    this.#timePs.set(emissionPs, this.#held);
    this.#detector.set(detector, this.#held);
    this.#held = need;
    if (emissionPs.length > 0) this.#lastPs = emissionPs[emissionPs.length - 1]!;
  }

  #play(all: boolean): TrackedTags {
    const { stepPs, periodPs } = this.#options;
    const times = this.#timePs;
    const held = this.#held;
    const slot = new Float64Array(held);
    const residualPs = new Float32Array(held);
    const inGate = new Uint8Array(held);
    let from = 0;
    while (from < held) {
      const first = times[from]!;
      // Over an empty stretch in one go, up to the step of the next tag.
      if (first >= this.#stepEndPs) {
        const steps = Math.floor((first - this.#stepEndPs) / stepPs) + 1;
        this.#settle(this.#stepEndPs + (steps - 1) * stepPs, this.#stepEndPs - stepPs);
        continue;
      }
      let until = from;
      while (until < held && times[until]! < this.#stepEndPs) until++;
      if (until === held && !all) break;
      this.#measure(times, from, until);
      const before = this.#residual;
      const startPs = this.#stepEndPs - stepPs;
      this.#settle(this.#stepEndPs, startPs);
      this.#assign(times, from, until, before, slot, residualPs, inGate);
      from = until;
    }
    const tracked = {
      slot: slot.subarray(0, from),
      residualPs: residualPs.subarray(0, from),
      inGate: inGate.subarray(0, from),
      detector: this.#detector.slice(0, from),
      untilSlot: Math.floor((this.#residual.atPs - this.#residual.phasePs) / periodPs + 0.5),
    };
    this.#timePs.copyWithin(0, from, held);
    this.#detector.copyWithin(0, from, held);
    this.#detector.fill(0, held - from, held);
    this.#held = held - from;
    return tracked;
  }

  #measure(times: Float64Array, from: number, until: number): void {
    const { periodPs } = this.#options;
    const servo = this.#servo;
    const meter = this.#meter;
    for (let i = from; i < until; i++) {
      const at = times[i]!;
      const phase = at - servo.phaseAt(at);
      meter.add(phase - Math.floor(phase / periodPs + 0.5) * periodPs, at);
    }
  }

  /** Ends a step, or an empty stretch of several. */
  #settle(endPs: number, startPs: number): void {
    const { periodPs, stepPs } = this.#options;
    const worst = WORST_PHASE * periodPs;
    this.#meter.settle(this.#servo, endPs, endPs - startPs);
    if (!(this.uncertaintyPs <= worst)) this.#lost = true;
    this.#residual = { atPs: endPs, phasePs: this.#servo.phaseAt(endPs) };
    this.#stepEndPs = endPs + stepPs;
  }

  #assign(
    times: Float64Array,
    from: number,
    until: number,
    before: { readonly atPs: number; readonly phasePs: number },
    slot: Float64Array,
    residualPs: Float32Array,
    inGate: Uint8Array,
  ): void {
    if (this.#lost) {
      slot.fill(-1, from, until);
      return;
    }
    const { periodPs, gatePs } = this.#options;
    const after = this.#residual;
    const perPs = (after.phasePs - before.phasePs) / (after.atPs - before.atPs);
    for (let i = from; i < until; i++) {
      const at = times[i]!;
      const emitted = at - before.phasePs - (at - before.atPs) * perPs;
      const nearest = Math.floor(emitted / periodPs + 0.5);
      const off = emitted - nearest * periodPs;
      slot[i] = nearest;
      residualPs[i] = off;
      inGate[i] = Math.abs(off) <= gatePs / 2 ? 1 : 0;
    }
  }
}
