/**
 * Time at which a correlation that falls from 1 towards 0 has reached 1/e, within 1e-4 of itself; `soonS` is some time at
 * which it has not.
 */
export function memoryS(correlation: (timeS: number) => number, soonS: number): number {
  let [early, late] = [soonS, 2 * soonS];
  while (correlation(late) > 1 / Math.E) [early, late] = [late, 2 * late];
  while (late / early > 1 + 1e-4) {
    const middle = Math.sqrt(early * late);
    if (correlation(middle) > 1 / Math.E) early = middle;
    else late = middle;
  }
  return Math.sqrt(early * late);
}
