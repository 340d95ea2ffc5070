/** The axis of time that panels share. */
import { axisX, gridX, type Markish } from '@observablehq/plot';
import { GRID } from './sheet.ts';

const STEPS_S = [10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
const MOST_TICKS = 8;

/** Round moments inside a stretch. */
function ticks(startMs: number, endMs: number): Date[] {
  const stepMs = 1000 * (STEPS_S.find((s) => (endMs - startMs) / 1000 / s <= MOST_TICKS) ?? STEPS_S.at(-1)!);
  const first = Math.ceil(startMs / stepMs);
  const count = Math.floor(endMs / stepMs) - first + 1;
  return Array.from({ length: count }, (_, i) => new Date((first + i) * stepMs));
}

/** Grid and, where `figures`, what the lines stand for: `16:52` or `16:52:30`. */
export function timeAxis(startMs: number, endMs: number, figures: boolean): Markish[] {
  const at = ticks(startMs, endMs);
  const seconds = at.some((moment) => moment.getTime() % 60_000 !== 0);
  const words = (moment: Date): string => moment.toISOString().slice(11, seconds ? 19 : 16);
  return [
    gridX(at, { stroke: GRID, strokeOpacity: 1 }),
    ...(figures ? [axisX(at, { tickFormat: words, label: null, tickSize: 5 })] : []),
  ];
}

const DAY_MS = 86_400_000;
const STEPS_DAYS = [1, 2, 5, 7, 14];
const STEPS_MONTHS = [1, 2, 3, 6, 12, 24, 60];
/** Ticks of a panel whose figures are `12-05`, and of one whose figures have the year. */
const MOST_DAYS = { short: 10, long: 6 };

/** Middles of so many days, each the next of the last. */
function daysFrom(firstDay: number, days: number, stepDays: number): Date[] {
  return Array.from(
    { length: Math.ceil(days / stepDays) },
    (_, i) => new Date((firstDay + i * stepDays + 0.5) * DAY_MS),
  );
}

/** First days of the months of the calendar, on months that the step divides. */
function monthsIn(startMs: number, endMs: number): { readonly at: Date[]; readonly step: number } {
  const start = new Date(startMs);
  const first = start.getUTCFullYear() * 12 + start.getUTCMonth();
  const end = new Date(endMs);
  const last = end.getUTCFullYear() * 12 + end.getUTCMonth();
  const step = STEPS_MONTHS.find((one) => (last - first) / one <= MOST_DAYS.long) ?? STEPS_MONTHS.at(-1)!;
  const at = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    .filter((month) => month % step === 0)
    .map((month) => new Date(Date.UTC(Math.floor(month / 12), month % 12, 1)))
    .filter((date) => date.getTime() >= startMs && date.getTime() <= endMs);
  return { at, step };
}

/**
 * The same for dates: each in the middle of its day, `12-05`, or `2016-12-31` where there are several years; of what is
 * longer than some weeks the begins of months, `2027-02`, or of years.
 */
export function dayAxis(startMs: number, endMs: number, figures: boolean): Markish[] {
  const first = Math.ceil(startMs / DAY_MS);
  const days = Math.max(1, Math.floor(endMs / DAY_MS) - first);
  const years = new Date(first * DAY_MS).getUTCFullYear() !== new Date((first + days - 0.5) * DAY_MS).getUTCFullYear();
  const most = years ? MOST_DAYS.long : MOST_DAYS.short;
  const stepDays = STEPS_DAYS.find((one) => days / one <= most);
  const { at, step } = stepDays ? { at: daysFrom(first, days, stepDays), step: 0 } : monthsIn(startMs, endMs);
  const [from, to] = step === 0 ? [years ? 0 : 5, 10] : [0, step >= 12 ? 4 : 7];
  return [
    gridX(at, { stroke: GRID, strokeOpacity: 1 }),
    ...(figures
      ? [axisX(at, { tickFormat: (date: Date) => date.toISOString().slice(from, to), label: null, tickSize: 5 })]
      : []),
  ];
}
