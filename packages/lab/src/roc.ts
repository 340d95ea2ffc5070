/** How well the score of an alarm tells attacked passes from clean ones. */

/** One threshold: the share of clean passes at or above it, and of attacked ones. */
export interface RocPoint {
  readonly threshold: number;
  readonly falseAlarms: number;
  readonly detected: number;
}

/**
 * The curve of all thresholds, from the highest, at which nothing is called, to the lowest, at which everything is. Scores
 * that are equal are one point.
 */
export function rocOf(clean: readonly number[], attacked: readonly number[]): RocPoint[] {
  const falling = (values: readonly number[]): Float64Array => Float64Array.from(values).sort().reverse();
  const [nulls, hits] = [falling(clean), falling(attacked)];
  const points: RocPoint[] = [{ threshold: Number.POSITIVE_INFINITY, falseAlarms: 0, detected: 0 }];
  let [i, j] = [0, 0];
  while (i < nulls.length || j < hits.length) {
    const threshold = Math.max(nulls[i] ?? Number.NEGATIVE_INFINITY, hits[j] ?? Number.NEGATIVE_INFINITY);
    while (i < nulls.length && nulls[i]! >= threshold) i++;
    while (j < hits.length && hits[j]! >= threshold) j++;
    points.push({ threshold, falseAlarms: i / nulls.length, detected: j / hits.length });
  }
  return points;
}

/** The area below it: the probability that an attacked pass scores higher than a clean one, ties half. */
export function areaUnder(points: readonly RocPoint[]): number {
  let area = 0;
  for (let i = 1; i < points.length; i++) {
    const [from, to] = [points[i - 1]!, points[i]!];
    area += ((to.falseAlarms - from.falseAlarms) * (from.detected + to.detected)) / 2;
  }
  return area;
}
