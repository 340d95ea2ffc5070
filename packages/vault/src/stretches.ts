import type { Sql } from './store/store.ts';

export interface Stretch {
  start: number;
  stop: number;
}

/** Part of a lane by the lane's number. */
export interface Place extends Stretch {
  readonly lane: number;
}

/** Places nearer to each other than this are looked up together. */
const NEAR_BYTES = 65_536;
/** Questions about so many neighbourhoods at most: more of them cost more than rows that nobody asked for. */
const NEIGHBOURHOODS = 64;

/** Those that share bytes with a stretch. */
export const within = <T extends Stretch>(stretches: readonly T[], from: number, to: number): T[] => {
  // Binary search: a batch asks for each of its keys.
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (stretches[middle]!.stop > from) high = middle;
    else low = middle + 1;
  }
  let end = low;
  while (end < stretches.length && stretches[end]!.start < to) end++;
  return stretches.slice(low, end);
};

/** Places in order, those that overlap, touch or are nearer than `near` bytes joined. */
export function union(places: readonly Place[], near = 0): Place[] {
  const joined: Place[] = [];
  for (const place of [...places].sort((a, b) => a.lane - b.lane || a.start - b.start)) {
    const last = joined.at(-1);
    if (last?.lane === place.lane && place.start <= last.stop + near) last.stop = Math.max(last.stop, place.stop);
    else joined.push({ ...place });
  }
  return joined;
}

/** Rows of one lane around places, by a question for each neighbourhood: `$1` lane, `$2` from, `$3` to. */
export async function near<T extends Stretch>(sql: Sql, places: readonly Place[], text: string): Promise<T[]> {
  const found: T[] = [];
  let wide = NEAR_BYTES;
  let neighbourhoods = union(places, wide);
  while (neighbourhoods.length > NEIGHBOURHOODS) neighbourhoods = union(neighbourhoods, (wide *= 4));
  for (const { lane, start, stop } of neighbourhoods) {
    for (const row of await sql.all<T>(text, lane, start, stop)) {
      // What reaches from one neighbourhood into the next is found twice.
      if (row.start >= (found.at(-1)?.stop ?? 0)) found.push(row);
    }
  }
  return found;
}

/** What `find` finds for the places of each lane. */
export async function byLane<T>(
  places: readonly Place[],
  find: (places: readonly Place[]) => Promise<T>,
): Promise<Map<number, T>> {
  const byLane = new Map<number, T>();
  for (const lane of new Set(places.map((place) => place.lane))) {
    byLane.set(lane, await find(places.filter((place) => place.lane === lane)));
  }
  return byLane;
}
