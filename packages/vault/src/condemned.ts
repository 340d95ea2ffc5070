import type { Claim, Claims } from './claims.ts';
import { PIECE_BYTES, type Pieces } from './pieces.ts';
import { type Segment, type Segments, spanOf } from './segments.ts';
import type { Sql } from './store/store.ts';
import { byLane, type Place, type Stretch, within } from './stretches.ts';

interface Marked extends Segment {
  readonly lane: number;
}

/**
 * Key that nobody may have any more: found poisoned, too old, or missing at the other end. Marking it is quick however much it
 * is, and from then on nobody gets it; its bytes are overwritten in steps, between which others have their turn. What is left
 * to do stands in the store, so that a crash forgets nothing. Column `poisoned` of a segment, or of a block that was held, is 1
 * when its bytes are gone, 2 when they are marked only.
 */
export class Condemned {
  readonly #sql: Sql;
  readonly #pieces: Pieces;
  readonly #segments: Segments;
  readonly #claims: Claims;

  constructor(sql: Sql, pieces: Pieces, segments: Segments, claims: Claims) {
    this.#sql = sql;
    this.#pieces = pieces;
    this.#segments = segments;
    this.#claims = claims;
  }

  /**
   * Marks whole segments, in order. Returns how many of their bytes were not spent yet, and every reserved stretch that had to
   * go with them.
   */
  async mark(segments: readonly Place[]): Promise<{ bytes: number; burned: Place[] }> {
    if (segments.length === 0) return { bytes: 0, burned: [] };
    const claims = await byLane(segments, (some) => this.#claims.around(some));
    const reserved = new Map<Claim, Place>();
    let bytes = 0;
    for (const { lane, start, stop } of segments) {
      const found = claims.get(lane)!;
      for (const left of unspent({ start, stop }, found)) bytes += left.stop - left.start;
      for (const claim of within(found, start, stop)) {
        if (claim.state !== 'spent') reserved.set(claim, { lane, start: claim.start, stop: claim.stop });
      }
    }
    const burned = [...reserved.values()];
    // At once, and whole where they lie across a condemned and a sound block: of what is spent no byte is left.
    await this.#pieces.erase(await this.#segments.spansUnder(burned));
    await this.#set(segments, 2);
    await this.#claims.spend(claims, burned);
    return { bytes, burned };
  }

  /** Overwrites up to `most` pieces of what is marked. Returns how many, less than `most` when nothing is left. */
  async overwrite(most: number): Promise<number> {
    const done = await this.#dropBlocks(most);
    return done < most ? done + (await this.#eraseSegments(most - done)) : done;
  }

  async #dropBlocks(most: number): Promise<number> {
    for (let done = 0; ; ) {
      const held = await this.#sql.get<{ block: number }>(
        'SELECT block FROM block WHERE poisoned = 2 ORDER BY block LIMIT 1',
      );
      if (!held) return done;
      done += await this.#pieces.dropSome(held.block, most - done);
      if (done >= most) return done;
      await this.#sql.run('UPDATE block SET poisoned = 1 WHERE block = $1', held.block);
    }
  }

  async #eraseSegments(most: number): Promise<number> {
    const marked = await this.#sql.all<Marked>(
      `SELECT lane, start, stop, block, first_byte AS "firstByte", poisoned, expires_ms AS "expiresMs" FROM segment
       WHERE poisoned = 2 ORDER BY lane, start LIMIT $1`,
      most,
    );
    const some: Marked[] = [];
    let sum = 0;
    for (const segment of marked) {
      const { lane, start, stop } = segment;
      const cut = start + (most - sum) * PIECE_BYTES;
      if (cut < stop) {
        await this.#segments.split(lane, segment, cut);
        some.push({ ...segment, stop: cut });
        sum = most;
      } else {
        some.push(segment);
        sum += Math.ceil((stop - start) / PIECE_BYTES);
      }
      if (sum >= most) break;
    }
    if (some.length === 0) return 0;
    const claims = await byLane(some, (places) => this.#claims.around(places));
    await this.#pieces.erase(
      some.flatMap((segment) => unspent(segment, claims.get(segment.lane)!).map((stretch) => spanOf(segment, stretch))),
    );
    await this.#set(some, 1);
    return sum;
  }

  #set(segments: readonly Place[], poisoned: 1 | 2): Promise<void> {
    return this.#sql.run(
      `UPDATE segment SET poisoned = $2 WHERE (lane, start) IN
         (SELECT CAST(value->>0 AS bigint), CAST(value->>1 AS bigint) FROM EACH($1) AS item)`,
      JSON.stringify(segments.map(({ lane, start }) => [lane, start])),
      poisoned,
    );
  }
}

/** What of a stretch is not spent; `claims` are those around it in order. */
function unspent({ start, stop }: Stretch, claims: readonly Claim[]): Stretch[] {
  const left: Stretch[] = [];
  let at = start;
  for (const claim of within(claims, start, stop)) {
    if (claim.state !== 'spent') continue;
    if (claim.start > at) left.push({ start: at, stop: claim.start });
    at = claim.stop;
  }
  if (at < stop) left.push({ start: at, stop });
  return left;
}
