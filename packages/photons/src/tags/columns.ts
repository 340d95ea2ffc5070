/** The columns that Skykey's tables of tags may have; `FORMAT.md` says what stands in each. */

/** How numbers of a column are stored: whole numbers below 2^53 either side of 0, or small ones. */
export type ColumnKind = 'whole' | 'int16' | 'uint16' | 'uint8';

export const TAG_COLUMNS = {
  time_ps: 'whole',
  detector: 'uint8',
  slot: 'whole',
  offset_ps: 'int16',
  intensity: 'uint8',
  basis: 'uint8',
  bit: 'uint8',
  cause: 'uint8',
  photons: 'uint8',
  attacked: 'uint8',
  guess: 'uint16',
  pair: 'whole',
} as const satisfies Record<string, ColumnKind>;

export type TagColumn = keyof typeof TAG_COLUMNS;

/** What a recording of a laboratory has. */
export const RECORDED_COLUMNS: readonly TagColumn[] = ['time_ps', 'detector'];
/** What the two parties know of the same rows, once they have spoken: Bob's reckoning and Alice's settings. */
export const RECKONED_COLUMNS: readonly TagColumn[] = [
  'time_ps',
  'detector',
  'slot',
  'offset_ps',
  'intensity',
  'basis',
  'bit',
];
/** The truth of the same rows, for a file of its own. */
export const TRUTH_COLUMNS: readonly TagColumn[] = ['time_ps', 'cause', 'photons', 'attacked', 'guess'];

/** Numbers of a column as they come out of a file. */
export type ColumnData = Float64Array | Int16Array | Uint16Array | Uint8Array;

export function emptyColumn(kind: ColumnKind, length: number): ColumnData {
  if (kind === 'whole') return new Float64Array(length);
  if (kind === 'int16') return new Int16Array(length);
  return kind === 'uint16' ? new Uint16Array(length) : new Uint8Array(length);
}

export const RANGE: Readonly<Record<ColumnKind, readonly [least: number, most: number]>> = {
  whole: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  uint8: [0, 255],
};

/** A row group is held whole: this many rows with two columns are half a gigabyte. */
export const MOST_ROWS = 2 ** 25;
