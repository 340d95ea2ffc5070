/**
 * Tails of distributions as natural logarithms, good at 1e-9 and at 1e-300, and never too small: a probability given here
 * is the exact one or an upper bound of it, so that no alarm is called rarer than it is.
 *
 * Counts up to `EXACT` are summed. Beyond, the bounds of Zubkov and Serov (Theory Probab. Appl. 57, 2013, 539;
 * arXiv:1207.3838), in their Poisson form (Short, ISRN Probab. Stat. 2013, 412958), hold at every count and are off by
 * less than one step of the count (for n trials of probability p: H(x) + H'(n - x), of means np and n - np):
 *   P(X >= x) <= 1 - Phi(sqrt(2 H(x - 1)))   for x - 1 >= m,      P(X <= x) <= Phi(-sqrt(2 H(x + 1)))   for x + 1 <= m,
 *   H(x) = x ln(x / m) - x + m.
 */

/** Largest count or mean that is summed term by term. */
const EXACT = 400;

const LOG_ROOT_2PI = 0.5 * Math.log(2 * Math.PI);

/** ln Gamma(x) for x > 0: Stirling's series (DLMF 5.11.1), the argument first moved beyond 16; error below 1e-14. */
function logGamma(value: number): number {
  let x = value;
  let product = 1;
  for (; x < 16; x++) product *= x;
  const y = 1 / (x * x);
  const series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x;
  return (x - 0.5) * Math.log(x) - x + LOG_ROOT_2PI + series - Math.log(product);
}

/**
 * ln(1 - Phi(z)). Below 2 by the series of Phi (DLMF 7.6.2), above by Laplace's continued fraction of Mills' ratio
 * (DLMF 7.9.1), whose even convergents come from above.
 */
export function logNormalTail(z: number): number {
  if (z < 2) {
    // Phi(z) - 1/2 = phi(z) (z + z^3/3 + z^5/(3*5) + ...)
    if (z < -2) return Math.log1p(-Math.exp(logNormalTail(-z)));
    let term = z;
    let sum = z;
    for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
      term *= (z * z) / k;
      sum += term;
    }
    return Math.log(0.5 - sum * Math.exp(-0.5 * z * z - LOG_ROOT_2PI));
  }
  let fraction = z;
  for (let k = z > 6 ? 20 : 80; k > 0; k--) fraction = z + k / fraction;
  return -0.5 * z * z - LOG_ROOT_2PI - Math.log(fraction);
}

/**
 * A z^2 that is no larger than that of the z at which `logNormalTail` has this value: from 1 - Phi(z) >= phi(z) z / (1 + z^2)
 * (Gordon 1941), with z < sqrt(-2 logP) in the last factor, which falls. 0 where that says nothing.
 */
export function leastSquaredDeviate(logP: number): number {
  const most = -2 * logP;
  return most < 2 ? 0 : Math.max(0, most - 2 * LOG_ROOT_2PI + Math.log(most / (1 + most) ** 2));
}

/** x ln(x / m) - x + m, without the loss of digits near x = m. */
function entropy(x: number, m: number): number {
  if (x === 0) return m;
  const d = (x - m) / m;
  if (Math.abs(d) > 0.1) return x * Math.log(x / m) - x + m;
  // m * ((1 + d) ln(1 + d) - d), by its series: sum of (-d)^k / (k (k - 1)) from k = 2 on.
  let power = d * d;
  let sum = 0;
  for (let k = 2; k < 20; k++) {
    const term = power / (k * (k - 1));
    sum += term;
    if (Math.abs(term) < 1e-17 * sum) break;
    power *= -d;
  }
  return m * sum;
}

/**
 * ln P(X >= x) of a Poisson variable of mean `m` > 0; an upper bound beyond `EXACT`, and 0 at the mean and below. `x` need not be whole: the sum is then
 * over x, x + 1, ..., each term with the gamma function.
 */
export function logPoissonAtLeast(x: number, m: number): number {
  if (x <= m) return 0;
  if (x > EXACT) return x - 1 <= m ? 0 : logNormalTail(Math.sqrt(2 * entropy(x - 1, m)));
  let sum = 1;
  let term = 1;
  for (let k = x + 1; term > 1e-17 * sum; k++) {
    term *= m / k;
    sum += term;
  }
  return Math.min(0, x * Math.log(m) - m - logGamma(x + 1) + Math.log(sum));
}

/** ln P(X <= x) of a Poisson variable of mean `m` > 0, likewise; 0, an upper bound, at the mean and above. */
export function logPoissonAtMost(x: number, m: number): number {
  if (x < 0) return Number.NEGATIVE_INFINITY;
  if (x >= m) return 0;
  if (m > EXACT) return x + 1 >= m ? 0 : logNormalTail(Math.sqrt(2 * entropy(x + 1, m)));
  let sum = 1;
  let term = 1;
  for (let k = x; k > 0 && term > 1e-17 * sum; k--) {
    term *= k / m;
    sum += term;
  }
  return Math.min(0, x * Math.log(m) - m - logGamma(x + 1) + Math.log(sum));
}

/** ln P(X >= x) of a binomial variable, `n` trials of probability `p`: the bound of Zubkov and Serov, 0 near the mean. */
export function logBinomialAtLeast(x: number, n: number, p: number): number {
  const k = x - 1;
  if (k <= n * p) return 0;
  return logNormalTail(Math.sqrt(2 * (entropy(k, n * p) + entropy(n - k, n * (1 - p)))));
}
