import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { VaultTransaction } from '../transaction.ts';
import type { PostgresPlace, SqlitePlace } from '../types.ts';
import { Vault } from '../vault.ts';
import { MemoryKeyring } from './keyring.ts';
import { endServerAfterTests, postgres, whyNoPostgres } from './postgres.ts';
import { single } from './words.ts';

export type TestContext = { after: (done: () => unknown) => void; diagnostic: (text: string) => void };

export type StoreKind = 'SQLite' | 'PostgreSQL';

/** A folder of its own for a test, removed afterwards. */
export function folder(t: Pick<TestContext, 'after'>): string {
  const path = mkdtempSync(join(tmpdir(), 'skykey-vault-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** One test on each store; that on PostgreSQL is skipped where there is none. */
export function onBoth(title: string, body: (t: TestContext, kind: StoreKind) => Promise<void>): void {
  test(`${title} (SQLite)`, (t) => body(t, 'SQLite'));
  endServerAfterTests();
  const skip = whyNoPostgres();
  test(`${title} (PostgreSQL)`, skip === undefined ? {} : { skip }, (t) => body(t, 'PostgreSQL'));
}

/** A vault whose clock the test turns by hand, with a way to close and open it again. */
export class Place {
  readonly store: SqlitePlace | PostgresPlace;
  readonly keyring = new MemoryKeyring();
  vault!: Vault;
  nowMs = 1_000;
  processId = 'test';

  static async make(t: TestContext, kind: StoreKind = 'SQLite', maxPages?: number): Promise<Place> {
    const store =
      kind === 'SQLite'
        ? {
            kind: 'sqlite' as const,
            path: join(folder(t), 'vault.db'),
            ...(maxPages === undefined ? {} : { maxPages }),
          }
        : {
            kind: 'postgres' as const,
            connection: await postgres(),
            name: `v${randomBytes(8).toString('hex')}`,
            connections: 3,
          };
    const place = new Place(store);
    place.vault = await place.open();
    t.after(() => place.vault.close().catch(() => undefined));
    return place;
  }

  private constructor(store: SqlitePlace | PostgresPlace) {
    this.store = store;
  }

  /** Of a vault in a file. */
  get path(): string {
    if (this.store.kind !== 'sqlite') throw new Error('this vault is not in a file');
    return this.store.path;
  }

  /** Every call a transaction of its own. */
  get tx(): VaultTransaction {
    return single(this.vault);
  }

  async reopen(): Promise<VaultTransaction> {
    await this.vault.close();
    this.vault = await this.open();
    return this.tx;
  }

  open(processId = this.processId): Promise<Vault> {
    const now = (): number => this.nowMs;
    return Vault.open({
      store: this.store,
      keyring: this.keyring,
      now,
      random: randomBytes,
      processId,
      leaseMs: 1_000,
    });
  }
}

export * from './words.ts';
