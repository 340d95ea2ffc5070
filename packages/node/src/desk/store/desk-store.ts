import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DeskMessage } from '@skykey/telemetry';
import { NodeError } from '../../error.ts';
import { Database } from './database.ts';
import { Files, type KeptFile } from './files.ts';
import { History } from './history.ts';
import { KeyFile } from './key-file.ts';
import { Records } from './records.ts';
import { explained } from './refusal.ts';
import type { RandomBytes } from './seal.ts';
import { DAY_MS, Shelf } from './shelf.ts';
import { Turns } from './turns.ts';
import { Witness } from './witness.ts';

/** What is written together: all of it or nothing. */
export interface Changes {
  /** Records, by name, each in the place of what has its name. The bytes are copied. */
  readonly puts?: Iterable<readonly [name: string, bytes: Uint8Array]>;
  readonly deletes?: Iterable<string>;
  /** Kept, or put in the place of the message of the same id. */
  readonly messages?: readonly DeskMessage[];
  readonly files?: readonly KeptFile[];
  /** Ids of files that go, with their bytes. */
  readonly removedFiles?: readonly string[];
}

/** What a conversation, and the list of persons, need of a store. */
export interface KeptState {
  /** What was committed last under this name; undefined when there is none. */
  get(name: string): Uint8Array | undefined;
  /** Every record whose name begins so, by name, in the order of names. */
  all(prefix: string): Map<string, Uint8Array>;
  /**
   * Durable when it resolves, and every copy of the store from before is then known to be old. When it rejects with
   * `desk/disk-full` nothing was written; after `desk/disk-fault` that is known at the next start. Commits are carried out in
   * the order they were asked for; behind one that the disk refused none is that was waiting.
   */
  commit(changes: Changes): Promise<void>;
}

export interface DeskStoreOptions {
  /** Holds `desk.db`, its key file `desk.keys` and `files/`; made when missing. */
  readonly folder: string;
  /** File that remembers how far the store had come: outside of `folder`, and of what is copied with it. */
  readonly witness: string;
  /** This desk's own clock, ms of UTC. */
  readonly now: () => number;
  readonly random?: RandomBytes;
  /** Bounds the database, in pages of 4096 bytes. */
  readonly maxPages?: number;
}

/**
 * What a desk keeps: records of its conversation, history, and files, sealed at rest under keys that end (see `KeyFile`).
 * What it does not promise: against somebody who writes to its disk while it is closed it notices changed things and an old
 * copy of the whole, but not that one row was put back to what it had been, or is missing.
 */
export class DeskStore implements KeptState {
  readonly history: History;
  readonly files: Files;
  readonly #db: Database;
  readonly #keys: KeyFile;
  readonly #records: Records;
  readonly #witness: Witness;
  readonly #turns = new Turns((write) => this.#transact(write));
  #generation: number;
  #restored: boolean;
  #failure: NodeError | undefined;

  /**
   * Opens the store or makes it. Throws NodeError: `desk/busy` (another process), `desk/newer`, `desk/not-a-store`,
   * `desk/keys`, `desk/damaged`, `desk/disk…`; what is there is then left as it was.
   */
  static async open(options: DeskStoreOptions): Promise<DeskStore> {
    const { folder, random = randomBytes } = options;
    try {
      mkdirSync(join(folder, 'files'), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw explained(error, `the desk's folder ${folder}`);
    }
    const db = new Database(join(folder, 'desk.db'), options.maxPages);
    let keys: KeyFile | undefined;
    let witness: Witness | undefined;
    try {
      // A file without a row is one whose maker was killed.
      const isNew = !db.get('SELECT 1 FROM store');
      keys = KeyFile.open(join(folder, 'desk.keys'), isNew, random);
      if (isNew) Records.begin(db, keys, random);
      const records = new Records(db, keys, random, `the desk's store ${join(folder, 'desk.db')}`);
      witness = await Witness.open(options.witness);
      const store = new DeskStore({ db, keys, records, witness, random, options });
      await store.#face(await witness.seen());
      return store;
    } catch (error) {
      keys?.close();
      db.close();
      await witness?.close();
      throw error;
    }
  }

  private constructor(parts: {
    readonly db: Database;
    readonly keys: KeyFile;
    readonly records: Records;
    readonly witness: Witness;
    readonly random: RandomBytes;
    readonly options: DeskStoreOptions;
  }) {
    const { db, keys, records, witness, random, options } = parts;
    const { generation, restored } = db.get('SELECT generation, restored FROM store')!;
    this.#db = db;
    this.#keys = keys;
    this.#records = records;
    this.#witness = witness;
    this.#generation = Number(generation);
    this.#restored = restored !== 0;
    const shelf = { db, keys, blinding: records.blinding, random, now: options.now };
    this.history = new History(new Shelf(shelf, 'message'), (write) => this.#turns.add(write));
    this.files = new Files(new Shelf(shelf, 'file'), join(options.folder, 'files'), random);
  }

  /** Counts the commits of this store, and never goes back: see `restored`. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * This store was put back from an old copy, or its witness is missing: what was sent, accepted or decided since is not
   * known here. Stays so, also over restarts, until `settleRestored`.
   */
  get restored(): boolean {
    return this.#restored;
  }

  /** What was unknown has been settled with the other side, and persons have been looked through. */
  async settleRestored(): Promise<void> {
    await this.#turns.add(() => this.#db.run('UPDATE store SET restored = 0'), {
      after: () => {
        this.#restored = false;
      },
    });
  }

  get(name: string): Uint8Array | undefined {
    return this.#records.get(name);
  }

  all(prefix: string): Map<string, Uint8Array> {
    return this.#records.all(prefix);
  }

  async commit({ puts = [], deletes = [], messages = [], files = [], removedFiles = [] }: Changes): Promise<void> {
    // As they are now (a Buffer's own slice would share its memory): whoever asked goes on with what is theirs.
    const records = [...puts].map(([name, bytes]) => [name, new Uint8Array(bytes)] as const);
    const gone = [...deletes];
    const kept = files.map(({ file, progress }) => ({ file, progress: new Uint8Array(progress) }));
    try {
      await this.#turns.add(
        () => {
          for (const name of gone) this.#records.remove(name);
          for (const [name, bytes] of records) this.#records.put(name, bytes);
          for (const message of messages) this.history.put(message);
          for (const file of kept) this.files.put(file);
          for (const id of removedFiles) this.files.remove(id);
        },
        { after: () => this.files.drop(removedFiles.map((id) => this.files.nameOf(id))) },
      );
    } finally {
      for (const [, bytes] of records) bytes.fill(0);
      for (const { progress } of kept) progress.fill(0);
    }
  }

  /** Seals every record under a new key and destroys the one before: what was deleted or replaced until now is gone everywhere. */
  async rotate(): Promise<void> {
    let epoch = 0;
    await this.#turns.add(
      () => {
        epoch = this.#keys.addEpoch();
        this.#records.reseal(epoch);
      },
      {
        isAlone: true,
        after: () => {
          this.#records.turnTo(epoch);
          this.#keys.keepEpoch(epoch);
          this.#db.scrub();
        },
      },
    );
  }

  /**
   * Ends the history and the files of every UTC day that is more than `retentionDays` days ago (null: none): rows, bytes
   * and the day's key, in whatever copy they are. Records are sealed anew as well, since some hold words that were on their way.
   * A clock that is set ahead ends history too early: the caller's clock is believed.
   */
  async expire(nowMs: number, retentionDays: number | null): Promise<void> {
    if (retentionDays !== null) {
      if (!Number.isInteger(retentionDays) || retentionDays < 0)
        throw new RangeError(`retention of ${retentionDays} days: a whole number of days, or null for ever`);
      await this.#end(Math.floor(nowMs / DAY_MS) - retentionDays);
    }
    await this.rotate();
  }

  /** Ends all history and all files, as `expire` does. The conversation itself goes on. */
  async forget(): Promise<void> {
    await this.#end(Number.MAX_SAFE_INTEGER);
    await this.rotate();
  }

  async close(): Promise<void> {
    await this.#turns.close();
    this.#keys.close();
    this.#records.blinding.wipe();
    this.#db.close();
    await this.#witness.close();
  }

  /** Compares with what the witness has seen, and tells it that this store is open again. */
  async #face(seen: Awaited<ReturnType<Witness['seen']>>): Promise<void> {
    const { storeId } = this.#keys;
    const isOwn = typeof seen === 'object' && Buffer.from(seen.storeId).equals(storeId);
    // A store whose generation is 0 was never open.
    const isCurrent = isOwn ? seen.generation <= this.#generation : seen === 'nothing' && this.#generation === 0;
    this.#restored ||= !isCurrent;
    // First what a start that is cut short here needs, to be known as the same.
    if (seen === 'nothing' && isCurrent) await this.#witness.begin(storeId, 0);
    this.#generation = Math.max(this.#generation, isOwn ? seen.generation : 0) + 1;
    this.#db.transaction(() =>
      this.#db.run('UPDATE store SET generation = ?, restored = ?', this.#generation, this.#restored ? 1 : 0),
    );
    await this.#witness.begin(storeId, this.#generation);
    this.#keys.destroyEpochsBefore(this.#records.epoch);
    // An old copy of the rows does not know of the newest files.
    if (!this.#restored) this.files.sweep();
  }

  async #transact(write: () => void): Promise<void> {
    if (this.#failure) throw this.#failure;
    const generation = this.#generation + 1;
    this.#db.transaction(() => {
      write();
      this.#db.run('UPDATE store SET generation = ?', generation);
    });
    this.#generation = generation;
    try {
      await this.#witness.see(this.#keys.storeId, generation);
    } catch (error) {
      // What was written is there, and nobody may be told so: from here on only a new start knows.
      const until = 'Nothing more is taken until you start the desk again';
      this.#failure = new NodeError('desk/disk-fault', `${(error as Error).message}. ${until}`, { cause: error });
      throw this.#failure;
    }
  }

  /** Ends history and files of the days before `day`. */
  async #end(day: number): Promise<void> {
    let names: string[] = [];
    try {
      await this.#turns.add(
        () => {
          this.history.removeBefore(day);
          names = this.files.removeBefore(day);
        },
        { isAlone: true, after: () => this.files.drop(names) },
      );
    } finally {
      // Also when the disk is full: what is to be forgotten is, and rows without a key are nothing.
      this.#keys.destroyDays((each) => each < day);
    }
  }
}
