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
const STEPS_DAYS = [1, 2, 5, 7, 14, 30, 60, 90, 180, 365];
const MOST_DAYS = 10;

/** The same for dates, each in the middle of its day; `12-05`, with the year where there are several. */
export function dayAxis(startMs: number, endMs: number, figures: boolean): Markish[] {
  const first = Math.ceil(startMs / DAY_MS);
  const days = Math.max(1, Math.floor(endMs / DAY_MS) - first);
  const step = STEPS_DAYS.find((one) => days / one <= MOST_DAYS) ?? STEPS_DAYS.at(-1)!;
  const at = Array.from({ length: Math.ceil(days / step) }, (_, i) => new Date((first + i * step + 0.5) * DAY_MS));
  const years = new Set(at.map((date) => date.getUTCFullYear())).size > 1;
  return [
    gridX(at, { stroke: GRID, strokeOpacity: 1 }),
    ...(figures
      ? [
          axisX(at, {
            tickFormat: (date: Date) => date.toISOString().slice(years ? 2 : 5, 10),
            label: null,
            tickSize: 5,
          }),
        ]
      : []),
  ];
}
