import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import type { VaultTransaction } from '../transaction.ts';
import type { BlockLabels, PostgresPlace, SqlitePlace } from '../types.ts';
import { Vault } from '../vault.ts';
import { MemoryKeyring } from './keyring.ts';
import { postgres, whyNoPostgres } from './postgres.ts';

export type TestContext = { after: (done: () => unknown) => void };

export type StoreKind = 'SQLite' | 'PostgreSQL';

/** A folder of its own for a test, removed afterwards. */
export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'skykey-vault-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** One test on each store; that on PostgreSQL is skipped where there is none. */
export function onBoth(title: string, body: (t: TestContext, kind: StoreKind) => Promise<void>): void {
  test(`${title} (SQLite)`, (t) => body(t, 'SQLite'));
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

/** What can be done in a transaction, every call in one of its own. */
export function single(vault: Vault): VaultTransaction {
  const methodsOf = (within: (tx: VaultTransaction) => object): object =>
    new Proxy(
      {},
      {
        get:
          (_, name: string) =>
          (...values: unknown[]) =>
            vault.atomically(
              async (tx) => await (within(tx) as Record<string, (...v: unknown[]) => unknown>)[name]!(...values),
            ),
      },
    );
  return new Proxy({} as VaultTransaction, {
    get: (_, name: string) => {
      // An async function that returns this looks whether it is a promise.
      if (name === 'then') return undefined;
      if (name === 'keys' || name === 'outbox' || name === 'journal') return methodsOf((tx) => tx[name]);
      if (name === 'pads') return (lane: string) => methodsOf((tx) => tx.pads(lane));
      return (methodsOf((tx) => tx) as Record<string, unknown>)[name];
    },
  });
}

export const labels = (changes: Partial<BlockLabels> = {}): BlockLabels => ({
  originLinks: ['micius-beijing'],
  routes: [['micius', 'beijing']],
  jurisdictions: ['ORBIT', 'CN'],
  epsSec: 1e-9,
  epsCor: 1e-15,
  proof: 'lim2014',
  simulated: true,
  createdAtMs: 500,
  expiresAtMs: null,
  ...changes,
});

/** Bytes that name their own position, so that a wrong one is seen at once. */
export function pattern(length: number, seed = 0): Uint8Array {
  const out = new Uint8Array(length);
  let state = (seed * 2654435761 + 1013904223) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

export const secret = (bytes: Uint8Array): SecretBytes => SecretBytes.adopt(bytes.slice());

export const reveal = (bytes: SecretBytes): string => bytes.open((content) => Buffer.from(content).toString('hex'));

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A matcher for assert.rejects. */
export const code = (wanted: string) => (error: unknown) => {
  const found = (error as { code?: string }).code;
  if (found !== wanted) throw new Error(`expected an error ${wanted}, got ${error}`);
  return true;
};
