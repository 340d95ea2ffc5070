import { dip, indistinguishable, slopeAt, type TradeOff } from './trade-off.ts';

/**
 * The decoy method as a convex programme, for classes whose light is known only to lie in intervals and which somebody can
 * tell apart a little. With Y_{k,n} the yield of the n-photon pulses of class k (given all that went before), P_k(n) the
 * photon numbers and c_k any multipliers,
 *
 *   sum_{k,n} w_k o_n P_k(n) Y_{k,n}  >=  sum_k c_k Q_k + sum_n min_Y sum_k (w_k o_n - c_k) P_k(n) Y_{k,n}
 *
 * with Q_k at the lower end of its confidence interval where c_k > 0 and at the upper where c_k < 0. The inner minimum has
 * a closed form: with z the least yield of the classes of positive coefficient, all of these can be at z, and all others are
 * at most U_n(z), so that it is min over z of (sum of positive) z - (sum of negative) U_n(z) (`dip`). Every choice of
 * multipliers gives a valid bound; the search for good ones can only lose key, never secrecy. Without intervals and
 * trade-offs the first multipliers tried are those of Lim et al. 2014, eqs 2 to 4.
 *
 * That averages over pulses may be put in for Y is Jensen's inequality, U_n being concave. Uncertain photon numbers enter at
 * their worst for each n by itself, as in Wang, Peng, Zhang, Yang and Pan, Phys. Rev. A 77, 042311 (2008), arXiv:0802.3177.
 */

type Triple = readonly [number, number, number];

/** Photon numbers from here on are bounded by their sum. */
const PHOTONS = 24;

export interface Light {
  /** Probabilities of the classes. */
  readonly probabilities: Triple;
  /** `[class][n]`, n = 0..PHOTONS - 1: least and greatest probability of n photons. */
  readonly least: readonly Float64Array[];
  readonly greatest: readonly Float64Array[];
  /** Greatest probability of PHOTONS or more, by class. */
  readonly beyond: Triple;
  /** Between any two classes, by photon number. */
  readonly tradeOffs: readonly TradeOff[];
}

/** Intervals of gains: detections (errors) of each class over its pulses. */
export interface Gains {
  readonly low: Triple;
  readonly high: Triple;
}

/**
 * Poisson light of mean photon numbers known within `tolerance` of the nominal, relative; mixtures of means in that
 * interval included. `tradeOff(n)` bounds how far n-photon pulses of two classes can be told apart.
 */
export function poissonLight(
  meanPhotons: Triple,
  probabilities: Triple,
  tolerance: number,
  tradeOff: (n: number) => TradeOff = () => indistinguishable,
): Light {
  const least = meanPhotons.map((mu) => poisson(mu, tolerance, Math.min));
  const greatest = meanPhotons.map((mu) => poisson(mu, tolerance, Math.max));
  const beyond = meanPhotons.map((mu) => {
    const high = mu * (1 + tolerance);
    // P(N >= n) <= P(n) / (1 - mean / (n + 1)): later terms fall at least as fast as that geometric series.
    return high === 0 ? 0 : poissonTerm(PHOTONS, high) / Math.max(1e-9, 1 - high / (PHOTONS + 1));
  });
  return {
    probabilities,
    least,
    greatest,
    beyond: [Math.min(1, beyond[0]!), Math.min(1, beyond[1]!), Math.min(1, beyond[2]!)],
    tradeOffs: Array.from({ length: PHOTONS }, (_, n) => tradeOff(n)),
  };
}

/** Lower bound on detected single photons of all classes, per pulse of the basis. */
export function singlesBound(light: Light, gains: Gains): number {
  const { probabilities: w, least, greatest } = light;
  const bound = (c: Triple): number => dual(light, gains, 1, w, c);
  const first = (slope: (n: number) => number): Triple | null => {
    // Signal so dear that no number of photons from two on pays, weakest class so dear that vacuum does not.
    let ratio = 0;
    for (let n = 2; n < PHOTONS; n++) {
      if (greatest[1]![n]! > 0) ratio = Math.max(ratio, (slope(n) * greatest[1]![n]!) / least[0]![n]!);
    }
    const weakest = Math.max(0, (slope(0) * greatest[1]![0]! - ratio * least[0]![0]!) / least[2]![0]!);
    const left = slope(1) * greatest[1]![1]! - ratio * least[0]![1]! - weakest * least[2]![1]!;
    if (!(left > 0 && Number.isFinite(ratio))) return null;
    const scale = (w[0] * least[0]![1]! + slope(1) * w[1] * greatest[1]![1]! + w[2] * least[2]![1]!) / left;
    return [-scale * ratio, scale, -scale * weakest];
  };
  return Math.max(0, best(light, gains, first, bound));
}

/** Lower bound on detections of empty pulses of all classes, per pulse of the basis. */
export function vacuumBound(light: Light, gains: Gains): number {
  const { probabilities: w, least, greatest } = light;
  const bound = (c: Triple): number => dual(light, gains, 0, w, c);
  const first = (slope: (n: number) => number): Triple | null => {
    const ratio = greatest[2]![1]! > 0 ? (slope(1) * greatest[2]![1]!) / least[1]![1]! : 0;
    const left = slope(0) * greatest[2]![0]! - ratio * least[1]![0]!;
    if (!(left > 0)) return null;
    const scale = (w[0] * least[0]![0]! + w[1] * least[1]![0]! + slope(0) * w[2] * greatest[2]![0]!) / left;
    return [0, -scale * ratio, scale];
  };
  return Math.max(0, best(light, gains, first, bound));
}

/** Upper bound on errors of single photons of all classes, per pulse of the basis; `gains` are those of errors. */
export function singleErrorsBound(light: Light, gains: Gains): number {
  const { probabilities: w, least, greatest } = light;
  const negative: Triple = [-w[0], -w[1], -w[2]];
  const bound = (c: Triple): number => dual(light, gains, 1, negative, c);
  const first = (slope: (n: number) => number): Triple | null => {
    const ratio = least[1]![0]! / (slope(0) * greatest[2]![0]!);
    const left = least[1]![1]! - slope(1) * ratio * greatest[2]![1]!;
    if (!(left > 0)) return null;
    const scale = (slope(1) * (w[0] * greatest[0]![1]! + w[2] * greatest[2]![1]!) + w[1] * least[1]![1]!) / left;
    return [0, -scale, scale * ratio];
  };
  return Math.max(0, -best(light, gains, first, bound));
}

/** Parts of the greatest gain at which trade-offs are linearised for a first choice of multipliers. */
const LEVELS = [1, 0.3, 0.1, 0.03, 0.01, 0.001, 1e-5, 1e-8];

/** The best bound found: from first choices at several levels of yield, then by changing each multiplier by a factor. */
function best(
  light: Light,
  { high }: Gains,
  first: (slope: (n: number) => number) => Triple | null,
  bound: (c: Triple) => number,
): number {
  const top = Math.max(...high);
  let start: Triple | null = null;
  let value = Number.NEGATIVE_INFINITY;
  for (const level of LEVELS) {
    const slopes = light.tradeOffs.map((tradeOff) => slopeAt(tradeOff, level * top));
    const c = first((n) => slopes[n]!);
    if (c === null) continue;
    const found = bound(c);
    if (!(found > value)) continue;
    start = c;
    value = found;
  }
  if (start === null) return Number.NEGATIVE_INFINITY;
  const [c0, c1, c2] = start;
  return search((at) => bound([c0 * Math.exp(at[0]!), c1 * Math.exp(at[1]!), c2 * Math.exp(at[2]!)]));
}

/** The bound of the head of this file, for an objective on n = `photons` alone, `weight` its w_k o_n. */
function dual(light: Light, { low, high }: Gains, photons: number, weight: Triple, c: Triple): number {
  let value = 0;
  for (let k = 0; k < 3; k++) {
    value += c[k]! > 0 ? c[k]! * low[k]! : c[k]! * high[k]!;
    value -= Math.max(0, c[k]!) * light.beyond[k]!;
  }
  for (let n = 0; n < PHOTONS; n++) {
    let positive = 0;
    let negative = 0;
    for (let k = 0; k < 3; k++) {
      const a = (n === photons ? weight[k]! : 0) - c[k]!;
      if (a > 0) positive += a * light.least[k]![n]!;
      else negative -= a * light.greatest[k]![n]!;
    }
    value += dip(light.tradeOffs[n]!, positive, negative);
  }
  return value;
}

/** Greatest value found of a function of three logarithms, from 0 on: Nelder and Mead, Comput. J. 7, 308 (1965), again and again. */
function search(f: (at: Float64Array) => number): number {
  let from = new Float64Array(3);
  let value = f(from);
  for (const step of [0.001, 0.1, 0.02, 0.004]) {
    const found = nelderMead(from, step, f);
    if (found.value > value) {
      from = found.at;
      value = found.value;
    }
  }
  return value;
}

function nelderMead(
  from: Float64Array,
  step: number,
  f: (at: Float64Array) => number,
): { at: Float64Array<ArrayBuffer>; value: number } {
  const dimensions = from.length;
  const corner = (at: Float64Array<ArrayBuffer>) => ({ at, value: f(at) });
  const corners = [corner(Float64Array.from(from))];
  for (let i = 0; i < dimensions; i++) {
    const at = Float64Array.from(from);
    at[i]! += step;
    corners.push(corner(at));
  }
  for (let round = 0; round < 60 * dimensions; round++) {
    corners.sort((p, q) => q.value - p.value);
    const worst = corners[dimensions]!;
    if (corners[0]!.value - worst.value <= 1e-9 * Math.abs(corners[0]!.value)) break;
    const centre = Float64Array.from(from, (_, i) => {
      let sum = 0;
      for (let k = 0; k < dimensions; k++) sum += corners[k]!.at[i]!;
      return sum / dimensions;
    });
    const along = (t: number) => corner(Float64Array.from(centre, (m, i) => m + t * (worst.at[i]! - m)));
    const mirrored = along(-1);
    if (mirrored.value > corners[0]!.value) {
      const further = along(-2);
      corners[dimensions] = further.value > mirrored.value ? further : mirrored;
    } else if (mirrored.value > corners[dimensions - 1]!.value) corners[dimensions] = mirrored;
    else {
      const nearer = along(mirrored.value > worst.value ? -0.5 : 0.5);
      if (nearer.value > worst.value) corners[dimensions] = nearer;
      else {
        const top = corners[0]!.at;
        for (let k = 1; k <= dimensions; k++) {
          corners[k] = corner(Float64Array.from(corners[k]!.at, (v, i) => (v + top[i]!) / 2));
        }
      }
    }
  }
  corners.sort((p, q) => q.value - p.value);
  return corners[0]!;
}

/** Extremes of the Poisson probabilities of n over means in mu (1 +- tolerance): at the ends, or at mean n. */
function poisson(mu: number, tolerance: number, choose: (...values: number[]) => number): Float64Array {
  const low = mu * (1 - tolerance);
  const high = mu * (1 + tolerance);
  return Float64Array.from({ length: PHOTONS }, (_, n) => {
    const values = [poissonTerm(n, low), poissonTerm(n, high)];
    if (n > low && n < high) values.push(poissonTerm(n, n));
    return choose(...values);
  });
}

function poissonTerm(n: number, mean: number): number {
  let term = Math.exp(-mean);
  for (let k = 1; k <= n; k++) term *= mean / k;
  return term;
}
