/** Chance in plans: streams of random numbers that belong to a thing by its name, and what many draws say. */
import { type Random, seededRandom } from '@skykey/photons';

/**
 * The stream of a thing by its name: the same pass has the same luck in every plan of one seed, whatever else is in the
 * plan, so that differences between plans are differences of plans. FNV-1a over the UTF-16 units, twice, 52 bits.
 */
export function namedRandom(seed: number, name: string): Random {
  const hash = (basis: number): number => {
    let h = basis;
    for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
    return h >>> 0;
  };
  return seededRandom(seed, hash(0x811c9dc5) * 2 ** 20 + (hash(0x9e3779b9) >>> 12));
}

/** A standard normal number from two uniform ones (Box and Muller 1958). */
export function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
  return radius * Math.cos(2 * Math.PI * random.uniform());
}

/** A Poisson count: by inversion below 64, above it a rounded normal, whose cumulative distribution is off by under 2 %. */
export function poissonCount(random: Random, mean: number): number {
  if (mean >= 64) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  let n = 0;
  let p = Math.exp(-mean);
  for (let rest = random.uniform() - p; rest >= 0 && n < 1000; rest -= p) p *= mean / ++n;
  return n;
}

/** What realisations of one figure say, in whole bits. */
export interface Distribution {
  readonly mean: number;
  readonly p5: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
  readonly p95: number;
}

/** Mean and quantiles, straight between order statistics (Hyndman and Fan 1996, type 7). Sorts a copy. */
export function distribution(values: Float64Array): Distribution {
  const sorted = values.slice().sort();
  const at = (q: number): number => {
    const place = q * (sorted.length - 1);
    const low = sorted[Math.floor(place)]!;
    return Math.round(low + (sorted[Math.ceil(place)]! - low) * (place % 1));
  };
  let sum = 0;
  for (const value of values) sum += value;
  return {
    mean: Math.round(sum / values.length),
    p5: at(0.05),
    p25: at(0.25),
    p50: at(0.5),
    p75: at(0.75),
    p95: at(0.95),
  };
}
