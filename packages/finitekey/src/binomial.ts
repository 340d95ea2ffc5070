import { logFactorial } from './hypergeometric.ts';

/** Tails of sums of yes and no, in logarithms, and what they say about an average probability. */

/**
 * ln P(at most `found`) of `trials` with probability `p` each; whole, `found` from -1 to `trials`. At or above the mean the
 * answer is ln 1/2, a lower bound: the median is at most the mean rounded up.
 */
export function logBinomialTail(found: number, trials: number, p: number): number {
  if (found < 0 || (p === 1 && found < trials)) return Number.NEGATIVE_INFINITY;
  if (found >= trials || p === 0) return 0;
  if (found >= trials * p) return -Math.LN2;
  const first =
    logFactorial(trials) -
    logFactorial(found) -
    logFactorial(trials - found) +
    found * Math.log(p) +
    (trials - found) * Math.log1p(-p);
  let term = 1;
  let sum = 1;
  // Below the mean the terms fall towards 0 faster and faster.
  for (let i = found; i > 0; i--) {
    term *= (i * (1 - p)) / ((trials - i + 1) * p);
    sum += term;
    if (term < 1e-15 * sum) break;
  }
  return first + Math.log(sum);
}

/**
 * Upper bound on the average probability of `trials` independent events, however they differ, `found` of which happened;
 * fails with probability at most e^`logProbability`: Clopper and Pearson's, and never below (found + 1) / trials.
 *
 * That it holds for unequal probabilities is Hoeffding's theorem (Ann. Math. Stat. 27, 713 (1956), theorem 4): with an
 * average p, P(at most c) is at most the binomial one wherever c <= trials p - 1. The bound fails for p where at most the c
 * events happened whose bound is below p, and (c + 1) / trials <= that bound < p. Bancal and Sekatski, arXiv:2212.12558,
 * show such intervals to be the best there are; Mannalath, Zapatero and Curty, arXiv:2410.04095, use them for decoys.
 */
export function averageAtMost(found: number, trials: number, logProbability: number): number {
  if (found >= trials) return 1;
  const guard = 16 * Number.EPSILON * logFactorial(trials);
  const above = (p: number): number => logBinomialTail(found, trials, p) + guard - logProbability;
  let low = Math.min(1, (found + 1) / trials);
  if (above(low) <= 0) return low;
  let high = 1;
  // By false position in the logarithm, with the stuck end's value halved (Illinois): the tail is log-concave in p.
  let [atLow, atHigh] = [above(low), above(high)];
  for (let round = 0; round < 200 && high - low > 1e-13 * high; round++) {
    let p = (low + high) / 2;
    if (Number.isFinite(atHigh)) {
      const guess = high - (atHigh * (high - low)) / (atHigh - atLow);
      if (guess > low && guess < high) p = guess;
    }
    const value = above(p);
    if (value > 0) {
      [low, atLow] = [p, value];
      atHigh /= 2;
    } else {
      [high, atHigh] = [p, value];
      atLow /= 2;
      if (value > -1e-9) break;
    }
  }
  return high;
}

/** Lower bound likewise: the mirror image. */
export function averageAtLeast(found: number, trials: number, logProbability: number): number {
  return trials === 0 ? 0 : 1 - averageAtMost(trials - found, trials, logProbability);
}

/**
 * The most of `trials` events that happen, each with probability at most `p` whatever went before, but for probability
 * e^`logProbability`.
 */
export function mostEvents(trials: number, p: number, logProbability: number): number {
  if (p <= 0) return 0;
  const guard = 16 * Number.EPSILON * logFactorial(trials);
  const likely = (more: number): boolean => logBinomialTail(trials - more, trials, 1 - p) + guard > logProbability;
  let low = Math.floor(trials * p);
  let high = trials + 1;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (likely(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The most events that happen, each with some probability whatever went before and `mean` expected at most, but for
 * probability e^`logProbability`: P(x or more) <= e^(x - mean - x ln(x / mean)) for x >= mean (Chernoff, with
 * 1 + p (e^t - 1) <= e^(p (e^t - 1)) for each). Close to the exact tail where `mostEvents` would need a p too small for it.
 */
export function mostOfMean(mean: number, logProbability: number): number {
  if (mean <= 0) return 0;
  const likely = (x: number): boolean =>
    x - mean - x * Math.log1p((x - mean) / mean) + 16 * Number.EPSILON * x > logProbability;
  let low = mean;
  // Bernstein's looser form says so much.
  let high = mean - logProbability + Math.sqrt(logProbability ** 2 - 2 * mean * logProbability) + 1;
  for (let round = 0; round < 200 && high - low > 0.01; round++) {
    const middle = (low + high) / 2;
    if (likely(middle)) low = middle;
    else high = middle;
  }
  return Math.ceil(high) - 1;
}
