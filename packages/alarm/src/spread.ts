/** Spread of true values under readings of known variance. */

/** E[min(Z^2, 9)] of a standard normal Z: (1 - p) - 6 phi(3) + 9 p, where p = P(|Z| > 3). */
const CLIPPED_SQUARE = 1 - 0.002699796063260189 - 6 * 0.0044318484119380075 + 9 * 0.002699796063260189;

/**
 * Standard deviation tau of the true values when reading i is a true value plus chance of variance `variances[i]`, the
 * true mean being 0: the estimator of Paule and Mandel (J. Res. Natl. Bur. Stand. 87, 1982, 377), the tau for which
 * r^2 / (variance + tau^2) is 1 on average, with each term cut at 9 so that a few wild readings do not set it.
 */
export function huberSpread(readings: readonly number[], variances: readonly number[]): number {
  if (readings.length === 0) return 0;
  const excess = (tau2: number): number => {
    let sum = 0;
    for (let i = 0; i < readings.length; i++) sum += Math.min(9, readings[i]! ** 2 / (variances[i]! + tau2));
    return sum / readings.length - CLIPPED_SQUARE;
  };
  if (excess(0) <= 0) return 0;
  let high = 0;
  for (const r of readings) high = Math.max(high, r * r);
  let low = 0;
  high *= 2;
  // It falls steadily. Squares of readings span many decades: halving goes by ratios.
  for (let step = 0; step < 60; step++) {
    const middle = low === 0 ? high / 16 : Math.sqrt(low * high);
    if (excess(middle) > 0) low = middle;
    else high = middle;
    if (high - low < 1e-3 * high) break;
  }
  return Math.sqrt(high);
}

/** The middle value, NaN of nothing; sorts the array. */
export function median(values: number[]): number {
  values.sort((a, b) => a - b);
  const half = values.length >> 1;
  return values.length === 0 ? Number.NaN : values.length & 1 ? values[half]! : (values[half - 1]! + values[half]!) / 2;
}

/** The value at which half of the weight is reached; sorts the array, which must not be empty. */
export function weightedMedian(values: { value: number; weight: number }[]): number {
  values.sort((a, b) => a.value - b.value);
  const half = values.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let sum = 0;
  for (const { value, weight } of values) if ((sum += weight) >= half) return value;
  return values.at(-1)!.value;
}
