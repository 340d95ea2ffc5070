import type { Database } from './database.ts';
import { VaultError } from './error.ts';
import type { Counters, JournalEntry, OutboxEntry } from './types.ts';

/** Entries that the journal keeps; older ones go. */
const JOURNAL_LIMIT = 500;

/** Sums that survive everything else. */
export class Counter {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  add(name: keyof Counters, amount: number): void {
    if (amount === 0) return;
    this.#db.run(
      'INSERT INTO counter (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2',
      ...[name, amount],
    );
  }

  all(): Counters {
    const sums = { deliveredKeys: 0, voidedKeys: 0, poisonedBits: 0 };
    const rows = this.#db.all<{ name: keyof Counters; value: number }>('SELECT name, value FROM counter');
    for (const { name, value } of rows) sums[name] = value;
    return sums;
  }
}

/** Small JSON documents by name. Not for key: they are not overwritten when they change. */
export class Memory {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  remember(name: string, value: unknown): void {
    const json = JSON.stringify(value);
    if (json === undefined) throw new VaultError('vault/argument', `what is remembered as ${name} must be JSON`);
    this.#db.run(
      'INSERT INTO memory (name, json) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET json = ?2',
      name,
      json,
    );
  }

  recall(name: string): unknown {
    const row = this.#db.get<{ json: string }>('SELECT json FROM memory WHERE name = ?', name);
    return row && JSON.parse(row.json);
  }

  /** Everything whose name begins with `prefix`, by name. */
  recallAll(prefix: string): { name: string; value: unknown }[] {
    const rows = this.#db.all<{ name: string; json: string }>(
      'SELECT name, json FROM memory WHERE substr(name, 1, ?) = ? ORDER BY name',
      ...[prefix.length, prefix],
    );
    return rows.map(({ name, json }) => ({ name, value: JSON.parse(json) }));
  }

  forget(name: string): void {
    this.#db.run('DELETE FROM memory WHERE name = ?', name);
  }
}

/** Messages that must survive a crash, in order. */
export class Outbox {
  readonly #db: Database;
  readonly #now: () => number;

  constructor(db: Database, now: () => number) {
    this.#db = db;
    this.#now = now;
  }

  /** Returns the id by which it is removed. */
  add(topic: string, body: Uint8Array): number {
    return this.#db.run('INSERT INTO outbox (topic, body, atMs) VALUES (?, ?, ?)', topic, body, this.#now()).rowId;
  }

  /** Oldest first; all, or those of one topic. */
  list(topic?: string): OutboxEntry[] {
    const columns = 'id, topic, body, atMs AS createdAtMs';
    if (topic === undefined) return this.#db.all(`SELECT ${columns} FROM outbox ORDER BY id`);
    return this.#db.all(`SELECT ${columns} FROM outbox WHERE topic = ? ORDER BY id`, topic);
  }

  remove(id: number): void {
    this.#db.run('DELETE FROM outbox WHERE id = ?', id);
  }
}

/** What happened here, in words for people; the newest 500 entries. */
export class Journal {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  append({ utcMs, severity, text }: JournalEntry): void {
    this.#db.atomically(() => {
      const { rowId } = this.#db.run(
        'INSERT INTO journal (atMs, severity, text) VALUES (?, ?, ?)',
        utcMs,
        severity,
        text,
      );
      this.#db.run('DELETE FROM journal WHERE id <= ?', rowId - JOURNAL_LIMIT);
    });
  }

  /** Newest first. */
  list(limit = JOURNAL_LIMIT): JournalEntry[] {
    return this.#db.all('SELECT atMs AS utcMs, severity, text FROM journal ORDER BY id DESC LIMIT ?', limit);
  }
}
