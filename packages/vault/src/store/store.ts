import { VaultError } from '../error.ts';
import { SCHEMA_VERSION } from './schema.ts';

/** What a statement may be given. */
export type SqlValue = string | number | Uint8Array | null;

/**
 * One transaction, used one call at a time. The text is the same for every store: parameters `$1`, `$2`, …; identifiers in
 * lower case, `AS "otherCase"` where a result needs it; `EACH($n)` in place of a table is the list in parameter n (JSON, an
 * array of arrays), one row an element, in column `value`: `CAST(value->>0 AS text)`. Rows are looked up by a list in just
 * these words, which every store answers by its index: `x IN (SELECT CAST(value->>0 AS type) FROM EACH($n) AS item)`, or the
 * same of a pair `(x, y)`.
 */
export interface Sql {
  /** Epoch of the keyring in which this transaction seals key. */
  epoch(): Promise<number>;
  /** Changes rows. What fails of it may show only at the next call, or when the work is over. */
  run(text: string, ...values: SqlValue[]): Promise<void>;
  /** The same, and fails unless just so many rows are changed: somebody else has changed what this rests on. */
  exactly(rows: number, text: string, ...values: SqlValue[]): Promise<void>;
  get<T>(text: string, ...values: SqlValue[]): Promise<T | undefined>;
  all<T>(text: string, ...values: SqlValue[]): Promise<T[]>;
  /** All of `work` or nothing of it, within this transaction. What `work` throws is passed on. */
  atomically<T>(work: () => Promise<T>): Promise<T>;
}

/** Where the tables are. */
export interface Store {
  /** What it is called in messages: a path, or schema and database. */
  readonly place: string;
  /** Random, made with the vault: seals depend on it. */
  readonly id: Uint8Array;
  /**
   * All of `work` or nothing of it, durable when the promise resolves. Two transactions of the same scope, or one of which
   * has scope '' (the whole store), never overlap, in this process or another. `work` awaits nothing but its `Sql`, which
   * is dead afterwards, and may be run again from the start when it was undone for no fault of its own.
   * Rejects with what `work` throws, or with a VaultError: then nothing was done, except that after a connection lost
   * during COMMIT (`vault/unavailable`, the sentence says so) nobody knows.
   */
  transaction<T>(scope: string, work: (sql: Sql) => Promise<T>): Promise<T>;
  /** From the next transaction on key is sealed in the epoch that `next` gives, alone in the whole store while it does. */
  renewEpoch(next: (now: Epoch) => Promise<Epoch>): Promise<Epoch>;
  /** Looks at every row and index. Rejects with `vault/corrupt`. */
  check(): Promise<void>;
  /** After this no file holds what was overwritten, as far as the store can see to it. */
  scrub(): Promise<void>;
  /** Waits for what is under way. Transactions that come later are refused with `vault/unavailable`. */
  close(): Promise<void>;
}

/** An epoch of the keyring, and what shows that a keyring has the key of it that this vault is sealed under. */
export interface Epoch {
  readonly epoch: number;
  readonly proof: Uint8Array;
}

/** What a vault is before it is used. */
export interface Admission {
  /**
   * Refuses, by throwing, a store that is there and was sealed last in this epoch: before anything is written to it, and
   * whenever another process has begun an epoch.
   */
  readonly admit: (id: Uint8Array, epoch: Epoch) => void;
  /** Identity and epoch of a store to be made. */
  readonly begin: () => Epoch & { readonly id: Uint8Array };
}

export const otherFormat = (place: string, version: number): VaultError =>
  new VaultError(
    'vault/unavailable',
    `the vault ${place} has format ${version}; this version of Skykey reads format ${SCHEMA_VERSION}. ` +
      (version < SCHEMA_VERSION
        ? 'Nothing in it was changed. Its key is not sealed: move it away and start with an empty vault, the links fill it again'
        : 'Nothing in it was changed. Start the version of Skykey that made it'),
  );

/** A store that is behind what it has said before; `where` is its place. */
export const wentBack = (where: string): VaultError =>
  new VaultError(
    'vault/restored',
    `the vault ${where} cannot be used: it has gone back to an earlier state while this process ran (a snapshot was put back, or a ` +
      'standby took over that had not received everything): keys in it may have been handed out since. Start with an empty ' +
      'vault and a new keyring: the links fill it again, couriered key must be installed anew at both ends',
  );

export const usedLate = (): VaultError =>
  new VaultError('vault/argument', 'a transaction was used after its work had ended: every call on it must be awaited');
