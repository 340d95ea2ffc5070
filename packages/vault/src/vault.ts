import type { SecretBytes } from '@skykey/bits';
import { Blocks } from './blocks.ts';
import { Database } from './database.ts';
import { Keys } from './keys.ts';
import { Lanes } from './lanes.ts';
import { Pads } from './pads.ts';
import { Pieces } from './pieces.ts';
import { Counter, Journal, Memory, Outbox } from './records.ts';
import type {
  BlockLabels,
  BlockRecord,
  Counters,
  Cut,
  NewBlock,
  PadKeys,
  PoisonReport,
  Range,
  VaultOptions,
} from './types.ts';

/**
 * The durable key store of one site or satellite. What a call has returned is on the disk; a call that throws (always a
 * VaultError) has changed nothing. Every byte of key is handed out at most once and overwritten when it is: whatever is
 * killed, whenever, key may be lost and is never given twice.
 */
export class Vault {
  readonly outbox: Outbox;
  readonly journal: Journal;
  /** Key copies for ETSI GS QKD 014. */
  readonly keys: Keys;
  readonly #db: Database;
  readonly #lanes: Lanes;
  readonly #blocks: Blocks;
  readonly #memory: Memory;
  readonly #counter: Counter;
  readonly #now: () => number;

  /**
   * Opens or makes a vault, for this process alone. Keys that a crash left RESERVED are voided. Throws `vault/corrupt`,
   * `vault/busy` or `vault/unavailable` with the file as it was.
   */
  static open(options: VaultOptions): Vault {
    return new Vault(options);
  }

  private constructor({ path, now, maxPages }: VaultOptions) {
    this.#now = now;
    this.#db = new Database(path, maxPages);
    const pieces = new Pieces(this.#db);
    this.#lanes = new Lanes(this.#db, pieces);
    this.#blocks = new Blocks(this.#db, pieces, this.#lanes, now);
    this.#counter = new Counter(this.#db);
    this.#memory = new Memory(this.#db);
    this.outbox = new Outbox(this.#db, now);
    this.journal = new Journal(this.#db);
    this.keys = new Keys(this.#db, this.#lanes, this.#counter, now);
    try {
      this.keys.voidReserved();
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /**
   * Several calls as one transaction: all or nothing, one write to the disk. `work` is synchronous. No key that it takes
   * may leave the process before this returns: if it throws, that key was never taken.
   */
  atomically<T>(work: () => T): T {
    return this.#db.atomically(work);
  }

  // Blocks

  /**
   * Stores a finished block until it is released or discarded. The caller still owns its bytes and wipes them.
   * Throws `vault/known` for an id ever used, `vault/poisoned` when it rests on a link as it was before an alarm.
   */
  hold(block: NewBlock): void {
    this.#db.atomically(() => this.#blocks.hold(block));
  }

  /**
   * Cuts a held block into lanes, in the order given; both ends cut alike. What no cut names is overwritten. Empty cuts
   * are passed over. Throws `vault/state` unless held.
   */
  release(blockId: string, cuts: readonly Cut[]): void {
    this.#db.atomically(() => this.#blocks.release(blockId, cuts));
  }

  /** Overwrites a held block. Throws `vault/state` unless held. */
  discard(blockId: string): void {
    this.#db.atomically(() => this.#blocks.discard(blockId));
  }

  /** Ids of the blocks neither released nor discarded, oldest first; also those that an alarm has emptied meanwhile. */
  held(): string[] {
    return this.#blocks.held();
  }

  /** Bytes of a held block. Throws `vault/state` unless held. */
  heldBytes(blockId: string): number {
    return this.#blocks.heldBytes(blockId);
  }

  /** A copy of a held block, which stays: for the proof that the other end has the same. Wipe it. */
  readHeld(blockId: string): SecretBytes {
    return this.#blocks.read(blockId);
  }

  wasReleased(blockId: string): boolean {
    return this.#blocks.find(blockId)?.state === 'released';
  }

  block(blockId: string): BlockRecord | undefined {
    return this.#blocks.find(blockId);
  }

  /** Blocks ever known whose id begins with `prefix`, newest first. */
  blocks(prefix = '', limit = 100): BlockRecord[] {
    return this.#blocks.list(prefix, limit);
  }

  // Lanes

  /** Puts couriered key at the end of a lane. */
  append(lane: string, labels: BlockLabels, bytes: SecretBytes): void {
    this.#db.atomically(() => {
      const blockId = `${lane}@${this.#lanes.length(lane)}`;
      this.#blocks.hold({ blockId, labels, bytes });
      this.#blocks.release(blockId, [{ lane, from: 0, to: bytes.length }]);
    });
  }

  /** Bytes ever put into the lane, used ones included; 0 for a lane that does not exist. */
  length(lane: string): number {
    return this.#lanes.length(lane);
  }

  /** Bytes that `reserve` can still hand out. */
  available(lane: string): number {
    return this.#lanes.available(lane);
  }

  /** How many ranges of this size `reserve` can still hand out. */
  fits(lane: string, bytes: number): number {
    return this.#lanes.fits(lane, bytes);
  }

  /** Size of the next range of at least `atLeast` bytes that `reserve` can hand out in one piece; 0 when there is none. */
  run(lane: string, atLeast = 1): number {
    return this.#lanes.run(lane, atLeast);
  }

  /**
   * For the party that leads the lane: the next `bytes` bytes, behind everything ever claimed, in one piece and without
   * poison. Throws `vault/short` with nothing consumed.
   */
  reserve(lane: string, bytes: number): Range {
    return this.#db.atomically(() => this.#lanes.reserve(lane, bytes, 1)[0]!);
  }

  /** For the party that follows: claims what the other one reserved. Throws `vault/taken`, `vault/missing`, `vault/poisoned`. */
  reserveAt(range: Range): void {
    this.#db.atomically(() => this.#lanes.reserveAt(range));
  }

  /** The bytes of a reserved range, overwritten in the same transaction. Throws `vault/taken` the second time. */
  take(range: Range): SecretBytes {
    return this.#db.atomically(() => this.#lanes.take(range));
  }

  /** Overwrites a reserved range unread. */
  burn(range: Range): void {
    this.#db.atomically(() => this.#lanes.burn(range));
  }

  /** Overwrites what is unclaimed of a lane before a position: the other end has not got it. */
  burnTo(lane: string, position: number): void {
    this.#db.atomically(() => this.#lanes.burnTo(lane, position));
  }

  /** Labels of the blocks that a range comes from. */
  labels(range: Range): BlockLabels[] {
    return this.#blocks.labels(this.#lanes.blocks(range));
  }

  /** An authentication lane as hash point and pads. */
  pads(lane: string): Pads {
    return new Pads(this.#db, this.#lanes, lane);
  }

  /** The same for distillation (`AuthenticationKeys` of @skykey/distill). */
  padKeys(lane: string): PadKeys {
    const pads = this.pads(lane);
    return {
      hashKey: async () => pads.point(),
      nextPad: async () => pads.next(),
      look: async (index) => pads.look(index),
      pad: async (index) => pads.use(index),
    };
  }

  // Alarm

  /**
   * Overwrites and marks all undelivered material that rests on a link: held blocks, lanes other than `auth/…`, keys not
   * yet delivered. What was made before this moment and arrives later is refused by `hold`. With `madeUntilMs`, for an
   * alarm that is heard of late, material that the link made after that moment is spared.
   */
  poison(originLink: string, reason: string, madeUntilMs?: number): PoisonReport {
    return this.#db.atomically(() => {
      this.#db.run(
        'INSERT INTO poison (link, atMs, reason) VALUES (?1, ?2, ?3) ON CONFLICT (link) DO UPDATE SET atMs = max(atMs, ?2), reason = ?3',
        ...[originLink, madeUntilMs ?? this.#now(), reason],
      );
      const { blocks, released, bytes: heldBytes } = this.#blocks.poison(originLink, madeUntilMs);
      let bytes = heldBytes;
      let keys = 0;
      for (const block of released) {
        const lost = this.#lanes.poison(block);
        bytes += lost.bytes;
        keys += this.keys.voidBurned(lost.burned);
      }
      this.#counter.add('poisonedBits', bytes * 8);
      return { bits: bytes * 8, keys, blocks };
    });
  }

  // Records

  /** Keeps a small JSON document under a name. */
  remember(name: string, value: unknown): void {
    this.#memory.remember(name, value);
  }

  /** The document kept under a name, or undefined. */
  recall(name: string): unknown {
    return this.#memory.recall(name);
  }

  recallAll(prefix: string): { name: string; value: unknown }[] {
    return this.#memory.recallAll(prefix);
  }

  forget(name: string): void {
    this.#memory.forget(name);
  }

  counters(): Counters {
    return this.#counter.all();
  }

  /**
   * Overwritten bytes may survive in the write-ahead log until it is merged: after this they are in no file. Cheap when
   * there is nothing to do; a node calls it every second or so.
   */
  scrub(): void {
    this.#db.checkpoint();
  }

  close(): void {
    try {
      this.#db.checkpoint();
    } finally {
      this.#db.close();
    }
  }
}
