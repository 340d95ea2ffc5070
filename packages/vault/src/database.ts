import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { VaultError } from './error.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts';

/** Primary result codes of SQLite that mean something different to the caller (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/**
 * One SQLite file, opened for this process alone. Statements are compiled once; every change is a transaction that is on
 * the disk when `atomically` returns (WAL with synchronous FULL: one fsync a commit).
 */
export class Database {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;

  /**
   * Throws VaultError `vault/corrupt`, `vault/busy` or `vault/unavailable`. A file that is refused is left as it is: what
   * it is gets looked at before anything is written.
   */
  constructor(path: string, maxPages?: number) {
    this.path = path;
    try {
      this.#db = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
    } catch (error) {
      throw this.#explain(error);
    }
    try {
      this.#db.exec('PRAGMA locking_mode = EXCLUSIVE');
      const isNew = this.#examine();
      // An exclusive lock is taken by the first write, and kept: a second process gets vault/busy and not half the keys.
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
      // Temporary files would hold copies of pages; without a limit the log would keep its old length.
      this.#db.exec('PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 0');
      if (maxPages !== undefined) this.#db.exec(`PRAGMA max_page_count = ${Number(maxPages)}`);
      this.#db.exec('BEGIN IMMEDIATE');
      if (isNew) {
        this.#db.exec(SCHEMA);
        this.#db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
      }
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.close();
      throw this.#explain(error);
    }
  }

  /** Whether the file is new. Throws when it is not a vault of this version, or damaged. */
  #examine(): boolean {
    const pragma = (name: string): unknown => Object.values(this.#db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    const tables = this.#db.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
    const applicationId = pragma('application_id');
    if (tables.n === 0 && applicationId === 0) return true;
    if (applicationId !== APPLICATION_ID) throw this.#corrupt('it is a database of another program');
    const version = pragma('user_version');
    if (version !== SCHEMA_VERSION) {
      throw new VaultError(
        'vault/unavailable',
        `the vault ${this.path} has format ${version}; this version of Skykey reads format ${SCHEMA_VERSION}`,
      );
    }
    const finding = pragma('integrity_check(1)');
    if (finding !== 'ok') throw this.#corrupt(String(finding).split('\n')[0]!);
    if (this.#db.prepare('PRAGMA foreign_key_check').get()) throw this.#corrupt('rows refer to rows that are missing');
    return false;
  }

  #corrupt(what: string, cause?: unknown): VaultError {
    return new VaultError(
      'vault/corrupt',
      `the vault ${this.path} cannot be used: ${what}. Nothing in it was changed. Move the file and ${this.path}-wal away ` +
        'and start with an empty vault: the links fill it again, couriered key must be installed anew at both ends. ' +
        'Do not put a backup in its place: it would hand out keys a second time',
      { cause },
    );
  }

  /** Runs a statement that changes rows; returns how many, and the row id of the last one inserted. */
  run(sql: string, ...values: SQLInputValue[]): { changes: number; rowId: number } {
    const { changes, lastInsertRowid } = this.#guarded(sql, (statement) => statement.run(...values));
    return { changes: Number(changes), rowId: Number(lastInsertRowid) };
  }

  get<T>(sql: string, ...values: SQLInputValue[]): T | undefined {
    return this.#guarded(sql, (statement) => statement.get(...values)) as T | undefined;
  }

  all<T>(sql: string, ...values: SQLInputValue[]): T[] {
    return this.#guarded(sql, (statement) => statement.all(...values)) as T[];
  }

  #guarded<T>(sql: string, use: (statement: StatementSync) => T): T {
    this.#checkTransaction();
    try {
      let statement = this.#statements.get(sql);
      if (!statement) {
        statement = this.#db.prepare(sql);
        this.#statements.set(sql, statement);
      }
      return use(statement);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /**
   * SQLite itself ends a transaction when the disk is full or fails. Whoever caught that error in the middle of a larger
   * piece of work must not go on outside any transaction.
   */
  #checkTransaction(): void {
    if (this.#depth > 0 && !this.#db.isTransaction) {
      throw new VaultError('vault/disk-full', `the transaction on ${this.path} was ended by an earlier failure`);
    }
  }

  /**
   * All of `work` or nothing of it, durable on return. Calls may be nested: an inner one that throws undoes its own part,
   * and whoever catches decides about the rest. `work` is synchronous, and nothing that it reads may leave the process
   * before this returns: until then it may still be undone.
   */
  atomically<T>(work: () => T): T {
    const outer = this.#depth === 0;
    const point = `level${this.#depth}`;
    this.#checkTransaction();
    this.#exec(outer ? 'BEGIN IMMEDIATE' : `SAVEPOINT ${point}`);
    this.#depth++;
    try {
      const result = work();
      if (result instanceof Promise) {
        throw new VaultError(
          'vault/argument',
          'the work of one transaction must be synchronous, it returned a promise',
        );
      }
      this.#checkTransaction();
      this.#exec(outer ? 'COMMIT' : `RELEASE ${point}`);
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#exec(outer ? 'ROLLBACK' : `ROLLBACK TO ${point}; RELEASE ${point}`);
      throw error;
    } finally {
      this.#depth--;
    }
  }

  #exec(sql: string): void {
    try {
      this.#db.exec(sql);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Moves the log into the file and cuts it to nothing: after that no file holds a byte that was overwritten. */
  checkpoint(): void {
    this.#exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  /** An error of SQLite as one of ours; any other is passed on. */
  #explain(error: unknown): unknown {
    const { errcode, message } = error as { errcode?: number; message: string };
    if (errcode === undefined) return error;
    switch (errcode & 0xff) {
      case SQLITE_FULL:
        return new VaultError(
          'vault/disk-full',
          `no room for the vault ${this.path}: free some space on its disk. What was in the vault is still there`,
          { cause: error },
        );
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        return this.#corrupt(message, error);
      case SQLITE_BUSY:
        return new VaultError('vault/busy', `the vault ${this.path} is open in another process`, { cause: error });
      default:
        return new VaultError('vault/unavailable', `the vault ${this.path} cannot be used: ${message}`, {
          cause: error,
        });
    }
  }
}
