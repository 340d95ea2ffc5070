/** Files of time tags, read and written in pieces. */
import { closeSync, fstatSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import {
  openTagTable,
  RECORDED_COLUMNS,
  ROLL_OVER_S,
  type TagColumn,
  type TagFault,
  type TagFormat,
  type TagLayout,
  TagReader,
  type Tags,
  TagTableWriter,
  TagWriter,
  TIME_TAG_64,
  type TimedColumns,
} from '@skykey/photons';
import { CliError } from '../error.ts';
import { checkWritable } from '../file.ts';
import { VERSION } from '../version.ts';

export type FileFormat = 'time-tag-64' | 'parquet';

/** What people say of a file on the command line. */
export interface FileOptions {
  readonly format?: string;
  readonly layout?: string;
  readonly timeBits?: number;
  readonly detectors?: string;
}

export interface ReadingOptions extends FileOptions {
  /** Whole second of the clock of a `time-tag-64` file that times are reckoned from. */
  readonly origin?: number;
}

const PIECE_BYTES = 1 << 20;
const LAYOUTS: readonly TagLayout[] = ['high-word-first', 'low-word-first', 'hexadecimal'];
const LINE = /^[0-9a-f]{16}\r?\n/i;

/** @throws CliError `cli/option` */
export function formatOf(options: FileOptions): FileFormat | undefined {
  const { format } = options;
  if (format === undefined || format === 'time-tag-64' || format === 'parquet') return format;
  throw new CliError('cli/option', `--format ${format}: there are time-tag-64 and parquet`);
}

/** What was said of the bits of a `time-tag-64` file. Throws CliError `cli/option`. */
export function bitsOf({ layout, timeBits, detectors }: FileOptions): Partial<TagFormat> {
  const known = LAYOUTS.find((one) => one === layout);
  if (layout !== undefined && !known) {
    throw new CliError('cli/option', `--layout ${layout}: there are ${LAYOUTS.join(', ')}`);
  }
  if (timeBits !== undefined && timeBits !== 49 && timeBits !== 54) {
    throw new CliError('cli/option', `--time-bits ${timeBits}: there are 54 (1/256 ns) and 49 (1/8 ns)`);
  }
  if (detectors !== undefined && !/^[0-3](,[0-3]){3}$/.test(detectors)) {
    throw new CliError('cli/option', `--detectors ${detectors}: give those of bits 0 to 3 with commas, as in 3,1,2,0`);
  }
  return {
    ...(known ? { layout: known } : {}),
    ...(timeBits === undefined ? {} : { timeBits }),
    ...(detectors === undefined
      ? {}
      : { detectors: detectors.split(',').map(Number) as unknown as TagFormat['detectors'] }),
  };
}

/** A file that is read once, from its beginning. */
export class Recording {
  readonly file: string;
  readonly bytes: number;
  readonly format: FileFormat;
  /** Null for Parquet. */
  readonly bits: TagFormat | null;
  /** Known once it was read: */
  fault: TagFault | null = null;
  originS = 0;
  /** Roll-over markers that were skipped. */
  markers = 0;
  /** Records that name a detector beyond the four. */
  otherDetectors = 0;
  metadata: Readonly<Record<string, string>> = {};
  /** Columns beside time and detector. */
  otherColumns: readonly TagColumn[] = [];
  readonly #handle: number;
  readonly #fromS: number | undefined;

  /** @throws CliError `cli/file`, `cli/option` */
  constructor(file: string, options: ReadingOptions) {
    this.file = file;
    const asked = formatOf(options);
    const bits = bitsOf(options);
    const { origin } = options;
    if (origin !== undefined && !(Number.isSafeInteger(origin) && origin >= 0 && origin < ROLL_OVER_S)) {
      throw new CliError('cli/option', `--origin ${origin}: give a whole second from 0 to ${Math.floor(ROLL_OVER_S)}`);
    }
    this.#fromS = origin;
    try {
      this.#handle = openSync(file, 'r');
      const stat = fstatSync(this.#handle);
      if (!stat.isFile()) throw Object.assign(new Error('it is no file'), { code: 'EISDIR' });
      this.bytes = stat.size;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is not a file' : message;
      throw new CliError('cli/file', `${file} cannot be read: ${why}`, { cause: error });
    }
    const start = new TextDecoder('latin1').decode(this.#part(0, 18));
    this.format = asked ?? (start.startsWith('PAR1') ? 'parquet' : 'time-tag-64');
    if (this.format === 'parquet') {
      if (Object.keys(bits).length > 0 || origin !== undefined) {
        throw new CliError(
          'cli/option',
          `${file} is Parquet: --layout, --time-bits, --detectors and --origin mean nothing in it`,
        );
      }
      this.bits = null;
    } else this.bits = { ...TIME_TAG_64, ...(LINE.test(start) ? { layout: 'hexadecimal' as const } : {}), ...bits };
  }

  /** Whole seconds, where the file says them, and tags in order of time, up to the first fault. */
  async *blocks(): AsyncGenerator<{ readonly tags: Tags; readonly fraction: number }> {
    try {
      if (this.bits) yield* this.#timeTags(this.bits);
      else yield* this.#table();
    } finally {
      closeSync(this.#handle);
    }
  }

  *#timeTags(bits: TagFormat): Generator<{ tags: Tags; fraction: number }> {
    const originS = this.#fromS;
    const reader = new TagReader(originS === undefined ? bits : { ...bits, originS });
    for (let at = 0; at < this.bytes && !reader.fault; at += PIECE_BYTES) {
      const tags = reader.push(this.#part(at, PIECE_BYTES));
      this.originS = reader.originS ?? 0;
      yield { tags, fraction: Math.min(1, (at + PIECE_BYTES) / this.bytes) };
    }
    yield { tags: reader.end(), fraction: 1 };
    this.fault = reader.fault;
    this.markers = reader.markers;
    this.otherDetectors = reader.otherDetectors;
  }

  async *#table(): AsyncGenerator<{ tags: Tags; fraction: number }> {
    const slice = (from: number, to = this.bytes): ArrayBuffer => this.#part(from, to - from).slice().buffer;
    const table = await openTagTable({ byteLength: this.bytes, slice });
    const [time, detector] = RECORDED_COLUMNS as ['time_ps', 'detector'];
    if (!table.columns.includes(detector)) {
      const found = table.columns.join(', ');
      throw new CliError('cli/file', `${this.file} has ${found}, and no detector: it is the truth beside a recording`);
    }
    this.metadata = table.metadata;
    const originS = Number(table.metadata.originS ?? 0);
    this.originS = Number.isSafeInteger(originS) && originS >= 0 ? originS : 0;
    this.otherColumns = table.columns.filter((name) => !RECORDED_COLUMNS.includes(name));
    let rows = 0;
    for await (const { columns, rows: here, fault } of table.groups()) {
      rows += here;
      this.fault = fault;
      const tags = { timePs: columns[time] as Float64Array, detector: columns[detector] as Uint8Array };
      yield { tags, fraction: table.rows > 0 ? rows / table.rows : 1 };
    }
  }

  #part(at: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.bytes - at)));
    let got = 0;
    while (got < bytes.length) {
      const more = readSync(this.#handle, bytes, got, bytes.length - got, at + got);
      if (more === 0) break;
      got += more;
    }
    return bytes.subarray(0, got);
  }
}

export interface SinkSettings {
  readonly format: FileFormat;
  readonly bits?: Partial<TagFormat>;
  readonly originS?: number;
  /** Of a table; the first is `time_ps`. */
  readonly columns?: readonly TagColumn[];
  readonly metadata?: Readonly<Record<string, string>>;
}

/** `FILE.parquet` is Parquet, all else is not, unless somebody says so. */
export function formatFor(file: string, asked: FileFormat | undefined): FileFormat {
  return asked ?? (/\.parquet$/i.test(file) ? 'parquet' : 'time-tag-64');
}

/** A file that is there when it is whole, or not at all: what is written first is called `FILE.part`. */
export class TagSink {
  readonly file: string;
  tags = 0;
  bytes = 0;
  readonly #columns: readonly TagColumn[];
  readonly #writer: TagWriter | TagTableWriter;
  readonly #handle: number;
  #open = true;

  /** @throws CliError `cli/file`, PhotonsError `photons/tags` */
  constructor(option: string, file: string, settings: SinkSettings) {
    const { format, bits = {}, originS = 0, columns = RECORDED_COLUMNS, metadata = {} } = settings;
    this.file = file;
    this.#columns = columns;
    const common = { format: 'skykey-tags/1', units: 'ps', version: VERSION, originS: String(originS) };
    this.#writer =
      format === 'parquet'
        ? new TagTableWriter({ columns, metadata: { ...metadata, ...common } })
        : new TagWriter({ ...bits, originS });
    checkWritable(option, file);
    this.#handle = openSync(`${file}.part`, 'w');
  }

  /** Rows in the order of the columns; only time and detector of them go into a `time-tag-64` file. */
  write(rows: TimedColumns): void {
    const [timePs, detector] = rows;
    this.#append(
      this.#writer instanceof TagWriter
        ? this.#writer.write({ timePs, detector: detector as Uint8Array })
        : this.#writer.write(Object.fromEntries(this.#columns.map((name, i) => [name, rows[i]!]))),
    );
    this.tags += timePs.length;
  }

  end(): void {
    if (this.#writer instanceof TagTableWriter) this.#append(this.#writer.end());
    closeSync(this.#handle);
    this.#open = false;
    renameSync(`${this.file}.part`, this.file);
  }

  /** Leaves nothing behind, unless it has ended. */
  abandon(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#handle);
    rmSync(`${this.file}.part`, { force: true });
  }

  #append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#handle, bytes, at);
    this.bytes += bytes.length;
  }
}

/** Refuses to write where something is read from. Throws CliError `cli/option`. */
export function checkOther(option: string, from: string, to: string): void {
  const there = statSync(to, { throwIfNoEntry: false });
  const source = statSync(from, { throwIfNoEntry: false });
  if (!there || !source || there.ino !== source.ino || there.dev !== source.dev) return;
  throw new CliError('cli/option', `${option} ${to} is the file that is read; give another`);
}
