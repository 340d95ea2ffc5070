/**
 * Which rows of a long conversation are drawn. Thousands may be held; a few hundred are drawn, and the rest comes when
 * it is asked for, at either end.
 */
interface Keyed {
  readonly key: string;
}

/** Drawn at first, and added by one step to either end. */
export const STEP = 100;
/** Never more than so many at once: then as many go at the other end. */
export const MOST = 300;

/** Rows `start` … `end - 1` are drawn. */
export interface Shown {
  readonly start: number;
  readonly end: number;
}

/** From the row `from` on; null follows the end. A row that is no longer kept begins at the oldest. */
export function shown(rows: readonly Keyed[], from: string | null): Shown {
  if (from === null) return { start: Math.max(0, rows.length - STEP), end: rows.length };
  const start = Math.max(0, indexOf(rows, from));
  return { start, end: Math.min(rows.length, start + MOST) };
}

/** The row to begin with for one step earlier. The same when there is none. */
export function stepEarlier(rows: readonly Keyed[], from: string | null): string | null {
  return rows[Math.max(0, shown(rows, from).start - STEP)]?.key ?? null;
}

/** The row to begin with for one step later. Null, which follows the end, stays. */
export function stepLater(rows: readonly Keyed[], from: string | null): string | null {
  const { start } = shown(rows, from);
  const next = Math.min(start + STEP, Math.max(0, rows.length - STEP));
  return from === null ? null : (rows[next]?.key ?? null);
}

/** The row to begin with so that a wanted one stands in the middle. */
export function around(rows: readonly Keyed[], wanted: string): string | null {
  return rows[Math.max(0, indexOf(rows, wanted) - STEP)]?.key ?? null;
}

function indexOf(rows: readonly Keyed[], key: string): number {
  return rows.findIndex((row) => row.key === key);
}
