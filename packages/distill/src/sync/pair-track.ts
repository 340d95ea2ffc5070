import { DistillError } from '../error.ts';
import { CAPTURE_JITTERS } from './coincidences.ts';
import { requireOrder } from './disclosure.ts';
import { FoldedLaw } from './folded.ts';
import { PhaseMeter } from './phase.ts';
import { requirePositive } from './prediction.ts';
import { Servo, USUAL_WANDER, type Wander } from './servo.ts';
import type { TrackStart } from './track.ts';

export interface PairTrackOptions {
  /** Standard deviation of the difference of two tags of one pair. */
  readonly jitterPs: number;
  /** Full width of the coincidence window. Fixed before the first tag (pitfall P10). */
  readonly windowPs: number;
  /** 10 to 50 ms; 50 ms when left out. */
  readonly stepPs?: number;
  /** Left out: `USUAL_WANDER`. */
  readonly wander?: Wander;
}

/** Tags that belong together, in order of time. A tag is in one coincidence at most. Arrays are the caller's. */
export interface TrackedPairs {
  /** Rows of all tags of each station so far, counted from 0. */
  readonly firstRow: Float64Array;
  readonly secondRow: Float64Array;
  /** Second less first, what was tracked taken off, ps. */
  readonly residualPs: Float32Array;
}

/** Tags of one station that may still be needed. */
class Queue {
  timePs = new Float64Array(1024);
  length = 0;
  /** Rows that have gone. */
  gone = 0;
  lastPs = Number.NEGATIVE_INFINITY;

  push(timePs: Float64Array): void {
    const need = this.length + timePs.length;
    if (need > this.timePs.length) {
      const longer = new Float64Array(Math.max(need, 2 * this.timePs.length));
      longer.set(this.timePs.subarray(0, this.length));
      this.timePs = longer;
    }
    this.timePs.set(timePs, this.length);
    this.length = need;
    if (timePs.length > 0) this.lastPs = timePs[timePs.length - 1]!;
  }

  drop(rows: number): void {
    this.timePs.copyWithin(0, rows, this.length);
    this.length -= rows;
    this.gone += rows;
  }
}

/**
 * Follows the offset between two stations that watch one source of pairs, and says which of their tags belong together. As
 * `Tracker`, with differences of times in place of times against slots; no detector is handed in. Beyond a sixth of the
 * window that is looked at (32 jitters) the tracker is `lost`, and finds nothing more.
 *
 * Memory: the tags of a step, and those of the two chunks.
 */
export class PairTracker {
  readonly #capturePs: number;
  readonly #windowPs: number;
  readonly #stepPs: number;
  readonly #servo: Servo;
  readonly #meter: PhaseMeter;
  readonly #first = new Queue();
  readonly #second = new Queue();
  #stepEndPs: number;
  #residual: { readonly atPs: number; readonly phasePs: number };
  /** The first row of the second station that is in no coincidence. */
  #free = 0;
  #lost = false;

  /** From `fromPs` on, on the first station's times. Throws `distill/sync` for options out of range. */
  constructor(options: PairTrackOptions, { state, noise, tagRateHz }: TrackStart, fromPs: number) {
    const { jitterPs, windowPs, stepPs = 5e10, wander = USUAL_WANDER } = options;
    requirePositive('jitterPs', jitterPs);
    requirePositive('stepPs', stepPs);
    this.#capturePs = CAPTURE_JITTERS * jitterPs;
    if (!(windowPs > 0 && windowPs <= this.#capturePs)) {
      const rule = `it must be positive and at most ${CAPTURE_JITTERS} jitters, ${this.#capturePs} ps`;
      throw new DistillError('distill/sync', `windowPs is ${windowPs}; ${rule}`);
    }
    if (!(fromPs >= state.atPs)) {
      throw new DistillError('distill/sync', `tracking begins at ${fromPs} ps, before its state of ${state.atPs} ps`);
    }
    this.#windowPs = windowPs;
    this.#stepPs = stepPs;
    this.#servo = new Servo(state, wander);
    this.#servo.advance(fromPs);
    this.#meter = new PhaseMeter(new FoldedLaw(this.#capturePs, jitterPs), noise, tagRateHz);
    this.#stepEndPs = fromPs + stepPs;
    this.#residual = { atPs: fromPs, phasePs: this.#servo.phaseAt(fromPs) };
  }

  /** One standard deviation of the offset, ps. */
  get uncertaintyPs(): number {
    return Math.sqrt(this.#servo.phasePs2);
  }

  get lost(): boolean {
    return this.#lost;
  }

  /** Offset at a time of the first station, ps. */
  offsetAt(timePs: number): number {
    return this.#servo.phaseAt(timePs);
  }

  /**
   * Takes the next tags of both stations, each in order, and returns the coincidences of the steps for which both have spoken.
   * Tags before the start of tracking are in none. Throws `distill/sync` for tags out of order, and then takes none.
   */
  push(firstPs: Float64Array, secondPs: Float64Array): TrackedPairs {
    requireOrder(firstPs, this.#first.lastPs);
    requireOrder(secondPs, this.#second.lastPs);
    this.#first.push(firstPs);
    this.#second.push(secondPs);
    const aheadPs = this.#servo.phaseAt(this.#stepEndPs) + this.#capturePs;
    return this.#play(Math.min(this.#first.lastPs, this.#second.lastPs - aheadPs));
  }

  /** The coincidences that are left. */
  finish(): TrackedPairs {
    return this.#play(this.#first.lastPs + this.#stepPs);
  }

  #play(completePs: number): TrackedPairs {
    const room = Math.min(this.#first.length, this.#second.length);
    const found = {
      firstRow: new Float64Array(room),
      secondRow: new Float64Array(room),
      residualPs: new Float32Array(room),
    };
    let rows = 0;
    let from = 0;
    let low = 0;
    while (this.#stepEndPs <= completePs && this.#first.length > 0) {
      const { timePs, length } = this.#first;
      let until = from;
      while (until < length && timePs[until]! < this.#stepEndPs) until++;
      const startPs = this.#stepEndPs - this.#stepPs;
      low = this.#measure(from, until, low, startPs);
      const before = this.#residual;
      this.#meter.settle(this.#servo, this.#stepEndPs, this.#stepPs);
      if (!(this.uncertaintyPs <= this.#capturePs / 6)) this.#lost = true;
      this.#residual = { atPs: this.#stepEndPs, phasePs: this.#servo.phaseAt(this.#stepEndPs) };
      if (!this.#lost) rows = this.#match(from, until, before, startPs, found, rows);
      from = until;
      this.#stepEndPs += this.#stepPs;
    }
    // Tags of the second station may still come into the window of the next step's first, by half of it and a correction.
    const needed = this.#stepEndPs - this.#stepPs + this.#residual.phasePs - 2 * this.#capturePs;
    let old = 0;
    while (old < this.#second.length && this.#second.timePs[old]! < needed) old++;
    this.#first.drop(from);
    this.#second.drop(old);
    return {
      firstRow: found.firstRow.subarray(0, rows),
      secondRow: found.secondRow.subarray(0, rows),
      residualPs: found.residualPs.subarray(0, rows),
    };
  }

  /** All differences within the capture; returns about where the next step has to begin. */
  #measure(from: number, until: number, low: number, startPs: number): number {
    const { timePs: first } = this.#first;
    const { timePs: second, length } = this.#second;
    const half = this.#capturePs / 2;
    let begin = low;
    for (let i = from; i < until; i++) {
      const at = first[i]!;
      if (at < startPs) continue;
      const due = at + this.#servo.phaseAt(at);
      // A correction may have brought the window back.
      while (begin > 0 && second[begin - 1]! >= due - half) begin--;
      while (begin < length && second[begin]! < due - half) begin++;
      for (let j = begin; j < length && second[j]! < due + half; j++) this.#meter.add(second[j]! - due, at);
    }
    return begin;
  }

  #match(
    from: number,
    until: number,
    before: { readonly atPs: number; readonly phasePs: number },
    startPs: number,
    found: TrackedPairs,
    rows: number,
  ): number {
    const { timePs: first, gone: firstGone } = this.#first;
    const { timePs: second, length, gone: secondGone } = this.#second;
    const after = this.#residual;
    const perPs = (after.phasePs - before.phasePs) / (after.atPs - before.atPs);
    const half = this.#windowPs / 2;
    let begin = Math.max(0, this.#free - secondGone);
    let row = rows;
    for (let i = from; i < until; i++) {
      const at = first[i]!;
      if (at < startPs) continue;
      const due = at + before.phasePs + (at - before.atPs) * perPs;
      while (begin < length && second[begin]! < due - half) begin++;
      if (begin === length || second[begin]! > due + half) continue;
      found.firstRow[row] = firstGone + i;
      found.secondRow[row] = secondGone + begin;
      found.residualPs[row++] = second[begin]! - due;
      begin++;
    }
    this.#free = Math.max(this.#free, secondGone + begin);
    return row;
  }
}
