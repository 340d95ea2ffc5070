import type pg from 'pg';
import { VaultError } from '../error.ts';
import { type SqlValue, usedLate } from './store.ts';
import type { TransactionSql } from './turns.ts';

/** SQLSTATE classes and codes (PostgreSQL, appendix A). */
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const UNIQUE_VIOLATION = '23505';
/** How `exactly` fails. */
const DIVISION_BY_ZERO = '22012';
/**
 * Undone for no fault of the work, which may be run again. Two scopes may make the same id, or change what the other has
 * read: the second time one sees it.
 */
export const AGAIN: ReadonlySet<string> = new Set([
  SERIALIZATION_FAILURE,
  DEADLOCK,
  UNIQUE_VIOLATION,
  DIVISION_BY_ZERO,
]);

/** Asks the server; without values: words that are not prepared. */
export type Ask = (text: string, values?: SqlValue[]) => Promise<pg.QueryResult>;

/** What every transaction looks at first. */
export interface StoreState {
  readonly epoch: number;
  readonly proof: Uint8Array;
  readonly beats: number;
}

/** A part of a transaction, and where in the order of what was sent it begins. */
interface Savepoint {
  readonly name: string;
  readonly at: number;
}

/** One transaction's way to the server: answers come in the order of the questions, changes are not waited for. */
export class PostgresLink {
  /** What the server, or the way to it, has first failed of and nothing has undone: the transaction cannot go on. */
  failure: unknown;
  readonly #place: string;
  readonly #ask: Ask;
  /** The epoch, when the transaction has its locks; undefined when it failed. Never rejects. */
  readonly begun: Promise<number | undefined>;
  #sent: Promise<void>[] = [];
  /** How much was sent; where in that order `failure` was. */
  #count = 0;
  #failedAt = 0;
  #points = 0;

  /** `look` sees the state of the store, and throws when it is not to be used. */
  constructor(place: string, ask: Ask, beginning: string, look: (state: StoreState) => void) {
    this.#place = place;
    this.#ask = ask;
    // Handled in one turn, as those of all that is sent behind it are: what fails of it is told first.
    this.begun = ask(beginning).then(
      (answers) => {
        try {
          const state = (answers as unknown as pg.QueryResult<StoreState>[]).at(-1)!.rows[0]!;
          look(state);
          return state.epoch;
        } catch (error) {
          this.#fail(error, 0);
          return undefined;
        }
      },
      (error) => {
        this.#fail(error, 0);
        return undefined;
      },
    );
  }

  /** The whole transaction is gone for no fault of its work. */
  get isUndone(): boolean {
    const { code } = (this.failure ?? {}) as { code?: string };
    return this.failure !== undefined && (AGAIN.has(code ?? '') || isLost(this.failure));
  }

  async epoch(): Promise<number> {
    const epoch = await this.begun;
    this.#check();
    return epoch!;
  }

  send(text: string, values?: SqlValue[]): void {
    this.#check();
    const at = ++this.#count;
    this.#sent.push(
      this.#ask(text, values).then(
        () => undefined,
        (error) => this.#fail(error, at),
      ),
    );
  }

  async read(text: string, values: SqlValue[]): Promise<unknown[]> {
    this.#check();
    const at = ++this.#count;
    let rows: unknown[] = [];
    try {
      ({ rows } = await this.#ask(text, values));
    } catch (error) {
      // It may have failed because something before it had: that is what is to be told.
      await this.settled();
      this.#fail(error, at);
    }
    this.#check();
    return rows;
  }

  /** All that was sent has been answered; `failure` says how. */
  async settled(): Promise<void> {
    const sent = this.#sent;
    this.#sent = [];
    await this.begun;
    await Promise.all(sent);
  }

  /** Begins a part that can be undone. Its name is never used again: what undoes one part cannot reach into another. */
  save(): Savepoint {
    const name = `p${this.#points++}`;
    this.send(`SAVEPOINT ${name}`);
    return { name, at: this.#count };
  }

  /** Ends a part. Throws what failed of it, however late that shows. */
  async keep({ name }: Savepoint): Promise<void> {
    this.send(`RELEASE SAVEPOINT ${name}`);
    await this.settled();
    this.#check();
  }

  /** Back to a savepoint, with what has failed since. What failed before it, or undid all, stays failed. */
  async undo({ name, at }: Savepoint): Promise<void> {
    await this.settled();
    if (this.failure !== undefined && (this.isUndone || this.#failedAt <= at)) return;
    this.failure = undefined;
    this.send(`ROLLBACK TO SAVEPOINT ${name}; RELEASE SAVEPOINT ${name}`);
  }

  #fail(error: unknown, at: number): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.#failedAt = at;
  }

  #check(): void {
    if (this.failure !== undefined) throw explain(this.#place, this.failure);
  }
}

export class PostgresTransaction implements TransactionSql {
  isOver = false;
  readonly #link: PostgresLink;

  constructor(link: PostgresLink) {
    this.#link = link;
  }

  epoch(): Promise<number> {
    return this.#link.epoch();
  }

  async run(text: string, ...values: SqlValue[]): Promise<void> {
    this.#checkTime();
    this.#link.send(text, values);
  }

  async exactly(rows: number, text: string, ...values: SqlValue[]): Promise<void> {
    this.#checkTime();
    // The server itself must fail: COMMIT may be under way before the number would be known here.
    const counted = `WITH changed AS (${text} RETURNING 1)
      SELECT 1 / CAST(count(*) = $${values.length + 1} AS integer) AS one FROM changed`;
    this.#link.send(counted, [...values, rows]);
  }

  async get<T>(text: string, ...values: SqlValue[]): Promise<T | undefined> {
    this.#checkTime();
    return (await this.#link.read(text, values))[0] as T | undefined;
  }

  async all<T>(text: string, ...values: SqlValue[]): Promise<T[]> {
    this.#checkTime();
    return (await this.#link.read(text, values)) as T[];
  }

  async atomically<T>(work: () => Promise<T>): Promise<T> {
    this.#checkTime();
    const point = this.#link.save();
    try {
      const result = await work();
      await this.#link.keep(point);
      return result;
    } catch (error) {
      await this.#link.undo(point);
      throw error;
    }
  }

  #checkTime(): void {
    if (this.isOver) throw usedLate();
  }
}

/** Whether an error of `pg` says that the connection is gone or never was: no SQLSTATE, class 08, or the server shuts down. */
export function isLost(error: unknown): boolean {
  if (error instanceof VaultError) return false;
  const { code, severity } = error as { code?: string; severity?: string };
  return severity === undefined || severity === 'FATAL' || /^(08|57P0[123])/.test(code ?? '');
}

/** An error of `pg` as one of ours. */
export function explain(place: string, error: unknown): VaultError {
  if (error instanceof VaultError) return error;
  const { code = '', message } = error as { code?: string; message: string };
  if (isLost(error)) {
    return new VaultError(
      'vault/unavailable',
      `the vault in ${place} does not answer: ${message}. Nothing was changed`,
      { cause: error },
    );
  }
  if (code.startsWith('53')) {
    return new VaultError(
      'vault/disk-full',
      `no room for the vault in ${place}: ${message}. What was in the vault is still there`,
      { cause: error },
    );
  }
  if (code === DIVISION_BY_ZERO) {
    return new VaultError(
      'vault/state',
      `what a transaction on ${place} had read was changed meanwhile, again and again: does somebody work on its lanes under another scope? Nothing was changed`,
      { cause: error },
    );
  }
  return new VaultError('vault/unavailable', `the vault in ${place} cannot be used: ${message}`, { cause: error });
}
