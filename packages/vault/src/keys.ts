import type { SecretBytes } from '@skykey/bits';
import type { Database } from './database.ts';
import { VaultError } from './error.ts';
import type { Lanes } from './lanes.ts';
import type { Counter } from './records.ts';
import type { KeyBatch, KeyRecord, KeyRequest, KeyState } from './types.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const UNBURNABLE: ReadonlySet<string> = new Set(['vault/missing', 'vault/poisoned', 'vault/taken']);

const COLUMNS = `id AS keyId, name AS lane, start AS offset, stop - start AS bytes, masterSae, slaveSae, role, state,
  reservedMs AS reservedAtMs, assignedMs AS assignedAtMs, closedMs AS closedAtMs`;

/**
 * Key copies for ETSI GS QKD 014 with their life RESERVED, ASSIGNED, DELIVERED and ERASED, or VOIDED. Every method is one
 * transaction, all its keys or none. Records stay for ever as tombstones: a key id that was used answers as used.
 */
export class Keys {
  readonly #db: Database;
  readonly #lanes: Lanes;
  readonly #counter: Counter;
  readonly #now: () => number;

  constructor(db: Database, lanes: Lanes, counter: Counter, now: () => number) {
    this.#db = db;
    this.#lanes = lanes;
    this.#counter = counter;
    this.#now = now;
  }

  /**
   * Master side: takes one range per key id from a lane that this side leads. Throws `vault/short` when there is not
   * enough for all, `vault/known` when one of the ids was ever used.
   */
  reserve({ lane, bytes, keyIds, masterSae, slaveSae }: KeyRequest): KeyRecord[] {
    return this.#db.atomically(() => {
      const ranges = this.#lanes.reserve(lane, bytes, keyIds.length);
      keyIds.forEach((keyId, index) => {
        const { offset } = ranges[index]!;
        this.#insert({ lane, bytes, masterSae, slaveSae, keyId, offset, role: 'master', state: 'RESERVED' });
      });
      return keyIds.map((keyId) => this.find(keyId)!);
    });
  }

  /** Slave side: registers the keys that the other side reserved. Throws `vault/taken`, `vault/missing`, `vault/known`. */
  register({ lane, bytes, masterSae, slaveSae, keys }: KeyBatch): void {
    this.#db.atomically(() => {
      for (const { keyId, offset } of keys) {
        this.#lanes.reserveAt({ lane, offset, bytes });
        this.#insert({ lane, bytes, masterSae, slaveSae, keyId, offset, role: 'slave', state: 'ASSIGNED' });
      }
    });
  }

  /** Master side: the other side holds these keys durably. RESERVED → ASSIGNED. */
  assign(keyIds: readonly string[]): void {
    this.#db.atomically(() => {
      for (const keyId of keyIds) {
        this.#require(keyId, 'RESERVED');
        this.#db.run(`UPDATE key SET state = 'ASSIGNED', assignedMs = ? WHERE id = ?`, this.#now(), keyId);
      }
    });
  }

  /** ASSIGNED → DELIVERED → ERASED: the bytes of all keys, in order. When it has returned they exist nowhere else here. */
  deliver(keyIds: readonly string[]): SecretBytes[] {
    return this.#db.atomically(() => {
      const secrets = keyIds.map((keyId) => {
        const secret = this.#lanes.take(this.#require(keyId, 'ASSIGNED'));
        this.#db.run(`UPDATE key SET state = 'ERASED', closedMs = ? WHERE id = ?`, this.#now(), keyId);
        return secret;
      });
      this.#counter.add('deliveredKeys', keyIds.length);
      return secrets;
    });
  }

  /** RESERVED or ASSIGNED → VOIDED; keys in other states and unknown ids are left alone. Returns how many were voided. */
  void(keyIds: readonly string[]): number {
    return this.#db.atomically(() => {
      let voided = 0;
      for (const keyId of keyIds) {
        const key = this.find(keyId);
        if (key?.state !== 'RESERVED' && key?.state !== 'ASSIGNED') continue;
        this.#lanes.burn(key);
        this.#close(keyId);
        voided++;
      }
      this.#counter.add('voidedKeys', voided);
      return voided;
    });
  }

  /**
   * Slave side: the other side voided these keys. Ids never heard of get a tombstone, so that an assignment that comes
   * late cannot revive them, and their place is burned.
   */
  voidBatch({ lane, bytes, masterSae, slaveSae, keys }: KeyBatch): void {
    this.#db.atomically(() => {
      for (const { keyId, offset } of keys) {
        if (this.find(keyId)) continue;
        try {
          this.#db.atomically(() => {
            this.#lanes.reserveAt({ lane, offset, bytes });
            this.#lanes.burn({ lane, offset, bytes });
          });
        } catch (error) {
          // Not there (yet), poisoned, or in other use: then there is nothing of this key to burn.
          if (!(error instanceof VaultError && UNBURNABLE.has(error.code))) throw error;
        }
        if (this.#lanes.length(lane) === 0) continue;
        this.#insert({ lane, bytes, masterSae, slaveSae, keyId, offset, role: 'slave', state: 'VOIDED' });
        this.#close(keyId);
      }
      this.void(keys.map(({ keyId }) => keyId));
    });
  }

  find(keyId: string): KeyRecord | undefined {
    return this.#db.get<KeyRecord>(`SELECT ${COLUMNS} FROM key JOIN lane USING (lane) WHERE id = ?`, keyId);
  }

  /** Keys that this side led and voided, of which the other side may not know; oldest first. */
  untold(limit: number): KeyRecord[] {
    return this.#db.all<KeyRecord>(
      `SELECT ${COLUMNS} FROM key JOIN lane USING (lane) WHERE told = 0 ORDER BY closedMs LIMIT ?`,
      limit,
    );
  }

  /** The other side has acknowledged that these keys are void. */
  told(keyIds: readonly string[]): void {
    this.#db.atomically(() => {
      for (const keyId of keyIds) this.#db.run('UPDATE key SET told = 1 WHERE id = ?', keyId);
    });
  }

  /** Voids keys ASSIGNED before `beforeMs` and not fetched since. Returns how many. */
  expire(beforeMs: number): number {
    const old = this.#db.all<{ id: string }>(
      `SELECT id FROM key WHERE state = 'ASSIGNED' AND assignedMs < ?`,
      beforeMs,
    );
    return old.length && this.void(old.map(({ id }) => id));
  }

  /** Voids what a crash left RESERVED: the other side may or may not have it, so nobody shall. */
  voidReserved(): number {
    const open = this.#db.all<{ id: string }>(`SELECT id FROM key WHERE state = 'RESERVED'`);
    return open.length && this.void(open.map(({ id }) => id));
  }

  /** Voids the records of keys whose place an alarm has burned. */
  voidBurned(places: readonly { lane: number; start: number }[]): number {
    let voided = 0;
    for (const { lane, start } of places) {
      const key = this.#db.get<{ id: string }>(
        `SELECT id FROM key WHERE lane = ? AND start = ? AND state IN ('RESERVED', 'ASSIGNED')`,
        ...[lane, start],
      );
      if (!key) continue;
      this.#close(key.id);
      voided++;
    }
    this.#counter.add('voidedKeys', voided);
    return voided;
  }

  #close(keyId: string): void {
    this.#db.run(
      `UPDATE key SET state = 'VOIDED', closedMs = ?, told = CASE role WHEN 'master' THEN 0 ELSE 1 END WHERE id = ?`,
      ...[this.#now(), keyId],
    );
  }

  #require(keyId: string, state: KeyState): KeyRecord {
    const key = this.find(keyId);
    if (key?.state !== state) {
      throw new VaultError(
        'vault/state',
        `key ${keyId} is ${key ? key.state : 'unknown'}, this step needs it ${state}`,
      );
    }
    return key;
  }

  #insert(
    key: Pick<KeyRecord, 'keyId' | 'lane' | 'offset' | 'bytes' | 'masterSae' | 'slaveSae' | 'role' | 'state'>,
  ): void {
    if (!UUID.test(key.keyId))
      throw new VaultError('vault/argument', `a key id is a lower-case UUID, not ${key.keyId}`);
    if (this.find(key.keyId)) throw new VaultError('vault/known', `the key id ${key.keyId} was used before`);
    this.#db.run(
      `INSERT INTO key (id, lane, start, stop, masterSae, slaveSae, role, state, reservedMs, assignedMs)
       VALUES (?, (SELECT lane FROM lane WHERE name = ?), ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[key.keyId, key.lane, key.offset, key.offset + key.bytes, key.masterSae, key.slaveSae, key.role, key.state],
      ...[this.#now(), key.state === 'ASSIGNED' ? this.#now() : null],
    );
  }
}
