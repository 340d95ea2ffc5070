import { VaultError } from './error.ts';
import { Fixed } from './fixed.ts';
import { isProven, type Keyring, proofOf, Seal } from './keyring.ts';
import { STEP } from './keys.ts';
import { Pieces } from './pieces.ts';
import { Memory } from './records.ts';
import { openPostgres } from './store/postgres.ts';
import { SqliteStore } from './store/sqlite.ts';
import type { Admission, Epoch, Store } from './store/store.ts';
import { type Surroundings, VaultTransaction } from './transaction.ts';
import type { Notebook, PadKeys, VaultOptions } from './types.ts';

const LEASE_MS = 30_000;
/** Bytes of a vault's identity. */
const ID_BYTES = 16;
/** Rows sealed anew in one transaction. */
const ROTATION_ROWS = 256;

/**
 * The durable key store of one site or satellite. What a transaction has done is on the disk when its promise resolves; one
 * that rejects has changed nothing. Every byte of key is handed out at most once (to each SAE that it is for) and overwritten
 * when it is: whatever is killed, whenever, key may be lost and is never given twice.
 *
 * Key bytes are sealed under a keyring that is not in the store. `rotate` begins a new epoch of it, seals everything anew
 * and destroys the epochs before: every copy of the store made until then is unreadable, with the keyring of now or without.
 */
export class Vault {
  readonly #store: Store;
  readonly #keyring: Keyring;
  readonly #surroundings: Surroundings;
  readonly #leaseMs: number;
  #rotation: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  /**
   * Opens or makes a vault; a SQLite file for this process alone. Keys that a crash of this process left RESERVED are
   * voided. A SQLite file is rotated: a copy of it that was made before this start, put back later, is refused as
   * `vault/restored`. (Not so a copy made since: it would hand out keys a second time. Call `rotate` from time to time.)
   * A PostgreSQL vault is rotated by call only: its processes come and go, and one keyring serves them all.
   * Rejects with `vault/corrupt`, `vault/restored`, `vault/busy` or `vault/unavailable`, the store being as it was.
   */
  static async open(options: VaultOptions): Promise<Vault> {
    const { store: place, keyring, random } = options;
    const where = place.kind === 'sqlite' ? place.path : `${place.name} of PostgreSQL`;
    const admission: Admission = {
      admit: (id, epoch) => admit(where, keyring, id, epoch),
      begin: () => {
        const id = random(ID_BYTES);
        return { id, ...proven(keyring, id, keyring.current().epoch) };
      },
    };
    const store = place.kind === 'sqlite' ? new SqliteStore(place, admission) : await openPostgres(place, admission);
    const vault = new Vault(store, options);
    try {
      await vault.heartbeat();
      // Whoever else reserved on a file is dead: it is ours alone.
      const owner = place.kind === 'sqlite' ? undefined : options.processId;
      while ((await vault.atomically((tx) => tx.keys.voidReserved(owner))) > 0);
      if (place.kind === 'sqlite') await vault.rotate();
    } catch (error) {
      await store.close();
      throw error;
    }
    return vault;
  }

  private constructor(store: Store, { keyring, now, random, processId, leaseMs = LEASE_MS }: VaultOptions) {
    this.#store = store;
    this.#keyring = keyring;
    this.#leaseMs = leaseMs;
    this.#surroundings = {
      seal: new Seal(keyring, random, store.id),
      place: store.place,
      now,
      processId,
      fixed: new Fixed(),
    };
  }

  /**
   * One transaction: all of `work` or nothing, one write to the disk, which works that come together share. `scope` names
   * the peer site whose lanes are touched, and nobody touches them under another name; default '', the whole store. Works
   * of different scopes may run at once in several processes; two of one scope, or one of '', never overlap.
   *
   * `work` awaits nothing but its transaction (least of all this method, which would wait for it for ever), and may be run
   * again from the start. Nothing that it reads may leave the process before the promise has resolved.
   */
  async atomically<T>(work: (tx: VaultTransaction) => Promise<T>, scope = ''): Promise<T> {
    let last: VaultTransaction | undefined;
    try {
      const result = await this.#store.transaction(scope, async (sql) => {
        last?.wipe();
        last = new VaultTransaction(sql, scope, this.#surroundings);
        return await work(last);
      });
      last?.settle();
      return result;
    } catch (error) {
      last?.wipe();
      throw error;
    }
  }

  /** A lane for distillation (`AuthenticationKeys` of @skykey/distill); each call is a transaction of its own. */
  padKeys(lane: string, scope = ''): PadKeys {
    return {
      hashKey: () => this.atomically((tx) => tx.pads(lane).point(), scope),
      nextPad: () => this.atomically((tx) => tx.pads(lane).next(), scope),
      look: (index) => this.atomically((tx) => tx.pads(lane).look(index), scope),
      pad: (index) => this.atomically((tx) => tx.pads(lane).use(index), scope),
    };
  }

  /** Documents, each call a transaction of its own, in a scope that no peer has. */
  notebook(): Notebook {
    const each = <T>(work: (memory: Memory) => Promise<T>): Promise<T> =>
      this.#store.transaction(NOTEBOOK, (sql) => work(new Memory(sql)));
    return {
      remember: (name, value) => each((memory) => memory.remember(name, value)),
      recall: (name) => each((memory) => memory.recall(name)),
      recallAll: (prefix) => each((memory) => memory.recallAll(prefix)),
      forget: (name) => each((memory) => memory.forget(name)),
    };
  }

  /**
   * Overwritten bytes may survive in the write-ahead log until it is merged: after this they are in no file (SQLite; what
   * PostgreSQL keeps of them is sealed, and readable no more after `rotate`). Cheap when there is nothing to do; a node
   * calls it every second or so.
   */
  scrub(): Promise<void> {
    return this.#store.scrub();
  }

  /**
   * Begins a new epoch, seals every piece anew in bounded transactions, then destroys the keys of all epochs before. One
   * that was interrupted is completed first, so that a keyring never holds more than three epochs.
   */
  rotate(): Promise<void> {
    const turn = this.#rotation.then(async () => {
      const { epoch } = await this.#store.transaction('', async (sql) => ({ epoch: await sql.epoch() }));
      if (this.#keyring.find(epoch - 1)) await this.#renew(epoch);
      const begun = await this.#store.renewEpoch(async (now) => {
        // Whoever copied the keyring to another machine must not begin another epoch of the same number there.
        admit(this.#store.place, this.#keyring, this.#store.id, now);
        const { epoch } = this.#keyring.current();
        // One that was begun and in which nothing was sealed, because the store could not be told of it, will do.
        return proven(this.#keyring, this.#store.id, epoch > now.epoch ? epoch : await this.#keyring.next());
      });
      await this.#renew(begun.epoch);
    });
    this.#rotation = turn.catch(() => undefined);
    return turn;
  }

  /** Seals anew what is sealed in epochs before this one, and destroys their keys. */
  async #renew(epoch: number): Promise<void> {
    const { seal, place } = this.#surroundings;
    const renew = (after: number) =>
      this.#store.transaction('', (sql) => new Pieces(sql, seal, place).renew(after, ROTATION_ROWS));
    for (let last: number | undefined = -1; last !== undefined; last = await renew(last));
    await this.#store.scrub();
    // Under the lock of the whole store: nobody begins an epoch meanwhile.
    await this.#store.transaction('', () => this.#keyring.destroyBefore(epoch));
    seal.forget();
  }

  /**
   * `keys.expire` until nothing is left to do, in so many steps at most: each is a transaction of its own, between which
   * others have their turn. Returns what they did together.
   */
  async expire(beforeMs: number, steps = Number.POSITIVE_INFINITY): Promise<number> {
    let sum = 0;
    for (let step = STEP; step >= STEP && steps > 0; steps--) {
      step = await this.atomically((tx) => tx.keys.expire(beforeMs));
      sum += step;
    }
    return sum;
  }

  /** Looks at every row and index, which takes a while. Rejects with `vault/corrupt`. */
  check(): Promise<void> {
    return this.#store.check();
  }

  /**
   * Renews the lease of this process: others may void what it has RESERVED when it ends (`keys.voidAbandoned`). Counts, too:
   * a PostgreSQL vault that has gone back behind a count that this process has seen is refused from then on (`vault/restored`).
   */
  async heartbeat(): Promise<void> {
    const { now, processId } = this.#surroundings;
    await this.#store.transaction(`process ${processId}`, async (sql) => {
      await sql.run(
        'INSERT INTO process (id, until_ms) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET until_ms = excluded.until_ms',
        processId,
        now() + this.#leaseMs,
      );
      await sql.run('UPDATE vault SET beats = beats + 1');
    });
  }

  /** Waits for what is under way; on PostgreSQL, what has not begun is refused. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#rotation;
    try {
      await this.#store.scrub();
    } finally {
      await this.#store.close();
      this.#surroundings.seal.forget();
    }
  }
}

const NOTEBOOK = 'notebook';

function proven(keyring: Keyring, id: Uint8Array, epoch: number): Epoch {
  return { epoch, proof: proofOf(keyring, id, epoch)! };
}

/** Throws unless the keyring goes with a store last sealed in this epoch. */
function admit(where: string, keyring: Keyring, id: Uint8Array, now: Epoch): void {
  if (isProven(keyring, id, now)) return;
  const { epoch } = now;
  const current = keyring.current().epoch;
  const reason = keyring.find(epoch)
    ? `the keyring has another key of epoch ${epoch}, in which it was last sealed: it is the keyring of another vault, or of another machine`
    : epoch < current
      ? `it was last sealed in epoch ${epoch} and the keyring has reached epoch ${current}: an older copy was put back, whose keys may have been handed out since`
      : `it was last sealed in epoch ${epoch} and the keyring has only reached epoch ${current}: an older keyring was put back, or that of another vault`;
  throw new VaultError(
    'vault/restored',
    `the vault ${where} cannot be used: ${reason}. Nothing in it was changed. Put the vault and its keyring back as they were last, ` +
      'or move both away and start with an empty vault: the links fill it again, couriered key must be installed anew at both ends',
  );
}
