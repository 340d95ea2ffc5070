import { DistillError } from '../error.ts';

/**
 * Where Bob expects the light: his own clock, the flight time from the ephemeris, and the pulse rate, put together. What
 * is wrong with it (microseconds of offset, 1e-7 of slope, both changing slowly) is what acquisition and tracking find.
 *
 * Times are ps as float64, whole in tags and below 2^53, so that 2.5 hours are exact to 1 ps and a fraction of a tag's time
 * is kept to 0.1 ps over a pass of ten minutes.
 */

/** A clock against the common scale (UTC): it reads `offsetPs + driftPsPerS * t` too much, t in s from the scale's zero. */
export interface ClockLine {
  readonly offsetPs: number;
  readonly driftPsPerS: number;
}

/**
 * One-way flight time against the time of reception on the common scale, in equal steps, with three derivatives. With
 * steps of 1 s the cubic between two knots is right to 1 ps in an orbit of 500 km (fourth derivative 2.5e-10 s/s^4).
 */
export interface LightTimeTable {
  readonly startPs: number;
  readonly stepPs: number;
  readonly delayPs: Float64Array;
  readonly ratePsPerS: Float64Array;
  readonly accelerationPsPerS2: Float64Array;
  readonly jerkPsPerS3: Float64Array;
}

/** When slot 0 leaves Alice, on the common scale as her own pulse-per-second has it, and her pulse rate. */
export interface PulseTrain {
  readonly firstPs: number;
  readonly pulseRateHz: number;
}

/** How far a prediction may be off: of the time of emission, ps, and of its rate, s/s. */
export interface Uncertainty {
  readonly offsetPs: number;
  readonly slope: number;
}

/** Between two rows; 1 s makes some ps in a low orbit, and what is not a derivative of what stands beside it far more. */
const WORST_SEAM_PS = 100;

/** The flight time `byPs` after a row of the table. */
function delayAt(
  { delayPs, ratePsPerS, accelerationPsPerS2, jerkPsPerS3 }: LightTimeTable,
  row: number,
  byPs: number,
): number {
  const s = byPs * 1e-12;
  return delayPs[row]! + s * (ratePsPerS[row]! + s * (accelerationPsPerS2[row]! / 2 + (s * jerkPsPerS3[row]!) / 6));
}

export class Prediction {
  /** Length of a slot. */
  readonly periodPs: number;
  readonly #clock: ClockLine;
  readonly #light: LightTimeTable;
  readonly #firstPs: number;

  /** Throws `distill/sync` for a table without rows, of unequal columns, or without end. */
  constructor(clock: ClockLine, light: LightTimeTable, train: PulseTrain) {
    const { startPs, stepPs, delayPs, ratePsPerS, accelerationPsPerS2, jerkPsPerS3 } = light;
    requirePositive('pulseRateHz', train.pulseRateHz);
    requirePositive('stepPs of the light-time table', stepPs);
    for (const [name, value] of Object.entries({ ...clock, firstPs: train.firstPs, startPs })) {
      if (!Number.isFinite(value)) throw new DistillError('distill/sync', `${name} is ${value}; it must be finite`);
    }
    const columns = [delayPs, ratePsPerS, accelerationPsPerS2, jerkPsPerS3];
    if (delayPs.length === 0 || columns.some((column) => column.length !== delayPs.length)) {
      const lengths = columns.map((column) => column.length).join(', ');
      throw new DistillError(
        'distill/sync',
        `the light-time table has columns of ${lengths} rows; all must have the same number, at least one`,
      );
    }
    if (columns.some((column) => column.some((value) => !Number.isFinite(value)))) {
      throw new DistillError('distill/sync', 'the light-time table holds a value that is not a finite number');
    }
    for (let row = 1; row < delayPs.length; row++) {
      const apartPs = Math.abs(delayAt(light, row - 1, stepPs / 2) - delayAt(light, row, -stepPs / 2));
      if (!(apartPs <= WORST_SEAM_PS)) {
        throw new DistillError(
          'distill/sync',
          `rows ${row - 1} and ${row} of the light-time table are ${apartPs.toPrecision(3)} ps apart where they meet; ` +
            `at most ${WORST_SEAM_PS} may be: see its units, and take shorter steps`,
        );
      }
    }
    this.periodPs = 1e12 / train.pulseRateHz;
    this.#clock = clock;
    this.#light = light;
    this.#firstPs = train.firstPs;
  }

  /**
   * Predicted times of emission, ps since slot 0, of tags on Bob's clock. Throws `distill/sync` for a tag more than half a
   * step outside the table: no flight time is known there.
   */
  emissionPs(timePs: Float64Array): Float64Array {
    const light = this.#light;
    const { startPs, stepPs } = light;
    const { offsetPs, driftPsPerS } = this.#clock;
    const rows = light.delayPs.length;
    const out = new Float64Array(timePs.length);
    const perReading = driftPsPerS / (1e12 + driftPsPerS);
    for (let i = 0; i < timePs.length; i++) {
      const reading = timePs[i]! - offsetPs;
      const here = reading - reading * perReading;
      const at = Math.floor((here - startPs) / stepPs + 0.5);
      if (!(at >= 0 && at < rows)) {
        throw new DistillError(
          'distill/sync',
          `tag ${i} of a chunk is at ${timePs[i]} ps, where the ephemeris has no flight time; it must reach over the pass`,
        );
      }
      out[i] = here - delayAt(light, at, here - startPs - at * stepPs) - this.#firstPs;
    }
    return out;
  }

  /**
   * When Bob's clock should see what leaves Alice so long after slot 0, ps. Throws `distill/sync` where no flight time is
   * known.
   */
  readingPs(emissionPs: number): number {
    const light = this.#light;
    const { startPs, stepPs } = light;
    const last = light.delayPs.length - 1;
    const sentPs = this.#firstPs + emissionPs;
    let here = sentPs;
    let at = 0;
    // Each round gains a factor of v/c.
    for (let round = 0; round < 5; round++) {
      at = Math.floor((here - startPs) / stepPs + 0.5);
      const row = Math.min(last, Math.max(0, at));
      here = sentPs + delayAt(light, row, here - startPs - row * stepPs);
    }
    if (at < 0 || at > last) {
      throw new DistillError(
        'distill/sync',
        `the ephemeris has no flight time for light that leaves ${(emissionPs * 1e-12).toFixed(3)} s after slot 0; it must reach over the pass`,
      );
    }
    const { offsetPs, driftPsPerS } = this.#clock;
    return here + offsetPs + driftPsPerS * (here * 1e-12);
  }
}

/**
 * A clock's line from its readings of a pulse-per-second: the n-th is at n whole seconds of the common scale after
 * `firstSecond`. Least squares; `worstPs` is how far the worst pulse is from it. Throws `distill/sync` for fewer than two
 * pulses, or one more than `tolerancePs` off: a pulse is missing, doubled or not of this clock.
 */
export function clockOfSeconds(
  readingPs: Float64Array,
  firstSecond: number,
  tolerancePs: number,
): ClockLine & { readonly worstPs: number } {
  const count = readingPs.length;
  if (count < 2) {
    throw new DistillError('distill/sync', `the pulse-per-second has ${count} pulses; at least two make a line`);
  }
  const middle = (count - 1) / 2;
  const excess = Float64Array.from(readingPs, (reading, n) => reading - (firstSecond + n) * 1e12);
  let sum = 0;
  let moment = 0;
  for (let n = 0; n < count; n++) {
    sum += excess[n]!;
    moment += excess[n]! * (n - middle);
  }
  const driftPsPerS = moment / ((count * (count * count - 1)) / 12);
  const atMiddlePs = sum / count;
  let worstPs = 0;
  for (let n = 0; n < count; n++) {
    const off = Math.abs(excess[n]! - atMiddlePs - driftPsPerS * (n - middle));
    if (!(off <= tolerancePs)) {
      throw new DistillError(
        'distill/sync',
        `pulse ${n} of the pulse-per-second is ${Math.round(off)} ps off the line of all; at most ${tolerancePs} may be`,
      );
    }
    worstPs = Math.max(worstPs, off);
  }
  return { offsetPs: atMiddlePs - driftPsPerS * (firstSecond + middle), driftPsPerS, worstPs };
}

/** Throws `distill/sync` unless a value is a positive finite number. */
export function requirePositive(name: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new DistillError('distill/sync', `${name} is ${value}; it must be positive and finite`);
  }
}
