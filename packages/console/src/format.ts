/**
 * Numbers, units and instants as people read them: UTC, 24 hours, ISO 8601 order, SI units. Every function is pure and
 * takes its instant from the caller, since mission time is never the time of this machine.
 */

/** Separates a value from its unit and never breaks the line. */
const NARROW = '\u202f';
const MINUS = '\u2212';

/** What a missing value looks like. */
export const ABSENT = '–';

export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** `1234567` as `1,234,567`. */
export function count(value: number): string {
  return whole.format(value).replace('-', MINUS);
}

/** Fixed decimals with a typographic minus sign. */
export function decimal(value: number, digits: number): string {
  return value.toFixed(digits).replace('-', MINUS);
}

/** Value and unit on one line. */
export function spell({ value, unit }: Quantity): string {
  return unit === '' ? value : `${value}${NARROW}${unit}`;
}

function scaled(value: number, unit: string): Quantity {
  if (value < 10_000) return { value: count(value), unit };
  if (value < 1_000_000) return { value: decimal(value / 1e3, 1), unit: `k${unit}` };
  if (value < 1_000_000_000) return { value: decimal(value / 1e6, 2), unit: `M${unit}` };
  return { value: decimal(value / 1e9, 2), unit: `G${unit}` };
}

/** An amount of key: exact below 10,000 bit, then kbit and Mbit (powers of ten). */
export function bits(value: number): Quantity {
  return scaled(value, 'bit');
}

export function bitRate(bitsPerSecond: number): Quantity {
  const { value, unit } = scaled(bitsPerSecond, 'bit');
  return { value, unit: `${unit}/s` };
}

/** Clicks a second. */
export function clickRate(hz: number): Quantity {
  return { value: count(hz), unit: '/s' };
}

/** A share 0..1 in per cent. */
export function percent(share: number, digits = 1): string {
  return `${decimal(share * 100, digits)}${NARROW}%`;
}

export function degrees(value: number, digits = 1): string {
  return `${decimal(value, digits)}°`;
}

export function kilometres(value: number): Quantity {
  return { value: count(value), unit: 'km' };
}

export function decibels(value: number): Quantity {
  return { value: decimal(value, 1), unit: 'dB' };
}

/** Geographic position, `40.4° N, 117.6° E`. */
export function position(latitudeDeg: number, longitudeDeg: number): string {
  const latitude = `${decimal(Math.abs(latitudeDeg), 1)}°${NARROW}${latitudeDeg < 0 ? 'S' : 'N'}`;
  const longitude = `${decimal(Math.abs(longitudeDeg), 1)}°${NARROW}${longitudeDeg < 0 ? 'W' : 'E'}`;
  return `${latitude}, ${longitude}`;
}

/** `16:48:44`. */
export function utcTime(utcMs: number): string {
  return new Date(utcMs).toISOString().slice(11, 19);
}

/** `16:48`. */
export function utcMinute(utcMs: number): string {
  return new Date(utcMs).toISOString().slice(11, 16);
}

/** `2016-12-19`. */
export function utcDate(utcMs: number): string {
  return new Date(utcMs).toISOString().slice(0, 10);
}

/** `2016-12-19T16:48:44Z`, for machines and for pasting whole. */
export function utcInstant(utcMs: number): string {
  return `${new Date(utcMs).toISOString().slice(0, 19)}Z`;
}

/** A length of time, to the two largest units that matter: `45 s`, `2 min 10 s`, `5 h 12 min`, `2 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}${NARROW}s`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const head = `${large}${NARROW}${largeUnit}`;
  return small === 0 ? head : `${head} ${small}${NARROW}${smallUnit}`;
}

/** A speed of the mission clock, `×12`. */
export function speed(multiple: number): string {
  return `×${Number.isInteger(multiple) ? String(multiple) : decimal(multiple, 1)}`;
}

/** Size of a text on the wire. */
export function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
