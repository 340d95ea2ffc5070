/**
 * Weather over any number of stations: each sky is clear or blocked, as often as its month says, for as long as its
 * correlation time says, and near stations share it.
 *
 * A sky is clear while a hidden Gaussian lies below a threshold (the construction of Wilks, J. Hydrology 210:178, 1998,
 * for rain at many sites). The hidden variables follow Ornstein-Uhlenbeck processes with correlated noise. Everything
 * that people can measure holds for clear and blocked, not for what is hidden:
 *
 * - at every instant the probability of a clear sky is that of the calendar month (UTC), exactly. It is the same from the
 *   first to the last of a month: a curve between months would change the monthly means that were measured. At the turn
 *   of a month the threshold moves and the hidden variable goes on, so that only as many skies change as must;
 * - the autocorrelation of clear falls to 1/e after `correlationH`, exactly where that is a whole number of steps. Before
 *   and after it follows the Gaussian (steeper at first, longer in its tail), not an exponential;
 * - two stations of equal climate at distance d have the correlation exp(-d / correlationKm) of clear with clear. Where
 *   their months differ it is that share of the highest correlation such skies can have: at no distance the worse sky is
 *   clear only when the better one is.
 *
 * A sky keeps its state for a step, at most a sixth of the shortest correlation time unless told: a pass of minutes is
 * clear or blocked as a whole.
 */

import { demand, demandPositive, OpticsError } from '../error.ts';
import type { Uniform } from '../link/link.ts';
import { normal } from '../numerics/normal.ts';
import { normalQuantile } from '../numerics/normal-quantile.ts';
import { type Climate, checkClimate, clearFractionOfMonth, monthOf } from './climate.ts';
import { nearCorrelation, triangularFactor } from './correlation.ts';
import { jointClear, latentCorrelation } from './latent.ts';

const DAY_MS = 86_400_000;
/** Mean radius of the Earth, km (IUGG). */
const EARTH_KM = 6371.0088;
const STEPS_PER_CORRELATION = 6;
/** A shortfall of the joint probability of two clear skies that is worth a warning. */
const TOLERANCE = 0.005;

/** The sky over several stations through one period: one way it may go, or the way it went. */
export interface WeatherRun {
  readonly stationIds: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  /**
   * Whether the sky over a station, by its place in `stationIds`, is clear.
   * @throws OpticsError `optics/weather-time` where the run says nothing about the instant, `optics/parameter`
   */
  clear(station: number, utcMs: number): boolean;
}

export interface WeatherModel {
  readonly stationIds: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  /** What was asked for and no Gaussian can do, in sentences; the model does what comes near to it. */
  readonly warnings: readonly string[];
  /** The probability that a station's sky is clear. */
  clearFraction(station: number, utcMs: number): number;
  /** The probability that two skies are clear at once, in closed form, for weather that has settled in its month. */
  jointClear(station: number, other: number, utcMs: number): number;
  /** One realisation, from one uniform number for each station and step, or a few more. */
  draw(uniform: Uniform): WeatherRun;
}

/** Great-circle distance on a sphere, km. */
export function greatCircleKm(
  a: { readonly latitudeDeg: number; readonly longitudeDeg: number },
  b: { readonly latitudeDeg: number; readonly longitudeDeg: number },
): number {
  const radians = Math.PI / 180;
  const north = Math.sin(((a.latitudeDeg - b.latitudeDeg) * radians) / 2) ** 2;
  const east = Math.sin(((a.longitudeDeg - b.longitudeDeg) * radians) / 2) ** 2;
  const shrink = Math.cos(a.latitudeDeg * radians) * Math.cos(b.latitudeDeg * radians);
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(north + shrink * east)));
}

/** What holds for all stations through one calendar month. */
interface Month {
  readonly clear: Float64Array;
  readonly threshold: Float64Array;
  /** What is left of the hidden variable after a step. */
  readonly keep: Float64Array;
  /** Triangular factor of what comes in at a step, row by row. */
  readonly fresh: Float64Array;
  /** Correlation of the hidden variables in the long run. */
  readonly settled: Float64Array;
}

function monthly(climates: readonly Climate[], correlationKm: number, month: number, stepH: number): Month {
  const n = climates.length;
  const clear = Float64Array.from(climates, (climate) => clearFractionOfMonth(climate, month));
  const keep = Float64Array.from(climates, ({ correlationH }, i) => {
    return latentCorrelation(clear[i]!, clear[i]!, Math.exp(-1)) ** (stepH / correlationH);
  });
  // Two variables that forget at different speeds are correlated less than their noise is, by this factor.
  const memory = (i: number, j: number) =>
    Math.sqrt((1 - keep[i]! ** 2) * (1 - keep[j]! ** 2)) / (1 - keep[i]! * keep[j]!);
  const noise = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    noise[i * n + i] = 1;
    for (let j = 0; j < i; j++) {
      const share = Math.exp(-greatCircleKm(climates[i]!, climates[j]!) / correlationKm);
      const wanted = latentCorrelation(clear[i]!, clear[j]!, share) / memory(i, j);
      noise[i * n + j] = noise[j * n + i] = Math.min(1, wanted);
    }
  }
  let { factor, missed } = triangularFactor(noise, n);
  if (missed > 1e-6) {
    noise.set(nearCorrelation(noise, n));
    ({ factor, missed } = triangularFactor(noise, n));
  }
  return {
    clear,
    threshold: clear.map(normalQuantile),
    keep,
    fresh: factor.map((entry, at) => entry * Math.sqrt(1 - keep[Math.floor(at / n)]! ** 2)),
    settled: noise.map((entry, at) => entry * (at % (n + 1) === 0 ? 1 : memory(Math.floor(at / n), at % n))),
  };
}

/** The pair of stations that a month falls short of what distance asks for most, in a sentence. */
function shortfall(climates: readonly Climate[], correlationKm: number, { clear, settled }: Month): string[] {
  let worst = TOLERANCE;
  let sentence: string[] = [];
  for (let i = 0; i < climates.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [climates[j]!, climates[i]!];
      const [p, q] = [clear[j]!, clear[i]!];
      const wanted = p * q + Math.exp(-greatCircleKm(a, b) / correlationKm) * (Math.min(p, q) - p * q);
      const found = jointClear(p, q, settled[i * climates.length + j]!);
      if (Math.abs(found - wanted) <= worst) continue;
      worst = Math.abs(found - wanted);
      sentence = [
        `stations ${a.stationId} and ${b.stationId} are clear at once for ${found.toFixed(3)} of the time where ` +
          `their distance asks for ${wanted.toFixed(3)}: correlation times of ${a.correlationH} h and ` +
          `${b.correlationH} h, and what the other stations ask for, allow no more`,
      ];
    }
  }
  return sentence;
}

/** A realisation: bits in the order in which they were drawn, all stations of a step together. */
class DrawnRun implements WeatherRun {
  readonly stationIds: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  private readonly firstDayMs: number;
  private readonly stepsPerDay: number;
  private readonly bits: Uint8Array;

  constructor(model: WeatherModel, firstDayMs: number, stepsPerDay: number, bits: Uint8Array) {
    this.stationIds = model.stationIds;
    this.fromMs = model.fromMs;
    this.toMs = model.toMs;
    this.firstDayMs = firstDayMs;
    this.stepsPerDay = stepsPerDay;
    this.bits = bits;
  }

  clear(station: number, utcMs: number): boolean {
    demandPlace(this, station, utcMs);
    const step = Math.floor(((utcMs - this.firstDayMs) * this.stepsPerDay) / DAY_MS);
    const at = step * this.stationIds.length + station;
    return ((this.bits[at >> 3]! >> (at & 7)) & 1) === 1;
  }
}

/** @throws OpticsError `optics/parameter` for a station, `optics/weather-time` for an instant, that the weather lacks */
export function demandPlace(
  { stationIds, fromMs, toMs }: Pick<WeatherRun, 'stationIds' | 'fromMs' | 'toMs'>,
  station: number,
  utcMs: number,
): void {
  if (stationIds[station] === undefined) {
    throw new OpticsError('optics/parameter', `station is ${station}; it must be from 0 to ${stationIds.length - 1}`);
  }
  if (utcMs >= fromMs && utcMs < toMs) return;
  const say = (ms: number) => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`);
  throw new OpticsError(
    'optics/weather-time',
    `weather is asked for ${say(utcMs)}; it is known from ${say(fromMs)} to before ${say(toMs)}`,
  );
}

/**
 * Prepares weather for a period; drawing from it is cheap.
 * @param correlationKm distance at which the correlation of clear with clear has fallen to 1/e
 * @param fromMs first instant, ms since 1970 UTC
 * @param toMs end, not included
 * @param stepH for how long a sky keeps its state at least; a whole number of steps must make a day, and none may be
 *   longer than the shortest correlation time. By default a sixth of it or the next that fits
 * @throws OpticsError `optics/climate`, `optics/parameter`, `optics/weather-month`
 */
export function weatherModel({
  climates,
  correlationKm,
  fromMs,
  toMs,
  stepH,
}: {
  readonly climates: readonly Climate[];
  readonly correlationKm: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepH?: number;
}): WeatherModel {
  if (climates.length === 0) throw new OpticsError('optics/climate', 'there is no climate; give one station at least');
  for (const climate of climates) checkClimate(climate);
  const stationIds = climates.map(({ stationId }) => stationId);
  const twice = stationIds.find((id, i) => stationIds.indexOf(id) !== i);
  if (twice !== undefined) {
    throw new OpticsError('optics/climate', `station ${twice} has two climates; give one for each station`);
  }
  demandPositive('correlationKm', correlationKm);
  demand('fromMs', fromMs, -8.64e15, 8.64e15);
  demand('toMs', toMs, fromMs, 8.64e15, 'open');
  const shortestH = Math.min(...climates.map(({ correlationH }) => correlationH));
  const stepsPerDay = stepH === undefined ? Math.ceil((24 * STEPS_PER_CORRELATION) / shortestH) : 24 / stepH;
  if (stepH !== undefined) demand('stepH', stepH, 0, Math.min(24, shortestH), 'open');
  if (!Number.isInteger(stepsPerDay)) {
    throw new OpticsError('optics/parameter', `stepH is ${stepH}; it must go into 24 hours a whole number of times`);
  }

  // Steps begin with the UTC day, so that none belongs to two months.
  const n = climates.length;
  const firstDayMs = Math.floor(fromMs / DAY_MS) * DAY_MS;
  const steps = Math.ceil(((toMs - firstDayMs) * stepsPerDay) / DAY_MS);
  const months = new Map<number, Month>();
  const stretches: { readonly until: number; readonly month: Month }[] = [];
  for (let day = 0, last: Month | null = null; day * stepsPerDay < steps; day++) {
    const number = monthOf(firstDayMs + day * DAY_MS);
    const month = months.get(number) ?? monthly(climates, correlationKm, number, 24 / stepsPerDay);
    months.set(number, month);
    if (month === last) stretches.pop();
    stretches.push({ until: Math.min(steps, (day + 1) * stepsPerDay), month });
    last = month;
  }

  const first = stretches[0]!.month;
  const start = triangularFactor(first.settled, n).factor;
  const hidden = new Float64Array(n);
  const noise = new Float64Array(n);
  /** hidden = keep * hidden + factor * noise, with fresh noise. */
  const advance = (keep: Float64Array, factor: Float64Array, uniform: Uniform) => {
    for (let i = 0; i < n; i++) noise[i] = normal(uniform);
    for (let i = 0; i < n; i++) {
      let sum = keep[i]! * hidden[i]!;
      for (let j = 0, at = i * n; j <= i; j++, at++) sum += factor[at]! * noise[j]!;
      hidden[i] = sum;
    }
  };

  const monthAt = (station: number, utcMs: number): Month => {
    demandPlace(model, station, utcMs);
    return months.get(monthOf(utcMs))!;
  };
  const model: WeatherModel = {
    stationIds,
    fromMs,
    toMs,
    stepMs: DAY_MS / stepsPerDay,
    warnings: [...new Set([...months.values()].flatMap((month) => shortfall(climates, correlationKm, month)))],
    clearFraction: (station, utcMs) => monthAt(station, utcMs).clear[station]!,
    jointClear(station, other, utcMs) {
      const { clear, settled } = monthAt(station, utcMs);
      demandPlace(model, other, utcMs);
      if (station === other) return clear[station]!;
      return jointClear(clear[station]!, clear[other]!, settled[station * n + other]!);
    },
    draw(uniform) {
      const bits = new Uint8Array(Math.ceil((steps * n) / 8));
      hidden.fill(0);
      let step = 0;
      let at = 0;
      for (const { until, month } of stretches) {
        const { threshold } = month;
        for (; step < until; step++) {
          advance(month.keep, step === 0 ? start : month.fresh, uniform);
          for (let i = 0; i < n; i++, at++) {
            if (hidden[i]! < threshold[i]!) bits[at >> 3]! |= 1 << (at & 7);
          }
        }
      }
      return new DrawnRun(model, firstDayMs, stepsPerDay, bits);
    },
  };
  return model;
}
