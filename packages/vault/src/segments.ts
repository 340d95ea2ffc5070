import { VaultError } from './error.ts';
import type { Span } from './pieces.ts';
import type { Sql } from './store/store.ts';
import { byLane, near, type Place, type Stretch, within } from './stretches.ts';

/** Segments read at a time while looking for room. */
const SEGMENTS = 64;

/** A part of a lane, and where its bytes are: `firstByte` is that of `start` in the block. */
export interface Segment extends Stretch {
  block: number;
  firstByte: number;
  poisoned: number;
  expiresMs: number | null;
}

/** What is free of lane $1 beyond position $2 at the time $3. */
const FREE = `(SELECT CASE WHEN start < $2 THEN $2 ELSE start END AS start, stop FROM segment
   WHERE lane = $1 AND stop > $2 AND poisoned = 0 AND (expires_ms IS NULL OR expires_ms > $3)
     AND start >= coalesce((SELECT max(start) FROM segment WHERE lane = $1 AND start <= $2), 0)) AS free`;

/** Which part of which block is which part of a lane. */
export class Segments {
  readonly #sql: Sql;
  readonly #now: () => number;

  constructor(sql: Sql, now: () => number) {
    this.#sql = sql;
    this.#now = now;
  }

  async add(lane: number, { start, stop, block, firstByte, poisoned, expiresMs }: Segment): Promise<void> {
    await this.#sql.run(
      `INSERT INTO segment (lane, start, stop, block, first_byte, poisoned, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      ...[lane, start, stop, block, firstByte, poisoned, expiresMs],
    );
  }

  /** One segment becomes two, the second from `at` on. */
  async split(lane: number, segment: Segment, at: number): Promise<void> {
    const { start, firstByte } = segment;
    await this.#sql.run('UPDATE segment SET stop = $3 WHERE lane = $1 AND start = $2', lane, start, at);
    await this.add(lane, { ...segment, start: at, firstByte: firstByte + at - start });
  }

  /** What is free of each segment beyond the last claim, in order; `old`: what is too old to be handed out, too. */
  async *free({ lane, cursor }: { lane: number; cursor: number }, old = false): AsyncGenerator<Segment> {
    const nowMs = old ? -1 : this.#now();
    for (let from = cursor; ; ) {
      const segments = await this.#sql.all<Segment>(
        `SELECT start, stop, block, first_byte AS "firstByte", poisoned, expires_ms AS "expiresMs" FROM segment
         WHERE lane = $1 AND stop > $2
           AND start >= coalesce((SELECT max(start) FROM segment WHERE lane = $1 AND start <= $2), 0)
         ORDER BY start LIMIT ${SEGMENTS}`,
        ...[lane, from],
      );
      for (const segment of segments) {
        if (segment.poisoned || (segment.expiresMs !== null && segment.expiresMs <= nowMs)) continue;
        yield { ...segment, start: Math.max(segment.start, cursor) };
      }
      if (segments.length < SEGMENTS) return;
      from = segments.at(-1)!.stop;
    }
  }

  /** What is free beyond the last claim, neighbours joined, in order. */
  runs({ lane, cursor }: { lane: number; cursor: number }): Promise<Stretch[]> {
    return this.#sql.all<Stretch>(
      `SELECT min(start) AS start, max(stop) AS stop FROM
         (SELECT start, stop, sum(head) OVER (ORDER BY start) AS run FROM
           (SELECT start, stop, CASE WHEN start = lag(stop) OVER (ORDER BY start) THEN 0 ELSE 1 END AS head
            FROM ${FREE}) AS marked) AS numbered
       GROUP BY run ORDER BY min(start)`,
      ...[lane, cursor, this.#now()],
    );
  }

  /** Bytes that are free beyond the last claim; `odd`: some stretch of them does not begin and end at whole units. */
  async sum({ lane, cursor }: { lane: number; cursor: number }, unit = 1): Promise<{ bytes: number; odd: number }> {
    const row = await this.#sql.get<{ bytes: number; odd: number }>(
      `SELECT CAST(coalesce(sum(stop - start), 0) AS bigint) AS bytes,
         coalesce(max(CASE WHEN start % ${unit} = 0 AND stop % ${unit} = 0 THEN 0 ELSE 1 END), 0) AS odd FROM ${FREE}`,
      ...[lane, cursor, this.#now()],
    );
    return row!;
  }

  /** Segments that share bytes with places of one lane, or lie between places that are near, in order. */
  around(places: readonly Place[]): Promise<Segment[]> {
    return near(
      this.#sql,
      places,
      `SELECT start, stop, block, first_byte AS "firstByte", poisoned, expires_ms AS "expiresMs" FROM segment
       WHERE lane = $1 AND stop > $2 AND start < $3
         AND start >= coalesce((SELECT max(start) FROM segment WHERE lane = $1 AND start <= $2), 0)
       ORDER BY start`,
    );
  }

  /** The segments under each place; throws when a gap or poison is in one. */
  async under(name: string | undefined, places: readonly Place[]): Promise<Segment[][]> {
    const segments = await byLane(places, (some) => this.around(some));
    return places.map(({ lane, start, stop }) => {
      const { parts, isWhole, isPoisoned } = under(segments.get(lane)!, start, stop);
      if (isWhole) return parts;
      const where = `bytes ${start} to ${stop} of lane ${name ?? `number ${lane}`}`;
      if (isPoisoned) throw new VaultError('vault/poisoned', `${where} are poisoned`);
      throw new VaultError('vault/missing', `${where} are not there`);
    });
  }

  /** Where the bytes of places are, gaps and what was poisoned before left out. */
  async spansUnder(places: readonly Place[]): Promise<Span[]> {
    const segments = await byLane(places, (some) => this.around(some));
    return places.flatMap((place) =>
      within(segments.get(place.lane)!, place.start, place.stop)
        .filter(({ poisoned }) => !poisoned)
        .map((segment) => spanOf(segment, place)),
    );
  }
}

export function under(segments: readonly Segment[], start: number, stop: number) {
  const parts: Segment[] = [];
  let at = start;
  for (const segment of within(segments, start, stop)) {
    if (segment.start > at) break;
    if (segment.poisoned) return { parts, isWhole: false, isPoisoned: true };
    parts.push(segment);
    at = segment.stop;
  }
  return { parts, isWhole: at >= stop, isPoisoned: false };
}

export function spanOf(segment: Segment, { start, stop }: Stretch): Span {
  const shift = segment.firstByte - segment.start;
  return {
    block: segment.block,
    from: Math.max(start, segment.start) + shift,
    to: Math.min(stop, segment.stop) + shift,
  };
}

export const earliest = (segments: readonly Segment[]): number | null =>
  segments.reduce<number | null>(
    (first, { expiresMs }) => (expiresMs === null ? first : Math.min(expiresMs, first ?? expiresMs)),
    null,
  );
