import { count, decimal, type Quantity } from '../../format.ts';

const HOUR = 60;
const DAY = 24 * HOUR;

/**
 * Minutes of speech as people count them. Rounded down: a reserve never looks larger than it is. Below ten minutes to a
 * tenth; past ten thousand, days.
 */
export function speech(minutes: number): Quantity {
  if (!(minutes > 0)) return { value: '0', unit: 'min' };
  if (minutes < 10) return { value: decimal(Math.floor(minutes * 10) / 10, 1), unit: 'min' };
  if (minutes < 10_000) return { value: count(Math.floor(minutes)), unit: 'min' };
  return { value: count(Math.floor(minutes / DAY)), unit: 'days' };
}

/** Hours for which the key lasts at the policy's pace, rounded down: `45 min`, `31 h`, `12 days`. */
export function lasting(hours: number): Quantity {
  if (!(hours > 0)) return { value: '0', unit: 'h' };
  if (hours < 1) return { value: count(Math.floor(hours * HOUR)), unit: 'min' };
  if (hours < 100) return { value: count(Math.floor(hours)), unit: 'h' };
  return { value: count(Math.floor(hours / 24)), unit: 'days' };
}
