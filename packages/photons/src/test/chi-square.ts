/**
 * Pearson's test for the tests of this package, as a standard normal deviate by Wilson and Hilferty (1931): a value
 * above 4 has a chance of 3e-5 when the distributions agree. Cells too thin for the approximation are pooled.
 */

/** Observed counts against expected ones of the same total. */
export function againstExpected(observed: ArrayLike<number>, expected: ArrayLike<number>): number {
  let square = 0;
  let cells = 0;
  const thin = { observed: 0, expected: 0 };
  const add = (o: number, e: number): void => {
    square += (o - e) ** 2 / e;
    cells++;
  };
  for (let i = 0; i < expected.length; i++) {
    if (expected[i]! >= 8) add(observed[i]!, expected[i]!);
    else {
      thin.observed += observed[i]!;
      thin.expected += expected[i]!;
    }
  }
  if (thin.observed > 0 && thin.expected < 1e-6) return Infinity;
  if (thin.expected >= 8) add(thin.observed, thin.expected);
  return deviate(square, cells - 1);
}

/** Two independent samples of counts over the same cells. */
export function twoSamples(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let totalA = 0;
  let totalB = 0;
  for (let i = 0; i < a.length; i++) {
    totalA += a[i]!;
    totalB += b[i]!;
  }
  const ratio = Math.sqrt(totalB / totalA);
  let square = 0;
  let cells = 0;
  let thinA = 0;
  let thinB = 0;
  const add = (x: number, y: number): void => {
    square += (ratio * x - y / ratio) ** 2 / (x + y);
    cells++;
  };
  for (let i = 0; i < a.length; i++) {
    if (a[i]! + b[i]! >= 20) add(a[i]!, b[i]!);
    else {
      thinA += a[i]!;
      thinB += b[i]!;
    }
  }
  if (thinA + thinB >= 20) add(thinA, thinB);
  return deviate(square, cells - 1);
}

function deviate(square: number, freedom: number): number {
  if (freedom < 1) throw new RangeError('a chi-square test needs two cells that are filled');
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(square / freedom) - 1 + spread) / Math.sqrt(spread);
}
