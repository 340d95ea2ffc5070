import type { Reserved } from './lanes.ts';
import type { Sql } from './store/store.ts';
import type { Place } from './stretches.ts';
import type { KeyCopy, KeyRecord, KeyRole, KeyState } from './types.ts';

/** A key to be stored, with the state that all its copies begin in. */
export interface NewKey {
  readonly keyId: string;
  /** The lane's name; `place` has its number. */
  readonly lane: string;
  readonly bytes: number;
  readonly place: Reserved;
  readonly role: KeyRole;
  readonly masterSae: string;
  readonly slaveSaes: readonly string[];
  readonly purpose: string;
  readonly owner: string;
  readonly holders: readonly string[];
  readonly state: KeyState;
  readonly nowMs: number;
}

/** A key by its number, which other tables know it by, and where it lies. */
export interface KeyPlace extends Place {
  readonly key: number;
}

export interface KeyRow extends KeyPlace {
  readonly id: string;
  readonly name: string;
  readonly role: KeyRole;
  readonly masterSae: string;
  readonly slaveSaes: string;
  readonly purpose: string;
  readonly owner: string;
  readonly expiresMs: number | null;
  readonly open: number;
  readonly copies: ReadonlyMap<string, KeyCopy>;
}

interface JoinedRow extends Omit<KeyRow, 'copies'>, KeyCopy {}

/**
 * As an expression no index answers it: for a few keys by their ids PostgreSQL would read an index of all that are open, if it
 * was small when statistics were made.
 */
const IS_OPEN = 'open + 0 > 0';
const OPEN = `state IN ('RESERVED', 'ASSIGNED')`;
const IDS = 'SELECT CAST(value->>0 AS text) FROM EACH($1) AS item';
const KEYS = 'SELECT CAST(value->>0 AS bigint) FROM EACH($1) AS item';
const PLACE = 'shared_key.key, shared_key.lane, shared_key.start, shared_key.stop';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isKeyId = (text: string): boolean => UUID.test(text);

/** What is no key id is one never heard of: not even asked for, since PostgreSQL takes offence at some. */
const idList = (keyIds: readonly string[]): string => list(keyIds.filter(isKeyId));

const list = (values: readonly (string | number)[]): string => JSON.stringify(values.map((value) => [value]));

/** The tables of keys and copies, set by set. */
export class KeyRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Undone as one when it throws; one batch checks everything before it writes, and needs no savepoint for that. */
  async atomically<T>(batches: number, work: () => Promise<T>): Promise<T> {
    return batches > 1 ? await this.#sql.atomically(work) : await work();
  }

  async insert(keys: readonly NewKey[]): Promise<KeyRecord[]> {
    if (keys.length === 0) return [];
    const rows = keys.map(({ keyId, place, role, masterSae, slaveSaes, purpose, owner, nowMs, holders, state }) => {
      const open = state === 'RESERVED' || state === 'ASSIGNED' ? holders.length : 0;
      const places = [place.lane, place.start, place.stop];
      return [
        keyId,
        ...places,
        role,
        masterSae,
        JSON.stringify(slaveSaes),
        purpose,
        owner,
        nowMs,
        place.expiresMs,
        open,
      ];
    });
    const copies = keys.flatMap(({ keyId, holders, state, nowMs }) =>
      holders.map((sae) => [
        keyId,
        sae,
        state,
        nowMs,
        state === 'ASSIGNED' ? nowMs : null,
        state === 'VOIDED' ? nowMs : null,
      ]),
    );
    await this.#sql.run(
      `INSERT INTO shared_key
         (id, lane, start, stop, role, master_sae, slave_saes, purpose, owner, reserved_ms, expires_ms, open)
       SELECT CAST(value->>0 AS text), CAST(value->>1 AS bigint), CAST(value->>2 AS bigint), CAST(value->>3 AS bigint),
         CAST(value->>4 AS text), CAST(value->>5 AS text), CAST(value->>6 AS text), CAST(value->>7 AS text),
         CAST(value->>8 AS text), CAST(value->>9 AS double precision), CAST(value->>10 AS double precision),
         CAST(value->>11 AS bigint)
       FROM EACH($1) AS item`,
      JSON.stringify(rows),
    );
    await this.#sql.run(
      `INSERT INTO key_copy (key, sae, state, reserved_ms, assigned_ms, closed_ms)
       SELECT (SELECT key FROM shared_key WHERE id = CAST(value->>0 AS text)), CAST(value->>1 AS text), CAST(value->>2 AS text),
         CAST(value->>3 AS double precision), CAST(value->>4 AS double precision), CAST(value->>5 AS double precision)
       FROM EACH($1) AS item`,
      JSON.stringify(copies),
    );
    return keys.map(
      ({ keyId, lane, bytes, place, role, masterSae, slaveSaes, purpose, owner, holders, state, nowMs }) => ({
        ...{ keyId, lane, offset: place.start, bytes, role, masterSae, slaveSaes, purpose, owner },
        expiresAtMs: place.expiresMs,
        copies: [...holders].sort().map((saeId) => ({
          ...{ saeId, state, reservedAtMs: nowMs },
          assignedAtMs: state === 'ASSIGNED' ? nowMs : null,
          closedAtMs: state === 'VOIDED' ? nowMs : null,
        })),
      }),
    );
  }

  async known(keyIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.#sql.all<{ id: string }>(`SELECT id FROM shared_key WHERE id IN (${IDS})`, idList(keyIds));
    return new Set(rows.map(({ id }) => id));
  }

  async byId(keyIds: readonly string[]): Promise<Map<string, KeyRow>> {
    const rows = await this.#sql.all<JoinedRow>(
      `SELECT ${PLACE}, shared_key.id, lane.name, role, master_sae AS "masterSae", slave_saes AS "slaveSaes", purpose, owner,
         expires_ms AS "expiresMs", open, sae AS "saeId", state, key_copy.reserved_ms AS "reservedAtMs",
         assigned_ms AS "assignedAtMs", closed_ms AS "closedAtMs"
       FROM shared_key JOIN lane ON lane.lane = shared_key.lane JOIN key_copy ON key_copy.key = shared_key.key
       WHERE shared_key.id IN (${IDS}) ORDER BY shared_key.key, sae`,
      idList(keyIds),
    );
    const found = new Map<string, KeyRow & { copies: Map<string, KeyCopy> }>();
    for (const { saeId, state, reservedAtMs, assignedAtMs, closedAtMs, ...key } of rows) {
      const known = found.get(key.id) ?? { ...key, copies: new Map<string, KeyCopy>() };
      known.copies.set(saeId, { saeId, state, reservedAtMs, assignedAtMs, closedAtMs });
      found.set(key.id, known);
    }
    return found;
  }

  async records(keyIds: readonly string[]): Promise<(KeyRecord | undefined)[]> {
    const found = await this.byId(keyIds);
    return keyIds.map((keyId) => {
      const key = found.get(keyId);
      return key && record(key);
    });
  }

  /** `copies`: how many these keys have, all RESERVED. */
  async assign(keys: readonly number[], copies: number, nowMs: number): Promise<void> {
    await this.#sql.exactly(
      copies,
      `UPDATE key_copy SET state = 'ASSIGNED', assigned_ms = $2 WHERE state = 'RESERVED' AND key IN (${KEYS})`,
      ...[list(keys), nowMs],
    );
  }

  /** Erases copies one by one; fails when one of them is not ASSIGNED any more. */
  async erase(copies: readonly { readonly key: number; readonly saeId: string }[], nowMs: number): Promise<void> {
    await this.#sql.exactly(
      copies.length,
      // As an expression, or it would have PostgreSQL read an index of all that is assigned.
      `UPDATE key_copy SET state = 'ERASED', closed_ms = $2 WHERE state || '' = 'ASSIGNED' AND (key, sae) IN
         (SELECT CAST(value->>0 AS bigint), CAST(value->>1 AS text) FROM EACH($1) AS item)`,
      ...[JSON.stringify(copies.map(({ key, saeId }) => [key, saeId])), nowMs],
    );
    await this.#sql.run(
      `UPDATE shared_key SET open = (SELECT count(*) FROM key_copy WHERE key_copy.key = shared_key.key AND ${OPEN})
       WHERE key IN (${KEYS})`,
      list(copies.map(({ key }) => key)),
    );
  }

  /** Closes all copies of keys that are open. */
  async void(keys: readonly number[], nowMs: number): Promise<void> {
    await this.#sql.run(
      `UPDATE key_copy SET state = 'VOIDED', closed_ms = $2 WHERE ${OPEN} AND key IN (${KEYS})`,
      ...[list(keys), nowMs],
    );
    await this.#sql.run(
      `UPDATE shared_key SET open = 0, told = CASE role WHEN 'master' THEN 0 ELSE 1 END WHERE key IN (${KEYS})`,
      list(keys),
    );
  }

  /** Those of the keys that have open copies. */
  async open(keyIds: readonly string[]): Promise<KeyPlace[]> {
    return await this.#sql.all(`SELECT ${PLACE} FROM shared_key WHERE ${IS_OPEN} AND id IN (${IDS})`, idList(keyIds));
  }

  async openAt(places: readonly Place[]): Promise<number[]> {
    const rows = await this.#sql.all<{ key: number | null }>(
      `SELECT (SELECT key FROM shared_key WHERE open > 0 AND lane = CAST(value->>0 AS bigint)
         AND start = CAST(value->>1 AS bigint)) AS key FROM EACH($1) AS item`,
      JSON.stringify(places.map(({ lane, start }) => [lane, start])),
    );
    return rows.flatMap(({ key }) => key ?? []);
  }

  /** The other side is to be told that keys which this side led are void. */
  async tell(keyIds: readonly string[]): Promise<void> {
    await this.#sql.run(
      `UPDATE shared_key SET told = 0 WHERE open = 0 AND role = 'master' AND id IN (${IDS})
         AND EXISTS (SELECT 1 FROM key_copy WHERE key_copy.key = shared_key.key AND state = 'ERASED')`,
      idList(keyIds),
    );
  }

  async told(keyIds: readonly string[]): Promise<void> {
    await this.#sql.run(`UPDATE shared_key SET told = 1 WHERE told = 0 AND id IN (${IDS})`, idList(keyIds));
  }

  async untold(limit: number): Promise<string[]> {
    const rows = await this.#sql.all<{ id: string }>(
      'SELECT id FROM shared_key WHERE told = 0 ORDER BY reserved_ms, key LIMIT $1',
      limit,
    );
    return rows.map(({ id }) => id);
  }

  /** Keys with a copy assigned before `beforeMs` and not fetched, and open ones that are good no longer; `most` of them. */
  async old(beforeMs: number, nowMs: number, most: number): Promise<KeyPlace[]> {
    const keys = await this.#sql.all<{ key: number }>(
      `SELECT * FROM (SELECT key FROM key_copy WHERE state = 'ASSIGNED' AND assigned_ms < $1 ORDER BY assigned_ms LIMIT $3) AS unfetched
       UNION
       SELECT * FROM (SELECT key FROM shared_key WHERE open > 0 AND expires_ms IS NOT NULL AND expires_ms <= $2
         AND NOT EXISTS (SELECT 1 FROM key_copy WHERE key_copy.key = shared_key.key AND state || '' = 'RESERVED')
         ORDER BY expires_ms LIMIT $3) AS expired`,
      ...[beforeMs, nowMs, most],
    );
    return await this.#openOf(keys.slice(0, most));
  }

  async reservedBy(owner: string | undefined, most: number): Promise<KeyPlace[]> {
    const keys = await this.#sql.all<{ key: number }>(
      `SELECT key FROM (SELECT DISTINCT key_copy.key FROM key_copy WHERE state = 'RESERVED') AS reserved
       WHERE (SELECT owner FROM shared_key WHERE shared_key.key = reserved.key) = coalesce($1, (SELECT owner FROM shared_key WHERE shared_key.key = reserved.key))
       LIMIT $2`,
      ...[owner ?? null, most],
    );
    return await this.#openOf(keys);
  }

  async abandoned(nowMs: number, most: number): Promise<KeyPlace[]> {
    const keys = await this.#sql.all<{ key: number }>(
      `SELECT key FROM (SELECT DISTINCT key_copy.key FROM key_copy WHERE state = 'RESERVED') AS reserved
       WHERE NOT EXISTS (SELECT 1 FROM process WHERE until_ms > $1
         AND process.id = (SELECT owner FROM shared_key WHERE shared_key.key = reserved.key)) LIMIT $2`,
      ...[nowMs, most],
    );
    return await this.#openOf(keys);
  }

  async #openOf(keys: readonly { readonly key: number }[]): Promise<KeyPlace[]> {
    if (keys.length === 0) return [];
    return await this.#sql.all(
      `SELECT ${PLACE} FROM shared_key WHERE ${IS_OPEN} AND shared_key.key IN (${KEYS})`,
      list(keys.map(({ key }) => key)),
    );
  }

  /** Forgets up to `most` keys that were closed before a moment, if the other side knows what it has to. Returns how many. */
  async prune(beforeMs: number, most: number): Promise<number> {
    const rows = await this.#sql.all<{ key: number }>(
      `SELECT key FROM shared_key WHERE open = 0 AND told = 1 AND reserved_ms < $1
         AND NOT EXISTS (SELECT 1 FROM key_copy WHERE key_copy.key = shared_key.key AND coalesce(closed_ms, $1) >= $1)
       ORDER BY reserved_ms LIMIT $2`,
      ...[beforeMs, most],
    );
    if (rows.length === 0) return 0;
    const keys = list(rows.map(({ key }) => key));
    await this.#sql.run(`DELETE FROM key_copy WHERE key IN (${KEYS})`, keys);
    await this.#sql.run(`DELETE FROM shared_key WHERE key IN (${KEYS})`, keys);
    return rows.length;
  }

  /** Copies of these SAEs that were voided from one moment (inclusive) to another, those of masters left out. */
  async voided(saeIds: readonly string[], fromMs: number, toMs: number): Promise<{ keyId: string; saeId: string }[]> {
    const rows = await this.#sql.all<{ keyId: string; saeId: string }>(
      `SELECT shared_key.id AS "keyId", sae AS "saeId" FROM key_copy JOIN shared_key ON shared_key.key = key_copy.key
       WHERE state = 'VOIDED' AND closed_ms >= $2 AND closed_ms < $3 AND sae <> master_sae AND sae IN (${IDS})
       ORDER BY closed_ms, shared_key.key, sae`,
      ...[list(saeIds), fromMs, toMs],
    );
    return rows.map(({ keyId, saeId }) => ({ keyId, saeId }));
  }

  async countOpen(masterSae: string, saeId: string, nowMs: number): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      `SELECT count(*) AS count FROM shared_key WHERE open > 0 AND master_sae = $1 AND (expires_ms IS NULL OR expires_ms > $3)
         AND (SELECT state FROM key_copy WHERE key_copy.key = shared_key.key AND sae = $2) = 'ASSIGNED'`,
      ...[masterSae, saeId, nowMs],
    );
    return row!.count;
  }

  async stock(query: Stock, nowMs: number, limit: number): Promise<string[]> {
    const rows = await this.#sql.all<{ id: string }>(
      // A limit that is a parameter has SQLite compile the statement anew each time: powers of two stand in the text.
      `SELECT id ${STOCK} ORDER BY shared_key.reserved_ms, shared_key.key LIMIT ${2 ** Math.ceil(Math.log2(limit))}`,
      ...stockValues(query, nowMs),
    );
    return rows.slice(0, limit).map(({ id }) => id);
  }

  async countStock(query: Stock, nowMs: number): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      `SELECT count(*) AS count ${STOCK}`,
      ...stockValues(query, nowMs),
    );
    return row!.count;
  }
}

interface Stock {
  readonly masterSae: string;
  readonly slaveSae: string;
  readonly bytes: number;
  readonly purpose?: string;
}

// The copy is asked for by its key: joined, it would have PostgreSQL sort all that is set aside for the first of it.
const STOCK = `FROM shared_key
  WHERE open > 0 AND role = 'master' AND length(slave_saes) <= 256 AND master_sae = $1 AND slave_saes = $2 AND purpose = $3
    AND stop - start = $4 AND (expires_ms IS NULL OR expires_ms > $5)
    AND (SELECT state FROM key_copy WHERE key_copy.key = shared_key.key AND sae = master_sae) = 'ASSIGNED'`;

const stockValues = (
  { masterSae, slaveSae, purpose, bytes }: Stock,
  nowMs: number,
): [string, string, string, number, number] => [masterSae, JSON.stringify([slaveSae]), purpose ?? '', bytes, nowMs];

function record(key: KeyRow): KeyRecord {
  const { id: keyId, name: lane, start: offset, stop, role, masterSae, purpose, owner } = key;
  return {
    ...{ keyId, lane, offset, bytes: stop - offset, role, masterSae, purpose, owner },
    slaveSaes: JSON.parse(key.slaveSaes) as string[],
    expiresAtMs: key.expiresMs,
    copies: [...key.copies.values()],
  };
}
