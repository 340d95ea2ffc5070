import { VaultError } from './error.ts';
import type { Sql } from './store/store.ts';
import type { Counters, JournalEntry, Notebook, OutboxEntry } from './types.ts';

/** Entries that the journal keeps; older ones go. */
const JOURNAL_LIMIT = 500;

/** Sums that survive everything else. */
export class Counter {
  readonly #sql: Sql;
  readonly #scope: string;

  constructor(sql: Sql, scope: string) {
    this.#sql = sql;
    this.#scope = scope;
  }

  async add(name: keyof Counters, amount: number): Promise<void> {
    if (amount === 0) return;
    await this.#sql.run(
      `INSERT INTO counter (scope, name, value) VALUES ($1, $2, $3)
       ON CONFLICT (scope, name) DO UPDATE SET value = counter.value + excluded.value`,
      ...[this.#scope, name, amount],
    );
  }

  async all(): Promise<Counters> {
    const sums = { deliveredKeys: 0, voidedKeys: 0, poisonedBits: 0 };
    const rows = await this.#sql.all<{ name: keyof Counters; value: number }>('SELECT name, value FROM counter');
    for (const { name, value } of rows) sums[name] += value;
    return sums;
  }
}

/** What both stores can keep as text: PostgreSQL knows no NUL, and half of a surrogate pair is no character. */
const isText = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** Small JSON documents by name. Not for key: they are neither sealed nor overwritten when they change. */
export class Memory implements Notebook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async remember(name: string, value: unknown): Promise<void> {
    if (!isText(name)) throw new VaultError('vault/argument', 'a name is Unicode without NUL');
    const json = JSON.stringify(value);
    if (json === undefined) throw new VaultError('vault/argument', `what is remembered as ${name} must be JSON`);
    await this.#sql.run(
      'INSERT INTO memory (name, json) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET json = excluded.json',
      ...[name, json],
    );
  }

  async recall(name: string): Promise<unknown> {
    if (!isText(name)) return undefined;
    const row = await this.#sql.get<{ json: string }>('SELECT json FROM memory WHERE name = $1', name);
    return row && JSON.parse(row.json);
  }

  async recallAll(prefix: string): Promise<{ name: string; value: unknown }[]> {
    if (!isText(prefix)) return [];
    const rows = await this.#sql.all<{ name: string; json: string }>(
      'SELECT name, json FROM memory WHERE name >= $1 AND name < $2 ORDER BY name',
      // Names are compared by bytes, and nothing comes after the last code point.
      ...[prefix, `${prefix}\u{10ffff}`],
    );
    return rows.map(({ name, json }) => ({ name, value: JSON.parse(json) }));
  }

  async forget(name: string): Promise<void> {
    if (!isText(name)) return;
    await this.#sql.run('DELETE FROM memory WHERE name = $1', name);
  }
}

/** Messages that must survive a crash, in order. */
export class Outbox {
  readonly #sql: Sql;
  readonly #now: () => number;

  constructor(sql: Sql, now: () => number) {
    this.#sql = sql;
    this.#now = now;
  }

  /** Returns the id by which it is removed. */
  async add(topic: string, body: Uint8Array): Promise<number> {
    const row = await this.#sql.get<{ id: number }>(
      'INSERT INTO outbox (topic, body, at_ms) VALUES ($1, $2, $3) RETURNING id',
      ...[topic, body, this.#now()],
    );
    return row!.id;
  }

  /** Oldest first; all, or those of one topic. */
  list(topic?: string): Promise<OutboxEntry[]> {
    const columns = 'id, topic, body, at_ms AS "createdAtMs"';
    if (topic === undefined) return this.#sql.all(`SELECT ${columns} FROM outbox ORDER BY id`);
    return this.#sql.all(`SELECT ${columns} FROM outbox WHERE topic = $1 ORDER BY id`, topic);
  }

  async remove(id: number): Promise<void> {
    await this.#sql.run('DELETE FROM outbox WHERE id = $1', id);
  }
}

/** What happened here, in words for people; the newest 500 entries. */
export class Journal {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async append({ utcMs, severity, text }: JournalEntry): Promise<void> {
    const row = await this.#sql.get<{ id: number }>(
      'INSERT INTO journal (at_ms, severity, text) VALUES ($1, $2, $3) RETURNING id',
      ...[utcMs, severity, text],
    );
    await this.#sql.run('DELETE FROM journal WHERE id <= $1', row!.id - JOURNAL_LIMIT);
  }

  /** Newest first. */
  list(limit = JOURNAL_LIMIT): Promise<JournalEntry[]> {
    return this.#sql.all('SELECT at_ms AS "utcMs", severity, text FROM journal ORDER BY id DESC LIMIT $1', limit);
  }
}
