import { VaultError } from './error.ts';
import type { Seal } from './keyring.ts';
import type { Sql, SqlValue } from './store/store.ts';

/** Key bytes in one row. */
export const PIECE_BYTES = 1024;
/** Pieces that a block may have: piece `i` of block `b` is number b·2^20 + i. */
const PIECES_PER_BLOCK = 2 ** 20;
export const MAX_BLOCK_BYTES = PIECE_BYTES * PIECES_PER_BLOCK;
/** Rows in one statement. */
const ROWS = 64;

/** Bytes `from` (inclusive) to `to` (exclusive) of a block. */
export interface Span {
  readonly block: number;
  readonly from: number;
  readonly to: number;
}

interface Row {
  piece: number;
  epoch: number;
  live: number;
  bytes: Uint8Array;
}

/** A part of a piece, and where it belongs in what is read. */
interface Part {
  readonly start: number;
  readonly stop: number;
  readonly span: number;
  readonly at: number;
}

/**
 * Runs of key bytes, each in rows of 1,024, each row sealed. A seal that does not open is a damaged row, or one from another
 * place: what it holds is never taken for key. Nobody erases a byte twice, so that the bytes left in a row can be counted.
 */
export class Pieces {
  readonly #sql: Sql;
  readonly #seal: Seal;
  readonly #place: string;

  constructor(sql: Sql, seal: Seal, place: string) {
    this.#sql = sql;
    this.#seal = seal;
    this.#place = place;
  }

  /** Seals and stores a block's bytes. */
  async write(block: number, bytes: Uint8Array): Promise<void> {
    const epoch = await this.#sql.epoch();
    const rows: Row[] = [];
    for (let at = 0, piece = block * PIECES_PER_BLOCK; at < bytes.length; at += PIECE_BYTES, piece++) {
      const plain = bytes.subarray(at, at + PIECE_BYTES);
      rows.push(this.#sealed(epoch, piece, plain.length, plain));
      if (rows.length === ROWS) await this.#store(rows.splice(0));
    }
    await this.#store(rows);
  }

  /**
   * Reads spans, and overwrites those that `gone` says. Throws `vault/corrupt`, with nothing overwritten, when one of them
   * is not what was written.
   */
  async take(spans: readonly Span[], gone: (span: number) => boolean): Promise<Uint8Array[]> {
    const out = spans.map(({ from, to }) => new Uint8Array(to - from));
    const opened: { row: Row; plain: Uint8Array; lost: number }[] = [];
    try {
      const parts = partsOf(spans);
      const rows = new Map<number, Row>();
      for (const row of await this.#load([...parts.keys()])) rows.set(row.piece, row);
      for (const [piece, within] of parts) {
        const row = rows.get(piece);
        const plain = row && this.#open(row);
        if (!plain) throw this.#damaged(piece);
        const touched = { row: row!, plain, lost: 0 };
        opened.push(touched);
        for (const { start, stop, span, at } of within) {
          if (stop > plain.length) throw this.#damaged(piece);
          out[span]!.set(plain.subarray(start, stop), at);
        }
        for (const { start, stop, span } of within) {
          if (!gone(span)) continue;
          plain.fill(0, start, stop);
          touched.lost += stop - start;
        }
      }
      await this.#settle(opened.filter(({ lost }) => lost > 0));
      return out;
    } catch (error) {
      for (const bytes of out) bytes.fill(0);
      throw error;
    } finally {
      for (const { plain } of opened) plain.fill(0);
    }
  }

  /**
   * Overwrites spans, damaged or not: an alarm must not stop at a bad row. A damaged row is overwritten whole, and what else
   * it holds is never taken for key.
   */
  async erase(spans: readonly Span[]): Promise<void> {
    const parts = partsOf(spans);
    // Of these nothing can be left, whatever is in them.
    const whole = new Set<number>();
    for (const [piece, within] of parts) if (bytesOf(within) === PIECE_BYTES) whole.add(piece);
    await this.#delete([...whole]);
    const changed: { row: Row; plain: Uint8Array | undefined; lost: number }[] = [];
    for (const row of await this.#load([...parts.keys()].filter((piece) => !whole.has(piece)))) {
      const within = parts.get(row.piece)!;
      const lost = bytesOf(within);
      const plain = lost < row.live ? this.#open(row) : undefined;
      for (const { start, stop } of within) plain?.fill(0, start, stop);
      changed.push({ row, plain, lost });
    }
    await this.#settle(changed);
    for (const { plain } of changed) plain?.fill(0);
  }

  /** Overwrites up to `most` rows of a block of which nothing is to be used any more. Returns how many. */
  async dropSome(block: number, most: number): Promise<number> {
    const first = block * PIECES_PER_BLOCK;
    const rows = await this.#sql.all<{ piece: number }>(
      'SELECT piece FROM piece WHERE piece >= $1 AND piece < $2 ORDER BY piece LIMIT $3',
      ...[first, first + PIECES_PER_BLOCK, most],
    );
    await this.#delete(rows.map(({ piece }) => piece));
    return rows.length;
  }

  /** Overwrites a whole block. */
  async drop(block: number): Promise<void> {
    const first = block * PIECES_PER_BLOCK;
    await this.#sql.run('DELETE FROM piece WHERE piece >= $1 AND piece < $2', first, first + PIECES_PER_BLOCK);
  }

  /**
   * Seals anew, in the epoch of now, up to `most` rows of older epochs behind `after`. Returns the last piece looked at, or
   * undefined when there was none. A damaged row is overwritten, so that it stays damaged. Throws `vault/restored` when a row
   * is of an epoch that the keyring does not know: its key may be in another keyring, and must not be lost for good.
   */
  async renew(after: number, most: number): Promise<number | undefined> {
    const now = await this.#sql.epoch();
    const old = await this.#sql.all<Row>(
      'SELECT piece, epoch, live, bytes FROM piece WHERE piece > $1 AND epoch < $2 ORDER BY piece LIMIT $3',
      ...[after, now, most],
    );
    const renewed: Row[] = [];
    for (const { piece, epoch, live, bytes } of old) {
      if (!this.#seal.knows(epoch)) {
        throw new VaultError(
          'vault/restored',
          `the keyring has no key of epoch ${epoch}, in which some of ${this.#place} is sealed: use the keyring that belongs to it. Nothing was changed`,
        );
      }
      const plain = this.#open({ piece, epoch, live, bytes });
      renewed.push(
        plain
          ? this.#sealed(now, piece, live, plain)
          : { piece, epoch: now, live, bytes: new Uint8Array(bytes.length) },
      );
      plain?.fill(0);
    }
    await this.#store(renewed);
    return old.at(-1)?.piece;
  }

  /** Writes back what is left of rows of which `lost` bytes went; `plain` undefined: it could not be opened. */
  async #settle(changed: readonly { row: Row; plain: Uint8Array | undefined; lost: number }[]): Promise<void> {
    const epoch = await this.#sql.epoch();
    const kept: Row[] = [];
    const dead: number[][] = [];
    for (const { row, plain, lost } of changed) {
      const live = row.live - lost;
      if (live <= 0) dead.push([row.piece]);
      else
        kept.push(
          plain
            ? this.#sealed(epoch, row.piece, live, plain)
            : { ...row, live, bytes: new Uint8Array(row.bytes.length) },
        );
    }
    const writes: Promise<unknown>[] = [this.#store(kept)];
    if (dead.length > 0) {
      writes.push(
        this.#sql.exactly(
          dead.length,
          'DELETE FROM piece WHERE piece IN (SELECT CAST(value->>0 AS bigint) FROM EACH($1) AS item)',
          JSON.stringify(dead),
        ),
      );
    }
    await Promise.all(writes);
  }

  async #delete(pieces: readonly number[]): Promise<void> {
    if (pieces.length === 0) return;
    await this.#sql.run(
      'DELETE FROM piece WHERE piece IN (SELECT CAST(value->>0 AS bigint) FROM EACH($1) AS item)',
      JSON.stringify(pieces.map((piece) => [piece])),
    );
  }

  #sealed(epoch: number, piece: number, live: number, plain: Uint8Array): Row {
    return { piece, epoch, live, bytes: this.#seal.close({ epoch, block: blockOf(piece), piece, live }, plain) };
  }

  #open({ piece, epoch, live, bytes }: Row): Uint8Array | undefined {
    return this.#seal.open({ epoch, block: blockOf(piece), piece, live }, bytes);
  }

  async #load(pieces: readonly number[]): Promise<Row[]> {
    const rows: Row[] = [];
    for (let at = 0; at < pieces.length; at += ROWS) {
      const some = pieces.slice(at, at + ROWS).map((piece) => [piece]);
      rows.push(
        ...(await this.#sql.all<Row>(
          `SELECT piece, epoch, live, bytes FROM piece
           WHERE piece IN (SELECT CAST(value->>0 AS bigint) FROM EACH($1) AS item)`,
          JSON.stringify(some),
        )),
      );
    }
    return rows;
  }

  async #store(rows: readonly Row[]): Promise<void> {
    for (let at = 0; at < rows.length; ) {
      // Powers of two: seven statements serve every number of rows.
      const count = 2 ** Math.floor(Math.log2(Math.min(ROWS, rows.length - at)));
      const values: SqlValue[] = [];
      for (const { piece, epoch, live, bytes } of rows.slice(at, at + count)) values.push(piece, epoch, live, bytes);
      await this.#sql.run(insertOf(count), ...values);
      at += count;
    }
  }

  #damaged(piece: number): VaultError {
    return new VaultError(
      'vault/corrupt',
      `key bytes in ${this.#place} (piece ${piece}) are damaged, or were sealed by another vault. They are not handed out; look after the disk`,
    );
  }
}

const bytesOf = (parts: readonly Part[]): number => parts.reduce((sum, { start, stop }) => sum + stop - start, 0);

const blockOf = (piece: number): number => Math.floor(piece / PIECES_PER_BLOCK);

const INSERTS = new Map<number, string>();

function insertOf(count: number): string {
  let text = INSERTS.get(count);
  if (text === undefined) {
    const rows = Array.from(
      { length: count },
      (_, i) => `($${4 * i + 1}, $${4 * i + 2}, $${4 * i + 3}, $${4 * i + 4})`,
    );
    text = `INSERT INTO piece (piece, epoch, live, bytes) VALUES ${rows.join(', ')}
      ON CONFLICT (piece) DO UPDATE SET epoch = excluded.epoch, live = excluded.live, bytes = excluded.bytes`;
    INSERTS.set(count, text);
  }
  return text;
}

/** What the spans touch of each piece. */
function partsOf(spans: readonly Span[]): Map<number, Part[]> {
  const parts = new Map<number, Part[]>();
  for (const [span, { block, from, to }] of spans.entries()) {
    for (let at = from; at < to; ) {
      const number = Math.floor(at / PIECE_BYTES);
      const start = at - number * PIECE_BYTES;
      const stop = Math.min(PIECE_BYTES, to - number * PIECE_BYTES);
      const piece = block * PIECES_PER_BLOCK + number;
      const part = { start, stop, span, at: at - from };
      const known = parts.get(piece);
      if (known) known.push(part);
      else parts.set(piece, [part]);
      at = number * PIECE_BYTES + stop;
    }
  }
  return parts;
}
