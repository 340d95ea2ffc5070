import { total } from './document.ts';
import type { DecoyMethod } from './variable-length.ts';

/**
 * What counts by intensity say about empty and single-photon pulses: one Chernoff bound a statement, on the very
 * combination of counts that the statement is made of, in place of an interval for each count and the sum of their widths.
 *
 * The random experiment. Of one basis, hold fixed which pulses were detected, how many photons each had, and what else
 * Eve did. Light without a phase is a mixture of photon numbers (Lo, Ma and Chen, Phys. Rev. Lett. 94, 230504 (2005)), and
 * n photons tell nothing of the intensity they came from. So the intensities of the detected pulses are independent, k
 * with probability q_{k|n} = q_k mu_k^n / sum_j q_j mu_j^n, q_k = p_k e^-mu_k, for a pulse of n photons. With s_n of them
 * and any numbers c_k >= -q_k, put u_k = 1 + c_k / q_k; then
 *
 *   E[prod_k u_k^{n_k}] = prod_n L_n^{s_n},  L_n = sum_k q_{k|n} u_k = 1 + sum_k c_k mu_k^n / sum_k q_k mu_k^n,
 *
 * and by Markov's inequality, but for probability e^-beta,
 *
 *   sum_k n_k ln u_k <= beta + sum_n s_n ln L_n.                                                             (1)
 *
 * Where L_n <= 1 for all n but one, (1) is a bound on that s_n. sum_k c_k mu_k^n, as a function of a real n, has no more
 * zeros than the c_k in the order of mu_k have changes of sign (Descartes' rule for sums of exponentials: Polya and Szego,
 * Problems and Theorems in Analysis II, part V, problem 77), which settles all n at once:
 *
 * - singles, two decoys: signs -, +, -, zeros at n = 0 and 2, so above 0 at n = 1 alone. This is the combination of Lim et
 *   al. 2014, eq. 3, with its vacuum term, at small c;
 * - empty pulses: signs -, + of the two weakest, zero at n = 1;
 * - errors of singles, bounded above with L_1 < 1: -, .., -, + and a zero at n = 0, the weakest standing for vacuum;
 * - singles, one decoy: a zero at n = 0 is out of reach, so errors are counted apart. The bit of an empty pulse is Alice's
 *   alone, so that it is wrong by a fair coin; see `oneDecoy`.
 *
 * (1) holds for multipliers fixed beforehand. They are chosen for the counts of the other basis: given photon numbers,
 * intensities of one basis are independent of those of the other. A poor choice costs key, never secrecy.
 *
 * Markov's inequality is that of textbooks; that decoy statements are made from it in this way is not taken from a paper.
 */

/** Decoy statements of a block, two intensities or three. */
export const tilted: DecoyMethod = {
  events: [
    'singles of the key basis',
    'singles of the test basis',
    'errors of singles in the test basis',
    'empty pulses of the key basis',
  ],
  bounds({ intensities, probabilities, nX, mX, nZ, mZ }, beta) {
    const source = { means: intensities, probabilities };
    // With two decoys detections alone count, so that nothing of the bounds on singles hangs on an error, not even rounding.
    const none = mZ.map(() => 0);
    const blind = intensities.length === 3;
    const key = { detections: nX, errors: blind ? none : mX };
    const test = { detections: nZ, errors: blind ? none : mZ };
    const wrong = { detections: mZ, errors: none };
    const keyExpected = likened(source, test, total(nX));
    const least = (tilt: Tilt, tally: Tally): number => Math.max(0, boundBy(tilt, tally, beta));
    return {
      keySingles: least(singlesTilt(source, keyExpected, beta), key),
      testSingles: least(singlesTilt(source, likened(source, key, total(nZ)), beta), test),
      testSingleErrors: least(singleErrorsTilt(source, errorsLikened(source, key, total(mZ), total(nZ)), beta), wrong),
      keyVacuum: least(vacuumTilt(source, keyExpected, beta), key),
    };
  },
};

/** Counts expected of `detections`, from those of the other basis and a few more, lest none be taken for never. */
function likened({ probabilities }: Source, { detections, errors }: Tally, all: number): Tally {
  const scale = all / (total(detections) + 1);
  return {
    detections: detections.map((n, k) => scale * (n + probabilities[k]!)),
    errors: errors.map((m, k) => (scale * (m + probabilities[k]!)) / 2),
  };
}

/** `wrong` errors by intensity: empty pulses are wrong half of the time, the others all alike; from the other basis. */
function errorsLikened({ probabilities }: Source, { detections }: Tally, wrong: number, all: number): Tally {
  const rates = detections.map((n, k) => (n + probabilities[k]!) / probabilities[k]!);
  const background = rates[rates.length - 1]!;
  const scale = all / (total(detections) + 1);
  const vacuum = Math.min(wrong, (scale * background) / 2);
  const light = rates.map((rate, k) => probabilities[k]! * Math.max(0, rate - background));
  const share = (wrong - vacuum) / (total(light) || 1);
  return {
    detections: light.map((n, k) => probabilities[k]! * vacuum + share * n),
    errors: rates.map(() => 0),
  };
}

/** A source by intensity, brightest first. */
export interface Source {
  /** Mean photon numbers, falling; the last may be 0. */
  readonly means: readonly number[];
  readonly probabilities: readonly number[];
}

/** Counts of one basis by intensity. */
export interface Tally {
  readonly detections: readonly number[];
  readonly errors: readonly number[];
}

/** A statement ready for counts: sum_k (right_k ln u_k + wrong_k ln u'_k) <= beta + rate * (what is bounded). */
export interface Tilt {
  /** ln u_k for detections that are right, and for wrong ones. */
  readonly right: readonly number[];
  readonly wrong: readonly number[];
  /** ln L of what is bounded: above 0 for a lower bound, below for an upper. */
  readonly rate: number;
}

/** The bound: at least so many where `rate` is above 0, at most where it is below; fails with probability e^-beta. */
export function boundBy({ right, wrong, rate }: Tilt, { detections, errors }: Tally, beta: number): number {
  let sum = 0;
  let size = beta;
  for (let k = 0; k < right.length; k++) {
    // A count of 0 says nothing against an infinite weight.
    const a = detections[k]! - errors[k]! && (detections[k]! - errors[k]!) * right[k]!;
    const b = errors[k]! && errors[k]! * wrong[k]!;
    sum += a + b;
    size += Math.abs(a) + Math.abs(b);
  }
  // Rounding counts against the result.
  return (sum - beta - 16 * Number.EPSILON * size) / rate;
}

/** Lower bound on single photons, for the counts expected. */
export function singlesTilt(source: Source, expected: Tally, beta: number): Tilt {
  return source.means.length === 2 ? oneDecoy(source, expected, beta) : twoDecoys(source, expected, beta);
}

/** Lower bound on empty pulses. */
export function vacuumTilt(source: Source, expected: Tally, beta: number): Tilt {
  const { means } = source;
  const last = means.length - 1;
  const ratio = means[last]! / means[last - 1]!;
  const direction = means.map((_, k) => (k === last ? 1 : k === last - 1 ? -ratio : 0));
  return along(source, expected, beta, 0, direction);
}

function twoDecoys(source: Source, expected: Tally, beta: number): Tilt {
  const [s1, s2, s3] = [source.means[0]! ** 2, source.means[1]! ** 2, source.means[2]! ** 2];
  return along(source, expected, beta, 1, [s3 - s2, s1 - s3, s2 - s1]);
}

/** The best of c = t * direction. */
function along(source: Source, expected: Tally, beta: number, photons: 0 | 1, direction: readonly number[]): Tilt {
  const { weights, sent, share } = moments(source, photons);
  let limit = Number.POSITIVE_INFINITY;
  let gain = 0;
  for (const [k, d] of direction.entries()) {
    if (d < 0) limit = Math.min(limit, weights[k]! / -d);
    gain += (d * share[k]!) / sent;
  }
  const tilt = (t: number): Tilt => {
    const right = direction.map((d, k) => Math.log1p((t * d) / weights[k]!));
    return { right, wrong: right, rate: Math.log1p(t * gain) };
  };
  // Up to the limit, where a weight would be ln 0; without one, on and on.
  const step = (x: number): number =>
    limit === Number.POSITIVE_INFINITY ? weights[direction.length - 1]! * Math.expm1(x) : -limit * Math.expm1(-x);
  return tilt(step(most((x) => boundBy(tilt(step(x)), expected, beta))));
}

/**
 * Singles with one decoy, c_{k,e} for an intensity k and e = 1 if wrong. An empty pulse is wrong with probability 1/2, so
 * that L_0 = 1 asks for sum_{k,e} c_{k,e} = 0; whether a pulse with photons is wrong is Eve's, so that L_n <= 1 is needed
 * for e = 0 and for e = 1 where n >= 2. With b > 0 and a = b mu_2^2 / mu_1^2:
 *   right: c_1 = -a, c_2 = b: signs -, +, zero at n = 2, and at n = 1 b mu_2 - a mu_1 > 0, which bounds singles that are right;
 *   wrong: c_1 = -(b - a) - z, c_2 = z with z >= -(b - a): below 0 for every n >= 1, since mu_1 > mu_2.
 */
function oneDecoy(source: Source, expected: Tally, beta: number): Tilt {
  const [mu1, mu2] = [source.means[0]!, source.means[1]!];
  const { weights, sent } = moments(source, 1);
  const [q1, q2] = [weights[0]!, weights[1]!];
  const ratio = (mu2 / mu1) ** 2;
  const tilt = (b: number, share: number): Tilt => {
    const rest = b * (1 - ratio);
    const [least, greatest] = [-Math.min(rest, q2), Math.min(b, q1 - rest)];
    const z = least + (greatest - least) * share;
    return {
      right: [Math.log1p((-b * ratio) / q1), Math.log1p(b / q2)],
      wrong: [Math.log1p((-rest - z) / q1), Math.log1p(z / q2)],
      rate: Math.log1p((b * mu2 - b * ratio * mu1) / sent),
    };
  };
  // c_{1,1} >= -q_1 for some z, and c_{1,0} >= -q_1.
  const limit = Math.min((q1 + q2) / (1 - ratio), q1 / ratio);
  const inner = (b: number) => within((share) => boundBy(tilt(b, share), expected, beta));
  const step = (x: number): number => -limit * Math.expm1(-x);
  const b = step(most((x) => boundBy(tilt(step(x), inner(step(x))), expected, beta)));
  return tilt(b, inner(b));
}

/** Upper bound on errors of single photons; counts of errors are the detections of `expected`, none of them wrong. */
export function singleErrorsTilt(source: Source, expected: Tally, beta: number): Tilt {
  const { weights, sent, share } = moments(source, 1);
  const last = weights.length - 1;
  const tilt = (strengths: readonly number[]): Tilt => {
    let given = 0;
    let loss = 0;
    const right = strengths.map((x, k) => {
      const c = -weights[k]! * Math.expm1(-x);
      given += c;
      loss += (c * (share[k]! - share[last]!)) / sent;
      return -x;
    });
    right.push(Math.log1p(given / weights[last]!));
    return { right, wrong: right, rate: Math.log1p(-loss) };
  };
  const value = (strengths: readonly number[]): number => -boundBy(tilt(strengths), expected, beta);
  if (last === 1) return tilt([most((x) => value([x]))]);
  const inner = (r: number) => most((x) => value([x * r, x * (1 - r)]));
  const r = within((part) => {
    const x = inner(part);
    return value([x * part, x * (1 - part)]);
  });
  const x = inner(r);
  return tilt([x * r, x * (1 - r)]);
}

/** q_k; sum_k q_k mu_k^n; mu_k^n. */
function moments({ means, probabilities }: Source, photons: number) {
  const weights = means.map((mu, k) => probabilities[k]! * Math.exp(-mu));
  const share = means.map((mu) => mu ** photons);
  return { weights, share, sent: weights.reduce((sum, q, k) => sum + q * share[k]!, 0) };
}

/** Where on 1e-8..30 a function is greatest: on a grid of logarithms, then by golden section. */
function most(f: (x: number) => number): number {
  const [low, high] = [Math.log(1e-8), Math.log(30)];
  return Math.exp(greatest((x) => f(Math.exp(x)), low, high, 16, 12));
}

function within(f: (x: number) => number): number {
  return greatest(f, 0, 1, 4, 8);
}

function greatest(f: (x: number) => number, low: number, high: number, grid: number, rounds: number): number {
  let best = low;
  let value = Number.NEGATIVE_INFINITY;
  const step = (high - low) / grid;
  for (let i = 0; i <= grid; i++) {
    const here = f(low + i * step);
    if (here > value) [best, value] = [low + i * step, here];
  }
  const golden = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [Math.max(low, best - step), Math.min(high, best + step)];
  let [x, y] = [b - golden * (b - a), a + golden * (b - a)];
  let [fx, fy] = [f(x), f(y)];
  for (let i = 0; i < rounds; i++) {
    if (fx >= fy) {
      [b, y, fy] = [y, x, fx];
      x = b - golden * (b - a);
      fx = f(x);
    } else {
      [a, x, fx] = [x, y, fy];
      y = a + golden * (b - a);
      fy = f(y);
    }
  }
  const middle = (a + b) / 2;
  return f(middle) >= value ? middle : best;
}
