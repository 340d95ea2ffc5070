/**
 * Skies that somebody watched: series of clear and blocked from CSV and Parquet. A table has a column `utc` and one of
 * `clear`, `cloudFraction`, `cloudPercent`; a column `station` lets one file hold several. Whatever cannot be read as
 * it stands is refused with its place; no row is dropped, none is put in order, none is made up.
 */
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import Papa from 'papaparse';
import { demand, demandPositive, OpticsError } from '../error.ts';

/** The sky over one station at strictly rising instants. */
export interface MeasuredSeries {
  readonly stationId: string;
  /** ms since 1970 UTC. */
  readonly times: Float64Array;
  /** 1 for clear and 0 for blocked in a Uint8Array; the clear share of the sky, 0 to 1, in a Float32Array. */
  readonly clear: Uint8Array | Float32Array;
  readonly source: string;
}

/** A series of states, as weather is played from it and joint availability counted. */
export interface StateSeries extends MeasuredSeries {
  readonly clear: Uint8Array;
}

export interface SeriesOptions {
  /** The station of a table that has no column `station`. */
  readonly stationId?: string;
  /** A sky with this cloud fraction or less counts as clear; without it the series keeps clear shares. */
  readonly maxCloudFraction?: number;
  /** The longest time without a sample that is accepted, hours; 1.5 times the usual interval unless told. */
  readonly maxGapH?: number;
  /** Columns that the table may have and the series does without. */
  readonly ignoreColumns?: readonly string[];
  /** Where the series comes from, when that is more than the name of its file. */
  readonly source?: string;
}

type Refuse = (place: string, problem: string) => never;
type Value = (cell: unknown, place: string) => number;

const HOUR_MS = 3_600_000;
/** A number below this is no time in ms of any cloud record (1973), but one in seconds; above, one in microseconds (2286). */
const EARLIEST_MS = 1e11;
const LATEST_MS = 1e13;
const VALUES = ['clear', 'cloudFraction', 'cloudPercent'];
const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(\.\d{1,9})?)?(Z|[+-](?:0\d|1[0-4]):?[0-5]\d)?$/;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

const show = (cell: unknown) =>
  typeof cell === 'string' ? JSON.stringify(cell.length > 60 ? `${cell.slice(0, 60)}…` : cell) : String(cell);
const iso = (ms: number) => new Date(ms).toISOString();

/** Milliseconds of an instant in words, or what is wrong with it. */
function instantMs(text: string): number | string {
  const match = INSTANT.exec(text);
  if (match === null) return 'must be like 2024-03-01T18:30:00Z, or whole milliseconds since 1970 UTC';
  const [, year, month, day, hour, minute, second = '0', fraction = '0', zone] = match;
  if (zone === undefined) return 'has no time zone; end it with Z for UTC, or with an offset like +08:00';
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day));
  if (iso(midnight).slice(0, 10) !== text.slice(0, 10)) return 'is a day that no calendar has';
  const offset = zone === 'Z' ? 0 : Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2)));
  const minutes = Number(hour) * 60 + Number(minute) - offset;
  return midnight + minutes * 60_000 + (Number(second) + Number(fraction)) * 1000;
}

const numberOf = (cell: unknown) => {
  if (typeof cell === 'string') return NUMBER.test(cell) ? Number(cell) : Number.NaN;
  return typeof cell === 'number' || typeof cell === 'bigint' ? Number(cell) : Number.NaN;
};

function timeOf(refuse: Refuse): Value {
  return (cell, place) => {
    const whole = typeof cell === 'string' && !/^-?\d+$/.test(cell) ? null : numberOf(cell);
    const time = whole ?? instantMs(String(cell));
    if (typeof time === 'string') return refuse(place, `utc is ${show(cell)}; it ${time}`);
    if (!Number.isFinite(time) || Math.abs(time) > 8.64e15) {
      return refuse(place, `utc is ${show(cell)}; it must be an instant, with time zone or in ms since 1970 UTC`);
    }
    if (whole !== null && time < EARLIEST_MS) {
      return refuse(place, `utc is ${show(cell)}, ${iso(time)} if in milliseconds; give milliseconds, not seconds`);
    }
    if (whole !== null && time > LATEST_MS) {
      return refuse(place, `utc is ${show(cell)}, ${iso(time)} if in milliseconds; give milliseconds, nothing smaller`);
    }
    return time;
  };
}

function clearOf(column: string, maxCloudFraction: number | undefined, refuse: Refuse): Value {
  const states = new Map<unknown, number>([
    ['0', 0],
    ['1', 1],
    ['false', 0],
    ['true', 1],
    [0, 0],
    [1, 1],
    [0n, 0],
    [1n, 1],
    [false, 0],
    [true, 1],
  ]);
  if (column === 'clear') {
    return (cell, place) =>
      states.get(cell) ?? refuse(place, `clear is ${show(cell)}; it must be 0 or 1, or false or true`);
  }
  const full = column === 'cloudPercent' ? 100 : 1;
  const hint = column === 'cloudFraction' ? '; name the column cloudPercent if it is in percent' : '';
  return (cell, place) => {
    const cloud = numberOf(cell);
    if (!(cloud >= 0 && cloud <= full)) {
      return refuse(place, `${column} is ${show(cell)}; it must be a number from 0 to ${full}${hint}`);
    }
    if (maxCloudFraction === undefined) return 1 - cloud / full;
    return cloud / full <= maxCloudFraction ? 1 : 0;
  };
}

function valueColumn(columns: readonly string[], header: string, options: SeriesOptions, refuse: Refuse): string {
  const twice = columns.find((name, i) => columns.indexOf(name) !== i);
  if (twice !== undefined) refuse(header, `there are two columns ${show(twice)}; leave one`);
  if (!columns.includes('utc')) {
    refuse(header, `there is no column utc among ${columns.map(show).join(', ')}; it must hold the instants`);
  }
  const [value, ...more] = columns.filter((name) => VALUES.includes(name));
  if (value === undefined) refuse(header, `there is no column of the sky; add one of ${VALUES.join(', ')}`);
  if (more.length > 0) refuse(header, `there are columns ${value} and ${more.join(', ')}; leave one`);
  const known = ['utc', 'station', value!, ...(options.ignoreColumns ?? [])];
  const unknown = columns.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    refuse(header, `column ${show(unknown)} means nothing here; leave it out or name it in ignoreColumns`);
  }
  if (value === 'clear' && options.maxCloudFraction !== undefined) {
    refuse(header, 'maxCloudFraction is given, but the column clear is decided already; leave one of the two');
  }
  const inTable = columns.includes('station');
  if (inTable && options.stationId !== undefined) {
    refuse(header, 'stationId is given, but the table has a column station; leave one of the two');
  }
  if (!inTable && options.stationId === undefined) {
    refuse(header, 'there is no column station; add it, or give stationId for the whole table');
  }
  return value!;
}

/** The time between most neighbouring samples: the median, ms. */
export function usualIntervalMs({ times }: MeasuredSeries): number {
  const intervals = Float64Array.from({ length: times.length - 1 }, (_, i) => times[i + 1]! - times[i]!).sort();
  return intervals[intervals.length >> 1]!;
}

/** Cells of a table by column, and the words for a row of it. */
interface Table {
  readonly columns: readonly string[];
  readonly rows: number;
  readonly header: string;
  readonly cell: (row: number, column: number) => unknown;
  readonly place: (row: number) => string;
}

function seriesOf({ columns, rows, header, cell, place }: Table, where: string, options: SeriesOptions) {
  const refuse: Refuse = (at, problem) => {
    throw new OpticsError('optics/weather-file', `${where}: ${at}: ${problem}`);
  };
  const value = valueColumn(columns, header, options, refuse);
  const [utcAt, clearAt, stationAt] = [columns.indexOf('utc'), columns.indexOf(value), columns.indexOf('station')];
  const time = timeOf(refuse);
  const clear = clearOf(value, options.maxCloudFraction, refuse);
  const samples = new Map<string, { readonly times: number[]; readonly clear: number[]; readonly rows: number[] }>();
  for (let row = 0; row < rows; row++) {
    const stationId = stationAt < 0 ? options.stationId! : cell(row, stationAt);
    if (typeof stationId !== 'string' || stationId.trim() === '') {
      return refuse(place(row), `station is ${show(stationId)}; it must name the station`);
    }
    let own = samples.get(stationId);
    if (own === undefined) samples.set(stationId, (own = { times: [], clear: [], rows: [] }));
    const at = time(cell(row, utcAt), place(row));
    const last = own.times.at(-1);
    if (last !== undefined && at <= last) {
      const problem = at === last ? 'twice; leave one of the two' : `after ${iso(last)}; sort the rows by time`;
      refuse(place(row), `utc is ${iso(at)} for station ${stationId} ${problem}`);
    }
    own.times.push(at);
    own.clear.push(clear(cell(row, clearAt), place(row)));
    own.rows.push(row);
  }
  if (samples.size === 0) refuse(header, 'no row follows; a series needs two samples at least');

  const shares = value !== 'clear' && options.maxCloudFraction === undefined;
  return [...samples].map(([stationId, own]): MeasuredSeries => {
    if (own.times.length < 2) {
      refuse(place(own.rows[0]!), `station ${stationId} has one sample; a series needs two at least`);
    }
    const series = {
      stationId,
      times: Float64Array.from(own.times),
      clear: shares ? Float32Array.from(own.clear) : Uint8Array.from(own.clear),
      source: options.source ?? where,
    };
    const usualH = usualIntervalMs(series) / HOUR_MS;
    const longestH = options.maxGapH ?? 1.5 * usualH;
    for (let i = 1; i < own.times.length; i++) {
      const gapH = (own.times[i]! - own.times[i - 1]!) / HOUR_MS;
      if (gapH <= longestH * (1 + 1e-9)) continue;
      refuse(
        place(own.rows[i]!),
        `utc jumps from ${iso(own.times[i - 1]!)} to ${iso(own.times[i]!)} for station ${stationId}, ` +
          `${gapH.toFixed(2)} h where ${usualH.toFixed(2)} h is usual; fill the gap, or allow it with maxGapH`,
      );
    }
    return series;
  });
}

function checkOptions({ maxCloudFraction, maxGapH, stationId }: SeriesOptions): void {
  if (maxCloudFraction !== undefined) demand('maxCloudFraction', maxCloudFraction, 0, 1);
  if (maxGapH !== undefined) demandPositive('maxGapH', maxGapH);
  if (stationId?.trim() === '') throw new OpticsError('optics/parameter', 'stationId is empty; it must name a station');
}

/**
 * Reads series from CSV (RFC 4180, commas, a header line): `utc` is ISO 8601 with time zone or whole ms since 1970,
 * `clear` 0, 1, false or true, `cloudFraction` 0 to 1, `cloudPercent` 0 to 100. One series for each station, in the
 * order in which they appear.
 * @param where file or origin, put before the line number in messages
 * @throws OpticsError `optics/weather-file`, naming line and field; `optics/parameter` for an option
 */
export function parseWeatherCsv(text: string, where: string, options: SeriesOptions = {}): MeasuredSeries[] {
  checkOptions(options);
  const { data, errors } = Papa.parse<string[]>(text, { delimiter: ',', header: false });
  if (data.at(-1)?.length === 1 && data.at(-1)![0] === '') data.pop();
  // A cell in quotes may hold line ends: lines are counted, not rows.
  const lines: number[] = [];
  let line = 1;
  for (const row of data) {
    lines.push(line);
    line++;
    for (const cell of row) if (cell.includes('\n')) line += cell.split('\n').length - 1;
  }
  const refuse = (at: number, problem: string): never => {
    throw new OpticsError('optics/weather-file', `${where}: line ${at}: ${problem}`);
  };
  const broken = errors.find(({ type }) => type === 'Quotes');
  if (broken) refuse(lines[broken.row ?? 0] ?? 1, `the quotes do not close: ${broken.message}`);
  const columns = data[0] ?? refuse(1, 'the file is empty; it must begin with a header like "utc,clear"');
  for (let row = 1; row < data.length; row++) {
    const { length } = data[row]!;
    if (length !== columns.length) {
      refuse(lines[row]!, `there are ${length} fields; the header has ${columns.length} columns`);
    }
  }
  return seriesOf(
    {
      columns,
      rows: data.length - 1,
      header: 'line 1',
      cell: (row, column) => data[row + 1]![column],
      place: (row) => `line ${lines[row + 1]}`,
    },
    where,
    options,
  );
}

/**
 * Reads series from Parquet, with the columns of `parseWeatherCsv`; `utc` may also be a timestamp that is adjusted to
 * UTC, a cell may also be a number or a truth value. Understands what hyparquet does without plug-ins: no compression
 * or Snappy.
 * @param where file or origin, put before the row number (1 for the first) in messages
 * @throws OpticsError `optics/weather-file`, naming row and field; `optics/parameter` for an option
 */
export async function parseWeatherParquet(
  buffer: ArrayBuffer,
  where: string,
  options: SeriesOptions = {},
): Promise<MeasuredSeries[]> {
  checkOptions(options);
  const refuse = (at: string, problem: string): never => {
    throw new OpticsError('optics/weather-file', `${where}: ${at}: ${problem}`);
  };
  let columns: string[] = [];
  let rows: Record<string, unknown>[] = [];
  let local = false;
  try {
    const metadata = parquetMetadata(buffer);
    const { schema } = metadata;
    columns = schema.slice(1).map(({ name }) => name);
    local = schema.some(({ name, logical_type: type }) => {
      return name === 'utc' && type?.type === 'TIMESTAMP' && !type.isAdjustedToUTC;
    });
    rows = await parquetReadObjects({
      file: buffer,
      metadata,
      parsers: {
        timestampFromMilliseconds: Number,
        timestampFromMicroseconds: (micros) => Number(micros) / 1e3,
        timestampFromNanoseconds: (nanos) => Number(nanos) / 1e6,
      },
    });
  } catch (problem) {
    refuse('the file', `is no Parquet table that can be read: ${(problem as Error).message}`);
  }
  if (local) refuse('column utc', 'holds local timestamps without a zone; write it adjusted to UTC');
  return seriesOf(
    {
      columns,
      rows: rows.length,
      header: 'schema',
      cell: (row, column) => rows[row]![columns[column]!],
      place: (row) => `row ${row + 1}`,
    },
    where,
    options,
  );
}

/**
 * The states of a series: unchanged where it has them, else clear where the cloud fraction is at most `maxCloudFraction`.
 * @throws OpticsError `optics/weather-series` for clear shares without that figure, `optics/parameter`
 */
export function statesOf(series: MeasuredSeries, maxCloudFraction?: number): StateSeries {
  const { clear } = series;
  if (clear instanceof Uint8Array) return { ...series, clear };
  if (maxCloudFraction === undefined) {
    throw new OpticsError(
      'optics/weather-series',
      `the series of station ${series.stationId} has clear shares; say with maxCloudFraction what counts as clear`,
    );
  }
  demand('maxCloudFraction', maxCloudFraction, 0, 1);
  // Rounded as the shares are, so that a sky exactly at the limit counts as it does when it is read.
  const least = Math.fround(1 - maxCloudFraction);
  return { ...series, clear: Uint8Array.from(clear, (share) => (share >= least ? 1 : 0)) };
}
