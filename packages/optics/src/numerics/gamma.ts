/** The gamma function, and the distribution that has its name. */

/** Coefficients of Stirling's series, B_2n / (2n (2n - 1)) (Abramowitz & Stegun 6.1.41). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];

/** Natural logarithm of the gamma function for `x` above 0, to about 14 digits. */
export function logGamma(x: number): number {
  let product = 1;
  let at = x;
  for (; at < 12; at++) product *= at;
  let series = 0;
  for (let i = STIRLING.length - 1; i >= 0; i--) series = series / (at * at) + STIRLING[i]!;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series / at - Math.log(product);
}

/** x^a e^-x / gamma(a): the factor before both expansions, and the density of the logarithm. */
export const densityOfLog = (a: number, x: number) => Math.exp(a * Math.log(x) - x - logGamma(a));

/** Below `a + 1`: the series of P (Abramowitz & Stegun 6.5.29). */
function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > sum * 1e-17; n++) sum += term *= x / (a + n);
  return sum * densityOfLog(a, x);
}

/** Above: the continued fraction of Q (6.5.31), by Lentz's method. */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let d = 1 / b;
  let c = Number.POSITIVE_INFINITY;
  let value = d;
  for (let n = 1, change = 0; Math.abs(change - 1) > 1e-16 && n < 10_000; n++) {
    const numerator = n * (a - n);
    b += 2;
    d = 1 / (b + numerator * d);
    c = b + numerator / c;
    change = c * d;
    value *= change;
  }
  return value * densityOfLog(a, x);
}

/** Probability that a gamma variable of shape `a` and scale 1 is below `x`: the regularised lower function P(a, x). */
export function gammaBelow(a: number, x: number): number {
  if (x <= 0 || x === Number.POSITIVE_INFINITY) return x <= 0 ? 0 : 1;
  return x < a + 1 ? lowerSeries(a, x) : 1 - upperFraction(a, x);
}

/** Probability that it is above `x`: Q(a, x) = 1 - P(a, x), with all its digits in the upper tail. */
export function gammaAbove(a: number, x: number): number {
  if (x <= 0 || x === Number.POSITIVE_INFINITY) return x <= 0 ? 1 : 0;
  return x < a + 1 ? 1 - lowerSeries(a, x) : upperFraction(a, x);
}

/**
 * Natural logarithm of the value that a gamma variable of shape `a` and scale 1 stays below with the probability that
 * a standard normal variable has of staying below `z`; `below` is that probability and `above` its complement. Newton's
 * method in the logarithm from Wilson and Hilferty's cube (Proc. Natl. Acad. Sci. 17:684, 1931).
 */
export function logGammaQuantile(a: number, z: number, below: number, above: number): number {
  const cube = 1 - 1 / (9 * a) + z / (3 * Math.sqrt(a));
  // Where the cube says nothing, the first term of the series of P does.
  let t = cube > 0.2 ? Math.log(a) + 3 * Math.log(cube) : (Math.log(below) + logGamma(a + 1)) / a;
  for (let round = 0; round < 60; round++) {
    const x = Math.exp(t);
    // In the logarithm of the smaller tail, so that the twelfth digit of a tail counts as much as that of the middle.
    const now = z < 0 ? gammaBelow(a, x) : gammaAbove(a, x);
    const error = Math.log(now / (z < 0 ? below : above));
    const slope = (z < 0 ? 1 : -1) * (densityOfLog(a, x) / now);
    const step = Math.max(-1, Math.min(1, error / slope));
    t -= step;
    if (Math.abs(step) < 1e-13) break;
  }
  return t;
}
