/** Published values at a few wavelengths, read between them. */

/** Abscissa and value, abscissae ascending. */
export type Table = readonly (readonly [number, number])[];

function between(table: Table, x: number, scale: (value: number) => number, back: (value: number) => number): number {
  const after = table.findIndex((row) => row[0] >= x);
  if (after === 0) return table[0]![1];
  if (after < 0) return table.at(-1)![1];
  const [x0, y0] = table[after - 1]!;
  const [x1, y1] = table[after]!;
  const share = (scale(x) - scale(x0)) / (scale(x1) - scale(x0));
  return back(scale(y0) + (scale(y1) - scale(y0)) * share);
}

const same = (value: number) => value;

/** Straight between the two rows around x; the end rows hold beyond the ends. */
export const straight = (table: Table, x: number) => between(table, x, same, same);

/** Straight in the logarithms of both: for spectra that span decades. All values above zero. */
export const straightInLogs = (table: Table, x: number) => between(table, x, Math.log, Math.exp);
