import { SecretBytes } from '@skykey/bits';
import { type Claim, Claims } from './claims.ts';
import { Condemned } from './condemned.ts';
import { VaultError } from './error.ts';
import type { Fixed } from './fixed.ts';
import type { Pieces, Span } from './pieces.ts';
import { earliest, type Segment, Segments, spanOf, under } from './segments.ts';
import type { Sql } from './store/store.ts';
import { byLane, type Place, type Stretch, within } from './stretches.ts';
import type { Range } from './types.ts';

/** Lanes of this prefix carry authentication key. An alarm spares them: without them it could not be told. */
const AUTHENTICATION = 'auth/';
/** At the head of an authentication lane lies the recycled point of the polynomial hash, never handed out as pad. */
export const POINT_BYTES = 16;

/** Pieces overwritten in the call that condemns them: what is no more than that goes at once. */
const STEP = 1_000;

export const isAuthentication = (lane: string): boolean => lane.startsWith(AUTHENTICATION);

/** A reserved range, and when the first of its bytes expires. */
export interface Reserved extends Place {
  readonly expiresMs: number | null;
}

interface NewSegment {
  readonly block: number;
  /** Of its first byte in the block. */
  readonly offset: number;
  readonly bytes: number;
  readonly poisoned: boolean;
  readonly expiresMs: number | null;
  readonly at?: number | undefined;
  readonly point?: boolean | undefined;
}

/**
 * Named byte sequences that two ends have in common, and who took what of them. A lane only grows, a position means the
 * same bytes for ever, and no byte is claimed twice, across processes and crashes. What sees to it is that a lane is touched
 * under one scope only; should it be touched under two, a row of `claim` that is not as it was read fails whoever spends it.
 */
export class Lanes {
  readonly #sql: Sql;
  readonly #pieces: Pieces;
  readonly #segments: Segments;
  readonly #claims: Claims;
  readonly #condemned: Condemned;
  readonly #now: () => number;
  readonly #fixed: Fixed;

  constructor(sql: Sql, pieces: Pieces, now: () => number, fixed: Fixed) {
    this.#fixed = fixed;
    this.#sql = sql;
    this.#pieces = pieces;
    this.#segments = new Segments(sql, now);
    this.#claims = new Claims(sql);
    this.#condemned = new Condemned(sql, pieces, this.#segments, this.#claims);
    this.#now = now;
  }

  /** Bytes ever put into the lane, gaps and used ones included; 0 for a lane that does not exist. */
  async length(name: string): Promise<number> {
    return (await this.find(name))?.length ?? 0;
  }

  /** Stretches beyond the last claim without gap, poison or age, neighbours joined. */
  async freeRuns(name: string): Promise<Stretch[]> {
    const lane = await this.#head(name);
    return lane ? await this.#segments.runs(lane) : [];
  }

  /**
   * Where the first `bytes` bytes are that begin a multiple of `unit` and are free in one piece; undefined when nowhere.
   * Looks no further than it must.
   */
  async firstFree(name: string, bytes: number, unit: number): Promise<number | undefined> {
    const lane = await this.#head(name);
    if (!lane) return undefined;
    let at = 0;
    let end = -1;
    for await (const { start, stop } of this.#segments.free(lane)) {
      if (start !== end) at = Math.ceil(start / unit) * unit;
      end = stop;
      if (end - at >= bytes) return at;
    }
    return undefined;
  }

  /**
   * What `reserve` can still hand out, with the block that each stretch comes from; `enough`: no more than is needed for so
   * many bytes.
   */
  async freeBlocks(name: string, enough: number): Promise<(Stretch & { readonly block: number })[]> {
    const found: (Stretch & { readonly block: number })[] = [];
    const lane = await this.#head(name);
    if (!lane) return found;
    let bytes = 0;
    for await (const { start, stop, block } of this.#segments.free(lane)) {
      found.push({ start, stop, block });
      bytes += stop - start;
      if (bytes >= enough) break;
    }
    return found;
  }

  /** Block that came last into the lane, poisoned or not. */
  async newest(name: string): Promise<number | undefined> {
    const row = await this.#sql.get<{ block: number }>(
      `SELECT block FROM segment JOIN lane ON lane.lane = segment.lane WHERE name = $1 ORDER BY start DESC LIMIT 1`,
      name,
    );
    return row?.block;
  }

  /** Names of the lanes that begin with `prefix`, in order. */
  async names(prefix: string): Promise<string[]> {
    const rows = await this.#sql.all<{ name: string }>(
      'SELECT name FROM lane WHERE substr(name, 1, $1) = $2 ORDER BY lane',
      prefix.length,
      prefix,
    );
    return rows.map(({ name }) => name).sort();
  }

  /** Bytes that `reserve` can still hand out. */
  async available(name: string): Promise<number> {
    const lane = await this.#head(name);
    return lane ? (await this.#segments.sum(lane)).bytes : 0;
  }

  /** How many units that begin at a multiple of `unit` are free whole. */
  async freeUnits(name: string, unit: number): Promise<number> {
    const lane = await this.#head(name);
    if (!lane) return 0;
    const { bytes, odd } = await this.#segments.sum(lane, unit);
    if (!odd) return bytes / unit;
    const whole = ({ start, stop }: Stretch) => Math.max(0, Math.floor(stop / unit) - Math.ceil(start / unit));
    return (await this.#segments.runs(lane)).reduce((sum, run) => sum + whole(run), 0);
  }

  /** How many ranges of `bytes` bytes can still be reserved, which is less than the quotient where gaps divide the lane. */
  async fits(name: string, bytes: number): Promise<number> {
    checkSize(bytes);
    let sum = 0;
    for (const { start, stop } of await this.freeRuns(name)) sum += Math.floor((stop - start) / bytes);
    return sum;
  }

  /** Length of the first stretch of at least `atLeast` bytes that `reserve` could hand out whole; 0 when there is none. */
  async run(name: string, atLeast: number): Promise<number> {
    for (const { start, stop } of await this.freeRuns(name)) if (stop - start >= atLeast) return stop - start;
    return 0;
  }

  /** Puts part of a block at the end of a lane, or at `at` beyond it. */
  async append(name: string, part: NewSegment): Promise<void> {
    const known = await this.find(name);
    const length = known?.length ?? 0;
    const start = part.at ?? length;
    if (!Number.isSafeInteger(start) || start < length) {
      throw new VaultError(
        'vault/argument',
        `lane ${name} has ${length} bytes already; nothing can be put at ${start}`,
      );
    }
    const lane = known?.lane ?? (await this.#make(name));
    const { block, offset, bytes, poisoned, expiresMs } = part;
    const until = isAuthentication(name) ? null : expiresMs;
    const where = { start, stop: start + bytes, block, firstByte: offset };
    await this.#segments.add(lane, { ...where, poisoned: poisoned ? 1 : 0, expiresMs: until });
    await this.#sql.run('UPDATE lane SET length = $2 WHERE lane = $1', lane, start + bytes);
    if (isAuthentication(name) && (part.point || length === 0)) await this.#setPoint(name, lane, start, bytes);
  }

  async #make(name: string): Promise<number> {
    if (name === '' || name.length > 200)
      throw new VaultError('vault/argument', 'a lane needs a name of 1 to 200 characters');
    const row = await this.#sql.get<{ lane: number }>(
      'INSERT INTO lane (name, length) VALUES ($1, 0) RETURNING lane',
      name,
    );
    return row!.lane;
  }

  async #setPoint(name: string, lane: number, start: number, bytes: number): Promise<void> {
    if (bytes < POINT_BYTES) {
      throw new VaultError(
        'vault/argument',
        `${bytes} bytes are too few to begin lane ${name} with: a hash point has ${POINT_BYTES}`,
      );
    }
    const former = await this.#point(lane);
    if (former) {
      await this.#sql.exactly(
        1,
        `UPDATE claim SET state = 'reserved' WHERE lane = $1 AND start = $2 AND state = 'point'`,
        ...[lane, former.start],
      );
      await this.burnAll([{ lane, ...former }]);
    }
    await this.#claims.add([{ lane, start, stop: start + POINT_BYTES }], 'point');
  }

  /** The lane's number; made, without any bytes, when there is none of this name. */
  async number(name: string): Promise<number> {
    return (await this.find(name))?.lane ?? (await this.#make(name));
  }

  /** See Pads.pointAt. */
  async pointAt(name: string): Promise<number | undefined> {
    const lane = (await this.find(name))?.lane;
    return lane === undefined ? undefined : (await this.#point(lane))?.start;
  }

  #point(lane: number): Promise<Stretch | undefined> {
    return this.#sql.get<Stretch>(`SELECT start, stop FROM claim WHERE lane = $1 AND state = 'point'`, lane);
  }

  /** See VaultTransaction.reserve; `count` ranges or none. */
  async reserve(name: string, bytes: number, count: number): Promise<Reserved[]> {
    checkSize(bytes);
    const head = await this.#head(name);
    const found: Reserved[] = [];
    const run: { segments: Segment[]; at: number; stop: number } = { segments: [], at: 0, stop: 0 };
    search: for await (const segment of head && count > 0 ? this.#segments.free(head) : []) {
      if (segment.start !== run.stop) {
        run.at = segment.start;
        run.segments = [];
      }
      run.segments.push(segment);
      run.stop = segment.stop;
      for (; run.stop - run.at >= bytes; run.at += bytes) {
        const place = { lane: head!.lane, start: run.at, stop: run.at + bytes };
        found.push({ ...place, expiresMs: earliest(run.segments.filter(({ stop }) => stop > place.start)) });
        if (found.length === count) break search;
      }
      run.segments = run.segments.filter(({ stop }) => stop > run.at);
    }
    if (found.length < count) {
      const wanted = count === 1 ? `${bytes} bytes` : `${count} times ${bytes} bytes`;
      throw new VaultError(
        'vault/short',
        `lane ${name} has not got ${wanted}: ${await this.available(name)} bytes are left`,
      );
    }
    await this.#claims.add(found, 'reserved');
    return found;
  }

  /** Claims ranges that the other side chose, all or none. Throws `vault/taken`, `vault/missing`, `vault/poisoned`. */
  async reserveAt(name: string, bytes: number, offsets: readonly number[]): Promise<Reserved[]> {
    const places = await this.#places(name, bytes, offsets);
    await this.#checkFree(name, places);
    const found = (await this.#segments.under(name, places)).map((segments, i) => ({
      ...places[i]!,
      expiresMs: earliest(segments),
    }));
    await this.#claims.add(places, 'reserved');
    return found;
  }

  /** The claims around places that nobody has claimed; throws when somebody has. */
  async #checkFree(name: string, places: readonly Place[]): Promise<Claim[]> {
    const ordered = [...places].sort((a, b) => a.start - b.start);
    const claims = await this.#claims.around(ordered);
    for (const [i, { start, stop }] of ordered.entries()) {
      const twice = (ordered[i - 1]?.stop ?? 0) > start;
      if (twice || claims.some((claim) => claim.start < stop && claim.stop > start)) {
        throw new VaultError('vault/taken', `bytes ${start} to ${stop} of lane ${name} were handed out before`);
      }
    }
    return claims;
  }

  /** See VaultTransaction.take. */
  async take(range: Range): Promise<SecretBytes> {
    const [place] = await this.#places(range.lane, range.bytes, [range.offset]);
    const [bytes] = await this.takeAll([place!], () => true);
    return SecretBytes.adopt(bytes!);
  }

  /** Takes a range that nobody has claimed. */
  async takeFree({ lane, bytes, offset }: Range): Promise<SecretBytes> {
    const places = await this.#places(lane, bytes, [offset]);
    const [place] = places;
    const claims: Claim[] = await this.#checkFree(lane, places);
    const under = await this.#segments.under(lane, places);
    const before = claims.findIndex(({ start }) => start > offset);
    claims.splice(before < 0 ? claims.length : before, 0, { ...place!, state: 'reserved', isNew: true });
    const [out] = await this.#takeSegments(places, under, new Map([[place!.lane, claims]]), () => true);
    return SecretBytes.adopt(out!);
  }

  /**
   * Bytes of reserved ranges; those that `last` says are overwritten, the others stay reserved. Throws `vault/taken`,
   * `vault/state`, `vault/poisoned`, `vault/corrupt` with nothing changed.
   */
  async takeAll(places: readonly Place[], last: (place: number) => boolean): Promise<Uint8Array[]> {
    const claims = await this.#claims.reserved(places);
    return await this.#takeSegments(places, await this.#segments.under(undefined, places), claims, last);
  }

  async #takeSegments(
    places: readonly Place[],
    under: readonly Segment[][],
    claims: ReadonlyMap<number, readonly Claim[]>,
    last: (place: number) => boolean,
  ): Promise<Uint8Array[]> {
    const spans: Span[] = [];
    const owner: number[] = [];
    for (const [i, segments] of under.entries()) {
      for (const span of segments.map((segment) => spanOf(segment, places[i]!))) {
        spans.push(span);
        owner.push(i);
      }
    }
    const parts = await this.#pieces.take(spans, (span) => last(owner[span]!));
    await this.#claims.spend(
      claims,
      places.filter((_, i) => last(i)),
    );
    const out = places.map(({ start, stop }) => new Uint8Array(stop - start));
    const filled = places.map(() => 0);
    for (const [span, part] of parts.entries()) {
      const place = owner[span]!;
      out[place]!.set(part, filled[place]);
      filled[place]! += part.length;
      part.fill(0);
    }
    return out;
  }

  /** Reads without taking: the hash point of an authentication lane. */
  async point(name: string): Promise<SecretBytes> {
    const lane = await this.#number(name);
    const place = lane === undefined ? undefined : await this.#point(lane);
    if (lane === undefined || !place) throw new VaultError('vault/missing', `there is no authentication lane ${name}`);
    return await this.#read(name, { lane, ...place });
  }

  /** Reads without taking: bytes nobody claimed. Undefined when somebody did, or when they are not there. */
  async look(range: Range): Promise<SecretBytes | undefined> {
    if (range.offset + range.bytes > (await this.length(range.lane))) return undefined;
    const [place] = await this.#places(range.lane, range.bytes, [range.offset]);
    const { start, stop } = place!;
    const claims = await this.#claims.around([place!]);
    if (claims.some((claim) => claim.start < stop && claim.stop > start)) return undefined;
    try {
      return await this.#read(range.lane, place!);
    } catch (error) {
      if (error instanceof VaultError && error.code === 'vault/missing') return undefined;
      throw error;
    }
  }

  async #read(name: string, place: Place): Promise<SecretBytes> {
    const [segments] = await this.#segments.under(name, [place]);
    const spans = segments!.map((segment) => spanOf(segment, place));
    const parts = await this.#pieces.take(spans, () => false);
    const out = new Uint8Array(place.stop - place.start);
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
      part.fill(0);
    }
    return SecretBytes.adopt(out);
  }

  /** See VaultTransaction.burn. */
  async burn(range: Range): Promise<void> {
    await this.burnAll(await this.#places(range.lane, range.bytes, [range.offset]));
  }

  /** Overwrites reserved ranges unread. Throws `vault/taken`, `vault/state` with nothing changed. */
  async burnAll(places: readonly Place[]): Promise<void> {
    const claims = await this.#claims.reserved(places);
    await this.#pieces.erase(await this.#segments.spansUnder(places));
    await this.#claims.spend(claims, places);
  }

  /** Burns those of the ranges that nobody claimed and that are there whole; passes over the others. */
  async burnFree(name: string, bytes: number, offsets: readonly number[]): Promise<void> {
    const head = await this.find(name);
    if (!head) return;
    const places = offsets
      .filter((start) => Number.isSafeInteger(start) && start >= 0 && start + bytes <= head.length)
      .map((start) => ({ lane: head.lane, start, stop: start + bytes }))
      .sort((a, b) => a.start - b.start);
    const claims = await this.#claims.around(places);
    const segments = await this.#segments.around(places);
    let end = 0;
    const whole = places.filter(({ start, stop }) => {
      const isFree = start >= end && !claims.some((claim) => claim.start < stop && claim.stop > start);
      if (!isFree || !under(segments, start, stop).isWhole) return false;
      end = stop;
      return true;
    });
    await this.#claims.add(whole, 'reserved');
    await this.burnAll(whole);
  }

  /** See VaultTransaction.burnFrom. Returns every reserved stretch that had to go with it. */
  async burnFrom(name: string, position: number): Promise<Place[]> {
    const head = await this.find(name);
    if (!head || position >= head.length) return [];
    const { lane } = head;
    const cut = await this.#sql.get<Segment>(
      `SELECT start, stop, block, first_byte AS "firstByte", poisoned, expires_ms AS "expiresMs" FROM segment
       WHERE lane = $1 AND start < $2 AND stop > $2`,
      lane,
      position,
    );
    if (cut) await this.#segments.split(lane, cut, position);
    const beyond = await this.#sql.all<Place>(
      'SELECT lane, start, stop FROM segment WHERE lane = $1 AND start >= $2 AND poisoned = 0 ORDER BY start',
      lane,
      position,
    );
    const { burned } = await this.#condemned.mark(beyond);
    await this.#condemned.overwrite(STEP);
    return burned;
  }

  /** Numbers of the blocks that ranges come from, a list for each. */
  async blocks(ranges: readonly Range[]): Promise<number[][]> {
    const places: Place[] = [];
    for (const { lane, bytes, offset } of ranges) places.push(...(await this.#places(lane, bytes, [offset])));
    return await this.blocksAt(places);
  }

  async blocksAt(places: readonly Place[]): Promise<number[][]> {
    const segments = await byLane(places, (some) => this.#segments.around(some));
    return places.map(({ lane, start, stop }) => [
      ...new Set(within(segments.get(lane) ?? [], start, stop).map(({ block }) => block)),
    ]);
  }

  /**
   * Marks what the lanes hold of blocks, authentication lanes excepted, and begins to overwrite it, and blocks that were marked
   * while held: `expire` goes on. Returns the bytes that were still undelivered, and every reserved stretch that had to go
   * with them.
   */
  async poison(blocks: readonly number[]): Promise<{ bytes: number; burned: Place[] }> {
    const condemned = await this.#sql.all<Place>(
      `SELECT segment.lane, start, stop FROM segment JOIN lane ON lane.lane = segment.lane
       WHERE block IN (SELECT CAST(value->>0 AS bigint) FROM EACH($1) AS item)
         AND poisoned = 0 AND substr(name, 1, ${AUTHENTICATION.length}) <> '${AUTHENTICATION}'
       ORDER BY segment.lane, start`,
      JSON.stringify(blocks.map((block) => [block])),
    );
    const marked = await this.#condemned.mark(condemned);
    await this.#condemned.overwrite(STEP);
    return marked;
  }

  /**
   * Marks up to `most` segments that are too old, and overwrites as many pieces of all that is marked; what is reserved of a
   * segment may still be taken, and delays it. Returns how many segments or pieces, whichever is more: less than `most` when
   * nothing is left.
   */
  async expire(most: number): Promise<number> {
    const old = await this.#sql.all<Place>(
      `SELECT lane, start, stop FROM segment
       WHERE poisoned = 0 AND expires_ms IS NOT NULL AND expires_ms <= $1
         AND NOT EXISTS (SELECT 1 FROM claim WHERE claim.lane = segment.lane AND state <> 'spent'
           AND claim.start < segment.stop AND claim.stop > segment.start
           AND claim.start >= coalesce((SELECT max(before.start) FROM claim AS before
             WHERE before.lane = segment.lane AND before.start <= segment.start), 0))
       ORDER BY expires_ms LIMIT $2`,
      ...[this.#now(), most],
    );
    const ordered = old.sort((a, b) => a.lane - b.lane || a.start - b.start);
    await this.#condemned.mark(ordered);
    return Math.max(ordered.length, await this.#condemned.overwrite(most));
  }

  /** End of the last claim: what lies before is used, or was passed over. */
  async cursor(name: string): Promise<number> {
    return (await this.#head(name))?.cursor ?? 0;
  }

  find(name: string): Promise<{ lane: number; length: number } | undefined> {
    return this.#sql.get('SELECT lane, length FROM lane WHERE name = $1', name);
  }

  #head(name: string): Promise<{ lane: number; length: number; cursor: number } | undefined> {
    return this.#sql.get(
      `SELECT lane.lane, length, coalesce(
         (SELECT stop FROM claim WHERE claim.lane = lane.lane ORDER BY start DESC LIMIT 1), 0) AS cursor
       FROM lane WHERE name = $1`,
      name,
    );
  }

  async #number(name: string): Promise<number | undefined> {
    const known = this.#fixed.lane(name);
    if (known !== undefined) return known;
    const lane = (await this.find(name))?.lane;
    if (lane !== undefined) this.#fixed.keepLane(name, lane);
    return lane;
  }

  async #places(name: string, bytes: number, offsets: readonly number[]): Promise<Place[]> {
    checkSize(bytes);
    const lane = await this.#number(name);
    return offsets.map((offset) => {
      if (lane === undefined || !Number.isSafeInteger(offset) || offset < 0) {
        throw new VaultError('vault/missing', `lane ${name} has no bytes from ${offset} on`);
      }
      return { lane, start: offset, stop: offset + bytes };
    });
  }
}

function checkSize(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > 2 ** 31) {
    throw new VaultError('vault/argument', `a number of bytes from 1 to 2^31 is needed, not ${bytes}`);
  }
}
