import type { Database } from './database.ts';
import { VaultError } from './error.ts';

/** Key bytes in one row. A row of this length stays on one page of the file, and two or three share it. */
export const PIECE_BYTES = 1024;
const CHECK_BYTES = 4;

/** CRC-32 of IEEE 802.3 (reflected 0x04C11DB7), by table. */
const CRC_TABLE = new Uint32Array(256).map((_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

function crc32(bytes: Uint8Array, state = 0): number {
  let rest = ~state;
  for (const byte of bytes) rest = CRC_TABLE[(rest ^ byte) & 0xff]! ^ (rest >>> 8);
  return ~rest >>> 0;
}

/**
 * Runs of key bytes in rows of fixed length. SQLite has no checksum of its own: a bit that flips on the disk would come
 * out as a wrong key. So each row ends with a CRC-32 over its number (which finds misplaced rows, too) and its content.
 */
export class Pieces {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Stores a copy of the bytes; returns the number of the first piece, which names the run from now on. */
  write(bytes: Uint8Array): number {
    const last = this.#db.get<{ last: number | null }>('SELECT max(piece) AS last FROM piece')?.last ?? 0;
    const first = last + 1;
    for (let at = 0, piece = first; at < bytes.length; at += PIECE_BYTES, piece++) {
      const content = bytes.subarray(at, at + PIECE_BYTES);
      const row = new Uint8Array(content.length + CHECK_BYTES);
      row.set(content);
      this.#seal(row, piece);
      this.#db.run('INSERT INTO piece (piece, bytes) VALUES (?, ?)', piece, row);
      row.fill(0);
    }
    return first;
  }

  /** Copies bytes `from` to `to` of a run into `out`. Throws `vault/corrupt` when they are not what was written. */
  read(first: number, from: number, to: number, out: Uint8Array): void {
    this.#eachRow(first, from, to, (row, piece, start, stop, done) => {
      if (!this.#isIntact(row, piece) || row.length < stop + CHECK_BYTES) throw this.#damaged(piece);
      out.set(row.subarray(start, stop), done);
    });
  }

  /** Reads like `read`, and overwrites what it has read with zeros. */
  take(first: number, from: number, to: number, out: Uint8Array): void {
    this.read(first, from, to, out);
    this.erase(first, from, to);
  }

  /**
   * Overwrites bytes `from` to `to` of a run with zeros, damaged or not: an alarm must not stop at a bad row. A damaged
   * row stays marked as such, so that what else it holds is never taken for key.
   */
  erase(first: number, from: number, to: number): void {
    this.#eachRow(first, from, to, (row, piece, start, stop) => {
      const intact = this.#isIntact(row, piece);
      row.fill(0, start, Math.min(stop, row.length - CHECK_BYTES));
      this.#seal(row, piece, intact ? 0 : 1);
      this.#db.run('UPDATE piece SET bytes = ? WHERE piece = ?', row, piece);
    });
  }

  #eachRow(
    first: number,
    from: number,
    to: number,
    visit: (row: Uint8Array, piece: number, start: number, stop: number, done: number) => void,
  ): void {
    for (let at = from; at < to; ) {
      const number = Math.floor(at / PIECE_BYTES);
      const start = at - number * PIECE_BYTES;
      const stop = Math.min(PIECE_BYTES, to - number * PIECE_BYTES);
      const piece = first + number;
      const row = this.#db.get<{ bytes: Uint8Array }>('SELECT bytes FROM piece WHERE piece = ?', piece)?.bytes;
      if (!row || row.length < CHECK_BYTES) throw this.#damaged(piece);
      visit(row, piece, start, stop, at - from);
      row.fill(0);
      at = number * PIECE_BYTES + stop;
    }
  }

  #damaged(piece: number): VaultError {
    return new VaultError(
      'vault/corrupt',
      `the disk has damaged key bytes in ${this.#db.path} (piece ${piece}). They are not handed out; look after the disk`,
    );
  }

  #check(row: Uint8Array, piece: number): number {
    const name = new Uint8Array(8);
    new DataView(name.buffer).setFloat64(0, piece);
    return crc32(row.subarray(0, row.length - CHECK_BYTES), crc32(name));
  }

  #seal(row: Uint8Array, piece: number, flaw = 0): void {
    new DataView(row.buffer, row.byteOffset).setUint32(
      row.length - CHECK_BYTES,
      (this.#check(row, piece) ^ flaw) >>> 0,
    );
  }

  #isIntact(row: Uint8Array, piece: number): boolean {
    return new DataView(row.buffer, row.byteOffset).getUint32(row.length - CHECK_BYTES) === this.#check(row, piece);
  }
}
