/**
 * Orbit mean-elements messages, CCSDS 502.0-B-3 (April 2023), section 4, as far as they carry elements for SGP4: JSON,
 * XML and KVN, recognised by content. They hold what a two-line set holds, without its limits on catalogue numbers,
 * digits and years.
 */
import {
  EARLIEST_EPOCH_MS,
  type Elements,
  elementsOf,
  GREATEST_MEAN_MOTION,
  LATEST_EPOCH_MS,
  LEAST_MEAN_MOTION,
} from './elements.ts';
import { OrbitError } from './error.ts';
import { type Message, messagesOf } from './message.ts';

/** Keywords with the values that elements for SGP4 must have, the first of them the way to write it. */
const FIXED = [
  ['CENTER_NAME', ['EARTH']],
  ['REF_FRAME', ['TEME']],
  ['TIME_SYSTEM', ['UTC']],
  // The examples of 502.0-B-2 write the second.
  ['MEAN_ELEMENT_THEORY', ['SGP4', 'SGP/SGP4']],
] as const;

/** Numbers with their ranges and the units that may stand beside them. */
const NUMBERS = {
  MEAN_MOTION: { low: LEAST_MEAN_MOTION, high: GREATEST_MEAN_MOTION, unit: 'rev/day' },
  ECCENTRICITY: { low: 0, high: 0.999_999_9, unit: 'n/a' },
  INCLINATION: { low: 0, high: 180, unit: 'deg' },
  RA_OF_ASC_NODE: { low: -360, high: 360, unit: 'deg' },
  ARG_OF_PERICENTER: { low: -360, high: 360, unit: 'deg' },
  MEAN_ANOMALY: { low: -360, high: 360, unit: 'deg' },
  // What a two-line set can write.
  BSTAR: { low: -1e9, high: 1e9, unit: '1/ER' },
} as const;

const KEYWORDS = new Set([
  'CCSDS_OMM_VERS',
  'OBJECT_NAME',
  'EPOCH',
  'EPHEMERIS_TYPE',
  'NORAD_CAT_ID',
  ...FIXED.map(([keyword]) => keyword),
  ...Object.keys(NUMBERS),
]);

function wrong(message: Message, keyword: string, right: string): OrbitError {
  const value = message.values.get(keyword);
  const found = value === undefined ? 'is missing' : `is "${value}"`;
  return new OrbitError('orbit/omm-field', `${message.place(keyword)}, ${keyword} ${found}; it must be ${right}`);
}

const textOf = (message: Message, keyword: string): string => String(message.values.get(keyword) ?? '');

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function numberOf(message: Message, keyword: keyof typeof NUMBERS): number {
  const { low, high, unit } = NUMBERS[keyword];
  const written = textOf(message, keyword);
  const value = DECIMAL.test(written) ? Number(written) : Number.NaN;
  if (!(value >= low && value <= high)) throw wrong(message, keyword, `a number from ${low} to ${high} (${unit})`);
  const beside = message.units.get(keyword);
  if (beside !== undefined && beside.toLowerCase() !== unit.toLowerCase()) {
    throw new OrbitError(
      'orbit/omm-field',
      `${message.place(keyword)}, ${keyword} is in ${beside}; it must be in ${unit}`,
    );
  }
  return value;
}

/** Catalogue number; 0 where there is none, which the standard allows. */
function catalogueNumber(message: Message): number {
  const written = textOf(message, 'NORAD_CAT_ID');
  if (written === '') return 0;
  if (!/^\d{1,9}$/.test(written)) throw wrong(message, 'NORAD_CAT_ID', 'a whole number of up to nine digits');
  return Number(written);
}

const TIME_CODE = /^(\d{4})-(?:(\d\d)-(\d\d)|(\d{3}))T(\d\d):(\d\d):(\d\d)(\.\d+)?Z?$/;

/** ASCII time code A or B (502.0-B-3, 7.5.10) to ms since 1970 UTC, all its digits kept. */
function epochOf(message: Message): number {
  const refuse = () =>
    wrong(message, 'EPOCH', 'a time in UTC from 1957 to 2099, such as "2016-12-18T21:38:11.330592", without an offset');
  const found = TIME_CODE.exec(textOf(message, 'EPOCH'));
  if (found === null) throw refuse();
  const [year, month, date, dayOfYear, hour, minute, second] = found
    .slice(1, 8)
    .map((digits) => (digits === undefined ? null : Number(digits))) as [number, ...(number | null)[]];
  const midnight = dayOfYear === null ? Date.UTC(year, month! - 1, date!) : Date.UTC(year, 0, dayOfYear);
  const day = new Date(midnight);
  const inCalendar =
    dayOfYear === null
      ? day.getUTCMonth() === month! - 1 && day.getUTCDate() === date
      : day.getUTCFullYear() === year && dayOfYear! > 0;
  if (!inCalendar || hour! > 23 || minute! > 59 || second! > 59) throw refuse();
  const whole = midnight + ((hour! * 60 + minute!) * 60 + second!) * 1000;
  const epochMs = whole + 1000 * Number(`0${found[8] ?? ''}`);
  if (epochMs < EARLIEST_EPOCH_MS || epochMs > LATEST_EPOCH_MS) throw refuse();
  return epochMs;
}

function elementsIn(message: Message): Elements {
  const version = textOf(message, 'CCSDS_OMM_VERS');
  if (version !== '' && !/^[123](\.\d+)?$/.test(version)) throw wrong(message, 'CCSDS_OMM_VERS', '1.0, 2.0 or 3.0');
  for (const [keyword, allowed] of FIXED) {
    const value = textOf(message, keyword).toUpperCase();
    // CelesTrak's JSON leaves out what never changes.
    if (value === '' && message.notation === 'JSON') continue;
    if (!(allowed as readonly string[]).includes(value))
      throw wrong(message, keyword, `${allowed[0]}, the only one read here`);
  }
  // 502.0-B-3, 4.2.4.7: 4 is SGP4-XP, whose elements SGP4 turns into a wrong orbit without a complaint.
  if (!['', '0', '2'].includes(textOf(message, 'EPHEMERIS_TYPE'))) {
    throw wrong(message, 'EPHEMERIS_TYPE', '0 or 2, mean elements for SGP4 (4 is SGP4-XP)');
  }
  const name = textOf(message, 'OBJECT_NAME');
  if (name === '') throw wrong(message, 'OBJECT_NAME', 'the name of the satellite');
  return elementsOf(
    {
      name,
      noradId: catalogueNumber(message),
      epochMs: epochOf(message),
      meanMotion: numberOf(message, 'MEAN_MOTION'),
      eccentricity: numberOf(message, 'ECCENTRICITY'),
      inclinationDeg: numberOf(message, 'INCLINATION'),
      ascendingNodeDeg: numberOf(message, 'RA_OF_ASC_NODE'),
      argumentOfPerigeeDeg: numberOf(message, 'ARG_OF_PERICENTER'),
      meanAnomalyDeg: numberOf(message, 'MEAN_ANOMALY'),
      bStar: numberOf(message, 'BSTAR'),
    },
    'omm',
    message.place,
  );
}

/**
 * Reads one or many orbit mean-elements messages for SGP4, in the order of the text: JSON (an object or an array of
 * them, numbers as numbers or strings), XML (`<omm>` alone or in `<ndm>`) or KVN. The first wrong message refuses all.
 *
 * KVN and XML must say EARTH, TEME, UTC and SGP4, as the standard demands; JSON may leave them out, as CelesTrak does,
 * but not contradict them. Of other keywords (covariance, user-defined, derivatives of the mean motion) none is read.
 * @param where file or origin, put before line or message number in messages
 * @throws OrbitError `orbit/omm-format` for a text that is no such message, `orbit/omm-field` for a keyword that is
 *   missing or wrong, `orbit/elements` when SGP4 cannot start from the elements
 */
export function parseOmm(text: string, where = 'mean-elements message'): Elements[] {
  return messagesOf(text, where, KEYWORDS).map(elementsIn);
}
