/** A played pass as a laboratory has it: tags on a clock of their own, and beside them what is known of their time. */
import { seededRandom, type TimedColumns } from '@skykey/photons';
import { flightTable } from '../distill/flight-time.ts';
import type { TimingDocument } from '../distill/timing-document.ts';
import type { PlayedLight } from './played.ts';

/** Assumed, and drawn from the seed: a counter that began within the last second, with a quartz of 2 parts in a million. */
const COUNTER_PS = 1e12;
const QUARTZ_PS_PER_S = 2e6;
/** Assumed: how wrong the pulse-per-second is along the pass, and each reading of it beside that. */
const SECOND_PS = 1e6;
const SECOND_SLOPE = 0.9e-7;
const SECOND_SLOPE_PS = 0.5e6;
const SECOND_JITTER_PS = 1e4;
/** Assumed: how far the satellite is ahead of its ephemeris or behind it. */
const AHEAD_MS = 20;
const TOLERANCE_PS = 1e5;
/** The common scale begins so long before the light; the recorder and its pulses begin, the ephemeris reaches, so far beyond. */
const BEFORE_S = 10;
const BEYOND_S = 4;

/**
 * The clock of a recording, and what its owner knows of it. The two differ by at most 2 microseconds and 1e-7 at any time of
 * the pass, as `skykey distill link` says.
 */
export class RawClock {
  readonly #light: PlayedLight;
  readonly #zeroMs: number;
  readonly #slotZeroPs: number;
  readonly #durationS: number;
  readonly #counterPs: number;
  readonly #driftPsPerS: number;
  readonly #secondPs: number;
  readonly #secondPsPerS: number;
  readonly #aheadMs: number;
  readonly #pulseJitter: () => number;

  constructor(light: PlayedLight, durationS: number) {
    const random = seededRandom(light.clockSeed);
    const either = (most: number): number => (2 * random.uniform() - 1) * most;
    this.#light = light;
    this.#durationS = durationS;
    this.#zeroMs = Math.floor(light.startMs / 1000) * 1000 - BEFORE_S * 1000;
    this.#slotZeroPs = (light.startMs - this.#zeroMs) * 1e9;
    this.#counterPs = Math.round(random.uniform() * COUNTER_PS);
    this.#driftPsPerS = either(QUARTZ_PS_PER_S);
    this.#secondPs = either(SECOND_PS);
    this.#secondPsPerS = either(Math.min(SECOND_SLOPE * 1e12, SECOND_SLOPE_PS / (durationS / 2)));
    // Whole ms, so that instants stay exact.
    this.#aheadMs = Math.round(either(AHEAD_MS));
    this.#pulseJitter = () => either(SECOND_JITTER_PS);
  }

  /** The same rows, with their times as this clock reads them. */
  read(rows: TimedColumns): TimedColumns {
    const [timePs, ...rest] = rows;
    return [timePs.map((one) => Math.round(this.#readingPs(this.#slotZeroPs + one))), ...rest];
  }

  /** Words for the truth beside a recording. */
  get truth(): Readonly<Record<string, string>> {
    return {
      clockOffsetPs: String(this.#counterPs),
      clockDriftPsPerS: String(this.#driftPsPerS),
      secondOffsetPs: String(this.#secondPs),
      secondDriftPsPerS: String(this.#secondPsPerS),
      aheadMs: String(this.#aheadMs),
    };
  }

  timing(tags: number): TimingDocument {
    const firstSecond = BEFORE_S - BEYOND_S;
    const lastSecond = Math.ceil(this.#slotZeroPs * 1e-12 + this.#durationS) + BEYOND_S;
    const middlePs = this.#slotZeroPs + this.#durationS * 5e11;
    const readingPs = Array.from({ length: lastSecond - firstSecond + 1 }, (_, n) => {
      const duePs = (firstSecond + n) * 1e12;
      const wrongPs = this.#secondPs + this.#secondPsPerS * (duePs - middlePs) * 1e-12;
      return Math.round(this.#readingPs(duePs + wrongPs) + this.#pulseJitter());
    });
    const flight = (receivedMs: number) => this.#light.flight(receivedMs - this.#aheadMs);
    return {
      tags,
      jitterPs: this.#light.receiver.jitterPs,
      slotZeroPs: this.#slotZeroPs,
      pulsePerSecond: { firstSecond, tolerancePs: TOLERANCE_PS, readingPs },
      lightTime: flightTable(flight, this.#zeroMs, firstSecond, readingPs.length),
      simulated: true,
    };
  }

  #readingPs(scalePs: number): number {
    return scalePs + this.#counterPs + this.#driftPsPerS * (scalePs * 1e-12);
  }
}
