import type { Ring } from './ring.ts';

/** At most `limit` rows of a ring, evenly chosen, the first and the last among them. */
export function thinned(ring: Ring, limit: number): readonly (readonly (number | null)[])[] {
  const rows = Math.min(ring.length, limit);
  const step = rows > 1 ? (ring.length - 1) / (rows - 1) : 0;
  return Array.from({ length: rows }, (_, index) => {
    const row = Math.round(index * step);
    return Array.from({ length: ring.width }, (_, column) => ring.at(row, column));
  });
}

export interface Extent {
  readonly last: number;
  readonly lowest: number;
  readonly highest: number;
}

/** What there is to say about a column in words; null where nothing was measured. */
export function extent(ring: Ring, column: number): Extent | null {
  let last: number | null = null;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < ring.length; row++) {
    const value = ring.at(row, column);
    if (value === null) continue;
    last = value;
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  return last === null ? null : { last, lowest, highest };
}
