import { SecretBytes } from '@skykey/bits';
import type { Database } from './database.ts';
import { VaultError } from './error.ts';
import type { Lanes } from './lanes.ts';
import type { Pieces } from './pieces.ts';
import type { BlockLabels, BlockRecord, Cut, NewBlock } from './types.ts';

interface Row {
  block: number;
  id: string;
  state: BlockRecord['state'];
  poisoned: number;
  size: number;
  firstPiece: number;
  labels: string;
  changedMs: number;
}

/** Finished blocks of key: held until both ends know that both have them, then cut into lanes, or discarded. */
export class Blocks {
  readonly #db: Database;
  readonly #pieces: Pieces;
  readonly #lanes: Lanes;
  readonly #now: () => number;

  constructor(db: Database, pieces: Pieces, lanes: Lanes, now: () => number) {
    this.#db = db;
    this.#pieces = pieces;
    this.#lanes = lanes;
    this.#now = now;
  }

  /** See Vault.hold. Returns the row id. */
  hold({ blockId, labels, bytes }: NewBlock): number {
    checkBlockId(blockId);
    checkLabels(labels);
    if (bytes.length === 0) throw new VaultError('vault/argument', `block ${blockId} is empty`);
    if (this.#find(blockId)) throw new VaultError('vault/known', `there is, or was, a block ${blockId} already`);
    const origins = new Map<string, number>();
    for (const [index, link] of labels.originLinks.entries()) {
      const madeMs = labels.originTimesMs?.[index] ?? labels.createdAtMs;
      origins.set(link, Math.min(madeMs, origins.get(link) ?? madeMs));
    }
    for (const [link, madeMs] of origins) {
      const poison = this.#db.get<{ atMs: number; reason: string }>(
        'SELECT atMs, reason FROM poison WHERE link = ?',
        link,
      );
      if (poison && madeMs <= poison.atMs) {
        throw new VaultError(
          'vault/poisoned',
          `block ${blockId} rests on ${link} as it was before its alarm (${poison.reason})`,
        );
      }
    }
    const firstPiece = bytes.open((content) => this.#pieces.write(content));
    const { rowId } = this.#db.run(
      `INSERT INTO block (id, state, size, firstPiece, labels, changedMs) VALUES (?, 'held', ?, ?, ?, ?)`,
      ...[blockId, bytes.length, firstPiece, JSON.stringify(labels), this.#now()],
    );
    for (const [link, madeMs] of origins) {
      this.#db.run('INSERT INTO origin (link, block, madeMs) VALUES (?, ?, ?)', link, rowId, madeMs);
    }
    return rowId;
  }

  /** See Vault.release. */
  release(blockId: string, cuts: readonly Cut[]): void {
    const row = this.#held(blockId);
    let end = 0;
    const ordered = [...cuts].sort((a, b) => a.from - b.from);
    for (const { lane, from, to } of ordered) {
      if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= end && to >= from && to <= row.size)) {
        throw new VaultError(
          'vault/argument',
          `bytes ${from} to ${to} of block ${blockId} (${row.size} bytes) for lane ${lane}: outside it, or given away twice`,
        );
      }
      if (!row.poisoned) this.#pieces.erase(row.firstPiece, end, from);
      end = to;
    }
    if (!row.poisoned) this.#pieces.erase(row.firstPiece, end, row.size);
    for (const { lane, from, to, at, point } of cuts) {
      if (to === from) continue;
      // A block poisoned while it was held takes its place all the same, without bytes: the other end may have
      // released it before the alarm, and positions must go on meaning the same at both.
      const poisoned = row.poisoned === 1;
      this.#lanes.append(lane, { block: row.block, offset: from, bytes: to - from, poisoned, at, point });
    }
    this.#setState(row.block, 'released');
  }

  /** See Vault.discard. */
  discard(blockId: string): void {
    const row = this.#held(blockId);
    this.#pieces.erase(row.firstPiece, 0, row.size);
    this.#setState(row.block, 'discarded');
  }

  held(): string[] {
    return this.#db.all<{ id: string }>(`SELECT id FROM block WHERE state = 'held' ORDER BY block`).map(({ id }) => id);
  }

  find(blockId: string): BlockRecord | undefined {
    const row = this.#find(blockId);
    return row && record(row);
  }

  /** Newest first, those whose id begins with `prefix`. */
  list(prefix: string, limit: number): BlockRecord[] {
    const rows = this.#db.all<Row>(
      'SELECT * FROM block WHERE substr(id, 1, ?) = ? ORDER BY block DESC LIMIT ?',
      ...[prefix.length, prefix, limit],
    );
    return rows.map(record);
  }

  heldBytes(blockId: string): number {
    return this.#held(blockId).size;
  }

  /** A copy of a held block's bytes, which stay. */
  read(blockId: string): SecretBytes {
    const row = this.#held(blockId);
    if (row.poisoned) throw new VaultError('vault/poisoned', `block ${blockId} was overwritten by an alarm`);
    const out = new Uint8Array(row.size);
    this.#pieces.read(row.firstPiece, 0, row.size, out);
    return SecretBytes.adopt(out);
  }

  labels(blocks: readonly number[]): BlockLabels[] {
    return blocks.map((block) => record(this.#db.get<Row>('SELECT * FROM block WHERE block = ?', block)!).labels);
  }

  /** Marks every block that rests on the link (as it was until a moment); overwrites those held. Returns the released ones, and bytes lost. */
  poison(link: string, madeUntilMs?: number): { blocks: number; released: number[]; bytes: number } {
    const rows = this.#db.all<Row>(
      `SELECT block.* FROM origin JOIN block USING (block) WHERE link = ? AND madeMs <= ? AND poisoned = 0 AND state <> 'discarded'`,
      ...[link, madeUntilMs ?? Number.MAX_VALUE],
    );
    let bytes = 0;
    const released: number[] = [];
    for (const row of rows) {
      this.#db.run('UPDATE block SET poisoned = 1, changedMs = ? WHERE block = ?', this.#now(), row.block);
      if (row.state === 'released') {
        released.push(row.block);
      } else {
        this.#pieces.erase(row.firstPiece, 0, row.size);
        bytes += row.size;
      }
    }
    return { blocks: rows.length, released, bytes };
  }

  #setState(block: number, state: BlockRecord['state']): void {
    this.#db.run('UPDATE block SET state = ?, changedMs = ? WHERE block = ?', state, this.#now(), block);
  }

  #held(blockId: string): Row {
    const row = this.#find(blockId);
    if (row?.state !== 'held') {
      throw new VaultError('vault/state', `block ${blockId} is not held here${row ? `: it was ${row.state}` : ''}`);
    }
    return row;
  }

  #find(blockId: string): Row | undefined {
    return this.#db.get<Row>('SELECT * FROM block WHERE id = ?', blockId);
  }
}

function record(row: Row): BlockRecord {
  return {
    blockId: row.id,
    state: row.state,
    poisoned: row.poisoned === 1,
    bytes: row.size,
    labels: JSON.parse(row.labels) as BlockLabels,
    changedAtMs: row.changedMs,
  };
}

function checkBlockId(blockId: string): void {
  if (blockId.length < 1 || blockId.length > 200) {
    throw new VaultError('vault/argument', `a block id has 1 to 200 characters, this one has ${blockId.length}`);
  }
}

function checkLabels({ originLinks, originTimesMs, epsSec, epsCor, createdAtMs }: BlockLabels): void {
  const numbers = { epsSec, epsCor, createdAtMs };
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isFinite(value) || value < 0) {
      throw new VaultError('vault/argument', `label ${name} of a block must be a number from 0 on, not ${value}`);
    }
  }
  if (originTimesMs && (originTimesMs.length !== originLinks.length || !originTimesMs.every(Number.isFinite))) {
    throw new VaultError('vault/argument', 'label originTimesMs of a block needs one time for each origin link');
  }
}
