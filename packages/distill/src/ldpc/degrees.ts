import { COLUMNS, DEGREES, type Goal } from './design.ts';

/**
 * How many columns of a code have which degree, by its layers, kept here because the two parties must have the same to
 * the last column. Elkouss et al. (arXiv:0901.2140, table I) published nine such distributions for this channel,
 * degrees up to 73, none below a syndrome of 0.1, made for the threshold alone: 5.9 edges a bit at a syndrome of 0.2,
 * where ours have 5.4 and 5.8. So ours are searched anew, with the work of decoding in the goal: by density evolution as
 * they do (`design.ts`), and on from there by simulation (`tune.bench.ts`) where frames of the error rates that matter
 * get their code; the efficiency each was tuned for stands behind it.
 */
export type Family = 'short' | 'long';

/** `short`: frames of about 1e5 bits, decoded in few sweeps. `long`: of about 8e5, close to the limit. */
export const GOALS: Readonly<Record<Family, Goal>> = {
  short: { efficiency: 1.2, twos: 0.5, steps: 1_000 },
  long: { efficiency: 1.065, twos: 0.5, steps: 1_500 },
};

type Design = readonly [layers: number, columns: readonly number[]];

/** Columns of each of DEGREES (2, 3, 4, 6, 8, 10, 12, 16, 20). */
export const DESIGNS: Readonly<Record<Family, readonly Design[]>> = {
  short: [
    [10, [5, 126, 0, 0, 69, 0, 0, 0, 0]],
    [12, [0, 135, 2, 1, 13, 49, 0, 0, 0]],
    [16, [0, 139, 0, 0, 16, 36, 9, 0, 0]],
    // 1 %, 1.28.
    [21, [0, 128, 1, 14, 3, 10, 39, 5, 0]],
    // 1.5 %, 1.245.
    [28, [1, 135, 9, 0, 12, 10, 13, 13, 7]],
    // 2 %, 1.245.
    [36, [1, 142, 1, 3, 6, 18, 15, 9, 5]],
    // 3 %, 1.245.
    [49, [0, 141, 12, 1, 0, 16, 20, 9, 1]],
    // 5 %, 1.245.
    [72, [32, 128, 1, 0, 21, 9, 5, 2, 2]],
    [101, [31, 144, 0, 0, 7, 18, 0, 0, 0]],
    [120, [42, 145, 3, 7, 3, 0, 0, 0, 0]],
  ],
  long: [
    // In ten layers nothing reaches the goal: the design of the short family.
    [10, [5, 126, 0, 0, 69, 0, 0, 0, 0]],
    [12, [6, 136, 0, 0, 0, 58, 0, 0, 0]],
    [16, [8, 136, 0, 1, 1, 0, 54, 0, 0]],
    [20, [10, 132, 0, 0, 24, 0, 0, 34, 0]],
    // 1.5 %, 1.09.
    [26, [15, 124, 0, 3, 4, 23, 0, 1, 30]],
    // 2 %, 1.09.
    [32, [9, 133, 5, 0, 4, 23, 0, 1, 25]],
    [48, [24, 130, 0, 0, 2, 24, 0, 0, 20]],
    [60, [30, 128, 0, 0, 0, 21, 1, 0, 20]],
    [72, [36, 125, 0, 0, 0, 15, 8, 0, 16]],
    [86, [43, 122, 0, 0, 0, 4, 19, 2, 10]],
    [101, [50, 118, 0, 0, 0, 2, 20, 0, 10]],
    [120, [60, 113, 0, 0, 0, 1, 11, 15, 0]],
  ],
};

export const LEAST_LAYERS = DESIGNS.short[0]![0];
export const MOST_LAYERS = DESIGNS.short.at(-1)![0];

/**
 * Degree of each of COLUMNS columns for a number of layers from LEAST_LAYERS to MOST_LAYERS: between two designs, each
 * count on the straight line between theirs, whole numbers by largest remainder. Integers only.
 */
export function degreesFor(family: Family, layers: number): number[] {
  const designs = DESIGNS[family];
  let above = 0;
  while (designs[above]![0] < layers) above++;
  const [high, columnsHigh] = designs[above]!;
  const [low, columnsLow] = designs[Math.max(0, above - 1)]!;
  const whole = Math.max(1, high - low);
  const toHigh = above ? layers - low : 0;
  // Counts times `whole`.
  const exact = DEGREES.map((_, i) => columnsHigh[i]! * toHigh + columnsLow[i]! * (whole - toHigh));
  const counts = exact.map((count) => Math.floor(count / whole));
  const byRemainder = [...exact.keys()].sort((a, b) => (exact[b]! % whole) - (exact[a]! % whole) || a - b);
  const missing = COLUMNS - counts.reduce((sum, count) => sum + count, 0);
  for (const i of byRemainder.slice(0, missing)) counts[i]!++;
  return DEGREES.flatMap((degree, i) => new Array<number>(counts[i]!).fill(degree));
}
