import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { VaultError } from '../error.ts';
import type { SqlitePlace } from '../types.ts';
import { APPLICATION_ID, SCHEMA_VERSION, SQLITE, schema } from './schema.ts';
import { type Admission, type Epoch, otherFormat, type Sql, type SqlValue, type Store, usedLate } from './store.ts';
import { type TransactionSql, type Turn, Turns } from './turns.ts';

/** Primary result codes of SQLite that mean something different to the caller (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;
/** An extended one: a journal is to be rolled back. */
const SQLITE_READONLY_ROLLBACK = 776;

/** Works that share one commit at most: what is undone with the disk is no more than this. */
const GROUP = 256;

/**
 * One SQLite file, opened for this process alone. Statements are compiled once; a transaction is on the disk when its
 * promise resolves (WAL with synchronous FULL: one fsync a commit). Works that wait while one runs share a commit, each in
 * a savepoint of its own.
 */
export class SqliteStore implements Store {
  readonly place: string;
  readonly id: Uint8Array;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #turns: Turns;
  #epoch: number;
  #closed = false;

  /**
   * Throws VaultError `vault/corrupt`, `vault/busy` or `vault/unavailable`, and what `admit` throws. A file that is refused
   * is left as it is: what it is gets looked at before anything is written.
   */
  constructor({ path, maxPages, defer = queueMicrotask }: SqlitePlace, { admit, begin }: Admission) {
    this.place = path;
    this.#turns = new Turns(GROUP, defer, (group) => this.#carryOut(group));
    try {
      const isNew = this.#examine(admit);
      this.#db = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: true });
      this.#begin(isNew, begin, maxPages);
      ({ id: this.id, epoch: this.#epoch } = identityIn(this.#db));
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #begin(isNew: boolean, begin: Admission['begin'], maxPages: number | undefined): void {
    try {
      this.#db.exec('PRAGMA locking_mode = EXCLUSIVE');
      // An exclusive lock is taken by the first write, and kept: a second process gets vault/busy and not half the keys.
      const { journal_mode: mode } = this.#db.prepare('PRAGMA journal_mode = WAL').get() as { journal_mode: string };
      if (mode !== 'wal')
        throw new VaultError(
          'vault/unavailable',
          `the vault ${this.place} cannot be used: no log can be kept beside it`,
        );
      this.#db.exec('PRAGMA synchronous = FULL; PRAGMA secure_delete = ON');
      // Temporary files would hold copies of pages; without a limit the log would keep its old length.
      this.#db.exec('PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 0');
      if (maxPages !== undefined) this.#db.exec(`PRAGMA max_page_count = ${Number(maxPages)}`);
      this.#db.exec('BEGIN IMMEDIATE');
      if (isNew) {
        this.#db.exec(schema(SQLITE));
        const { id, epoch, proof } = begin();
        this.#db.prepare('INSERT INTO vault VALUES (1, ?, ?, ?, ?, 0)').run(SCHEMA_VERSION, id, epoch, proof);
        this.#db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
      }
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /**
   * Whether the file is new. Throws when it is not a vault of this version, is damaged, or is not admitted: looked at without
   * the right to write, since SQLite moves the log of whoever was killed into a file that it closes.
   */
  #examine(admit: Admission['admit']): boolean {
    let db: DatabaseSync;
    try {
      db = new DatabaseSync(this.place, { timeout: 0, readOnly: true });
    } catch (error) {
      // No file yet, or none to be had: then that is said when it is to be made.
      if ((error as { errcode?: number }).errcode === SQLITE_CANTOPEN) return true;
      throw error;
    }
    try {
      const applicationId = applicationOf(db);
      if (applicationId === undefined) return true;
      if (applicationId !== APPLICATION_ID) throw this.#corrupt('it is a database of another program');
      const version = pragma(db, 'user_version');
      if (version !== SCHEMA_VERSION) throw otherFormat(this.place, Number(version));
      this.#inspect(db, 'quick_check(1)');
      const { id, ...epoch } = identityIn(db) ?? {};
      if (!id) throw this.#corrupt('it has no identity');
      admit(id, epoch as Epoch);
      return false;
    } catch (error) {
      if ((error as { errcode?: number }).errcode === SQLITE_READONLY_ROLLBACK) return this.#isUnfinished();
      throw error;
    } finally {
      db.close();
    }
  }

  /**
   * Whether a file with a journal beside it, which nobody may roll back who only looks, is one whose maker was killed: a vault
   * keeps such a journal until it has its first table, and never again.
   */
  #isUnfinished(): boolean {
    // As it stands, without the journal (sqlite.org/uri.html, 3.3).
    const uri = `file:${encodeURI(this.place).replace(/[?#]/g, encodeURIComponent)}?immutable=1`;
    const db = new DatabaseSync(uri, { readOnly: true });
    try {
      if (applicationOf(db) === undefined) return true;
      throw this.#corrupt('another program has left a journal beside it');
    } finally {
      db.close();
    }
  }

  #inspect(db: DatabaseSync, how: 'quick_check(1)' | 'integrity_check(1)'): void {
    const finding = Object.values(db.prepare(`PRAGMA ${how}`).get() ?? {})[0];
    if (finding !== 'ok') throw this.#corrupt(String(finding).split('\n')[0]!);
  }

  /** At opening only what is quick is looked at: `integrity_check` takes ten seconds for a million records. */
  check(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#isClosed());
    return this.#between(() => {
      this.#inspect(this.#db, 'integrity_check(1)');
      if (this.#db.prepare('PRAGMA foreign_key_check').get())
        throw this.#corrupt('rows refer to rows that are missing');
    });
  }

  transaction<T>(_scope: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(this.#isClosed());
    return this.#turns.work(work);
  }

  async renewEpoch(next: (now: Epoch) => Promise<Epoch>): Promise<Epoch> {
    const then = await next(identityIn(this.#db));
    await this.transaction('', (sql) => sql.run('UPDATE vault SET epoch = $1, proof = $2', then.epoch, then.proof));
    this.#epoch = then.epoch;
    return then;
  }

  /** Moves the log into the file and cuts it to nothing: after that no file holds a byte that was overwritten. */
  scrub(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#isClosed());
    return this.#between(() => {
      const { busy } = this.#statement('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
      if (busy)
        throw new VaultError('vault/busy', `the log of the vault ${this.place} is being read: it is overwritten later`);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#between(() => {
      this.#statements.clear();
      this.#db.close();
    });
  }

  /** Runs `act` after everything that was asked for before, outside any transaction. */
  #between(act: () => void): Promise<void> {
    return new Promise((resolve, fail) => {
      const settle = (): void => {
        try {
          act();
          resolve();
        } catch (error) {
          fail(this.#explain(error));
        }
      };
      this.#turns.add({ run: async () => undefined, settle, fail });
    });
  }

  async #carryOut(group: Turn[]): Promise<void> {
    const left = new Set(group);
    try {
      while (left.size > 0 && !(await this.#attempt(left)));
      for (const turn of left) turn.settle();
    } catch (error) {
      for (const turn of left) turn.fail(error);
    }
  }

  /**
   * One transaction of all that are left; whoever fails is told so and left out. False when a failure has undone the others
   * as well: SQLite itself ends a transaction when the disk is full or broken.
   */
  async #attempt(left: Set<Turn>): Promise<boolean> {
    this.#exec('BEGIN IMMEDIATE');
    const failed = new Map<Turn, unknown>();
    try {
      // One alone is undone with its transaction.
      const shared = left.size > 1;
      for (const turn of left) {
        const sql = new SqliteTransaction(
          this.#db,
          this.#epoch,
          (text) => this.#statement(text),
          (error) => this.#explain(error),
        );
        if (shared) this.#exec('SAVEPOINT turn');
        try {
          await turn.run(sql);
          if (sql.failure !== undefined) throw sql.failure;
          if (shared) this.#exec('RELEASE turn');
        } catch (error) {
          failed.set(turn, error);
          if (!this.#db.isTransaction) {
            // The others are run again, those that failed too: it may have been of what is undone now.
            left.delete(turn);
            turn.fail(error);
            return false;
          }
          this.#exec(shared ? 'ROLLBACK TO turn; RELEASE turn' : 'ROLLBACK');
        }
      }
      if (this.#db.isTransaction) this.#exec('COMMIT');
      // Not before: a failure may rest on what another of the group has done.
      for (const [turn, error] of failed) {
        left.delete(turn);
        turn.fail(error);
      }
      return true;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  #statement(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (!statement) {
      // Of numbered parameters SQLite knows ?1 only: $1 would be a name.
      statement = this.#db.prepare(text.replace(/\$(\d+)/g, '?$1').replace(/\bEACH\(/g, 'json_each('));
      this.#statements.set(text, statement);
    }
    return statement;
  }

  #exec(sql: string): void {
    try {
      this.#db.exec(sql);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #isClosed(): VaultError {
    return new VaultError('vault/unavailable', `the vault ${this.place} is closed`);
  }

  #corrupt(what: string, cause?: unknown): VaultError {
    return new VaultError(
      'vault/corrupt',
      `the vault ${this.place} cannot be used: ${what}. Nothing in it was changed. Move the file and ${this.place}-wal away ` +
        'and start with an empty vault: the links fill it again, couriered key must be installed anew at both ends. ' +
        'Do not put a backup in its place: it would hand out keys a second time',
      { cause },
    );
  }

  /** An error of SQLite as one of ours; any other is passed on. */
  #explain(error: unknown): unknown {
    const { errcode, message } = error as { errcode?: number; message: string };
    if (errcode === undefined) return error;
    switch (errcode & 0xff) {
      case SQLITE_FULL:
        return new VaultError(
          'vault/disk-full',
          `no room for the vault ${this.place}: free some space on its disk. What was in the vault is still there`,
          { cause: error },
        );
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        return this.#corrupt(message, error);
      case SQLITE_BUSY:
        return new VaultError('vault/busy', `the vault ${this.place} is open in another process`, { cause: error });
      default:
        return new VaultError('vault/unavailable', `the vault ${this.place} cannot be used: ${message}`, {
          cause: error,
        });
    }
  }
}

const pragma = (db: DatabaseSync, name: string): unknown => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];

/** Undefined for a file that is empty. */
function applicationOf(db: DatabaseSync): unknown {
  const tables = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
  const applicationId = pragma(db, 'application_id');
  return tables.n === 0 && applicationId === 0 ? undefined : applicationId;
}

const identityIn = (db: DatabaseSync): Epoch & { readonly id: Uint8Array } =>
  db.prepare('SELECT id, epoch, proof FROM vault').get() as unknown as Epoch & { readonly id: Uint8Array };

class SqliteTransaction implements TransactionSql {
  isOver = false;
  /** What the database has last failed of and nothing has undone: half of what was asked for may be done. */
  failure: unknown;
  readonly #db: DatabaseSync;
  readonly #statement: (text: string) => StatementSync;
  readonly #explain: (error: unknown) => unknown;
  readonly #epoch: number;
  #depth = 0;

  constructor(
    db: DatabaseSync,
    epoch: number,
    statement: (text: string) => StatementSync,
    explain: (error: unknown) => unknown,
  ) {
    this.#db = db;
    this.#epoch = epoch;
    this.#statement = statement;
    this.#explain = explain;
  }

  async epoch(): Promise<number> {
    return this.#epoch;
  }

  async run(text: string, ...values: SqlValue[]): Promise<void> {
    this.#use(() => this.#statement(text).run(...values));
  }

  async exactly(rows: number, text: string, ...values: SqlValue[]): Promise<void> {
    this.#use(() => {
      const { changes } = this.#statement(text).run(...values);
      if (Number(changes) === rows) return;
      throw new VaultError(
        'vault/state',
        `${changes} rows were changed where ${rows} had been found: was a work of another scope here?`,
      );
    });
  }

  async get<T>(text: string, ...values: SqlValue[]): Promise<T | undefined> {
    return this.#use(() => this.#statement(text).get(...values)) as T | undefined;
  }

  async all<T>(text: string, ...values: SqlValue[]): Promise<T[]> {
    return this.#use(() => this.#statement(text).all(...values)) as T[];
  }

  async atomically<T>(work: () => Promise<T>): Promise<T> {
    const point = `level${this.#depth}`;
    this.#use(() => this.#db.exec(`SAVEPOINT ${point}`));
    this.#depth++;
    try {
      const result = await work();
      this.#use(() => this.#db.exec(`RELEASE ${point}`));
      return result;
    } catch (error) {
      if (this.#db.isTransaction) {
        this.#db.exec(`ROLLBACK TO ${point}; RELEASE ${point}`);
        this.failure = undefined;
      }
      throw error;
    } finally {
      this.#depth--;
    }
  }

  #use<T>(act: () => T): T {
    if (this.isOver) throw usedLate();
    // Whoever caught the error must not go on as if nothing had been, least of all outside a transaction.
    if (this.failure !== undefined) throw this.failure;
    try {
      return act();
    } catch (error) {
      throw (this.failure = this.#explain(error));
    }
  }
}
