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
  return boundOf(sum, size, beta, rate);
}

/** Of the two sides of (1); `size` is that of all terms, whose rounding counts against the result. */
function boundOf(sum: number, size: number, beta: number, rate: number): number {
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
  for (let k = 0; k < direction.length; k++) {
    const d = direction[k]!;
    if (d < 0) limit = Math.min(limit, weights[k]! / -d);
    gain += (d * share[k]!) / sent;
  }
  const logs = [...direction];
  const tilt = { right: logs, wrong: logs, rate: 0 };
  const tilted = (logStrength: number): Tilt => {
    const x = Math.exp(logStrength);
    // Up to the limit, where a weight would be ln 0; without one, on and on.
    const t =
      limit === Number.POSITIVE_INFINITY ? weights[direction.length - 1]! * Math.expm1(x) : -limit * Math.expm1(-x);
    for (let k = 0; k < logs.length; k++) logs[k] = Math.log1p((t * direction[k]!) / weights[k]!);
    tilt.rate = Math.log1p(t * gain);
    return tilt;
  };
  return tilted(found(strengths(), (at) => boundBy(tilted(at), expected, beta)));
}

/**
 * Singles with one decoy, c_{k,e} for an intensity k and e = 1 if wrong. An empty pulse is wrong with probability 1/2, so
 * that L_0 = 1 asks for sum_{k,e} c_{k,e} = 0; whether a pulse with photons is wrong is Eve's, so that L_n <= 1 is needed
 * for e = 0 and for e = 1 where n >= 2. With b > 0 and a = b mu_2^2 / mu_1^2:
 *   right: c_1 = -a, c_2 = b: signs -, +, zero at n = 2, and at n = 1 b mu_2 - a mu_1 > 0, which bounds singles that are right;
 *   wrong: c_1 = -(b - a) - z, c_2 = z with z >= -(b - a): below 0 for every n >= 1, since mu_1 > mu_2.
 */
function oneDecoy(source: Source, { detections, errors }: Tally, beta: number): Tilt {
  const [mu1, mu2] = [source.means[0]!, source.means[1]!];
  const { weights, sent } = moments(source, 1);
  const [q1, q2] = [weights[0]!, weights[1]!];
  const ratio = (mu2 / mu1) ** 2;
  const [m1, m2] = [errors[0]!, errors[1]!];
  const [n1, n2] = [detections[0]! - m1, detections[1]! - m2];
  // c_{1,1} >= -q_1 for some z, and c_{1,0} >= -q_1.
  const limit = Math.min((q1 + q2) / (1 - ratio), q1 / ratio);
  const strength = (logStrength: number): number => -limit * Math.expm1(-Math.exp(logStrength));
  const right1 = (b: number): number => Math.log1p((-b * ratio) / q1);
  const right2 = (b: number): number => Math.log1p(b / q2);
  const rateOf = (b: number): number => Math.log1p((b * mu2 - b * ratio * mu1) / sent);
  const wrong1 = (b: number, z: number): number => Math.log1p((-b * (1 - ratio) - z) / q1);
  const wrong2 = (z: number): number => Math.log1p(z / q2);
  /** z, so far between its ends. */
  const zOf = (b: number, part: number): number => {
    const rest = b * (1 - ratio);
    const least = -Math.min(rest, q2);
    return least + (Math.min(b, q1 - rest) - least) * part;
  };
  const part = parts();
  /** The greatest bound for that b, its z in `part`. */
  const greatest = (b: number): number => {
    const a1 = n1 && n1 * right1(b);
    const a2 = n2 && n2 * right2(b);
    const rate = rateOf(b);
    part.begin();
    for (;;) {
      const z = zOf(b, part.at);
      const b1 = m1 && m1 * wrong1(b, z);
      const b2 = m2 && m2 * wrong2(z);
      const size = beta + (Math.abs(a1) + Math.abs(b1)) + (Math.abs(a2) + Math.abs(b2));
      const bound = boundOf(a1 + b1 + (a2 + b2), size, beta, rate);
      if (part.done) return bound;
      part.tell(bound);
    }
  };
  const b = strength(found(strengths(), (at) => greatest(strength(at))));
  greatest(b);
  const z = zOf(b, part.at);
  return { right: [right1(b), right2(b)], wrong: [wrong1(b, z), wrong2(z)], rate: rateOf(b) };
}

/** Upper bound on errors of single photons; counts of errors are the detections of `expected`, none of them wrong. */
export function singleErrorsTilt(source: Source, { detections }: Tally, beta: number): Tilt {
  const { weights, sent, share } = moments(source, 1);
  const last = weights.length - 1;
  // Of two intensities none is in the middle.
  const two = last === 1;
  const [q1, q2, q3] = [weights[0]!, two ? 0 : weights[1]!, weights[last]!];
  const [n1, n2, n3] = [detections[0]!, two ? 0 : detections[1]!, detections[last]!];
  const [above1, above2] = [share[0]! - share[last]!, two ? 0 : share[1]! - share[last]!];
  // ln u of the weakest, and ln L, from c_k = -q_k (1 - e^-x_k) of the others.
  const weakest = (c1: number, c2: number): number => Math.log1p((c1 + c2) / q3);
  const rate = (c1: number, c2: number): number => Math.log1p(-((c1 * above1) / sent + (c2 * above2) / sent));
  const bound = (x1: number, x2: number): number => {
    const c1 = -q1 * Math.expm1(-x1);
    const c2 = -q2 * Math.expm1(-x2);
    const a1 = n1 * -x1;
    const a2 = n2 * -x2;
    const a3 = n3 && n3 * weakest(c1, c2);
    const size = beta + Math.abs(a1) + Math.abs(a2) + Math.abs(a3);
    return boundOf(a1 + a2 + a3, size, beta, rate(c1, c2));
  };
  // Without a logarithm, from ln(1 + y) <= y, -ln(1 - y) <= y / (1 - y) and 1 - e^-x <= x; rounding is far below 1e-9.
  const above = (limit: number, x1: number, x2: number): boolean => {
    const c1 = q1 * Math.min(1, x1);
    const c2 = q2 * Math.min(1, x2);
    const loss = (c1 * above1 + c2 * above2) / sent;
    const given = (n3 * (c1 + c2)) / q3;
    const spent = beta + n1 * x1 + n2 * x2;
    return loss < 1 && (spent - given - 1e-9 * (spent + given)) * (1 - loss) > limit * loss;
  };
  const strength = strengths();
  /** The least bound where x_1 is that part of x_1 + x_2, which it leaves in `strength`. */
  const least = (part: number): number => {
    const rest = 1 - part;
    // What was best on the grid for another part is good for this one, and most of the grid is worse.
    const near = Math.exp(strength.best);
    const limit = bound(near * part, near * rest);
    strength.begin();
    for (;;) {
      const x = Math.exp(strength.at);
      if (strength.onGrid && above(limit, x * part, x * rest)) {
        strength.tell(Number.NEGATIVE_INFINITY);
        continue;
      }
      const value = bound(x * part, x * rest);
      if (strength.done) return value;
      strength.tell(-value);
    }
  };
  const part = two ? 1 : found(parts(), (at) => -least(at));
  least(part);
  const x = Math.exp(strength.at);
  const [x1, x2] = [x * part, x * (1 - part)];
  const [c1, c2] = [-q1 * Math.expm1(-x1), -q2 * Math.expm1(-x2)];
  const right = two ? [-x1, weakest(c1, c2)] : [-x1, -x2, weakest(c1, c2)];
  return { right, wrong: right, rate: rate(c1, c2) };
}

/** q_k; sum_k q_k mu_k^n; mu_k^n. */
function moments({ means, probabilities }: Source, photons: number) {
  const weights = means.map((mu, k) => probabilities[k]! * Math.exp(-mu));
  const share = means.map((mu) => mu ** photons);
  return { weights, share, sent: weights.reduce((sum, q, k) => sum + q * share[k]!, 0) };
}

/** A logarithm of strengths from 1e-8 to 30. */
const strengths = (): Search => new Search(Math.log(1e-8), Math.log(30), 16, 12);

/** A part of a whole. */
const parts = (): Search => new Search(0, 1, 4, 8);

function found(search: Search, value: (at: number) => number): number {
  while (!search.done) search.tell(value(search.at));
  return search.at;
}

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Where a function is greatest: on a grid, then by golden section. It is told the value `at` a place until `done`; then `at`
 * is the answer. Inner searches do so in a loop of their own: through `found` each number would go over the heap.
 */
class Search {
  at = 0;
  done = false;
  onGrid = true;
  /** Where it was greatest on the grid. */
  best = Number.NaN;
  readonly #low: number;
  readonly #high: number;
  readonly #grid: number;
  readonly #rounds: number;
  readonly #step: number;
  #told = 0;
  #value = 0;
  /** Ends, and two places between with their values; `#left` if the first of these is asked. */
  #a = 0;
  #b = 0;
  #x = 0;
  #y = 0;
  #fx = 0;
  #fy = 0;
  #left = true;

  constructor(low: number, high: number, grid: number, rounds: number) {
    this.#low = low;
    this.#high = high;
    this.#grid = grid;
    this.#rounds = rounds;
    this.#step = (high - low) / grid;
    this.begin();
  }

  begin(): void {
    this.at = this.#low;
    this.done = false;
    this.onGrid = true;
    this.#told = 0;
    this.best = this.#low;
    this.#value = Number.NEGATIVE_INFINITY;
  }

  tell(here: number): void {
    const told = ++this.#told;
    if (told <= this.#grid + 1) {
      if (here > this.#value) {
        this.best = this.at;
        this.#value = here;
      }
      if (told <= this.#grid) this.at = this.#low + told * this.#step;
      else this.#narrow();
    } else if (told <= this.#grid + this.#rounds + 3) {
      if (this.#left) this.#fx = here;
      else this.#fy = here;
      this.#next(told - this.#grid - 3);
    } else {
      if (!(here >= this.#value)) this.at = this.best;
      this.done = true;
    }
  }

  /** To both sides of the best on the grid. */
  #narrow(): void {
    this.onGrid = false;
    this.#a = Math.max(this.#low, this.best - this.#step);
    this.#b = Math.min(this.#high, this.best + this.#step);
    this.#x = this.#b - GOLDEN * (this.#b - this.#a);
    this.#y = this.#a + GOLDEN * (this.#b - this.#a);
    this.#left = true;
    this.at = this.#x;
  }

  /** After so many rounds; before the first the second place is still to be asked. */
  #next(rounds: number): void {
    if (rounds === this.#rounds) {
      this.at = (this.#a + this.#b) / 2;
      return;
    }
    this.#left = rounds >= 0 && this.#fx >= this.#fy;
    if (this.#left) {
      this.#b = this.#y;
      this.#y = this.#x;
      this.#fy = this.#fx;
      this.#x = this.#b - GOLDEN * (this.#b - this.#a);
    } else if (rounds >= 0) {
      this.#a = this.#x;
      this.#x = this.#y;
      this.#fx = this.#fy;
      this.#y = this.#a + GOLDEN * (this.#b - this.#a);
    }
    this.at = this.#left ? this.#x : this.#y;
  }
}
