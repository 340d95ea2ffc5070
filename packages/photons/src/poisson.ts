import type { Random } from './random.ts';

/**
 * Poisson draws by inversion: one uniform each, exact to the 53 bits of that uniform. Time grows with the mean, which
 * for weak pulses is about one. Means up to 700, where e^-mean is still a normal number; `check.ts` sees to it. Callers
 * with many draws hand in `none`, the probability e^-mean of zero.
 */
export function poisson(random: Random, mean: number, none = Math.exp(-mean)): number {
  let p = none;
  let rest = random.uniform();
  let n = 0;
  while (rest >= p) {
    // Rounding may leave a crumb of `rest` beyond the last term that matters.
    if (n > mean && p < 1e-18) break;
    rest -= p;
    p *= mean / ++n;
  }
  return n;
}

/**
 * A Poisson draw given that it is not zero; the mean must be positive. `none` and `some` are the probabilities of zero
 * and of the rest, each to its own accuracy.
 */
export function positivePoisson(
  random: Random,
  mean: number,
  none = Math.exp(-mean),
  some = -Math.expm1(-mean),
): number {
  let p = mean * none;
  let rest = random.uniform() * some;
  let n = 1;
  while (rest >= p) {
    if (n > mean && p <= 1e-18 * some) break;
    rest -= p;
    p *= mean / ++n;
  }
  return n;
}
