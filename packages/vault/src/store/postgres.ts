import { createHash } from 'node:crypto';
import pg from 'pg';
import { VaultError } from '../error.ts';
import type { PostgresPlace } from '../types.ts';
import {
  AGAIN,
  type Ask,
  explain,
  isLost,
  PostgresLink,
  PostgresTransaction,
  type StoreState,
} from './postgres-link.ts';
import { POSTGRES, SCHEMA_VERSION, schema } from './schema.ts';
import { type Admission, type Epoch, otherFormat, type Sql, type Store, wentBack } from './store.ts';
import { type Turn, Turns } from './turns.ts';

const NAME = /^[a-z][a-z0-9_]{0,47}$/;
const INT8 = 20;
const CONNECTIONS = 8;
/** Works of one scope that share one commit at most. */
const GROUP = 64;
const ATTEMPTS = 5;
const QUERY_CANCELED = '57014';
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
  /** Connections that have asked for their locks and have not got them. */
  readonly #waiting = new Set<pg.PoolClient>();
  readonly #schema: string;
  readonly #admit: Admission['admit'];
  /** What was read last of each, and never goes back while the store is the same. */
  #epoch: number;
  #beats: number;
  #refusal: VaultError | undefined;
  #closed = false;

  constructor(
    pool: pg.Pool,
    schema: string,
    place: string,
    { id, epoch, beats }: StoreState & { readonly id: Uint8Array },
    admit: Admission['admit'],
  ) {
    this.#pool = pool;
    this.#schema = schema;
    this.place = place;
    this.id = id;
    this.#epoch = epoch;
    this.#beats = beats;
    this.#admit = admit;
  }

  transaction<T>(scope: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(this.#isClosed());
    if (this.#refusal) return Promise.reject(this.#refusal);
    let turns = this.#scopes.get(scope);
    if (!turns) {
      turns = new Turns(GROUP, queueMicrotask, (group) => this.#carryOut(scope, group));
      this.#scopes.set(scope, turns);
    }
    return turns.work(work);
  }

  /** The keyring is asked within the transaction: two processes that rotate at once begin two epochs, one after the other. */
  renewEpoch(next: (now: Epoch) => Promise<Epoch>): Promise<Epoch> {
    return this.transaction('', async (sql) => {
      const now = (await sql.get<Epoch>('SELECT epoch, proof FROM vault'))!;
      const then = await next(now);
      await sql.run('UPDATE vault SET epoch = $1, proof = $2', then.epoch, then.proof);
      return then;
    });
  }

  /** PostgreSQL looks after its files (`amcheck`, data checksums); what is sealed is checked whenever it is read. */
  async check(): Promise<void> {}

  /** PostgreSQL removes old versions of rows itself; they are sealed. */
  async scrub(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const through = Promise.all([...this.#scopes.values()].map((turns) => turns.end(this.#isClosed())));
    await this.#refuseWaiting();
    await through;
    await this.#pool.end();
  }

  /** Whoever has somebody else's lock may keep it for long: what has not begun is not waited for. */
  async #refuseWaiting(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const beside = new pg.Client(this.#pool.options);
    beside.on('error', () => undefined);
    try {
      await beside.connect();
      // Again and again: a question that is still under way is not found waiting.
      while (this.#waiting.size > 0) {
        // pg knows the server's process and does not say so in its types.
        const processes = [...this.#waiting].map((client) => (client as unknown as { processID: number }).processID);
        await beside.query('SELECT pg_cancel_backend(process) FROM unnest($1::integer[]) AS process', [processes]);
        await beside.query('SELECT pg_sleep(0.01)');
      }
    } catch {
      // Then they end by their own patience.
    } finally {
      await beside.end().catch(() => undefined);
    }
  }

  #isClosed(): VaultError {
    return new VaultError('vault/unavailable', `the vault ${this.place} is closed`);
  }

  /** What somebody is told whose work failed. */
  #told(error: unknown): unknown {
    const { code } = ((error as Error).cause ?? error) as { code?: string };
    return this.#closed && code === QUERY_CANCELED ? this.#isClosed() : error;
  }

  async #carryOut(scope: string, group: Turn[]): Promise<void> {
    const left = new Set(group);
    for (let attempt = 1; left.size > 0; attempt++) {
      try {
        await this.#attempt(scope, left);
        break;
      } catch (error) {
        const { code } = error as { code?: string };
        if ((AGAIN.has(code ?? '') || isLost(error)) && attempt < ATTEMPTS && !this.#closed) continue;
        for (const turn of left) turn.fail(this.#told(explain(this.place, error)));
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
    if (this.#closed) {
      client.release();
      throw this.#isClosed();
    }
    let isSound = false;
    const failed = new Map<Turn, unknown>();
    const ask: Ask = (text, values) => client.query(values ? { ...this.#named(text), values } : text);
    try {
      this.#waiting.add(client);
      const link = new PostgresLink(this.place, ask, begin(this.#schema, this.place, scope), this.#look());
      void link.begun.then(() => this.#waiting.delete(client));
      const shared = left.size > 1;
      for (const turn of left) {
        const sql = new PostgresTransaction(link);
        const point = shared ? link.save() : undefined;
        try {
          await turn.run(sql);
          if (point) await link.keep(point);
        } catch (error) {
          await link.settled();
          if (link.isUndone) throw link.failure;
          failed.set(turn, error);
          if (!point) break;
          await link.undo(point);
          // What failed is before the savepoint, and so of all.
          if (link.failure !== undefined) throw link.failure;
        }
      }
      if (failed.size === left.size) await ask('ROLLBACK');
      else await this.#commit(ask, link);
      // Not before: a failure may rest on what another of the group has done.
      for (const [turn, error] of failed) {
        left.delete(turn);
        turn.fail(this.#told(error));
      }
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

  /** Compares what a transaction finds with what was known when it began: its answer may be older than what is known then. */
  #look(): (state: StoreState) => void {
    const [epoch, beats] = [this.#epoch, this.#beats];
    return (state) => {
      if (state.epoch < epoch || state.beats < beats) this.#refusal = wentBack(this.place);
      if (this.#refusal) throw this.#refusal;
      if (state.epoch > this.#epoch) this.#admit(this.id, state);
      this.#epoch = Math.max(this.#epoch, state.epoch);
      this.#beats = Math.max(this.#beats, state.beats);
    };
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
        text: inPostgres(this.#schema, text),
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
  const { uri, options: theirs } = optionsApart(connection);
  const pool = new pg.Pool({
    connectionString: uri,
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
    options: `${theirs} -c search_path=${name} -c synchronous_commit=on -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off -c plan_cache_mode=force_generic_plan`,
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
      const state = await settle(client, name, place, { admit, begin: beginning });
      await client.query('COMMIT');
      return new PostgresStore(pool, name, place, state, admit);
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

/** Settings of ours that a URI must not change: what stands in it wins over what stands beside it. */
const OURS = [
  'max',
  'pipeline',
  'connectionTimeoutMillis',
  'idle_in_transaction_session_timeout',
  'lock_timeout',
  'query_timeout',
  'statement_timeout',
  'keepAlive',
  'keepalives',
  'application_name',
  'fallback_application_name',
];

/** A URI without its `options`: of settings that are made twice the server takes the last one, which shall be ours. */
function optionsApart(connection: string): { uri: string; options: string } {
  const [base, query] = connection.split(/\?(.*)/s);
  if (query === undefined) return { uri: connection, options: '' };
  const settings = new URLSearchParams(query);
  const options = settings.getAll('options').join(' ');
  for (const name of ['options', ...OURS]) settings.delete(name);
  // `+` is a space to some who read a URI and not to others.
  return { uri: `${base}?${settings.toString().replaceAll('+', '%20')}`, options };
}

/** Looks at what is there before anything is written; makes the tables where there is nothing. Returns the identity. */
async function settle(
  client: pg.PoolClient,
  name: string,
  place: string,
  { admit, begin }: Admission,
): Promise<StoreState & { readonly id: Uint8Array }> {
  await checkSettings(client, name, place);
  const tables = await client.query<{ name: string }>('SELECT tablename AS name FROM pg_tables WHERE schemaname = $1', [
    name,
  ]);
  if (tables.rows.length === 0) {
    const { id, epoch, proof } = begin();
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${name}; ${schema(POSTGRES)}`);
    await client.query(`INSERT INTO ${name}.vault (one, version, id, epoch, proof) VALUES (1, $1, $2, $3, $4)`, [
      ...[SCHEMA_VERSION, id, epoch, proof],
    ]);
    return { id, epoch, proof, beats: 0 };
  }
  if (!tables.rows.some((table) => table.name === 'vault')) {
    throw new VaultError(
      'vault/corrupt',
      `the ${place} cannot be used: it holds tables of another program. Nothing in it was changed; give the vault another name`,
    );
  }
  const { rows } = await client.query<StoreState & { version: number; id: Uint8Array }>(`SELECT * FROM ${name}.vault`);
  const [row] = rows;
  if (!row)
    throw new VaultError('vault/corrupt', `the ${place} cannot be used: it has no identity. Nothing in it was changed`);
  if (row.version !== SCHEMA_VERSION) throw otherFormat(place, row.version);
  admit(row.id, row);
  return row;
}

/** What a transaction rests on, whatever stands between this process and the server. */
async function checkSettings(client: pg.PoolClient, name: string, place: string): Promise<void> {
  const wanted = { fsync: 'on', search_path: name, synchronous_commit: 'on', enable_seqscan: 'off' };
  for (const [setting, value] of Object.entries(wanted)) {
    const { rows } = await client.query<{ is: string }>('SELECT current_setting($1) AS is', [setting]);
    if (rows[0]?.is === value) continue;
    const remedy =
      setting === 'fsync'
        ? "What it acknowledges would be lost with the machine's power, and keys given a second time: set fsync = on in its " +
          'postgresql.conf and reload it'
        : "Take it out of the server's configuration, and connect without a pooler in between: it passes no settings on";
    throw new VaultError(
      'vault/argument',
      `the ${place} cannot be used: ${setting} is ${rows[0]?.is} there and must be ${value}. ${remedy}`,
    );
  }
}

const LIST = /(\w+(?:\.\w+)?) IN\s*\((SELECT CAST\(value->>0 AS \w+\)\s+FROM EACH\(\$\d+\) AS item)\)/g;
const TUPLES =
  /\((\w+(?:, \w+)+)\) IN\s*\(SELECT (CAST\(value->>0 AS \w+\)(?:,\s*CAST\(value->>\d AS \w+\))+)\s+(FROM EACH\(\$\d+\) AS item)\)/g;
const TABLE = /\b(?:FROM|UPDATE) (\w+)/;
const TABLES =
  /\b(FROM|JOIN|INTO|UPDATE)(\s+)(vault|block|origin|piece|lane|segment|claim|shared_key|key_copy|poison|process|memory|outbox|journal|counter)\b/g;

/**
 * A text of `Sql` in PostgreSQL's words. What is looked up by a list is said as an array, which an index answers element by
 * element, and a list of tuples as one look into the index for each (OFFSET 0 keeps the planner from turning that round): it
 * would guess how long the list is, and read a whole lane, or a whole table, for a short one.
 */
function inPostgres(schema: string, text: string): string {
  const table = TABLE.exec(text)?.[1];
  return text
    .replace(TUPLES, (_, names: string, casts: string, each: string) => {
      const values = casts.split(/,\s*(?=CAST)/);
      const same = names.split(', ').map((name, i) => `here.${name} = ${values[i]}`);
      return `${table}.ctid = ANY(ARRAY(SELECT found.place ${each} CROSS JOIN LATERAL
         (SELECT here.ctid AS place FROM ${table} AS here WHERE ${same.join(' AND ')} OFFSET 0) AS found))`;
    })
    .replace(LIST, '$1 = ANY(ARRAY($2))')
    .replace(/\bEACH\((\$\d+)\)/g, 'jsonb_array_elements(CAST($1 AS jsonb))')
    .replace(TABLES, `$1$2${schema}.$3`);
}

/** BEGIN, the locks and the epoch in one round trip. */
function begin(schema: string, place: string, scope: string): string {
  const locks =
    scope === ''
      ? `pg_advisory_xact_lock(${lockOf(place, '')})`
      : `pg_advisory_xact_lock_shared(${lockOf(place, '')}), pg_advisory_xact_lock(${lockOf(place, scope)})`;
  return `BEGIN; SELECT ${locks}; SELECT epoch, proof, beats FROM ${schema}.vault`;
}

/** Advisory locks have 64-bit names, and the database is shared with other vaults. */
function lockOf(place: string, scope: string): string {
  const digest = createHash('sha256').update(`skykey vault\0${place}\0${scope}`).digest();
  return digest.readBigInt64BE().toString();
}
