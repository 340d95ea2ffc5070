import type { SecretBytes } from '@skykey/bits';
import { NodeError } from '../../error.ts';
import type { Database } from './database.ts';
import type { KeyFile } from './key-file.ts';
import { blind, contextOf, derived, padded, type RandomBytes, seal, unpadded, unseal } from './seal.ts';

export const DAY_MS = 86_400_000;

export interface ShelfParts {
  readonly db: Database;
  readonly keys: KeyFile;
  /** Names are blinded under it. */
  readonly blinding: SecretBytes;
  readonly random: RandomBytes;
  /** This desk's own clock, ms of UTC: it decides under which day's key something lies. */
  readonly now: () => number;
}

interface Row {
  readonly place: number;
  readonly id: Uint8Array;
  readonly day: number;
  readonly key: number;
  readonly sealed: Uint8Array;
}

/** One thing as it lies on a shelf; `content` is undefined when it cannot be read any more. */
export interface Kept {
  readonly place: number;
  readonly content: Uint8Array | undefined;
}

/**
 * What is kept in its order, each thing sealed under the key of the day on which it came: the rows of one table. A thing that
 * is put again stays in its place and under its day, so that it goes with that day.
 */
export class Shelf {
  readonly #parts: ShelfParts;
  readonly #table: 'message' | 'file';
  #last: number;

  constructor(parts: ShelfParts, table: 'message' | 'file') {
    this.#parts = parts;
    this.#table = table;
    this.#last = Number(parts.db.get(`SELECT max(place) AS last FROM ${table}`)?.last ?? 0);
  }

  /** Inside a transaction: keeps `content`, or puts it in the place of what has this id. */
  put(id: string, content: Uint8Array): void {
    const { db, keys, random, now } = this.#parts;
    const blinded = this.#blinded(id);
    const there = this.#row(blinded);
    const oldKey = there && keys.dayKey(there.key);
    const day = there && oldKey ? there.day : Math.floor(now() / DAY_MS);
    const { number, key } = there && oldKey ? { number: there.key, key: oldKey } : keys.ofDay(day);
    const place = there?.place ?? ++this.#last;
    const plain = padded(content);
    const sealed = seal(key, random, plain, this.#context(blinded, place, number));
    plain.fill(0);
    db.run(`INSERT OR REPLACE INTO ${this.#table} VALUES (?, ?, ?, ?, ?)`, place, blinded, day, number, sealed);
  }

  /** Undefined when there is none. */
  find(id: string): Kept | undefined {
    const row = this.#row(this.#blinded(id));
    return row && this.#open(row);
  }

  /** At most `limit` things before `place`, newest first. */
  before(place: number, limit: number): Kept[] {
    const { db } = this.#parts;
    const rows = db.all(
      `SELECT * FROM ${this.#table} WHERE place < ? ORDER BY place DESC LIMIT ?`,
      place,
      limit,
    ) as unknown as Row[];
    return rows.map((row) => this.#open(row));
  }

  count(): number {
    return Number(this.#parts.db.get(`SELECT count(*) AS n FROM ${this.#table}`)!.n);
  }

  /** Inside a transaction. */
  remove(id: string): void {
    this.#parts.db.run(`DELETE FROM ${this.#table} WHERE id = ?`, this.#blinded(id));
  }

  /** Inside a transaction: everything of the days before `day`. Returns the names of what there was. */
  removeBefore(day: number): string[] {
    const { db } = this.#parts;
    const ids = db.all(`SELECT id FROM ${this.#table} WHERE day < ?`, day) as { id: Uint8Array }[];
    db.run(`DELETE FROM ${this.#table} WHERE day < ?`, day);
    return ids.map(nameIn);
  }

  /** The name under which a file's bytes lie, which says nothing. */
  nameOf(id: string): string {
    return nameIn({ id: this.#blinded(id) });
  }

  /** Names of everything that is here. */
  names(): Set<string> {
    const rows = this.#parts.db.all(`SELECT id FROM ${this.#table}`) as { id: Uint8Array }[];
    return new Set(rows.map(nameIn));
  }

  /** A key for the bytes that belong to a thing, gone with its day. Throws NodeError when there is no such thing, or no key. */
  contentKey(id: string): SecretBytes {
    const blinded = this.#blinded(id);
    const row = this.#row(blinded);
    const key = row && this.#parts.keys.dayKey(row.key);
    if (!key)
      throw new NodeError('desk/no-such-file', 'this file is not here any more: ask the other side to send it again');
    return derived(key, contextOf('skykey desk content 1', this.#parts.keys.storeId, blinded));
  }

  #blinded(id: string): Uint8Array {
    return blind(this.#parts.blinding, this.#table, id);
  }

  #row(blinded: Uint8Array): Row | undefined {
    return this.#parts.db.get(`SELECT * FROM ${this.#table} WHERE id = ?`, blinded) as Row | undefined;
  }

  #open({ place, id, key: number, sealed }: Row): Kept {
    const key = this.#parts.keys.dayKey(number);
    const plain = key && unseal(key, sealed, this.#context(id, place, number));
    return { place, content: plain && unpadded(plain) };
  }

  #context(id: Uint8Array, place: number, key: number): Uint8Array {
    return contextOf('skykey desk history 1', this.#parts.keys.storeId, this.#table, id, place, key);
  }
}

const nameIn = ({ id }: { readonly id: Uint8Array }): string => Buffer.from(id).toString('hex');
