/**
 * Two-line element sets, read strictly: 69 columns, both checksums, every field in its columns
 * (Hoots & Roehrich, Spacetrack Report No. 3, 1980; Alpha-5 catalogue numbers as Space-Track defines them).
 *
 * Sets with broken checksums and shifted columns circulate on the web, and a lenient reader turns them into an orbit
 * that looks plausible. This one refuses them and says which field is wrong.
 */
import { twoline2satrec } from 'satellite.js';
import { type Elements, GREATEST_MEAN_MOTION, LEAST_MEAN_MOTION, started } from './elements.ts';
import { OrbitError } from './error.ts';

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

interface Line {
  readonly line: string;
  readonly place: string;
}

/** Lines that are not blank, with their places; a byte order mark at the beginning is not part of a name. */
function linesOf(tle: string, where: string): Line[] {
  return tle
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line, index) => ({ line: line.trimEnd(), place: `${where}: line ${index + 1}` }))
    .filter(({ line }) => line !== '');
}

function readSet(title: Line | null, first: Line, second: Line): Elements {
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
  within(second.place, 'mean motion', Number(fields2.get('mean motion')), LEAST_MEAN_MOTION, GREATEST_MEAN_MOTION);

  const shortYear = Number(fields1.get('epoch year'));
  // 57 is the year of Sputnik 1: the format's own pivot.
  const year = shortYear < 57 ? 2000 + shortYear : 1900 + shortYear;
  const daysInYear = (Date.UTC(year + 1, 0) - Date.UTC(year, 0)) / 86_400_000;
  const day = within(first.place, 'epoch day', Number(fields1.get('epoch day')), 1, daysInYear + 0.999_999_99);

  const noradId = catalogueNumber(fields1.get(CATALOGUE.name)!);
  return {
    kind: 'sgp4',
    origin: 'tle',
    name: title?.line.replace(/^0 /, '').trim() || `NORAD ${noradId}`,
    noradId,
    epochMs: Date.UTC(year, 0) + (day - 1) * 86_400_000,
    lines: [first.line, second.line],
    satrec: started(twoline2satrec(first.line, second.line), () => first.place),
  };
}

/**
 * Reads one element set of two lines, or of three with the name first (with or without a leading `0 `).
 * Blank lines around the set and blanks behind a line are ignored, nothing else is.
 * @param where file or origin, put before the line number in messages
 * @throws OrbitError `orbit/tle-lines`, `-columns`, `-checksum`, `-field`, `-number` for a set that is not written
 *   right, `orbit/elements` for one that SGP4 cannot start from
 */
export function parseTle(tle: string, where = 'element set'): Elements {
  const lines = linesOf(tle, where);
  if (lines.length !== 2 && lines.length !== 3) {
    throw new OrbitError(
      'orbit/tle-lines',
      `${where}: ${lines.length} lines; one element set has two, or three with its name first`,
    );
  }
  const [first, second] = lines.slice(-2) as [Line, Line];
  return readSet(lines.length === 3 ? lines[0]! : null, first, second);
}

/**
 * Reads a file of one or many element sets, each as `parseTle` reads it, in the order of the file. Sets with and
 * without names may be mixed. One wrong set refuses the file: a planner must not work on with a satellite missing.
 * @throws OrbitError as `parseTle`; `orbit/tle-lines` for a file without a set, or a line that belongs to none
 */
export function parseTleFile(tle: string, where = 'element sets'): Elements[] {
  const lines = linesOf(tle, where);
  if (lines.length === 0) throw new OrbitError('orbit/tle-lines', `${where}: there is no element set in it`);
  const begins = (at: number, digit: string) => lines[at]?.line.startsWith(`${digit} `) ?? false;
  const sets: Elements[] = [];
  for (let at = 0; at < lines.length; ) {
    const named = begins(at + 1, '1') && begins(at + 2, '2');
    // One of the two lines may have lost its number; then the other says where the set is, and `readSet` what is wrong.
    const bare = !named && (begins(at + 1, '2') || (begins(at, '1') && at + 1 < lines.length));
    const length = bare ? 2 : 3;
    const last = lines[at + length - 1];
    if (last === undefined || (!named && !bare && !begins(at + 1, '1') && !begins(at + 2, '2'))) {
      throw new OrbitError(
        'orbit/tle-lines',
        `${lines[at]!.place} belongs to no element set; a set is a line 1 and a line 2, with a name line before or none`,
      );
    }
    sets.push(readSet(bare ? null : lines[at]!, lines[at + length - 2]!, last));
    at += length;
  }
  return sets;
}
