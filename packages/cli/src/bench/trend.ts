/** A straight line through figures that were taken one after the other. */
export interface Trend {
  readonly mean: number;
  /** Change for one unit of `x`, and the ends of its 95 % interval. */
  readonly slope: number;
  readonly from: number;
  readonly to: number;
}

/** 97.5 % points of Student's t for 1 to 30 degrees of freedom (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2). */
const T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** Ordinary least squares; the interval takes the figures to be independent. From three figures on. */
export function trendOf(x: readonly number[], y: readonly number[]): Trend {
  const n = x.length;
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / n;
  const [mx, my] = [mean(x), mean(y)];
  const sxx = x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
  const slope = x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0) / sxx;
  const rest = y.reduce((sum, value, i) => sum + (value - my - slope * (x[i]! - mx)) ** 2, 0);
  const half = (T[n - 3] ?? 1.96) * Math.sqrt(rest / (n - 2) / sxx);
  return { mean: my, slope, from: slope - half, to: slope + half };
}
