import { type FileMetaData, parquetMetadata, type RowGroup, type SchemaElement } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { MOST_ROWS } from './columns.ts';
import type { FileParts } from './file-parts.ts';

/**
 * What is left of a table whose end is lost. Parquet names its columns at the end of the file alone; Skykey's tables begin
 * with a head that names them too: a whole Parquet file of the same schema and no rows, which other readers pass over.
 * After it pages follow each other without a gap, for each column of a group at most one dictionary and then just one
 * page of data, so that they can be told apart going forward.
 */

/** Key that marks the head, so that a file that was cut right after it is not taken for one of no rows. */
export const HEAD_KEY = 'skykey-head';

const MAGIC = 0x31524150;
/** Of a page header: some thirty bytes, of which none is a statistic. */
const MOST_HEADER_BYTES = 256;
/** A head is some hundred bytes and what metadata there are. */
const MOST_HEAD_BYTES = 1 << 20;

/** What was found before the end, or before the first byte that makes no sense. */
export interface RecoveredTable {
  readonly metadata: FileMetaData;
  /** Of the first byte that belongs to no whole row group. */
  readonly byteOffset: number;
  /** Whether columns of a further group begin there. */
  readonly inGroup: boolean;
}

/** Null for a file without a whole head. */
export async function recoverTable(file: FileParts): Promise<RecoveredTable | null> {
  const head = await headOf(file);
  if (head === null) return null;
  const [, ...columns] = head.metadata.schema;
  const groups: RowGroup[] = [];
  let byteOffset = head.byteLength + 4;
  let inGroup = false;
  for (;;) {
    const group = await groupAt(file, byteOffset, columns);
    if (typeof group === 'boolean') {
      inGroup = group;
      break;
    }
    groups.push(group);
    byteOffset += Number(group.total_compressed_size);
  }
  const rows = groups.reduce((sum, { num_rows }) => sum + num_rows, 0n);
  return { metadata: { ...head.metadata, num_rows: rows, row_groups: groups }, byteOffset, inGroup };
}

async function headOf(file: FileParts): Promise<{ metadata: FileMetaData; byteLength: number } | null> {
  const start = await file.slice(0, Math.min(file.byteLength, MOST_HEAD_BYTES));
  const view = new DataView(start);
  // It ends with the length of its contents and the magic number.
  for (let at = 12; at <= view.byteLength; at++) {
    if (view.getUint32(at - 4, true) !== MAGIC || view.getUint32(at - 8, true) !== at - 12) continue;
    try {
      const metadata = parquetMetadata(start.slice(0, at));
      return isHead(metadata) ? { metadata, byteLength: at } : null;
    } catch {
      return null;
    }
  }
  return null;
}

export function isHead({ key_value_metadata }: FileMetaData): boolean {
  return key_value_metadata?.some(({ key }) => key === HEAD_KEY) ?? false;
}

/** The group that begins there; where there is none that is whole, whether one begins. */
async function groupAt(file: FileParts, start: number, columns: readonly SchemaElement[]): Promise<RowGroup | boolean> {
  const chunks: RowGroup['columns'] = [];
  let at = start;
  let rows: number | null = null;
  for (const { name, type } of columns) {
    const chunkAt = at;
    let dictionaryAt: number | null = null;
    let page = await pageAt(file, at);
    if (page?.type === 'DICTIONARY_PAGE') {
      dictionaryAt = at;
      at = page.end;
      page = at <= file.byteLength ? await pageAt(file, at) : null;
    }
    const begun = dictionaryAt !== null || chunks.length > 0;
    if (page?.rows === undefined) return begun;
    if (type === undefined || page.end > file.byteLength || (rows !== null && page.rows !== rows)) return true;
    rows = page.rows;
    chunks.push({
      file_offset: BigInt(chunkAt),
      meta_data: {
        type,
        encodings: [page.encoding],
        path_in_schema: [name],
        codec: 'SNAPPY',
        num_values: BigInt(rows),
        total_compressed_size: BigInt(page.end - chunkAt),
        // Not known, and nobody asks.
        total_uncompressed_size: BigInt(page.end - chunkAt),
        data_page_offset: BigInt(at),
        ...(dictionaryAt === null ? {} : { dictionary_page_offset: BigInt(dictionaryAt) }),
      },
    });
    at = page.end;
  }
  const size = BigInt(at - start);
  return { columns: chunks, total_byte_size: size, total_compressed_size: size, num_rows: BigInt(rows ?? 0) };
}

/** The page whose header stands there; null for what is none. */
async function pageAt(file: FileParts, at: number) {
  if (at >= file.byteLength) return null;
  try {
    const view = new DataView(await file.slice(at, Math.min(file.byteLength, at + MOST_HEADER_BYTES)));
    const reader = { view, offset: 0 };
    const { type, compressed_page_size: bytes, data_page_header_v2: data } = parquetHeader(reader);
    if (!(Number.isInteger(bytes) && bytes >= 0) || (type === 'DATA_PAGE_V2') !== (data !== undefined)) return null;
    const end = at + reader.offset + bytes;
    if (type === 'DICTIONARY_PAGE') return { type, end };
    return data && data.num_rows > 0 && data.num_rows <= MOST_ROWS
      ? { type, end, rows: data.num_rows, encoding: data.encoding }
      : null;
  } catch {
    return null;
  }
}
