/**
 * Two-line element sets, read strictly: 69 columns, both checksums, every field in its columns
 * (Hoots & Roehrich, Spacetrack Report No. 3, 1980; Alpha-5 catalogue numbers as Space-Track defines them).
 *
 * Sets with broken checksums and shifted columns circulate on the web, and a lenient reader turns them into an orbit
 * that looks plausible. This one refuses them and says which field is wrong.
 */
import { type SatRec, SatRecError, twoline2satrec } from 'satellite.js';
import { OrbitError } from './error.ts';

/** Mean elements of one satellite at one epoch, ready for SGP4. */
export interface Elements {
  readonly kind: 'sgp4';
  /** Name line of the set; `NORAD 41731` where the set has none. */
  readonly name: string;
  /** Satellite catalogue number; Alpha-5 numbers are decoded (A0000 is 100000). */
  readonly noradId: number;
  /** Epoch, ms since 1970 UTC; not a whole number. */
  readonly epochMs: number;
  /** The two lines, where the set was written so; null for OMM and synthetic elements. */
  readonly lines: readonly [string, string] | null;
  /** The initialised SGP4 record. The propagator writes scratch values into it; take it as opaque. */
  readonly satrec: SatRec;
}

interface Field {
  readonly name: string;
  /** Columns counted from 1, both inclusive, as the format describes itself. */
  readonly first: number;
  readonly last: number;
  readonly pattern: RegExp;
  readonly right: string;
}

const LENGTH = 69;

const CATALOGUE: Field = {
  name: 'catalogue number',
  first: 3,
  last: 7,
  pattern: /^(?=.*\d)[ \dA-HJ-NP-Z][ \d]{3}\d$/,
  right: 'five digits, or a letter other than I and O with four digits',
};
const ANGLE = /^[ \d]{2}\d\.\d{4}$/;
const POWER = /^[ +-]\d{5}[+-]\d$/;
const COUNTER = /^ *\d+$/;

const LINE_1: readonly Field[] = [
  CATALOGUE,
  { name: 'classification', first: 8, last: 8, pattern: /^[UCS]$/, right: 'U, C or S' },
  {
    name: 'international designator',
    first: 10,
    last: 17,
    pattern: /^(\d{5}[A-Z]{1,3} {0,2}| {8})$/,
    right: 'year, launch number and piece such as "16051A", or blank',
  },
  { name: 'epoch year', first: 19, last: 20, pattern: /^\d\d$/, right: 'two digits' },
  {
    name: 'epoch day',
    first: 21,
    last: 32,
    pattern: /^[ \d]{2}\d\.\d{8}$/,
    right: 'a day of the year with eight decimals, such as "353.90152003"',
  },
  {
    name: 'first derivative of mean motion',
    first: 34,
    last: 43,
    pattern: /^[ +-]\.\d{8}$/,
    right: 'a signed fraction such as " .00000364"',
  },
  {
    name: 'second derivative of mean motion',
    first: 45,
    last: 52,
    pattern: POWER,
    right: 'a fraction with a power of ten, such as " 00000-0"',
  },
  {
    name: 'drag term B*',
    first: 54,
    last: 61,
    pattern: POWER,
    right: 'a fraction with a power of ten, such as " 17957-4"',
  },
  { name: 'ephemeris type', first: 63, last: 63, pattern: /^[ 02]$/, right: '0, 2 or blank: mean elements for SGP4' },
  { name: 'element set number', first: 65, last: 68, pattern: COUNTER, right: 'a whole number' },
];

const LINE_2: readonly Field[] = [
  CATALOGUE,
  { name: 'inclination', first: 9, last: 16, pattern: ANGLE, right: 'degrees with four decimals' },
  {
    name: 'right ascension of the ascending node',
    first: 18,
    last: 25,
    pattern: ANGLE,
    right: 'degrees with four decimals',
  },
  { name: 'eccentricity', first: 27, last: 33, pattern: /^\d{7}$/, right: 'seven digits after an assumed point' },
  { name: 'argument of perigee', first: 35, last: 42, pattern: ANGLE, right: 'degrees with four decimals' },
  { name: 'mean anomaly', first: 44, last: 51, pattern: ANGLE, right: 'degrees with four decimals' },
  {
    name: 'mean motion',
    first: 53,
    last: 63,
    pattern: /^[ \d]\d\.\d{8}$/,
    right: 'revolutions a day with eight decimals',
  },
  { name: 'revolution number', first: 64, last: 68, pattern: COUNTER, right: 'a whole number' },
];

/** Modulo-10 checksum of a line's first 68 columns: digits count as they are, a minus sign as 1. */
function checksum(line: string): number {
  let sum = 0;
  for (const symbol of line.slice(0, LENGTH - 1)) {
    if (symbol === '-') sum++;
    else if (symbol >= '0' && symbol <= '9') sum += Number(symbol);
  }
  return sum % 10;
}

const text = (line: string, first: number, last: number) => line.slice(first - 1, last);

/** Checks one line and returns its fields by name. */
function readLine(line: string, digit: '1' | '2', fields: readonly Field[], place: string): Map<string, string> {
  if (line.length !== LENGTH) {
    throw new OrbitError(
      'orbit/tle-columns',
      `${place} has ${line.length} columns; a line of an element set has ${LENGTH}`,
    );
  }
  if (line[0] !== digit) {
    throw new OrbitError('orbit/tle-field', `${place}, line number (column 1) is "${line[0]}"; it must be "${digit}"`);
  }
  if (line[LENGTH - 1] !== String(checksum(line))) {
    throw new OrbitError(
      'orbit/tle-checksum',
      `${place}, checksum (column ${LENGTH}) is "${line[LENGTH - 1]}", but the line adds up to ${checksum(line)}: ` +
        'a character of the line was changed',
    );
  }
  const values = new Map<string, string>();
  let next = 2;
  for (const { name, first, last, pattern, right } of fields) {
    // Columns 64 to 68 follow the mean motion without a blank; everywhere else a gap belongs to no field.
    if (text(line, next, first - 1).trim() !== '') {
      throw new OrbitError('orbit/tle-field', `${place}, column ${next} before ${name} must be blank`);
    }
    const value = text(line, first, last);
    if (!pattern.test(value)) {
      throw new OrbitError(
        'orbit/tle-field',
        `${place}, ${name} (columns ${first}-${last}) is "${value}"; it must be ${right}`,
      );
    }
    values.set(name, value.trim());
    next = last + 1;
  }
  return values;
}

function within(place: string, name: string, value: number, low: number, high: number): number {
  if (value >= low && value <= high) return value;
  throw new OrbitError('orbit/tle-field', `${place}, ${name} is ${value}; it must be ${low} to ${high}`);
}

const ALPHA_5 = 'ABCDEFGHJKLMNPQRSTUVWXYZ';

function catalogueNumber(digits: string): number {
  const letter = ALPHA_5.indexOf(digits[0]!);
  return letter < 0 ? Number(digits) : (letter + 10) * 10_000 + Number(digits.slice(1));
}

/**
 * Reads one element set of two lines, or of three with the name first (with or without a leading `0 `).
 * Blank lines around the set and blanks behind a line are ignored, nothing else is.
 * @param where file or origin, put before the line number in messages
 * @throws OrbitError `orbit/tle-lines`, `-columns`, `-checksum`, `-field`, `-number` for a set that is not written
 *   right, `orbit/elements` for one that SGP4 cannot start from
 */
export function parseTle(tle: string, where = 'element set'): Elements {
  const lines = tle
    .split('\n')
    .map((line, index) => ({ line: line.trimEnd(), place: `${where}: line ${index + 1}` }))
    .filter(({ line }) => line !== '');
  if (lines.length !== 2 && lines.length !== 3) {
    throw new OrbitError(
      'orbit/tle-lines',
      `${where}: ${lines.length} lines; one element set has two, or three with its name first`,
    );
  }
  const title = lines.length === 3 ? lines[0]!.line.replace(/^0 /, '').trim() : '';
  const [first, second] = lines.slice(-2) as [(typeof lines)[number], (typeof lines)[number]];
  const fields1 = readLine(first.line, '1', LINE_1, first.place);
  const fields2 = readLine(second.line, '2', LINE_2, second.place);

  if (fields1.get(CATALOGUE.name) !== fields2.get(CATALOGUE.name)) {
    throw new OrbitError(
      'orbit/tle-number',
      `${second.place}, catalogue number is ${fields2.get(CATALOGUE.name)}, but ${first.place} says ` +
        `${fields1.get(CATALOGUE.name)}: the lines belong to two satellites`,
    );
  }
  for (const [name, high] of [
    ['inclination', 180],
    ['right ascension of the ascending node', 360],
    ['argument of perigee', 360],
    ['mean anomaly', 360],
  ] as const) {
    within(second.place, name, Number(fields2.get(name)), 0, high);
  }
  within(second.place, 'mean motion', Number(fields2.get('mean motion')), 0.01, 20);

  const shortYear = Number(fields1.get('epoch year'));
  // 57 is the year of Sputnik 1: the format's own pivot.
  const year = shortYear < 57 ? 2000 + shortYear : 1900 + shortYear;
  const daysInYear = (Date.UTC(year + 1, 0) - Date.UTC(year, 0)) / 86_400_000;
  const day = within(first.place, 'epoch day', Number(fields1.get('epoch day')), 1, daysInYear + 0.999_999_99);

  const noradId = catalogueNumber(fields1.get(CATALOGUE.name)!);
  const satrec = twoline2satrec(first.line, second.line);
  if (satrec.error !== SatRecError.None) {
    throw new OrbitError(
      'orbit/elements',
      `${where}: SGP4 cannot start from these elements (${SatRecError[satrec.error]})`,
    );
  }
  return {
    kind: 'sgp4',
    name: title || `NORAD ${noradId}`,
    noradId,
    epochMs: Date.UTC(year, 0) + (day - 1) * 86_400_000,
    lines: [first.line, second.line],
    satrec,
  };
}

/**
 * Age of the elements at an instant, days; negative before their epoch. SGP4 drifts along the track
 * by a kilometre or more a day in low orbits: an age of weeks means pass times wrong by seconds to minutes.
 */
export function elementsAgeDays(elements: Elements, utcMs: number): number {
  return (utcMs - elements.epochMs) / 86_400_000;
}
