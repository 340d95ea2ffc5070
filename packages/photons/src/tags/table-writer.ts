import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { PhotonsError } from '../error.ts';
import { type ColumnData, type ColumnKind, emptyColumn, RANGE, TAG_COLUMNS, type TagColumn } from './columns.ts';
import { HEAD_KEY } from './table-recovery.ts';

export interface TagTableOptions {
  readonly columns: readonly TagColumn[];
  /** Goes into the file as key and value: seed, version, scenario. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Rows that are held until they are written together. 131072 when left out. */
  readonly rowsPerGroup?: number;
}

const SCHEMA: Readonly<Record<ColumnKind, Omit<SchemaElement, 'name'>>> = {
  whole: { type: 'INT64', repetition_type: 'REQUIRED' },
  int16: { type: 'INT32', converted_type: 'INT_16', repetition_type: 'REQUIRED' },
  uint16: { type: 'INT32', converted_type: 'UINT_16', repetition_type: 'REQUIRED' },
  uint8: { type: 'INT32', converted_type: 'UINT_8', repetition_type: 'REQUIRED' },
};

/**
 * Writes a Parquet table of tags, row group by row group: memory is that of one group, and some hundred bytes for each
 * group that is already written (a Parquet file ends with its table of contents). Bytes go where the caller likes. What
 * is written before a group is finished can be read without what comes after it (`table-recovery.ts`).
 */
export class TagTableWriter {
  readonly #columns: readonly TagColumn[];
  readonly #held: ColumnData[];
  readonly #most: number;
  readonly #bytes = new TakenBytes();
  readonly #parquet: ParquetWriter;
  #heldRows = 0;
  #rows = 0;

  /** Throws `photons/tags` for no column, one that comes twice or a number of rows that is not whole. */
  constructor({ columns, metadata = {}, rowsPerGroup = 131_072 }: TagTableOptions) {
    const twice = columns.find((name, i) => !(name in TAG_COLUMNS) || columns.indexOf(name) !== i);
    if (columns.length === 0 || twice !== undefined) {
      const rule = `give each once: ${Object.keys(TAG_COLUMNS).join(', ')}`;
      throw new PhotonsError('photons/tags', `columns are ${columns.join(', ') || 'none'}; ${rule}`);
    }
    if (!(Number.isSafeInteger(rowsPerGroup) && rowsPerGroup >= 1 && rowsPerGroup <= 2 ** 24)) {
      throw new PhotonsError('photons/tags', `rowsPerGroup is ${rowsPerGroup}; it must be whole, from 1 to 2^24`);
    }
    this.#columns = columns;
    this.#most = rowsPerGroup;
    this.#held = columns.map((name) => emptyColumn(TAG_COLUMNS[name], rowsPerGroup));
    const fields = columns.map((name): SchemaElement => ({ name, ...SCHEMA[TAG_COLUMNS[name]] }));
    const kvMetadata = Object.entries(metadata).map(([key, value]) => ({ key, value }));
    const file = {
      writer: this.#bytes,
      schema: [{ name: 'tags', num_children: columns.length }, ...fields],
      createdBy: 'Skykey',
    };
    const mark = { key: HEAD_KEY, value: 'columns and metadata, should the end of the file be lost' };
    new ParquetWriter({ ...file, kvMetadata: [...kvMetadata, mark] }).finish();
    this.#parquet = new ParquetWriter({ ...file, kvMetadata });
  }

  /**
   * Bytes to append to the file for these rows and those held, none as long as a group is not full. All columns must be
   * there, equally long; throws `photons/tags` otherwise, and for a number that its column cannot hold.
   */
  write(rows: { readonly [K in TagColumn]?: ArrayLike<number> }): Uint8Array {
    const sources = this.#columns.map((name) => rows[name]);
    const count = sources[0]?.length ?? 0;
    for (const [i, source] of sources.entries()) this.#check(this.#columns[i]!, source, count);
    for (let from = 0; from < count; ) {
      const part = Math.min(count - from, this.#most - this.#heldRows);
      for (const [i, held] of this.#held.entries()) {
        const source = sources[i]!;
        for (let row = 0; row < part; row++) held[this.#heldRows + row] = source[from + row]!;
      }
      this.#heldRows += part;
      from += part;
      if (this.#heldRows === this.#most) this.#group();
    }
    this.#rows += count;
    return this.#bytes.take();
  }

  /** The last bytes: the rest of the rows and the table of contents. Nothing may be written after it. */
  end(): Uint8Array {
    if (this.#heldRows > 0) this.#group();
    this.#parquet.finish();
    return this.#bytes.take();
  }

  #group(): void {
    const columnData = this.#columns.map((name, i) => {
      const held = this.#held[i]!.subarray(0, this.#heldRows);
      if (TAG_COLUMNS[name] !== 'whole') return { name, data: Int32Array.from(held) };
      return { name, data: BigInt64Array.from(held, BigInt), encoding: 'DELTA_BINARY_PACKED' as const };
    });
    // One page a column, as `recoverTable` relies on.
    this.#parquet.write({ columnData, rowGroupSize: this.#most, pageSize: 0 });
    this.#heldRows = 0;
  }

  #check(name: TagColumn, source: ArrayLike<number> | undefined, count: number): void {
    if (source?.length !== count) {
      const found = source ? `${source.length} rows` : 'no rows';
      throw new PhotonsError('photons/tags', `${name} has ${found}; it must have ${count} as ${this.#columns[0]} has`);
    }
    const [least, most] = RANGE[TAG_COLUMNS[name]];
    for (let row = 0; row < count; row++) {
      const value = source[row]!;
      if (Number.isInteger(value) && value >= least && value <= most) continue;
      const rule = `it must be whole, from ${least} to ${most}`;
      throw new PhotonsError('photons/tags', `row ${this.#rows + row}: ${name} is ${value}; ${rule}`);
    }
  }
}

/** A writer's memory that can be emptied while offsets in the file go on. */
class TakenBytes extends ByteWriter {
  take(): Uint8Array {
    const taken = new Uint8Array(this.buffer.slice(0, this.index));
    this.index = 0;
    return taken;
  }
}
