/** `skykey passes --between`: when two satellites see each other, for the light between them. */
import { type IntersatelliteWindow, intersatelliteLook, intersatelliteWindows } from '@skykey/orbit';
import { round } from '../csv.ts';
import { CliError } from '../error.ts';
import { iso } from '../interval.ts';
import type { Named } from './elements.ts';

/** Lowest height of the line of sight over the Earth unless told, km: above weather and most of the air. */
export const GRAZING_KM = 100;
const MOST_ROWS = 100_000;

export interface BetweenQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly grazingHeightKm: number;
  readonly maxRangeKm?: number;
}

/** One stretch of mutual visibility, with the range at its ends and in its middle. */
export function between(satellites: readonly Named[], query: BetweenQuery) {
  const [one, other, ...more] = satellites;
  if (!one || !other || more.length > 0) {
    throw new CliError('cli/option', `--between takes two satellites with a comma; there are ${satellites.length}`);
  }
  if (one.id === other.id) {
    throw new CliError('cli/option', `--between ${one.id},${other.id}: give two satellites, not one twice`);
  }
  const rangeKm = (utcMs: number) => round(intersatelliteLook(one.target, other.target, utcMs).rangeKm, 1);
  const rowOf = ({ startMs, endMs, durationS, clipped }: IntersatelliteWindow) => ({
    satellites: [one.id, other.id],
    startUtc: iso(startMs),
    endUtc: iso(endMs),
    durationS: round(durationS, 1),
    clipped,
    startRangeKm: rangeKm(startMs),
    middleRangeKm: rangeKm((startMs + endMs) / 2),
    endRangeKm: rangeKm(endMs),
  });
  const windows = intersatelliteWindows(one.target, other.target, query);
  if (windows.length > MOST_ROWS) {
    throw new CliError('cli/interval', `${windows.length} stretches are too many to print; shorten the interval`);
  }
  return windows.map(rowOf);
}

export function betweenTable(rows: ReturnType<typeof between>): string {
  const lines = rows.map(({ startUtc, endUtc, durationS, clipped, ...range }) => {
    const ranges = [range.startRangeKm, range.middleRangeKm, range.endRangeKm].map((km) => km.toFixed(0).padStart(7));
    const ends = [clipped.start ? 'before' : startUtc.slice(0, 19), clipped.end ? 'after' : endUtc.slice(0, 19)];
    return `${ends.map((end) => end.padEnd(20)).join('')}${durationS.toFixed(0).padStart(8)} ${ranges.join('')}`;
  });
  return `begin (UTC)         end                  seconds    km: begin, middle, end\n${lines.join('\n')}\n`;
}
