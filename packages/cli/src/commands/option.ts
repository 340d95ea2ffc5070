/** How options are read. */
import { InvalidArgumentError } from 'commander';
import { isDecimal } from '../decimal.ts';

export const DEFAULT_SCENARIO = 'micius-2016-12-19';

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('give a whole number from 0 on.');
  return value;
}

export function decimal(text: string): number {
  const value = Number(text);
  if (!isDecimal(text)) throw new InvalidArgumentError('give a number.');
  return value;
}

/** For an option that may be there several times. */
export function several(text: string, before: string[] = []): string[] {
  return [...before, text];
}
