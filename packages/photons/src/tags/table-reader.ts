import { type FileMetaData, parquetMetadataAsync, parquetRead, parquetSchema, type RowGroup } from 'hyparquet';
import { PhotonsError } from '../error.ts';
import { type ColumnData, emptyColumn, MOST_ROWS, RANGE, TAG_COLUMNS, type TagColumn } from './columns.ts';
import type { TagFault } from './fault.ts';
import type { FileParts } from './file-parts.ts';
import { HEAD_KEY, isHead, recoverTable } from './table-recovery.ts';

/** One row group: rows up to the first fault, which ends the file. */
export interface TagGroup {
  readonly rows: number;
  readonly columns: { readonly [K in TagColumn]?: ColumnData };
  readonly fault: TagFault | null;
}

/** A Parquet table of tags, read one row group at a time. */
export interface TagTable {
  readonly metadata: Readonly<Record<string, string>>;
  /** Those of the file that Skykey knows. */
  readonly columns: readonly TagColumn[];
  readonly rows: number;
  /** Row groups in order, up to the first with a fault. */
  groups(): AsyncGenerator<TagGroup>;
}

const MAGIC = 0x31524150;

/**
 * Opens a Parquet file that has at least the column `time_ps`. Of a file that Skykey wrote and that has lost its table of
 * contents (at the end: one that was cut has none) the row groups before the loss are there, and the last group that is
 * handed out has no rows and says where the loss begins. Throws `photons/tags` for a file that is no Parquet, lacks the
 * column, or has lost its contents and was written by somebody else: what its columns are is written nowhere then.
 */
export async function openTagTable(file: FileParts): Promise<TagTable> {
  const { metadata, loss } = await contentsOf(file);
  const here = parquetSchema(metadata).children.map(({ element }) => element.name);
  const columns = (Object.keys(TAG_COLUMNS) as TagColumn[]).filter((name) => here.includes(name));
  if (!columns.includes('time_ps')) {
    const rule = 'a table of tags has time_ps and, for tags themselves, detector';
    throw new PhotonsError('photons/tags', `the columns are ${here.join(', ')}; ${rule}`);
  }
  return {
    metadata: Object.fromEntries(
      (metadata.key_value_metadata ?? [])
        .filter(({ key }) => key !== HEAD_KEY)
        .map(({ key, value }) => [key, value ?? '']),
    ),
    columns,
    rows: Number(metadata.num_rows),
    groups: () => groupsOf(file, metadata, columns, loss),
  };
}

/** The table of contents, or what can be told without it and where the loss begins. */
async function contentsOf(file: FileParts): Promise<{ metadata: FileMetaData; loss: TagFault | null }> {
  const refuse = (place: number, problem: string, cause?: unknown): never => {
    throw Object.assign(new PhotonsError('photons/tags', `byte ${place}: ${problem}`), { cause });
  };
  const { byteLength } = file;
  const magicAt = async (at: number) => new DataView(await file.slice(at, at + 4)).getUint32(0, true);
  if (byteLength < 12 || (await magicAt(0)) !== MAGIC)
    return refuse(0, 'this is no Parquet file; it must begin with PAR1');
  const early = { kind: 'cut', problem: 'the Parquet file ends too early, without its table of contents' } as const;
  let found: { kind: TagFault['kind']; problem: string; cause?: unknown } = early;
  if ((await magicAt(byteLength - 4)) === MAGIC) {
    try {
      const metadata = await parquetMetadataAsync(file);
      const rows = metadata.row_groups.map((group) => Number(group.num_rows));
      const most = rows.find((count) => !(count >= 0 && count <= MOST_ROWS));
      if (most !== undefined) throw new Error(`a row group of ${most} rows; at most ${MOST_ROWS} can be held`);
      if (!isHead(metadata)) return { metadata, loss: null };
    } catch (error) {
      const problem = `the table of contents that ends at byte ${byteLength - 8} cannot be read (${messageOf(error)})`;
      found = { kind: 'content', problem, cause: error };
    }
  }
  const left = await recoverTable(file);
  if (left === null) {
    const rule = 'no row can be found without it, but in files that Skykey wrote and whose beginning is whole';
    return refuse(found === early ? byteLength : byteLength - 8, `${found.problem}; ${rule}`, found.cause);
  }
  // A file that was cut can end in the magic number, which stands before the first group too.
  const { kind, problem } = left.byteOffset === byteLength ? early : found;
  const rest = left.inGroup ? 'the row group that begins here is not whole' : 'no row group begins here';
  return { metadata: left.metadata, loss: { byteOffset: left.byteOffset, kind, reason: `${problem}; ${rest}` } };
}

/** What is wrong with a row of a group; `column` null: with the group. */
interface Problem {
  readonly row: number;
  readonly column: TagColumn | null;
  readonly kind: TagFault['kind'];
  readonly reason: string;
}

type Data = Record<TagColumn, ColumnData>;

async function* groupsOf(
  file: FileParts,
  metadata: FileMetaData,
  columns: readonly TagColumn[],
  loss: TagFault | null,
): AsyncGenerator<TagGroup> {
  let firstRow = 0;
  let lastPs = Number.NEGATIVE_INFINITY;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    const { data, problems } = await readGroup(file, metadata, columns, { firstRow, rows });
    const sound = Math.min(rows, ...problems.map(({ row }) => row));
    problems.push(...firstWrong(data, sound, lastPs));
    const problem = problems.sort((a, b) => a.row - b.row)[0];
    const good = problem?.row ?? rows;
    const kept = Object.fromEntries(columns.map((name) => [name, data[name].subarray(0, good)]));
    yield { rows: good, columns: kept, fault: problem ? faultOf(problem, firstRow, group, file) : null };
    if (problem) return;
    if (rows > 0) lastPs = data.time_ps[rows - 1]!;
    firstRow += rows;
  }
  if (loss) {
    const none = Object.fromEntries(columns.map((name) => [name, emptyColumn(TAG_COLUMNS[name], 0)]));
    yield { rows: 0, columns: none, fault: loss };
  }
}

async function readGroup(
  file: FileParts,
  metadata: FileMetaData,
  columns: readonly TagColumn[],
  { firstRow, rows }: { readonly firstRow: number; readonly rows: number },
): Promise<{ data: Data; problems: Problem[] }> {
  const data = Object.fromEntries(columns.map((name) => [name, emptyColumn(TAG_COLUMNS[name], rows)])) as Data;
  const problems: Problem[] = [];
  const seen = new Map<string, number>();
  const take = (column: TagColumn, values: ArrayLike<unknown>, at: number): void => {
    seen.set(column, (seen.get(column) ?? 0) + values.length);
    const row = fill(data[column], TAG_COLUMNS[column], values, at);
    if (row < 0) return;
    const [least, most] = RANGE[TAG_COLUMNS[column]];
    const reason = `${column} is ${String(values[row - at])}; it must be whole, from ${least} to ${most}`;
    problems.push({ row, column, kind: 'content', reason });
  };
  try {
    await parquetRead({
      file,
      metadata,
      columns: [...columns],
      rowStart: firstRow,
      rowEnd: firstRow + rows,
      onChunk: ({ columnName, columnData, rowStart }) => take(columnName as TagColumn, columnData, rowStart - firstRow),
    });
  } catch (error) {
    problems.push({ row: 0, column: null, kind: 'content', reason: `its group cannot be read (${messageOf(error)})` });
  }
  const short = rows > 0 ? columns.find((name) => seen.get(name) !== rows) : undefined;
  if (short) {
    const reason = `its group has ${seen.get(short) ?? 0} of ${rows} values of ${short}`;
    problems.push({ row: 0, column: short, kind: 'content', reason });
  }
  return { data, problems };
}

/** Copies values; the first row whose value does not fit, -1 if all do. */
function fill(into: ColumnData, kind: keyof typeof RANGE, values: ArrayLike<unknown>, at: number): number {
  const [least, most] = RANGE[kind];
  for (let i = 0; i < values.length; i++) {
    const cell = values[i];
    const value = typeof cell === 'bigint' || typeof cell === 'number' ? Number(cell) : Number.NaN;
    if (!(Number.isInteger(value) && value >= least && value <= most)) return at + i;
    into[at + i] = value;
  }
  return -1;
}

/** The first row that no recording can have, if there is one. */
function firstWrong({ time_ps, detector }: Data, rows: number, lastPs: number): Problem[] {
  let before = lastPs;
  for (let row = 0; row < rows; row++) {
    const here = time_ps[row]!;
    if (here < before) {
      const reason = `a tag is ${before - here} ps earlier than the one before it; tags must not go back`;
      return [{ row, column: 'time_ps', kind: 'order', reason }];
    }
    if (detector && detector[row]! > 3) {
      const reason = `detector is ${detector[row]}; it must be 0, 1, 2 or 3`;
      return [{ row, column: 'detector', kind: 'channel', reason }];
    }
    before = here;
  }
  return [];
}

/** Rows have no place of their own in Parquet: the fault is at the beginning of the column of the group, or of the group. */
function faultOf({ row, column, kind, reason }: Problem, firstRow: number, group: RowGroup, file: FileParts): TagFault {
  const starts = group.columns
    .filter(({ meta_data }) => column === null || meta_data?.path_in_schema[0] === column)
    .map(({ meta_data }) => Number(meta_data?.dictionary_page_offset ?? meta_data?.data_page_offset))
    .filter((start) => start >= 4 && start < file.byteLength);
  // Damaged contents name no place in the file: then it is they that are at fault.
  const byteOffset = starts.length > 0 ? Math.min(...starts) : file.byteLength - 8;
  return { byteOffset, kind, reason: `row ${firstRow + row}: ${reason}` };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
