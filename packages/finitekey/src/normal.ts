/**
 * Probability that a standard normal variable is at most `x`, with full relative accuracy in the lower tail, where yields of
 * lossy links live: the series of Phi - 1/2 in the middle, the continued fraction of Mills' ratio beyond 3
 * (Abramowitz and Stegun, 26.2.11 and 26.2.14).
 */
export function normalCdf(x: number): number {
  if (x > 3) return 1 - normalCdf(-x);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x < -3) {
    let fraction = -x;
    for (let k = 80; k >= 1; k--) fraction = -x + k / fraction;
    return density / fraction;
  }
  let term = x;
  let sum = x;
  for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum); k++) sum += term *= (x * x) / (2 * k + 1);
  return 0.5 + density * sum;
}
