import type { Sql, SqlValue } from './store.ts';

interface Answer {
  readonly values: readonly SqlValue[];
  readonly rows: readonly unknown[];
}

/**
 * What a transaction has read last by each question and nothing it did since can have changed: steps of one work ask for
 * the same rows, and nobody else changes them meanwhile. Rows belong to all who asked: they are read, never changed.
 */
export class Recent implements Sql {
  readonly #sql: Sql;
  readonly #undone: () => void;
  readonly #answers = new Map<string, Answer>();

  /** `undone` is called when a part of the transaction was undone. */
  constructor(sql: Sql, undone: () => void) {
    this.#sql = sql;
    this.#undone = undone;
  }

  epoch(): Promise<number> {
    return this.#sql.epoch();
  }

  run(text: string, ...values: SqlValue[]): Promise<void> {
    this.#answers.clear();
    return this.#sql.run(text, ...values);
  }

  exactly(rows: number, text: string, ...values: SqlValue[]): Promise<void> {
    this.#answers.clear();
    return this.#sql.exactly(rows, text, ...values);
  }

  async get<T>(text: string, ...values: SqlValue[]): Promise<T | undefined> {
    const known = this.#known(text, values);
    if (known) return known.rows[0] as T | undefined;
    const row = await this.#sql.get<T>(text, ...values);
    this.#keep(text, values, row === undefined ? [] : [row]);
    return row;
  }

  async all<T>(text: string, ...values: SqlValue[]): Promise<T[]> {
    const known = this.#known(text, values);
    if (known) return known.rows.slice() as T[];
    const rows = await this.#sql.all<T>(text, ...values);
    this.#keep(text, values, rows);
    return rows.slice();
  }

  async atomically<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#sql.atomically(work);
    } catch (error) {
      this.#answers.clear();
      this.#undone();
      throw error;
    }
  }

  #known(text: string, values: readonly SqlValue[]): Answer | undefined {
    const answer = this.#answers.get(text);
    return answer?.values.every((value, i) => value === values[i]) ? answer : undefined;
  }

  #keep(text: string, values: readonly SqlValue[], rows: readonly unknown[]): void {
    // INSERT … RETURNING is asked like a question.
    if (text.startsWith('SELECT')) this.#answers.set(text, { values, rows });
    else this.#answers.clear();
  }
}
