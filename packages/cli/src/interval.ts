/** Days and instants as people type them. */
import type { Scenario } from '@skykey/scenario';
import { CliError } from './error.ts';

export const DAY_MS = 86_400_000;

/** What is taken for a scenario that names no day at all (the Moon goes by ephemeris): stated in what is printed. */
const ANY_DAY_MS = Date.UTC(2026, 0, 1);

/**
 * A day (`2016-12-19`, midnight UTC) or an instant with its zone. A time without zone is refused, never guessed, and so
 * is a day that no calendar has.
 */
export function instant(option: string, text: string): number {
  const [, date] = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/.exec(text) ?? [];
  const value = date === undefined ? Number.NaN : Date.parse(text);
  // `Date.parse` turns the 30th of February into the 2nd of March.
  const day = date === undefined ? Number.NaN : Date.parse(date);
  if (!Number.isNaN(value) && !Number.isNaN(day) && new Date(day).toISOString().startsWith(date!)) return value;
  throw new CliError(
    'cli/time',
    `${option} ${text}: give a day (2016-12-19) or an instant with its zone (2016-12-19T16:48:00Z)`,
  );
}

/** From when to when. Throws CliError `cli/time`, `cli/interval`. */
export function interval(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  beginMs: () => number,
  days: number,
): { readonly fromMs: number; readonly toMs: number } {
  const fromMs = from === undefined ? beginMs() : instant('--from', from);
  const toMs = to === undefined ? fromMs + days * DAY_MS : instant('--to', to);
  if (toMs > fromMs) return { fromMs, toMs };
  throw new CliError(
    'cli/interval',
    `--to ${iso(toMs)} is not after --from ${iso(fromMs)}; --to must be later than --from`,
  );
}

/** Where a scenario begins: its clock where it is played, else the epoch of its first satellite. */
export function startOf({ document: { live }, satellites }: Scenario): number {
  if (live) return Date.parse(live.clock.startUtc);
  const { target } = satellites[0]!;
  // Whole seconds: what is printed as the begin can be typed as the begin.
  return target.kind === 'sgp4' ? Math.ceil(target.epochMs / 1000) * 1000 : ANY_DAY_MS;
}

/** `2016-12-19T16:48:44.123Z`; whole seconds without a fraction. */
export function iso(utcMs: number): string {
  return new Date(Math.round(utcMs)).toISOString().replace('.000Z', 'Z');
}

/** `16:48:44`, rounded to the second. */
export function clock(utcMs: number): string {
  return new Date(Math.round(utcMs / 1000) * 1000).toISOString().slice(11, 19);
}

/** `2016-12-19` of the same second. */
export function day(utcMs: number): string {
  return new Date(Math.round(utcMs / 1000) * 1000).toISOString().slice(0, 10);
}

/** `2016-12-19, 16:49:58 to 16:54:30 UTC`; the second day where it is another. */
export function stretch(startMs: number, endMs: number): string {
  const [first, last] = [day(startMs), day(endMs)];
  return `${first}, ${clock(startMs)} to ${last === first ? '' : `${last}, `}${clock(endMs)} UTC`;
}
