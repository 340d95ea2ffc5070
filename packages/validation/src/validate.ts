import { type Comparison, judge, type Outcome, type Sources } from './comparison.ts';
import { COMPARISONS } from './comparisons.ts';

/** Which comparisons, and who is told how far it is. */
export interface ValidateOptions {
  /** All areas when left out. */
  readonly area?: Comparison['area'];
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * Computes every comparison, or those of one area, in the order of the list; a few seconds. Throws what a computation
 * throws: a disagreement is an outcome, a fault is not.
 */
export function validate(sources: Sources, { area, onProgress }: ValidateOptions = {}): Outcome[] {
  const rows = COMPARISONS.filter((row) => area === undefined || row.area === area);
  return rows.map((row, i) => {
    onProgress?.(i, rows.length);
    return judge(row, sources);
  });
}
