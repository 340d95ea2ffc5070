import type { SecretBytes } from '@skykey/bits';
import { Blocks } from './blocks.ts';
import { Fixed } from './fixed.ts';
import type { Seal } from './keyring.ts';
import { Keys, type Wanted } from './keys.ts';
import { Lanes } from './lanes.ts';
import { Pads } from './pads.ts';
import { Pieces } from './pieces.ts';
import { Counter, Journal, Memory, Outbox } from './records.ts';
import { Recent } from './store/recent.ts';
import type { Sql } from './store/store.ts';
import type { BlockLabels, BlockRecord, Counters, Cut, NewBlock, PoisonReport, Range } from './types.ts';

/** What a transaction needs to know of its vault. */
export interface Surroundings {
  readonly seal: Seal;
  readonly place: string;
  readonly now: () => number;
  readonly processId: string;
  readonly fixed: Fixed;
}

/**
 * What can be done with a vault, within one transaction (`Vault.atomically`). Each method does all it says or, when it
 * throws (always a VaultError), nothing. Calls are awaited one after the other. No key that is read here may leave the
 * process before the transaction is through: if it fails, that key was never taken, and is overwritten.
 */
export class VaultTransaction {
  /** Keys that SAEs share. */
  readonly keys: Keys;
  readonly outbox: Outbox;
  readonly journal: Journal;
  readonly #sql: Sql;
  readonly #lanes: Lanes;
  readonly #blocks: Blocks;
  readonly #memory: Memory;
  readonly #counter: Counter;
  readonly #now: () => number;
  readonly #fixed: Fixed;
  readonly #given: SecretBytes[] = [];

  constructor(store: Sql, scope: string, { seal, place, now, processId, fixed }: Surroundings) {
    this.#fixed = new Fixed(fixed);
    const sql = new Recent(store, () => this.#fixed.forget());
    this.#sql = sql;
    this.#now = now;
    const pieces = new Pieces(sql, seal, place);
    this.#lanes = new Lanes(sql, pieces, now, this.#fixed);
    this.#blocks = new Blocks(sql, pieces, this.#lanes, now, this.#fixed);
    this.#counter = new Counter(sql, scope);
    this.#memory = new Memory(sql);
    this.outbox = new Outbox(sql, now);
    this.journal = new Journal(sql);
    this.keys = new Keys(sql, this.#lanes, this.#counter, now, processId, (secret) => this.#give(secret));
  }

  /** Overwrites every secret that was handed out here: the transaction was undone. */
  wipe(): void {
    for (const secret of this.#given) secret.wipe();
  }

  /** It is through: what it has read and what never changes is known to those that follow. */
  settle(): void {
    this.#fixed.commit();
  }

  #give(secret: SecretBytes): SecretBytes {
    this.#given.push(secret);
    return secret;
  }

  /** Several calls as one: when `work` throws, what it did is undone, and whoever catches decides about the rest. */
  atomically<T>(work: () => Promise<T>): Promise<T> {
    return this.#sql.atomically(work);
  }

  // Blocks

  /**
   * Stores a finished block until it is released or discarded. The caller still owns its bytes and wipes them.
   * Throws `vault/known` for an id ever used, `vault/poisoned` when it rests on a link as it was before an alarm.
   */
  hold(block: NewBlock): Promise<void> {
    return this.#blocks.hold(block);
  }

  /**
   * Cuts a held block into lanes, in the order given; both ends cut alike. What no cut names is overwritten. Empty cuts
   * are passed over. Throws `vault/state` unless held.
   */
  release(blockId: string, cuts: readonly Cut[]): Promise<void> {
    return this.#blocks.release(blockId, cuts);
  }

  /** Overwrites a held block. Throws `vault/state` unless held. */
  discard(blockId: string): Promise<void> {
    return this.#blocks.discard(blockId);
  }

  /** Ids of the blocks neither released nor discarded, oldest first; also those that an alarm has emptied meanwhile. */
  held(): Promise<string[]> {
    return this.#blocks.held();
  }

  /** Bytes of a held block. Throws `vault/state` unless held. */
  heldBytes(blockId: string): Promise<number> {
    return this.#blocks.heldBytes(blockId);
  }

  /** A copy of a held block, which stays: for the proof that the other end has the same. Wipe it. */
  async readHeld(blockId: string): Promise<SecretBytes> {
    return this.#give(await this.#blocks.read(blockId));
  }

  async wasReleased(blockId: string): Promise<boolean> {
    return (await this.#blocks.find(blockId))?.state === 'released';
  }

  block(blockId: string): Promise<BlockRecord | undefined> {
    return this.#blocks.find(blockId);
  }

  /** Blocks ever known whose id begins with `prefix`, newest first. */
  blocks(prefix = '', limit = 100): Promise<BlockRecord[]> {
    return this.#blocks.list(prefix, limit);
  }

  // Lanes

  /** Puts couriered key at the end of a lane. */
  append(lane: string, labels: BlockLabels, bytes: SecretBytes): Promise<void> {
    return this.#sql.atomically(async () => {
      const blockId = `${lane}@${await this.#lanes.length(lane)}`;
      await this.#blocks.hold({ blockId, labels, bytes });
      await this.#blocks.release(blockId, [{ lane, from: 0, to: bytes.length }]);
    });
  }

  /** Names of the lanes that begin with `prefix`, in order. */
  lanes(prefix: string): Promise<string[]> {
    return this.#lanes.names(prefix);
  }

  /**
   * What `reserve` can still hand out of a lane, in its order, and where it comes from; all, or the first stretches that have
   * `enough` bytes together.
   */
  async stretches(
    lane: string,
    enough = Number.POSITIVE_INFINITY,
  ): Promise<(Omit<Range, 'lane'> & { readonly labels: BlockLabels })[]> {
    const free = await this.#lanes.freeBlocks(lane, enough);
    const labels = await this.#blocks.labels(free.map(({ block }) => block));
    return free.map(({ start, stop, block }) => ({ offset: start, bytes: stop - start, labels: labels.get(block)! }));
  }

  /** Labels of what came last into a lane, used or poisoned or not; undefined for a lane that does not exist. */
  async newest(lane: string): Promise<BlockLabels | undefined> {
    const block = await this.#lanes.newest(lane);
    return block === undefined ? undefined : (await this.#blocks.labels([block])).get(block);
  }

  /** Bytes ever put into the lane, used ones included; 0 for a lane that does not exist. */
  length(lane: string): Promise<number> {
    return this.#lanes.length(lane);
  }

  /** Bytes that `reserve` can still hand out. */
  available(lane: string): Promise<number> {
    return this.#lanes.available(lane);
  }

  /** How many ranges of this size `reserve` can still hand out. */
  fits(lane: string, bytes: number): Promise<number> {
    return this.#lanes.fits(lane, bytes);
  }

  /** Size of the next range of at least `atLeast` bytes that `reserve` can hand out in one piece; 0 when there is none. */
  run(lane: string, atLeast = 1): Promise<number> {
    return this.#lanes.run(lane, atLeast);
  }

  /**
   * For the party that leads the lane: the next `bytes` bytes, behind everything ever claimed, in one piece, without
   * poison and not too old. Throws `vault/short` with nothing consumed.
   */
  async reserve(lane: string, bytes: number): Promise<Range> {
    const [place] = await this.#lanes.reserve(lane, bytes, 1);
    return { lane, offset: place!.start, bytes };
  }

  /** For the party that follows: claims what the other one reserved. Throws `vault/taken`, `vault/missing`, `vault/poisoned`. */
  async reserveAt({ lane, bytes, offset }: Range): Promise<void> {
    await this.#lanes.reserveAt(lane, bytes, [offset]);
  }

  /** The bytes of a reserved range, overwritten in the same transaction. Throws `vault/taken` the second time. */
  async take(range: Range): Promise<SecretBytes> {
    return this.#give(await this.#lanes.take(range));
  }

  /** Overwrites a reserved range unread. */
  burn(range: Range): Promise<void> {
    return this.#lanes.burn(range);
  }

  /**
   * Overwrites a lane from a position on, unless it is used already, and voids keys that lie there: the other end has not
   * got it. What lies before stays as it is.
   */
  burnFrom(lane: string, position: number): Promise<void> {
    return this.#sql.atomically(async () => {
      await this.keys.voidBurned(await this.#lanes.burnFrom(lane, position));
    });
  }

  /** Labels of the blocks that a range comes from. */
  async labels(range: Range): Promise<BlockLabels[]> {
    return (await this.labelsOf([range]))[0]!;
  }

  /** The same for several ranges, those of keys say, a list for each. */
  async labelsOf(ranges: readonly Range[]): Promise<BlockLabels[][]> {
    const blocks = await this.#lanes.blocks(ranges);
    const labels = await this.#blocks.labels(blocks.flat());
    return blocks.map((each) => each.map((block) => labels.get(block)!));
  }

  /** An authentication lane as hash point and pads. */
  pads(lane: string): Pads {
    return new Pads(this.#lanes, lane, (secret) => this.#give(secret));
  }

  // Alarm

  /**
   * Marks all undelivered material that rests on a link: held blocks, lanes other than `auth/…`, keys not yet delivered. From
   * then on nobody gets it; its bytes are overwritten, 1,000 pieces of them at once and the rest by `keys.expire`. What was made before this moment and arrives later is refused by `hold`. With `madeUntilMs`, for an
   * alarm that is heard of late, material that the link made after that moment is spared. Touches the lanes of every peer:
   * for a transaction of scope ''.
   */
  poison(originLink: string, reason: string, madeUntilMs?: number): Promise<PoisonReport> {
    return this.#sql.atomically(async () => {
      await this.#sql.run(
        `INSERT INTO poison (link, at_ms, reason) VALUES ($1, $2, $3) ON CONFLICT (link) DO UPDATE
           SET at_ms = CASE WHEN poison.at_ms > excluded.at_ms THEN poison.at_ms ELSE excluded.at_ms END,
               reason = excluded.reason`,
        ...[originLink, madeUntilMs ?? this.#now(), reason],
      );
      const { blocks, released, bytes: heldBytes } = await this.#blocks.poison(originLink, madeUntilMs);
      const { bytes: laneBytes, burned } = await this.#lanes.poison(released);
      const keys = await this.keys.voidBurned(burned);
      const bits = (heldBytes + laneBytes) * 8;
      await this.#counter.add('poisonedBits', bits);
      return { bits, keys, blocks };
    });
  }

  // Records

  /** Keeps a small JSON document under a name. */
  remember(name: string, value: unknown): Promise<void> {
    return this.#memory.remember(name, value);
  }

  /** The document kept under a name, or undefined. */
  recall(name: string): Promise<unknown> {
    return this.#memory.recall(name);
  }

  /** Documents whose name begins with `prefix`, by name. */
  recallAll(prefix: string): Promise<{ name: string; value: unknown }[]> {
    return this.#memory.recallAll(prefix);
  }

  forget(name: string): Promise<void> {
    return this.#memory.forget(name);
  }

  counters(): Promise<Counters> {
    return this.#counter.all();
  }
}

export type { Wanted };
