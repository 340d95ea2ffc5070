import { PhotonsError } from '../error.ts';
import type { ColumnData } from './columns.ts';

/** Columns of equal length in order of time: the first is the time, ps. */
export type TimedColumns = readonly [timePs: Float64Array, ...others: ColumnData[]];

/**
 * Puts rows that come bin by bin, each bin in order of time, into one order: jitter, cables and after-pulses let the last
 * tags of a bin fall behind the first ones of the next. Holds the rows of the last `slackPs` back.
 */
export class TagOrder {
  readonly #slackPs: number;
  #held: TimedColumns | null = null;
  #takenPs = Number.NEGATIVE_INFINITY;

  /** `slackPs`: by how much a bin may reach into the one before; 1e6 (a microsecond) when left out. */
  constructor(slackPs = 1e6) {
    if (!(slackPs >= 0 && slackPs < Infinity)) {
      throw new PhotonsError('photons/tags', `slackPs is ${slackPs}; it must be a number of ps from 0 on`);
    }
    this.#slackPs = slackPs;
  }

  /**
   * The rows that nothing can come before any more, columns as they came in. Throws `photons/tags` for one that comes too
   * late for its place.
   */
  push(rows: TimedColumns): TimedColumns {
    const all = this.#held ? merge(this.#held, rows) : rows;
    const [timePs] = all;
    if (timePs.length > 0 && timePs[0]! < this.#takenPs) {
      const late = this.#takenPs - timePs[0]!;
      const rule = `at most ${this.#slackPs} ps can be put right`;
      throw new PhotonsError('photons/tags', `a tag comes ${late} ps behind those that were taken already; ${rule}`);
    }
    const untilPs = timePs.length > 0 ? timePs[timePs.length - 1]! - this.#slackPs : 0;
    let settled = timePs.length;
    while (settled > 0 && timePs[settled - 1]! > untilPs) settled--;
    this.#held = cut(all, settled, timePs.length);
    if (settled > 0) this.#takenPs = timePs[settled - 1]!;
    return cut(all, 0, settled);
  }

  /** The rest; null if nothing ever came. */
  end(): TimedColumns | null {
    const rest = this.#held;
    this.#held = null;
    return rest;
  }
}

function cut(rows: TimedColumns, from: number, to: number): TimedColumns {
  return rows.map((column) => column.slice(from, to)) as unknown as TimedColumns;
}

/** Two lists in order as one; of equal times the first list's come first. */
function merge(a: TimedColumns, b: TimedColumns): TimedColumns {
  const [timeA] = a;
  const [timeB] = b;
  if (timeA.length === 0) return b;
  const count = timeA.length + timeB.length;
  // Where each row comes from; those of the second list behind those of the first.
  const origin = new Uint32Array(count);
  let i = 0;
  let j = 0;
  for (let row = 0; row < count; row++) {
    const first = j === timeB.length || (i < timeA.length && timeA[i]! <= timeB[j]!);
    origin[row] = first ? i++ : timeA.length + j++;
  }
  return a.map((column, c) => {
    const other = b[c]!;
    const merged = new (column.constructor as new (length: number) => ColumnData)(count);
    for (let row = 0; row < count; row++) {
      const at = origin[row]!;
      merged[row] = at < column.length ? column[at]! : other[at - column.length]!;
    }
    return merged;
  }) as unknown as TimedColumns;
}
