/** Draws without replacement, in logarithms: tails of 1e-300 and populations of 1e12 keep their digits. */

/** ln n! for whole n: a product while it is exact enough, Stirling's series (DLMF 5.11.1) beyond, to 1e-15 of the value. */
export function logFactorial(n: number): number {
  if (n < 32) {
    let product = 1;
    for (let i = 2; i <= n; i++) product *= i;
    return Math.log(product);
  }
  const r = 1 / (n * n);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / n;
  return (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + series;
}

const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k);

/**
 * ln P(at most `found` marked ones) when `drawn` of `population` are drawn at random and `marked` of them are marked; all
 * whole, `found` from 0 to `drawn`. At or above the mean the answer is `ln 1/2`, a lower bound: the median is at most the
 * mean rounded up. With `decide` the sum ends as soon as it is sure on which side of that the answer lies: then it is
 * another answer, on the same side.
 */
export function logHypergeometricTail(
  found: number,
  population: number,
  marked: number,
  drawn: number,
  decide = Number.NaN,
): number {
  const fewest = Math.max(0, drawn - (population - marked));
  if (found < fewest) return Number.NEGATIVE_INFINITY;
  if (found >= Math.min(marked, drawn)) return 0;
  if (found * population >= drawn * marked) return -Math.LN2;
  const first = logChoose(marked, found) + logChoose(population - marked, drawn - found) - logChoose(population, drawn);
  const enough = Math.exp(decide - first) * (1 + 1e-6);
  const short = Math.exp(decide - first) * (1 - 1e-6);
  let term = 1;
  let sum = 1;
  // Below the mean the terms fall towards 0 faster and faster, so that from any one the rest is less than geometric.
  for (let i = found; i > fewest; i--) {
    const ratio = (i * (population - marked - drawn + i)) / ((marked - i + 1) * (drawn - i + 1));
    if (sum > enough || sum * (1 - ratio) + term * ratio < short * (1 - ratio)) break;
    term *= ratio;
    sum += term;
    if (term < 1e-17 * sum) break;
  }
  return first + Math.log(sum);
}

/**
 * The most errors that the unseen part can hold, but for a probability: `drawn` of `drawn + rest` positions were looked at
 * at random and `found` errors seen; the answer R is such that P(at most `found` seen and more than R unseen) is at most
 * e^`logProbability`, however many errors there are in all.
 *
 * Why the inversion at one total suffices: let C be the errors seen when there are M in all, and R + 1 the smallest r with
 * P(C <= found | M = found + r) <= p. For a larger M, P(C <= found) is smaller. For M = found + R + 1 - j the event asks for
 * C <= found - j, and one marked position more adds at most one to C, so its probability is at most the one at M + j.
 *
 * Rounding counts against the result. `logProbability` below ln 1/2.
 */
export function unseenErrors(found: number, drawn: number, rest: number, logProbability: number): number {
  const population = drawn + rest;
  const guard = 16 * Number.EPSILON * logFactorial(population);
  const likely = (unseen: number): boolean =>
    logHypergeometricTail(found, population, found + unseen, drawn, logProbability - guard) + guard > logProbability;
  if (likely(rest)) return rest;
  let low = 0;
  let high = rest;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (likely(middle)) low = middle;
    else high = middle;
  }
  return low;
}
