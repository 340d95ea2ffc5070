import { SecretBytes } from '@skykey/bits';
import { VaultError } from './error.ts';
import type { Fixed } from './fixed.ts';
import type { Lanes } from './lanes.ts';
import { MAX_BLOCK_BYTES, type Pieces, type Span } from './pieces.ts';
import type { Sql } from './store/store.ts';
import type { BlockLabels, BlockRecord, Cut, NewBlock } from './types.ts';

interface Row {
  block: number;
  id: string;
  state: BlockRecord['state'];
  poisoned: number;
  size: number;
  labels: string;
  expiresMs: number | null;
  changedMs: number;
}

const COLUMNS = 'block, id, state, poisoned, size, labels, expires_ms AS "expiresMs", changed_ms AS "changedMs"';

/** Finished blocks of key: held until both ends know that both have them, then cut into lanes, or discarded. */
export class Blocks {
  readonly #sql: Sql;
  readonly #pieces: Pieces;
  readonly #lanes: Lanes;
  readonly #now: () => number;
  readonly #fixed: Fixed;

  constructor(sql: Sql, pieces: Pieces, lanes: Lanes, now: () => number, fixed: Fixed) {
    this.#fixed = fixed;
    this.#sql = sql;
    this.#pieces = pieces;
    this.#lanes = lanes;
    this.#now = now;
  }

  /** See VaultTransaction.hold. */
  async hold({ blockId, labels, bytes }: NewBlock): Promise<void> {
    checkBlockId(blockId);
    checkLabels(labels);
    if (bytes.length === 0 || bytes.length > MAX_BLOCK_BYTES) {
      throw new VaultError(
        'vault/argument',
        `block ${blockId} has ${bytes.length} bytes; 1 to ${MAX_BLOCK_BYTES} can be held`,
      );
    }
    if (await this.#find(blockId)) {
      throw new VaultError('vault/known', `there is, or was, a block ${blockId} already`);
    }
    const origins = new Map<string, number>();
    for (const [index, link] of labels.originLinks.entries()) {
      const madeMs = labels.originTimesMs?.[index] ?? labels.createdAtMs;
      origins.set(link, Math.min(madeMs, origins.get(link) ?? madeMs));
    }
    for (const [link, madeMs] of origins) {
      const poison = await this.#sql.get<{ atMs: number; reason: string }>(
        'SELECT at_ms AS "atMs", reason FROM poison WHERE link = $1',
        link,
      );
      if (poison && madeMs <= poison.atMs) {
        throw new VaultError(
          'vault/poisoned',
          `block ${blockId} rests on ${link} as it was before its alarm (${poison.reason})`,
        );
      }
    }
    const row = await this.#sql.get<{ block: number }>(
      `INSERT INTO block (id, state, size, labels, expires_ms, changed_ms) VALUES ($1, 'held', $2, $3, $4, $5) RETURNING block`,
      ...[blockId, bytes.length, JSON.stringify(labels), labels.expiresAtMs, this.#now()],
    );
    const { block } = row!;
    for (const [link, madeMs] of origins) {
      await this.#sql.run('INSERT INTO origin (link, block, made_ms) VALUES ($1, $2, $3)', link, block, madeMs);
    }
    // The caller may wipe the secret while rows are under way; it lends its bytes for one call.
    const copy = bytes.open((content) => content.slice());
    try {
      await this.#pieces.write(block, copy);
    } finally {
      copy.fill(0);
    }
  }

  /** See VaultTransaction.release. */
  async release(blockId: string, cuts: readonly Cut[]): Promise<void> {
    const row = await this.#held(blockId);
    const rest: Span[] = [];
    const { block, size } = row;
    let end = 0;
    const ordered = [...cuts].sort((a, b) => a.from - b.from);
    for (const { lane, from, to } of ordered) {
      if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= end && to >= from && to <= size)) {
        throw new VaultError(
          'vault/argument',
          `bytes ${from} to ${to} of block ${blockId} (${size} bytes) for lane ${lane}: outside it, or given away twice`,
        );
      }
      rest.push({ block, from: end, to: from });
      end = to;
    }
    rest.push({ block, from: end, to: size });
    const poisoned = row.poisoned > 0;
    await this.#sql.atomically(async () => {
      if (!poisoned) await this.#pieces.erase(rest);
      for (const { lane, from, to, at, point } of cuts) {
        if (to === from) continue;
        // A block poisoned while it was held takes its place all the same, without bytes: the other end may have
        // released it before the alarm, and positions must go on meaning the same at both.
        const part = { block, offset: from, bytes: to - from, poisoned, at, point, expiresMs: row.expiresMs };
        await this.#lanes.append(lane, part);
      }
      await this.#setState(block, 'released');
    });
  }

  /** See VaultTransaction.discard. */
  async discard(blockId: string): Promise<void> {
    const { block } = await this.#held(blockId);
    await this.#pieces.drop(block);
    await this.#setState(block, 'discarded');
  }

  async held(): Promise<string[]> {
    const rows = await this.#sql.all<{ id: string }>(`SELECT id FROM block WHERE state = 'held' ORDER BY block`);
    return rows.map(({ id }) => id);
  }

  async find(blockId: string): Promise<BlockRecord | undefined> {
    const row = await this.#find(blockId);
    return row && record(row);
  }

  /** Newest first, those whose id begins with `prefix`. */
  async list(prefix: string, limit: number): Promise<BlockRecord[]> {
    const rows = await this.#sql.all<Row>(
      `SELECT ${COLUMNS} FROM block WHERE substr(id, 1, length(CAST($1 AS text))) = $1 ORDER BY block DESC LIMIT $2`,
      prefix,
      limit,
    );
    return rows.map(record);
  }

  async heldBytes(blockId: string): Promise<number> {
    return (await this.#held(blockId)).size;
  }

  /** A copy of a held block's bytes, which stay. */
  async read(blockId: string): Promise<SecretBytes> {
    const { block, size, poisoned } = await this.#held(blockId);
    if (poisoned) throw new VaultError('vault/poisoned', `block ${blockId} was overwritten by an alarm`);
    const [out] = await this.#pieces.take([{ block, from: 0, to: size }], () => false);
    return SecretBytes.adopt(out!);
  }

  /** Labels of blocks by their numbers. */
  async labels(blocks: readonly number[]): Promise<Map<number, BlockLabels>> {
    const found = new Map<number, BlockLabels>();
    const wanted: number[][] = [];
    for (const block of new Set(blocks)) {
      const known = this.#fixed.labels(block);
      if (known) found.set(block, known);
      else wanted.push([block]);
    }
    if (wanted.length === 0) return found;
    const rows = await this.#sql.all<{ block: number; labels: string }>(
      'SELECT block, labels FROM block WHERE block IN (SELECT CAST(value->>0 AS bigint) FROM EACH($1) AS item)',
      JSON.stringify(wanted),
    );
    for (const { block, labels: text } of rows) {
      const labels = JSON.parse(text) as BlockLabels;
      this.#fixed.keepLabels(block, labels);
      found.set(block, labels);
    }
    return found;
  }

  /**
   * Marks every block that rests on the link (as it was until a moment), held ones as to be overwritten (`Condemned`). Returns
   * the released ones, and bytes lost of those held.
   */
  async poison(link: string, madeUntilMs?: number): Promise<{ blocks: number; released: number[]; bytes: number }> {
    const rows = await this.#sql.all<Pick<Row, 'block' | 'state' | 'size'>>(
      `SELECT block.block, state, size FROM origin JOIN block ON block.block = origin.block
       WHERE link = $1 AND made_ms <= $2 AND poisoned = 0 AND state <> 'discarded'`,
      link,
      madeUntilMs ?? Number.MAX_VALUE,
    );
    await this.#sql.run(
      `UPDATE block SET poisoned = CASE state WHEN 'held' THEN 2 ELSE 1 END, changed_ms = $2
       WHERE block IN (SELECT CAST(value->>0 AS bigint) FROM EACH($1) AS item)`,
      JSON.stringify(rows.map(({ block }) => [block])),
      this.#now(),
    );
    let bytes = 0;
    const released: number[] = [];
    for (const { block, state, size } of rows) {
      if (state === 'released') released.push(block);
      else bytes += size;
    }
    return { blocks: rows.length, released, bytes };
  }

  async #setState(block: number, state: BlockRecord['state']): Promise<void> {
    await this.#sql.run('UPDATE block SET state = $2, changed_ms = $3 WHERE block = $1', block, state, this.#now());
  }

  async #held(blockId: string): Promise<Row> {
    const row = await this.#find(blockId);
    if (row?.state !== 'held') {
      throw new VaultError('vault/state', `block ${blockId} is not held here${row ? `: it was ${row.state}` : ''}`);
    }
    return row;
  }

  #find(blockId: string): Promise<Row | undefined> {
    return this.#sql.get<Row>(`SELECT ${COLUMNS} FROM block WHERE id = $1`, blockId);
  }
}

function record(row: Row): BlockRecord {
  return {
    blockId: row.id,
    state: row.state,
    poisoned: row.poisoned > 0,
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

function checkLabels(labels: BlockLabels): void {
  const { originLinks, originTimesMs, routes, jurisdictions, epsSec, epsCor, createdAtMs, expiresAtMs } = labels;
  for (const [name, value] of Object.entries({ epsSec, epsCor, createdAtMs, expiresAtMs: expiresAtMs ?? 0 })) {
    if (!Number.isFinite(value) || value < 0) {
      throw new VaultError('vault/argument', `label ${name} of a block must be a number from 0 on, not ${value}`);
    }
  }
  if (originTimesMs && (originTimesMs.length !== originLinks.length || !originTimesMs.every(Number.isFinite))) {
    throw new VaultError('vault/argument', 'label originTimesMs of a block needs one time for each origin link');
  }
  if (!Array.isArray(routes) || !routes.every(Array.isArray) || !Array.isArray(jurisdictions)) {
    throw new VaultError(
      'vault/argument',
      'labels routes and jurisdictions of a block must be lists: of ways, and of codes',
    );
  }
}
