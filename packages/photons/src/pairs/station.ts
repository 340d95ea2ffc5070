import type { Random } from '../random.ts';
import { Cause } from '../sampler/events.ts';
import { exponential, normal } from '../sampler/ziggurat.ts';
import { Arrivals } from './arrivals.ts';
import type { PairStation, StationTags } from './pairs.ts';

/** Standard deviations of jitter by which tags of a later bin may come early: beyond them, once in 1e23 tags. */
const SURE = 10;

/**
 * The detectors and the clock of one station: which photo-electrons click, and what is recorded of them. Its detectors
 * carry their dead time and after-pulses from bin to bin.
 */
export class StationClicks {
  readonly #station: PairStation;
  readonly #binPs: number;
  readonly #deadPs: number;
  readonly #jitterPs: number;
  readonly #delayPs: Float64Array;
  readonly #leastDelayPs: number;
  readonly #deadUntil = new Float64Array(4).fill(Number.NEGATIVE_INFINITY);
  /** After-pulses to come, in order: time since the start of the bin and detector. */
  #dueTimes: number[] = [];
  #dueDetectors: number[] = [];
  /** Clicks by reckoned time; those that are not complete stay for the next bin. */
  readonly #clicks = new Arrivals();

  constructor(station: PairStation, binPs: number) {
    const { receiver, clock } = station;
    this.#station = station;
    this.#binPs = binPs;
    this.#deadPs = receiver.deadTimeNs * 1000;
    this.#jitterPs = Math.hypot(receiver.jitterPs, clock?.jitterPs ?? 0);
    this.#delayPs = Float64Array.from({ length: 4 }, (_, d) => receiver.flaws?.detectors?.[d]?.delayPs ?? 0);
    this.#leastDelayPs = Math.min(...this.#delayPs);
  }

  /** Lets the photo-electrons of a bin, in order of time, become clicks. */
  click(arrivals: Arrivals, bin: number, random: Random): void {
    const { timePs, detector, cause, pair, guess, count } = arrivals;
    for (let i = 0; i < count; i++) {
      const here = timePs[i]!;
      while (this.#dueTimes.length > 0 && this.#dueTimes[0]! <= here) this.#afterPulse(bin, random);
      if (here < this.#deadUntil[detector[i]!]!) continue;
      this.#record(here, detector[i]!, cause[i]!, pair[i]!, guess[i]!, bin, random);
    }
    while (this.#dueTimes.length > 0 && this.#dueTimes[0]! < this.#binPs) this.#afterPulse(bin, random);
  }

  /** Reckoned time since the start of the bin before which no later bin's tag can fall. */
  completePs(bin: number): number {
    const { offsetPs } = this.#station.clock ?? { offsetPs: null };
    const atEnd = offsetPs ? Math.min(this.#clockPs(bin, this.#binPs), ...offsetPs.subarray(bin + 1, bin + 3)) : 0;
    return this.#binPs + this.#leastDelayPs + atEnd - SURE * this.#jitterPs;
  }

  /** What was recorded up to a reckoned time since the start of the bin. Moves on to the next bin. */
  take(bin: number, untilPs: number): StationTags {
    const clicks = this.#clicks;
    let rows = clicks.count;
    while (rows > 0 && clicks.timePs[rows - 1]! >= untilPs) rows--;
    const timePs = new Float64Array(rows);
    const reckonedPs = new Float64Array(rows);
    const startPs = bin * this.#binPs;
    for (let row = 0; row < rows; row++) {
      reckonedPs[row] = Math.round(startPs + clicks.timePs[row]!);
      timePs[row] = Math.round(startPs + clicks.timePs[row]! + this.#flightPs(bin, clicks.timePs[row]!));
    }
    const taken = {
      tags: { timePs, detector: clicks.detector.slice(0, rows) },
      reckonedPs,
      truth: {
        cause: clicks.cause.slice(0, rows),
        pair: clicks.pair.slice(0, rows),
        guess: clicks.guess.slice(0, rows),
      },
    };
    clicks.drop(rows, this.#binPs);
    for (let d = 0; d < 4; d++) this.#deadUntil[d]! -= this.#binPs;
    this.#dueTimes = this.#dueTimes.map((due) => due - this.#binPs);
    return taken;
  }

  #afterPulse(bin: number, random: Random): void {
    const here = this.#dueTimes.shift()!;
    const which = this.#dueDetectors.shift()!;
    if (here < this.#deadUntil[which]!) return;
    this.#record(here, which, Cause.afterPulse, -1, 32767, bin, random);
  }

  #record(here: number, which: number, cause: number, pair: number, guess: number, bin: number, random: Random): void {
    const { flaws } = this.#station.receiver;
    if (flaws?.deadTogether) this.#deadUntil.fill(here + this.#deadPs);
    else this.#deadUntil[which] = here + this.#deadPs;
    const late = this.#delayPs[which]! + this.#jitterPs * normal(random) + this.#clockPs(bin, here);
    this.#clicks.add(here + late, which, cause, pair, guess);
    this.#clicks.settle();
    if (!flaws?.afterPulse || random.uniform() >= flaws.afterPulse.probability) return;
    const due = here + this.#deadPs + flaws.afterPulse.timeConstantNs * 1000 * exponential(random);
    let at = this.#dueTimes.length;
    while (at > 0 && this.#dueTimes[at - 1]! > due) at--;
    this.#dueTimes.splice(at, 0, due);
    this.#dueDetectors.splice(at, 0, which);
  }

  /** The clock's error at a time since the start of the bin. */
  #clockPs(bin: number, here: number): number {
    if (!this.#station.clock) return 0;
    const { offsetPs } = this.#station.clock;
    const from = offsetPs[bin]!;
    return from + ((offsetPs[bin + 1] ?? from) - from) * (here / this.#binPs);
  }

  #flightPs(bin: number, here: number): number {
    const { flight } = this.#station;
    if (!flight) return 0;
    const seconds = here / 1e12;
    return flight.atStartPs[bin]! + seconds * (flight.ratePsPerS[bin]! + (seconds * flight.curvaturePsPerS2[bin]!) / 2);
  }
}
