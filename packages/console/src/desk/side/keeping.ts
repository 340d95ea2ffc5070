import { words } from '../words.ts';

/** Days offered; null keeps everything. */
const CHOICES: readonly (number | null)[] = [null, 365, 90, 30, 7, 1];

/** What can be chosen, longest first, with what holds now among it. */
export function keepingChoices(now: number | null): readonly (number | null)[] {
  if (CHOICES.includes(now)) return CHOICES;
  return [...CHOICES, now].toSorted((a, b) => length(b) - length(a));
}

/** A shorter time overwrites something at once. */
export function overwrites(now: number | null, chosen: number | null): boolean {
  return length(chosen) < length(now);
}

export function spellKeeping(days: number | null): string {
  return days === null ? words.retention.forever : words.retention.days(days);
}

function length(days: number | null): number {
  return days ?? Number.POSITIVE_INFINITY;
}
