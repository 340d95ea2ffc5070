import { PhotonsError } from '../error.ts';
import type { PairBin } from './pairs.ts';

export interface CoincidenceOptions {
  /** Full width of the window: two tags belong together when they are at most half of it apart, ps. */
  readonly windowPs: number;
  /** Taken off the second station's times first, ps: an error of the clocks, or a place where only accidents are. 0 when left out. */
  readonly offsetPs?: number;
}

/** Coincidences of some bins: which detectors, and the truth beside them. Arrays are the caller's. */
export interface Coincidences {
  readonly timePs: Float64Array;
  /** Second less first, offset taken off, ps. */
  readonly differencePs: Float64Array;
  readonly detectorA: Uint8Array;
  readonly detectorB: Uint8Array;
  /** 1 where both tags come from one pair. Only a harness may look. */
  readonly truePair: Uint8Array;
  /** The adversary's probability of guessing Alice's bit, times 65535, at least 32767. Only a harness may look. */
  readonly guess: Uint16Array;
}

/**
 * Finds the tags of two stations that belong together, bin after bin: each tag of the first station takes the earliest tag
 * of the second that is in its window and free. A tag is in one coincidence at most. Times are reckoned times of emission.
 */
export class CoincidenceSearch {
  readonly #halfPs: number;
  readonly #offsetPs: number;
  #a = new Waiting();
  #b = new Waiting();

  /** Throws `photons/pairs`. */
  constructor({ windowPs, offsetPs = 0 }: CoincidenceOptions) {
    if (!(windowPs > 0 && windowPs < 1e12)) {
      throw new PhotonsError('photons/pairs', `windowPs is ${windowPs}; it must be above 0 and below 1e12`);
    }
    if (!Number.isFinite(offsetPs)) {
      throw new PhotonsError('photons/pairs', `offsetPs is ${offsetPs}; it must be finite`);
    }
    this.#halfPs = windowPs / 2;
    this.#offsetPs = offsetPs;
  }

  push({ stations: [one, other], completePs }: PairBin): Coincidences {
    const a = this.#a.with(one.reckonedPs, one.tags.detector, one.truth, 0);
    const b = this.#b.with(other.reckonedPs, other.tags.detector, other.truth, this.#offsetPs);
    const room = Math.min(a.length, b.length);
    const found = {
      timePs: new Float64Array(room),
      differencePs: new Float64Array(room),
      detectorA: new Uint8Array(room),
      detectorB: new Uint8Array(room),
      truePair: new Uint8Array(room),
      guess: new Uint16Array(room),
    };
    const half = this.#halfPs;
    // Later tags of the second station may still come near those of the first beyond here.
    const until = completePs - Math.max(0, this.#offsetPs) - half;
    let count = 0;
    let i = 0;
    let j = 0;
    for (; i < a.length && a.timePs[i]! <= until; i++) {
      const here = a.timePs[i]!;
      while (j < b.length && b.timePs[j]! < here - half) j++;
      if (j === b.length || b.timePs[j]! > here + half) continue;
      found.timePs[count] = here;
      found.differencePs[count] = b.timePs[j]! - here;
      found.detectorA[count] = a.detector[i]!;
      found.detectorB[count] = b.detector[j]!;
      found.truePair[count] = a.pair[i]! >= 0 && a.pair[i] === b.pair[j] ? 1 : 0;
      found.guess[count] = a.guess[i]!;
      count++;
      j++;
    }
    while (j < b.length && b.timePs[j]! < until - half) j++;
    this.#a = a.from(i);
    this.#b = b.from(j);
    return {
      timePs: found.timePs.subarray(0, count),
      differencePs: found.differencePs.subarray(0, count),
      detectorA: found.detectorA.subarray(0, count),
      detectorB: found.detectorB.subarray(0, count),
      truePair: found.truePair.subarray(0, count),
      guess: found.guess.subarray(0, count),
    };
  }
}

/** Tags whose partners may be still to come. */
class Waiting {
  readonly timePs: Float64Array;
  readonly detector: Uint8Array;
  readonly pair: Float64Array;
  readonly guess: Uint16Array;

  constructor(
    timePs = new Float64Array(0),
    detector = new Uint8Array(0),
    pair = new Float64Array(0),
    guess = new Uint16Array(0),
  ) {
    this.timePs = timePs;
    this.detector = detector;
    this.pair = pair;
    this.guess = guess;
  }

  get length(): number {
    return this.timePs.length;
  }

  with(
    timePs: Float64Array,
    detector: Uint8Array,
    truth: { readonly pair: Float64Array; readonly guess: Uint16Array },
    offsetPs: number,
  ): Waiting {
    const length = this.length + timePs.length;
    const joined = new Waiting(
      new Float64Array(length),
      new Uint8Array(length),
      new Float64Array(length),
      new Uint16Array(length),
    );
    joined.timePs.set(this.timePs);
    for (let i = 0; i < timePs.length; i++) joined.timePs[this.length + i] = timePs[i]! - offsetPs;
    joined.detector.set(this.detector);
    joined.detector.set(detector, this.length);
    joined.pair.set(this.pair);
    joined.pair.set(truth.pair, this.length);
    joined.guess.set(this.guess);
    joined.guess.set(truth.guess, this.length);
    return joined;
  }

  from(row: number): Waiting {
    return new Waiting(this.timePs.slice(row), this.detector.slice(row), this.pair.slice(row), this.guess.slice(row));
  }
}
