import { createHash } from 'node:crypto';
import pg from 'pg';
import { VaultError } from '../error.ts';
import type { PostgresPlace } from '../types.ts';
import { AGAIN, type Ask, explain, isLost, PostgresLink, PostgresTransaction } from './postgres-link.ts';
import { POSTGRES, SCHEMA_VERSION, schema } from './schema.ts';
import { type Admission, otherFormat, type Sql, type Store } from './store.ts';
import { type Turn, Turns } from './turns.ts';

const NAME = /^[a-z][a-z0-9_]{0,47}$/;
const INT8 = 20;
const CONNECTIONS = 8;
/** Works of one scope that share one commit at most. */
const GROUP = 64;
const ATTEMPTS = 5;
/** Somebody who hangs in a transaction, or behind one, must not stop every process. */
const PATIENCE_MS = 15_000;

/**
 * One schema of a PostgreSQL database, shared by any number of processes. Each transaction first takes advisory locks: the
 * whole store alone for scope '', the whole store together with others and its scope alone for any other. What comes after
 * sees everything that was committed before (READ COMMITTED takes a snapshot for each statement), so no row is read that
 * somebody else of the scope may change, whatever process he is in. Works of one scope that wait in this process share one
 * transaction, each in a savepoint of its own.
 */
class PostgresStore implements Store {
  readonly place: string;
  readonly id: Uint8Array;
  readonly #pool: pg.Pool;
  /** By scope; there are as many as peers. */
  readonly #scopes = new Map<string, Turns>();
  readonly #names = new Map<string, pg.QueryConfig>();
  #closed = false;

  constructor(pool: pg.Pool, place: string, id: Uint8Array) {
    this.#pool = pool;
    this.place = place;
    this.id = id;
  }

  transaction<T>(scope: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new VaultError('vault/unavailable', `the vault ${this.place} is closed`));
    let turns = this.#scopes.get(scope);
    if (!turns) {
      turns = new Turns(GROUP, queueMicrotask, (group) => this.#carryOut(scope, group));
      this.#scopes.set(scope, turns);
    }
    return turns.work(work);
  }

  /** The keyring is asked within the transaction: two processes that rotate at once begin two epochs, one after the other. */
  renewEpoch(next: () => Promise<number>): Promise<number> {
    return this.transaction('', async (sql) => {
      const epoch = await next();
      await sql.run('UPDATE vault SET epoch = $1', epoch);
      return epoch;
    });
  }

  /** PostgreSQL removes old versions of rows itself; they are sealed. */
  async scrub(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pool.end();
  }

  async #carryOut(scope: string, group: Turn[]): Promise<void> {
    const left = new Set(group);
    for (let attempt = 1; left.size > 0; attempt++) {
      try {
        await this.#attempt(scope, left);
        break;
      } catch (error) {
        const { code } = error as { code?: string };
        if ((AGAIN.has(code ?? '') || isLost(error)) && attempt < ATTEMPTS) continue;
        for (const turn of left) turn.fail(explain(this.place, error));
        return;
      }
    }
    for (const turn of left) turn.settle();
  }

  /**
   * One transaction of all that are left; whoever fails is told so and left out. Throws what undid all of them. Nothing is
   * waited for but what is read: BEGIN travels with the first question, COMMIT with the last changes.
   */
  async #attempt(scope: string, left: Set<Turn>): Promise<void> {
    const client = await this.#pool.connect().catch((error) => {
      throw explain(this.place, error);
    });
    let isSound = false;
    const ask: Ask = (text, values) => client.query(values ? { ...this.#named(text), values } : text);
    try {
      const link = new PostgresLink(this.place, ask, begin(this.place, scope));
      const shared = left.size > 1;
      for (const turn of left) {
        const sql = new PostgresTransaction(link);
        if (shared) link.send('SAVEPOINT turn');
        try {
          await turn.run(sql);
          if (!shared) break;
          link.send('RELEASE SAVEPOINT turn');
          await link.settled();
          if (link.failure !== undefined) throw explain(this.place, link.failure);
        } catch (error) {
          await link.settled();
          if (link.isUndone) throw link.failure;
          left.delete(turn);
          turn.fail(error);
          if (shared) await link.undo('turn');
        }
      }
      if (left.size === 0) await ask('ROLLBACK');
      else await this.#commit(ask, link);
      isSound = true;
    } catch (error) {
      if (!isLost(error) && !(error instanceof VaultError)) {
        isSound = await ask('ROLLBACK').then(
          () => true,
          () => false,
        );
      }
      throw error;
    } finally {
      client.release(!isSound);
    }
  }

  async #commit(ask: Ask, link: PostgresLink): Promise<void> {
    const [answer] = await Promise.allSettled([ask('COMMIT'), link.settled()]);
    if (answer.status === 'rejected' && isLost(answer.reason)) {
      throw new VaultError(
        'vault/unavailable',
        `the connection to ${this.place} was lost during COMMIT: whether it took place is not known, and nothing of it may be handed out`,
        { cause: answer.reason },
      );
    }
    // A transaction that an error has spoiled is rolled back by COMMIT, which does not fail.
    if (link.failure !== undefined) throw link.failure;
    if (answer.status === 'rejected') throw answer.reason;
    if (answer.value.command !== 'COMMIT') {
      throw new VaultError('vault/unavailable', `the transaction on ${this.place} was undone by an earlier failure`);
    }
  }

  /** Statements are prepared once in each connection. */
  #named(text: string): pg.QueryConfig {
    let config = this.#names.get(text);
    if (!config) {
      config = {
        name: `v${this.#names.size}`,
        text: inPostgres(text),
      };
      this.#names.set(text, config);
    }
    return config;
  }
}

/** Opens the schema, or makes it. Rejects with a VaultError, the database being as it was. */
export async function openPostgres(options: PostgresPlace, { admit, begin: beginning }: Admission): Promise<Store> {
  const { connection, name, connections = CONNECTIONS } = options;
  if (!NAME.test(name)) {
    throw new VaultError(
      'vault/argument',
      `the name of a vault in PostgreSQL has 1 to 48 of a-z, 0-9 and _, a letter first, not ${name}`,
    );
  }
  const pool = new pg.Pool({
    connectionString: connection,
    max: connections,
    pipeline: true,
    connectionTimeoutMillis: PATIENCE_MS,
    idle_in_transaction_session_timeout: PATIENCE_MS,
    lock_timeout: PATIENCE_MS,
    query_timeout: 2 * PATIENCE_MS,
    keepAlive: true,
    application_name: 'skykey',
    // An acknowledged transaction is on the disk whatever the server's habits are. Every hot statement has an index, and a
    // plan made while a table was empty must not read all of it when it is full. Such short questions gain nothing from a
    // compiler, which would take ten milliseconds for each.
    options: `-c search_path=${name} -c synchronous_commit=on -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c plan_cache_mode=force_generic_plan`,
    types: {
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
    },
  });
  // Without these a connection that ends, used by somebody or by nobody, would end the process: whoever asks it next is told.
  pool.on('error', () => undefined).on('connect', (client) => client.on('error', () => undefined));
  const place = `schema ${name} of PostgreSQL`;
  try {
    const client = await pool.connect();
    try {
      await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${lockOf(place, '')})`);
      const id = await settle(client, name, place, { admit, begin: beginning });
      await client.query('COMMIT');
      return new PostgresStore(pool, place, id);
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  } catch (error) {
    await pool.end();
    throw explain(place, error);
  }
}

/** Looks at what is there before anything is written; makes the tables where there is nothing. Returns the identity. */
async function settle(
  client: pg.PoolClient,
  name: string,
  place: string,
  { admit, begin }: Admission,
): Promise<Uint8Array> {
  const tables = await client.query<{ name: string }>('SELECT tablename AS name FROM pg_tables WHERE schemaname = $1', [
    name,
  ]);
  if (tables.rows.length === 0) {
    const { id, epoch } = begin();
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${name}; ${schema(POSTGRES)}`);
    await client.query('INSERT INTO vault (one, version, id, epoch) VALUES (1, $1, $2, $3)', [
      SCHEMA_VERSION,
      id,
      epoch,
    ]);
    return id;
  }
  if (!tables.rows.some((table) => table.name === 'vault')) {
    throw new VaultError(
      'vault/corrupt',
      `the ${place} cannot be used: it holds tables of another program. Nothing in it was changed; give the vault another name`,
    );
  }
  const { rows } = await client.query<{ version: number; id: Uint8Array; epoch: number }>(
    'SELECT version, id, epoch FROM vault',
  );
  const [row] = rows;
  if (!row)
    throw new VaultError('vault/corrupt', `the ${place} cannot be used: it has no identity. Nothing in it was changed`);
  if (row.version !== SCHEMA_VERSION) throw otherFormat(place, row.version);
  admit(row.epoch);
  return row.id;
}

const LIST = /(\w+(?:\.\w+)?) IN\s*\((SELECT CAST\(value->>0 AS \w+\)\s+FROM EACH\(\$\d+\) AS item)\)/g;
const PAIRS =
  /\((\w+), (\w+)\) IN\s*\(SELECT (CAST\(value->>0 AS \w+\)), (CAST\(value->>1 AS \w+\)) (FROM EACH\(\$\d+\) AS item)\)/g;
const TABLE = /\b(?:FROM|UPDATE) (\w+)/;

/**
 * A text of `Sql` in PostgreSQL's words. What is looked up by a list is said as an array, which an index answers element by
 * element, and a list of pairs as one look into the index for each (OFFSET 0 keeps the planner from turning that round): it
 * would guess how long the list is, and read a whole lane, or a whole table, for a short one.
 */
function inPostgres(text: string): string {
  const table = TABLE.exec(text)?.[1];
  return text
    .replace(
      PAIRS,
      `${table}.ctid = ANY(ARRAY(SELECT found.place $5 CROSS JOIN LATERAL
         (SELECT here.ctid AS place FROM ${table} AS here WHERE here.$1 = $3 AND here.$2 = $4 OFFSET 0) AS found))`,
    )
    .replace(LIST, '$1 = ANY(ARRAY($2))')
    .replace(/\bEACH\((\$\d+)\)/g, 'jsonb_array_elements(CAST($1 AS jsonb))');
}

/** BEGIN, the locks and the epoch in one round trip. */
function begin(place: string, scope: string): string {
  const locks =
    scope === ''
      ? `pg_advisory_xact_lock(${lockOf(place, '')})`
      : `pg_advisory_xact_lock_shared(${lockOf(place, '')}), pg_advisory_xact_lock(${lockOf(place, scope)})`;
  return `BEGIN; SELECT ${locks}; SELECT epoch FROM vault`;
}

/** Advisory locks have 64-bit names, and the database is shared with other vaults. */
function lockOf(place: string, scope: string): string {
  const digest = createHash('sha256').update(`skykey vault\0${place}\0${scope}`).digest();
  return digest.readBigInt64BE().toString();
}
