import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { NodeError } from '../../error.ts';
import { damaged, explained } from './refusal.ts';

/** `SKYD`: tells a desk's store from any other SQLite file. */
const APPLICATION_ID = 0x534b5944;
const VERSION = 1;

/**
 * Nothing here can be read without the key file but times of days, sizes and numbers of things. `id` and `name` are blinded.
 * `key` is the number of a day's key. `place` counts up: it is the order of history.
 */
const SCHEMA = `
CREATE TABLE store (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id BLOB NOT NULL,
  generation INTEGER NOT NULL,
  restored INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE TABLE state (name BLOB NOT NULL UNIQUE, epoch INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE TABLE message (
  place INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  day INTEGER NOT NULL,
  key INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
CREATE TABLE file (
  place INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  day INTEGER NOT NULL,
  key INTEGER NOT NULL,
  sealed BLOB NOT NULL
) STRICT;
`;

/**
 * The SQLite file of a desk's store, for one process: a second one is refused. A transaction is on the disk when it returns
 * (WAL with synchronous FULL). Errors are NodeErrors with a sentence.
 */
export class Database {
  readonly isNew: boolean;
  readonly #what: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** Opens the file or makes it without a row. `maxPages` bounds its size, in pages of 4096 bytes. */
  constructor(path: string, maxPages?: number) {
    this.#what = `the desk's store ${path}`;
    try {
      // What SQLite keeps beside the file takes its mode.
      closeSync(openSync(path, 'a', 0o600));
      chmodSync(path, 0o600);
      this.#db = new DatabaseSync(path, { timeout: 0 });
    } catch (error) {
      throw explained(error, this.#what);
    }
    try {
      this.isNew = this.#examine();
      this.#begin(maxPages);
    } catch (error) {
      this.#db.close();
      throw explained(error, this.#what);
    }
  }

  get(sql: string, ...values: SQLInputValue[]): Record<string, unknown> | undefined {
    return this.#attempt(() => this.#statement(sql).get(...values));
  }

  all(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return this.#attempt(() => this.#statement(sql).all(...values));
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#attempt(() => this.#statement(sql).run(...values));
  }

  /** Durable when it returns; as if nothing had been when it throws. */
  transaction<T>(work: () => T): T {
    this.#attempt(() => this.#db.exec('BEGIN IMMEDIATE'));
    try {
      const result = work();
      this.#attempt(() => this.#db.exec('COMMIT'));
      return result;
    } catch (error) {
      // SQLite itself ends a transaction when the disk is full or broken.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** Cuts the log to nothing, if that can be done now: what is overwritten in it was sealed, and its keys are gone. */
  scrub(): void {
    try {
      this.#statement('PRAGMA wal_checkpoint(TRUNCATE)').get();
    } catch {
      // A full disk: the next time will do.
    }
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  /** Whether there is nothing in it. Throws when it is another program's, of another version, or damaged. */
  #examine(): boolean {
    const read = (name: string): unknown => Object.values(this.#db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    const { n: tables } = this.#db.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
    const applicationId = read('application_id');
    if (tables === 0 && applicationId === 0) return true;
    if (applicationId !== APPLICATION_ID)
      throw new NodeError(
        'desk/not-a-store',
        `${this.#what} is a database of another program: give this desk another folder`,
      );
    const version = Number(read('user_version'));
    if (version !== VERSION)
      throw new NodeError(
        'desk/newer',
        `${this.#what} has format ${version}, and this Skykey reads ${VERSION}: use the version of Skykey that wrote it`,
      );
    const finding = String(read('quick_check(1)'));
    if (finding !== 'ok') throw damaged(this.#what, finding.split('\n')[0]!);
    return false;
  }

  #begin(maxPages: number | undefined): void {
    const db = this.#db;
    // An exclusive lock is taken by the first write, and kept.
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    const { journal_mode: mode } = db.prepare('PRAGMA journal_mode = WAL').get() as { journal_mode: string };
    if (mode !== 'wal') throw new NodeError('desk/disk', `${this.#what} cannot be used: no log can be kept beside it`);
    db.exec('PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
    // Temporary files would hold copies of pages; without a limit the log would keep its old length.
    db.exec('PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 0');
    if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${Number(maxPages)}`);
    db.exec('BEGIN IMMEDIATE');
    if (this.isNew) {
      db.exec(SCHEMA);
      db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${VERSION}`);
    }
    db.exec('COMMIT');
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#db.prepare(sql)));
    return statement;
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw explained(error, this.#what);
    }
  }
}
