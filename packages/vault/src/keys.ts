import { SecretBytes } from '@skykey/bits';
import { VaultError } from './error.ts';
import { isKeyId, type KeyPlace, type KeyRow, KeyRows, type NewKey } from './key-rows.ts';
import type { Lanes } from './lanes.ts';
import type { Counter } from './records.ts';
import type { Sql } from './store/store.ts';
import type { Place } from './stretches.ts';
import type { KeyBatch, KeyRecord, KeyRequest } from './types.ts';

/** Keys voided, or forgotten, in one call: nobody else gets at the store meanwhile. */
export const STEP = 1_000;

/** Which copy of which key. */
export interface Wanted {
  readonly keyId: string;
  readonly saeId: string;
}

/** Keys assigned in advance that a pair may have. */
export interface StockQuery {
  readonly masterSae: string;
  readonly slaveSae: string;
  /** Bytes of each key. */
  readonly bytes: number;
  /** As in KeyRequest; default ''. */
  readonly purpose?: string;
}

/**
 * Keys that SAEs share, with the copies that SAEs of this site get and their life RESERVED, ASSIGNED, DELIVERED and ERASED,
 * or VOIDED. A method does all it is asked for or, when it throws, nothing; how many keys there are changes little in how
 * many statements it takes. Records of keys that are gone stay for twice the time that keys live, as tombstones: whatever is
 * said of them late finds them used. (Their place in the lane is spent for ever.)
 */
export class Keys {
  readonly #rows: KeyRows;
  readonly #lanes: Lanes;
  readonly #counter: Counter;
  readonly #now: () => number;
  readonly #owner: string;
  readonly #give: (secret: SecretBytes) => SecretBytes;

  constructor(
    sql: Sql,
    lanes: Lanes,
    counter: Counter,
    now: () => number,
    owner: string,
    give: (secret: SecretBytes) => SecretBytes,
  ) {
    this.#rows = new KeyRows(sql);
    this.#lanes = lanes;
    this.#counter = counter;
    this.#now = now;
    this.#owner = owner;
    this.#give = give;
  }

  /**
   * Master side: takes one range per key id from lanes that this side leads, each holder's copy RESERVED. Throws
   * `vault/short` when there is not enough for all, `vault/known` when one of the ids was ever used.
   */
  async reserve(requests: readonly KeyRequest[]): Promise<KeyRecord[]> {
    await this.#checkNew(requests.flatMap(({ keyIds }) => keyIds));
    return await this.#rows.atomically(requests.length, async () => {
      const rows: NewKey[] = [];
      for (const request of requests) {
        const common = this.#common(request, request.holders ?? [request.masterSae]);
        const ranges = await this.#lanes.reserve(request.lane, request.bytes, request.keyIds.length);
        for (const [i, keyId] of request.keyIds.entries()) {
          rows.push({ ...request, ...common, keyId, role: 'master', state: 'RESERVED', place: ranges[i]! });
        }
      }
      return await this.#rows.insert(rows);
    });
  }

  /** Slave side: the keys that the other side reserved, ASSIGNED. Throws `vault/taken`, `vault/missing`, `vault/known`. */
  async register(batches: readonly KeyBatch[]): Promise<void> {
    await this.#checkNew(batches.flatMap(({ keys }) => keys.map(({ keyId }) => keyId)));
    await this.#rows.atomically(batches.length, async () => {
      const rows: NewKey[] = [];
      for (const batch of batches) {
        const common = this.#common(batch, batch.holders ?? batch.slaveSaes);
        const offsets = batch.keys.map(({ offset }) => offset);
        const ranges = await this.#lanes.reserveAt(batch.lane, batch.bytes, offsets);
        for (const [i, { keyId }] of batch.keys.entries()) {
          rows.push({ ...batch, ...common, keyId, role: 'slave', state: 'ASSIGNED', place: ranges[i]! });
        }
      }
      await this.#rows.insert(rows);
    });
  }

  /** Checked before anything is written. */
  #common({ purpose = '', lane }: KeyRequest | KeyBatch, holders: readonly string[]) {
    if (holders.length === 0 || new Set(holders).size < holders.length) {
      throw new VaultError(
        'vault/argument',
        `keys of lane ${lane} need SAEs of this site that get a copy, each named once`,
      );
    }
    return { purpose, holders, owner: this.#owner, nowMs: this.#now() };
  }

  /**
   * Master side: the other side holds these keys durably. RESERVED → ASSIGNED. Throws `vault/state`, also when another
   * process reserved them, or when they were voided because this one was thought dead.
   */
  async assign(keyIds: readonly string[]): Promise<void> {
    const found = await this.#rows.byId(keyIds);
    const seen = new Set<string>();
    for (const keyId of keyIds) {
      const key = found.get(keyId);
      const states = key ? [...key.copies.values()].map(({ state }) => state) : [];
      if (states.length === 0 || !states.every((state) => state === 'RESERVED') || seen.has(keyId)) {
        throw wrongState(keyId, states[0], 'RESERVED');
      }
      if (key!.owner !== this.#owner) {
        throw new VaultError(
          'vault/state',
          `key ${keyId} was reserved by process ${key!.owner}, not by ${this.#owner}`,
        );
      }
      seen.add(keyId);
    }
    const keys = [...found.values()];
    await this.#rows.assign(
      keys.map(({ key }) => key),
      keys.reduce((sum, { copies }) => sum + copies.size, 0),
      this.#now(),
    );
  }

  /**
   * ASSIGNED → DELIVERED → ERASED: the bytes of these copies, in the order asked. When the transaction is through they are
   * nowhere else here, unless another SAE of this site has yet to get its copy. Throws `vault/state`, `vault/expired`.
   */
  async deliver(wanted: readonly Wanted[]): Promise<SecretBytes[]> {
    const found = await this.#rows.byId(wanted.map(({ keyId }) => keyId));
    const nowMs = this.#now();
    const places: (Place & { readonly key: KeyRow; leaves: number })[] = [];
    const index = new Map<string, number>();
    const asked = new Set<string>();
    for (const { keyId, saeId } of wanted) {
      const key = found.get(keyId);
      const copy = key?.copies.get(saeId);
      const name = `${keyId}/${saeId}`;
      if (!key || copy?.state !== 'ASSIGNED' || asked.has(name)) throw wrongState(keyId, copy?.state, 'ASSIGNED');
      if (key.expiresMs !== null && key.expiresMs <= nowMs) {
        throw new VaultError(
          'vault/expired',
          `key ${keyId} was good until ${key.expiresMs} and is not delivered any more`,
        );
      }
      asked.add(name);
      const known = index.get(keyId);
      if (known === undefined) {
        index.set(keyId, places.length);
        places.push({ lane: key.lane, start: key.start, stop: key.stop, key, leaves: key.open - 1 });
      } else {
        places[known]!.leaves--;
      }
    }
    const bytes = await this.#lanes.takeAll(places, (i) => places[i]!.leaves === 0);
    await this.#rows.erase(
      wanted.map(({ keyId, saeId }) => ({ key: found.get(keyId)!.key, saeId })),
      nowMs,
    );
    await this.#counter.add('deliveredKeys', wanted.length);
    const secrets = wanted.map(({ keyId }) => this.#give(SecretBytes.adopt(bytes[index.get(keyId)!]!.slice())));
    for (const each of bytes) each.fill(0);
    return secrets;
  }

  /**
   * Open copies → VOIDED; keys that have none and unknown ids are passed over, but the other side shall burn what it has of
   * keys that this side led, even if they were delivered here (`untold`). Returns how many keys were voided here.
   */
  async void(keyIds: readonly string[]): Promise<number> {
    await this.#rows.tell(keyIds);
    return await this.#void(await this.#rows.open(keyIds));
  }

  async #void(keys: readonly KeyPlace[]): Promise<number> {
    if (keys.length === 0) return 0;
    await this.#lanes.burnAll(keys);
    return await this.#close(keys.map(({ key }) => key));
  }

  async #close(keys: readonly number[]): Promise<number> {
    await this.#rows.void(keys, this.#now());
    await this.#counter.add('voidedKeys', keys.length);
    return keys.length;
  }

  /**
   * Slave side: the other side voided these keys. Ids never heard of get a tombstone, so that an assignment that comes
   * late cannot revive them, even where their lane has yet to come; their place is burned where it is there and free.
   */
  async voidBatch(batches: readonly KeyBatch[]): Promise<void> {
    const ids = batches.flatMap(({ keys }) => keys.map(({ keyId }) => keyId));
    checkIds(ids);
    const known = await this.#rows.known(ids);
    const rows: NewKey[] = [];
    for (const batch of batches) {
      const fresh = batch.keys.filter(({ keyId }) => !known.has(keyId));
      const common = this.#common(batch, batch.holders ?? batch.slaveSaes);
      if (fresh.length === 0) continue;
      checkPlaces(batch);
      const lane = await this.#lanes.number(batch.lane);
      await this.#lanes.burnFree(
        batch.lane,
        batch.bytes,
        fresh.map(({ offset }) => offset),
      );
      for (const { keyId, offset } of fresh) {
        known.add(keyId);
        const place = { lane, start: offset, stop: offset + batch.bytes, expiresMs: null };
        rows.push({ ...batch, ...common, keyId, role: 'slave', state: 'VOIDED', place });
      }
    }
    await this.#rows.insert(rows);
    await this.#counter.add('voidedKeys', rows.length);
    await this.#void(await this.#rows.open(ids));
  }

  /** Records in the order of the ids; undefined for an id never heard of. */
  async find(keyIds: readonly string[]): Promise<(KeyRecord | undefined)[]> {
    return await this.#rows.records(keyIds);
  }

  /** Keys that this side led and voided, of which the other side may not know; oldest first. */
  async untold(limit: number): Promise<KeyRecord[]> {
    const ids = await this.#rows.untold(limit);
    return (await this.#rows.records(ids)).filter((record) => record !== undefined);
  }

  /** The other side has acknowledged that these keys are void. */
  async told(keyIds: readonly string[]): Promise<void> {
    await this.#rows.told(keyIds);
  }

  /**
   * Voids keys of which a copy was ASSIGNED before `beforeMs` and not fetched since, and those too old to be delivered;
   * overwrites unclaimed key that is too old; forgets tombstones whose time is over. At most 1,000 of each: whoever wants all
   * calls until less is returned (`Vault.expire`). Returns how many keys were voided, pieces overwritten and keys forgotten.
   * Touches the lanes of every peer: for a transaction of scope ''.
   */
  async expire(beforeMs: number): Promise<number> {
    const nowMs = this.#now();
    const voided = await this.#void(await this.#rows.old(beforeMs, nowMs, STEP));
    const overwritten = await this.#lanes.expire(STEP);
    // What the other side may still ask for, or send late, is younger than twice the time that keys live.
    return voided + overwritten + (await this.#rows.prune(2 * beforeMs - nowMs, STEP));
  }

  /** Ids of keys that are assigned in advance to master and slave and that the master may have now, oldest first. */
  async stock(query: StockQuery & { readonly limit: number }): Promise<string[]> {
    return await this.#rows.stock(query, this.#now(), query.limit);
  }

  async countStock(query: StockQuery): Promise<number> {
    return await this.#rows.countStock(query, this.#now());
  }

  /** Keys of a master that an SAE of this site could fetch and has not. */
  async countOpen({ masterSae, saeId }: { readonly masterSae: string; readonly saeId: string }): Promise<number> {
    return await this.#rows.countOpen(masterSae, saeId, this.#now());
  }

  /**
   * Copies that these SAEs could have fetched and that were voided since `fromMs`, oldest first. `untilMs`: whence to ask the
   * next time, so that none is missed nor told twice. Where several processes write, what is younger than `lagMs` waits.
   */
  async voidedSince(
    fromMs: number,
    saeIds: readonly string[],
    lagMs = 0,
  ): Promise<{ readonly copies: readonly Wanted[]; readonly untilMs: number }> {
    const untilMs = Math.max(fromMs, this.#now() - lagMs);
    const copies = saeIds.length > 0 ? await this.#rows.voided(saeIds, fromMs, untilMs) : [];
    return { copies, untilMs };
  }

  /**
   * Voids what a crash of a process (default: of any) left RESERVED: the other side may or may not have it, so nobody shall.
   * At most 1,000 keys; returns how many.
   */
  async voidReserved(owner?: string): Promise<number> {
    return await this.#void(await this.#rows.reservedBy(owner, STEP));
  }

  /** The same for all processes that have not renewed their lease in time. For a transaction of the whole store. */
  async voidAbandoned(): Promise<number> {
    return await this.#void(await this.#rows.abandoned(this.#now(), STEP));
  }

  /** Voids the records of keys whose place an alarm has burned. */
  async voidBurned(places: readonly Place[]): Promise<number> {
    const keys = await this.#rows.openAt(places);
    return keys.length && (await this.#close(keys));
  }

  async #checkNew(keyIds: readonly string[]): Promise<void> {
    checkIds(keyIds);
    const known = await this.#rows.known(keyIds);
    for (const keyId of keyIds) {
      if (known.has(keyId)) throw new VaultError('vault/known', `the key id ${keyId} was used before`);
      known.add(keyId);
    }
  }
}

function checkIds(keyIds: readonly string[]): void {
  for (const keyId of keyIds) {
    if (!isKeyId(keyId)) throw new VaultError('vault/argument', `a key id is a lower-case UUID, not ${keyId}`);
  }
}

function checkPlaces({ bytes, keys }: KeyBatch): void {
  for (const { keyId, offset } of keys) {
    if (!(Number.isSafeInteger(bytes) && bytes > 0 && Number.isSafeInteger(offset) && offset >= 0)) {
      throw new VaultError(
        'vault/argument',
        `key ${keyId} has a whole number of bytes at a whole offset, not ${bytes} at ${offset}`,
      );
    }
  }
}

function wrongState(keyId: string, found: string | undefined, needed: string): VaultError {
  return new VaultError(
    'vault/state',
    `key ${keyId} is ${found ?? 'unknown here'}, this step needs it ${needed}, once`,
  );
}
