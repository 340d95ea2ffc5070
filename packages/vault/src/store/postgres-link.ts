import type pg from 'pg';
import { VaultError } from '../error.ts';
import { type SqlValue, usedLate } from './store.ts';
import type { TransactionSql } from './turns.ts';

/** SQLSTATE classes and codes (PostgreSQL, appendix A). */
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';
const UNIQUE_VIOLATION = '23505';
/** Undone for no fault of the work, which may be run again. Two scopes may make the same id: the second time one sees it. */
export const AGAIN: ReadonlySet<string> = new Set([SERIALIZATION_FAILURE, DEADLOCK, UNIQUE_VIOLATION]);

/** Asks the server; without values: words that are not prepared. */
export type Ask = (text: string, values?: SqlValue[]) => Promise<pg.QueryResult>;

/** One transaction's way to the server: answers come in the order of the questions, changes are not waited for. */
export class PostgresLink {
  /** What the server, or the way to it, has first failed of and nothing has undone: the transaction cannot go on. */
  failure: unknown;
  readonly #place: string;
  readonly #ask: Ask;
  readonly #begun: Promise<number | undefined>;
  #sent: Promise<void>[] = [];

  constructor(place: string, ask: Ask, beginning: string) {
    this.#place = place;
    this.#ask = ask;
    this.#begun = ask(beginning).then(
      (answers) => (answers as unknown as pg.QueryResult<{ epoch: number }>[]).at(-1)!.rows[0]!.epoch,
      (error) => {
        this.failure = error;
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
    const epoch = await this.#begun;
    this.#check();
    return epoch!;
  }

  send(text: string, values?: SqlValue[]): void {
    this.#check();
    this.#sent.push(
      this.#ask(text, values).then(
        () => undefined,
        (error) => {
          this.failure ??= error;
        },
      ),
    );
  }

  async read(text: string, values: SqlValue[]): Promise<unknown[]> {
    this.#check();
    try {
      return (await this.#ask(text, values)).rows;
    } catch (error) {
      // It may have failed because something before it had: that is what is to be told.
      await this.settled();
      this.failure ??= error;
      throw explain(this.#place, this.failure);
    }
  }

  /** All that was sent has been answered; `failure` says how. */
  async settled(): Promise<void> {
    const sent = this.#sent;
    this.#sent = [];
    await this.#begun;
    await Promise.all(sent);
  }

  /** Back to a savepoint, with what has failed since. */
  async undo(point: string): Promise<void> {
    await this.settled();
    if (this.isUndone) return;
    this.failure = undefined;
    this.send(`ROLLBACK TO SAVEPOINT ${point}; RELEASE SAVEPOINT ${point}`);
  }

  #check(): void {
    if (this.failure !== undefined) throw explain(this.#place, this.failure);
  }
}

export class PostgresTransaction implements TransactionSql {
  isOver = false;
  readonly #link: PostgresLink;
  #depth = 0;

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
    const point = `level${this.#depth}`;
    this.#link.send(`SAVEPOINT ${point}`);
    this.#depth++;
    try {
      const result = await work();
      this.#link.send(`RELEASE SAVEPOINT ${point}`);
      return result;
    } catch (error) {
      await this.#link.undo(point);
      throw error;
    } finally {
      this.#depth--;
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
  return new VaultError('vault/unavailable', `the vault in ${place} cannot be used: ${message}`, { cause: error });
}
