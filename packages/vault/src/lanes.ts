import { SecretBytes } from '@skykey/bits';
import type { Database } from './database.ts';
import { VaultError } from './error.ts';
import type { Pieces } from './pieces.ts';
import type { Range } from './types.ts';

/** Lanes of this prefix carry authentication key. An alarm spares them: without them it could not be told. */
const AUTHENTICATION = 'auth/';
/** At the head of an authentication lane lies the recycled point of the polynomial hash, never handed out as pad. */
export const POINT_BYTES = 16;

export const isAuthentication = (lane: string): boolean => lane.startsWith(AUTHENTICATION);

export interface Stretch {
  start: number;
  stop: number;
}

/** A part of a lane, and where its bytes are: `offset` is that of `start` in the block. */
interface Segment extends Stretch {
  firstPiece: number;
  offset: number;
  poisoned: number;
}

interface NewSegment {
  readonly block: number;
  /** Of its first byte in the block. */
  readonly offset: number;
  readonly bytes: number;
  readonly poisoned: boolean;
  readonly at?: number | undefined;
  readonly point?: boolean | undefined;
}

/**
 * Named byte sequences that two ends have in common, and who took what of them. A lane only grows, a position means the
 * same bytes for ever, and no byte is claimed twice: the database checks it, so it holds across processes and crashes.
 */
export class Lanes {
  readonly #db: Database;
  readonly #pieces: Pieces;

  constructor(db: Database, pieces: Pieces) {
    this.#db = db;
    this.#pieces = pieces;
  }

  /** Bytes ever put into the lane, gaps and used ones included; 0 for a lane that does not exist. */
  length(name: string): number {
    return this.#find(name)?.length ?? 0;
  }

  /** Stretches beyond the last claim without gap or poison, neighbours joined. */
  freeRuns(name: string): Stretch[] {
    const lane = this.#find(name)?.lane;
    if (lane === undefined) return [];
    const cursor = this.#cursor(lane);
    const runs: Stretch[] = [];
    for (const segment of this.#segments(lane, cursor, Number.MAX_SAFE_INTEGER)) {
      if (segment.poisoned) continue;
      const last = runs.at(-1);
      if (last?.stop === segment.start) last.stop = segment.stop;
      else runs.push({ start: Math.max(segment.start, cursor), stop: segment.stop });
    }
    return runs;
  }

  /** Bytes that `reserve` can still hand out. */
  available(name: string): number {
    let sum = 0;
    for (const run of this.freeRuns(name)) sum += run.stop - run.start;
    return sum;
  }

  /** How many ranges of `bytes` bytes can still be reserved, which is less than the quotient where gaps divide the lane. */
  fits(name: string, bytes: number): number {
    checkSize(bytes);
    let sum = 0;
    for (const run of this.freeRuns(name)) sum += Math.floor((run.stop - run.start) / bytes);
    return sum;
  }

  /** Length of the first stretch of at least `atLeast` bytes that `reserve` could hand out whole; 0 when there is none. */
  run(name: string, atLeast: number): number {
    for (const { start, stop } of this.freeRuns(name)) if (stop - start >= atLeast) return stop - start;
    return 0;
  }

  /** Puts part of a block at the end of a lane, or at `at` beyond it. */
  append(name: string, part: NewSegment): void {
    if (name === '' || name.length > 200)
      throw new VaultError('vault/argument', 'a lane needs a name of 1 to 200 characters');
    const known = this.#find(name);
    const lane = known?.lane ?? this.#db.run('INSERT INTO lane (name, length) VALUES (?, 0)', name).rowId;
    const length = known?.length ?? 0;
    const start = part.at ?? length;
    if (!Number.isSafeInteger(start) || start < length) {
      throw new VaultError(
        'vault/argument',
        `lane ${name} has ${length} bytes already; nothing can be put at ${start}`,
      );
    }
    const { block, offset, bytes, poisoned } = part;
    this.#db.run(
      'INSERT INTO segment (lane, start, stop, block, offset, poisoned) VALUES (?, ?, ?, ?, ?, ?)',
      ...[lane, start, start + bytes, block, offset, poisoned ? 1 : 0],
    );
    this.#db.run('UPDATE lane SET length = ? WHERE lane = ?', start + bytes, lane);
    if (isAuthentication(name) && (part.point || !known)) this.#setPoint(name, lane, start, bytes);
  }

  #setPoint(name: string, lane: number, start: number, bytes: number): void {
    if (bytes < POINT_BYTES) {
      throw new VaultError(
        'vault/argument',
        `${bytes} bytes are too few to begin lane ${name} with: a hash point has ${POINT_BYTES}`,
      );
    }
    const former = this.#point(lane);
    if (former) {
      this.#erase(lane, former.start, former.stop);
      this.#spend(lane, former.start, former.stop);
    }
    this.#claim(lane, start, start + POINT_BYTES, 'point');
  }

  #point(lane: number): Stretch | undefined {
    return this.#db.get<Stretch>(`SELECT start, stop FROM claim WHERE lane = ? AND state = 'point'`, lane);
  }

  /** See Vault.reserve; `count` ranges or none. */
  reserve(name: string, bytes: number, count: number): Range[] {
    checkSize(bytes);
    const ranges: Range[] = [];
    const runs = this.freeRuns(name);
    let at = 0;
    let stop = 0;
    while (ranges.length < count) {
      if (stop - at < bytes) {
        const next = runs.shift();
        if (!next) {
          const wanted = count === 1 ? `${bytes} bytes` : `${count} times ${bytes} bytes`;
          throw new VaultError(
            'vault/short',
            `lane ${name} has not got ${wanted}: ${this.available(name)} bytes are left`,
          );
        }
        ({ start: at, stop } = next);
        continue;
      }
      ranges.push({ lane: name, offset: at, bytes });
      at += bytes;
    }
    const lane = this.#find(name)!.lane;
    for (const { offset } of ranges) this.#claim(lane, offset, offset + bytes, 'reserved');
    return ranges;
  }

  /** See Vault.reserveAt. */
  reserveAt(range: Range): void {
    const { lane, start, stop } = this.#place(range);
    const overlap = this.#overlapping(lane, start, stop)[0];
    if (overlap) {
      throw new VaultError('vault/taken', `bytes ${start} to ${stop} of lane ${range.lane} were handed out before`);
    }
    this.#covered(range.lane, lane, start, stop);
    this.#claim(lane, start, stop, 'reserved');
  }

  /** See Vault.take. */
  take(range: Range): SecretBytes {
    const { lane, start, stop } = this.#reserved(range);
    const out = new Uint8Array(range.bytes);
    for (const { segment, from, to } of this.#covered(range.lane, lane, start, stop)) {
      const shift = segment.offset - segment.start;
      this.#pieces.take(segment.firstPiece, from + shift, to + shift, out.subarray(from - start, to - start));
    }
    this.#spend(lane, start, stop);
    return SecretBytes.adopt(out);
  }

  /** Reads without taking: the hash point of an authentication lane. */
  point(name: string): SecretBytes {
    const lane = this.#find(name)?.lane;
    const place = lane === undefined ? undefined : this.#point(lane);
    if (lane === undefined || !place) throw new VaultError('vault/missing', `there is no authentication lane ${name}`);
    return this.#read(name, lane, place.start, place.stop);
  }

  /** Reads without taking: bytes nobody claimed. Undefined when somebody did, or when they are not there. */
  look(range: Range): SecretBytes | undefined {
    if (range.offset + range.bytes > this.length(range.lane)) return undefined;
    const { lane, start, stop } = this.#place(range);
    if (this.#overlapping(lane, start, stop).length) return undefined;
    try {
      return this.#read(range.lane, lane, start, stop);
    } catch (error) {
      if (error instanceof VaultError && error.code === 'vault/missing') return undefined;
      throw error;
    }
  }

  #read(name: string, lane: number, start: number, stop: number): SecretBytes {
    const out = new Uint8Array(stop - start);
    for (const { segment, from, to } of this.#covered(name, lane, start, stop)) {
      const shift = segment.offset - segment.start;
      this.#pieces.read(segment.firstPiece, from + shift, to + shift, out.subarray(from - start, to - start));
    }
    return SecretBytes.adopt(out);
  }

  /** See Vault.burn. */
  burn(range: Range): void {
    const { lane, start, stop } = this.#reserved(range);
    this.#erase(lane, start, stop);
    this.#spend(lane, start, stop);
  }

  /** See Vault.burnTo. */
  burnTo(name: string, position: number): void {
    for (const { start, stop } of this.freeRuns(name)) {
      if (start >= position) return;
      const range = { lane: name, offset: start, bytes: Math.min(stop, position) - start };
      this.reserveAt(range);
      this.burn(range);
    }
  }

  /** Blocks that the bytes of a range come from. */
  blocks(range: Range): number[] {
    const { lane, start, stop } = this.#place(range);
    const rows = this.#db.all<{ block: number }>(
      'SELECT DISTINCT block FROM segment WHERE lane = ? AND start < ? AND stop > ? ORDER BY start',
      ...[lane, stop, start],
    );
    return rows.map(({ block }) => block);
  }

  /**
   * Marks what the lanes hold of a block, authentication lanes excepted, and overwrites what is not spent. Returns the
   * bytes that were still undelivered, and every reserved stretch that had to go with them.
   */
  poison(block: number): { bytes: number; burned: { lane: number; start: number }[] } {
    let bytes = 0;
    const burned: { lane: number; start: number }[] = [];
    const segments = this.#db.all<Stretch & { lane: number; name: string }>(
      'SELECT segment.lane, start, stop, name FROM segment JOIN lane USING (lane) WHERE block = ?',
      block,
    );
    for (const { lane, start, stop, name } of segments) {
      if (isAuthentication(name)) continue;
      this.#db.run('UPDATE segment SET poisoned = 1 WHERE lane = ? AND start = ?', lane, start);
      bytes += stop - start;
      for (const claim of this.#overlapping(lane, start, stop)) {
        if (claim.state === 'spent') bytes -= Math.min(stop, claim.stop) - Math.max(start, claim.start);
        else burned.push({ lane, start: claim.start });
      }
      this.#erase(lane, start, stop);
    }
    for (const { lane, start } of burned) {
      const claim = this.#db.get<Stretch>(
        `SELECT start, stop FROM claim WHERE lane = ? AND start = ? AND state = 'reserved'`,
        lane,
        start,
      );
      // A range across two poisoned segments of one block is listed twice.
      if (!claim) continue;
      this.#erase(lane, claim.start, claim.stop);
      this.#spend(lane, claim.start, claim.stop);
    }
    return { bytes, burned };
  }

  /** End of the last claim: what lies before is used, or was passed over. */
  cursor(name: string): number {
    const lane = this.#find(name)?.lane;
    return lane === undefined ? 0 : this.#cursor(lane);
  }

  #cursor(lane: number): number {
    return (
      this.#db.get<{ stop: number }>('SELECT stop FROM claim WHERE lane = ? ORDER BY start DESC LIMIT 1', lane)?.stop ??
      0
    );
  }

  /** Segments that share bytes with a stretch, in order. */
  #segments(lane: number, start: number, stop: number): Segment[] {
    return this.#db.all<Segment>(
      `SELECT start, stop, firstPiece, offset, segment.poisoned AS poisoned FROM segment JOIN block USING (block)
       WHERE lane = ?1 AND stop > ?2 AND start < ?3
         AND start >= coalesce((SELECT max(start) FROM segment WHERE lane = ?1 AND start <= ?2), 0)
       ORDER BY start`,
      ...[lane, start, stop],
    );
  }

  /** The segments under a stretch with the part of it in each; throws when a gap or poison is in it. */
  #covered(name: string, lane: number, start: number, stop: number): { segment: Segment; from: number; to: number }[] {
    let at = start;
    const parts = [];
    for (const segment of this.#segments(lane, start, stop)) {
      if (segment.start > at) break;
      if (segment.poisoned)
        throw new VaultError('vault/poisoned', `bytes ${start} to ${stop} of lane ${name} are poisoned`);
      const to = Math.min(segment.stop, stop);
      parts.push({ segment, from: at, to });
      at = to;
    }
    if (at < stop) throw new VaultError('vault/missing', `lane ${name} has no bytes ${start} to ${stop}`);
    return parts;
  }

  #erase(lane: number, start: number, stop: number): void {
    for (const segment of this.#segments(lane, start, stop)) {
      const shift = segment.offset - segment.start;
      this.#pieces.erase(
        segment.firstPiece,
        Math.max(start, segment.start) + shift,
        Math.min(stop, segment.stop) + shift,
      );
    }
  }

  #overlapping(lane: number, start: number, stop: number): (Stretch & { state: 'reserved' | 'spent' | 'point' })[] {
    return this.#db.all(
      'SELECT start, stop, state FROM claim WHERE lane = ? AND start < ? AND stop > ? ORDER BY start',
      ...[lane, stop, start],
    );
  }

  #claim(lane: number, start: number, stop: number, state: 'reserved' | 'point'): void {
    this.#db.run('INSERT INTO claim (lane, start, stop, state) VALUES (?, ?, ?, ?)', lane, start, stop, state);
  }

  /** Turns a reserved stretch into a spent one, joined with spent neighbours. */
  #spend(lane: number, start: number, stop: number): void {
    this.#db.run('DELETE FROM claim WHERE lane = ? AND start = ?', lane, start);
    const before = this.#db.get<Stretch>(
      `SELECT start, stop FROM (SELECT start, stop, state FROM claim WHERE lane = ? AND start < ? ORDER BY start DESC LIMIT 1)
       WHERE stop = ? AND state = 'spent'`,
      ...[lane, start, start],
    );
    const after = this.#db.get<Stretch>(
      `SELECT start, stop FROM claim WHERE lane = ? AND start = ? AND state = 'spent'`,
      lane,
      stop,
    );
    if (after) this.#db.run('DELETE FROM claim WHERE lane = ? AND start = ?', lane, after.start);
    const end = after?.stop ?? stop;
    if (before) this.#db.run('UPDATE claim SET stop = ? WHERE lane = ? AND start = ?', end, lane, before.start);
    else this.#db.run(`INSERT INTO claim (lane, start, stop, state) VALUES (?, ?, ?, 'spent')`, lane, start, end);
  }

  #reserved(range: Range): Stretch & { lane: number } {
    const place = this.#place(range);
    const claims = this.#overlapping(place.lane, place.start, place.stop);
    const exact = claims.find(
      (claim) => claim.start === place.start && claim.stop === place.stop && claim.state === 'reserved',
    );
    if (exact) return place;
    const where = `bytes ${place.start} to ${place.stop} of lane ${range.lane}`;
    if (claims.some((claim) => claim.state !== 'reserved'))
      throw new VaultError('vault/taken', `${where} were used before`);
    throw new VaultError('vault/state', `${where} were not reserved in one piece`);
  }

  #place({ lane: name, offset, bytes }: Range): Stretch & { lane: number } {
    checkSize(bytes);
    const lane = this.#find(name)?.lane;
    if (lane === undefined || !Number.isSafeInteger(offset) || offset < 0) {
      throw new VaultError('vault/missing', `lane ${name} has no bytes from ${offset} on`);
    }
    return { lane, start: offset, stop: offset + bytes };
  }

  #find(name: string): { lane: number; length: number } | undefined {
    return this.#db.get('SELECT lane, length FROM lane WHERE name = ?', name);
  }
}

function checkSize(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > 2 ** 31) {
    throw new VaultError('vault/argument', `a number of bytes from 1 to 2^31 is needed, not ${bytes}`);
  }
}
