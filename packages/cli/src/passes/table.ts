/** Passes for people, 80 columns wide. */
import { moon, type Station } from '@skykey/orbit';
import { clock, DAY_MS, day } from '../interval.ts';
import type { JointSighting, Sighting } from './sighting.ts';

/** `windowS`: seconds with light for key, null for none; undefined where nothing is known about light. */
export type Row = Sighting & { readonly windowS?: number | null };

/** What names have of the 80 columns: of one station, or of satellite and station where the top is left out. */
const ALONE = 12;
const BESIDE = { satellite: 11, station: 10 };

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

/** `16:55:41`; of a stay so long that the day is in doubt, how many days later instead of the seconds: `04:59 +1`. */
function later(utcMs: number, { aosMs, losMs }: { readonly aosMs: number; readonly losMs: number }): string {
  const days = Math.round((Date.parse(day(utcMs)) - Date.parse(day(aosMs))) / DAY_MS);
  if (days === 0 || losMs - aosMs < DAY_MS / 2) return clock(utcMs);
  return days > 99 ? `+${days} d`.padEnd(8) : clock(utcMs).slice(0, 5) + `+${days}`.padStart(3);
}

/** `272 s`; hours where nobody counts seconds. */
function lightWords(windowS: number | null | undefined): string {
  if (windowS === undefined) return '';
  if (windowS === null) return '–';
  return windowS < 7200 ? `${windowS.toFixed(0)} s` : `${(windowS / 3600).toFixed(1)} h`;
}

const degrees = (value: number, digits = 0): string => `${value.toFixed(digits)}°`;

/** `23° 67%`: how high it stands and how much of it is lit. */
function moonWords(station: Station, utcMs: number): string {
  const { elevationDeg, illuminatedFraction } = moon(station, utcMs);
  return elevationDeg < 0 ? 'down' : `${degrees(elevationDeg)} ${(illuminatedFraction * 100).toFixed(0)}%`;
}

/** A column of names, as wide as the longest of them, or as it may be. */
function column(names: readonly string[], head: string, most: number): (name?: string) => string {
  const width = Math.min(most, Math.max(head.length, ...names.map(({ length }) => length)));
  return (name = head) => cut(name, width);
}

function sections<T>(rows: readonly T[], startMs: (row: T) => number, line: (row: T) => string): string[] {
  let last = '';
  return rows.flatMap((row) => {
    const date = day(startMs(row));
    const head = date === last ? [] : [`${last ? '\n' : ''}${date}`];
    last = date;
    return [...head, line(row)];
  });
}

/** `stations`: where the Moon is looked up for, which takes longer than all the rest. */
export function passTable(rows: readonly Row[], stations: readonly Station[]): string {
  const places = new Map(stations.map((station) => [station.id, station]));
  const several = new Set(rows.map(({ satelliteId }) => satelliteId)).size > 1;
  const satellite = column(
    rows.map(({ satelliteId }) => satelliteId),
    'satellite',
    BESIDE.satellite,
  );
  const station = column(
    rows.map(({ stationId }) => stationId),
    'station',
    several ? BESIDE.station : ALONE,
  );
  const light = rows.some(({ windowS }) => windowS !== undefined) ? 'light' : '';
  const head = [
    ...(several ? [satellite()] : []),
    station(),
    ' rise UTC',
    ...(several ? [] : ['top     ']),
    'set      max el   nearest  Sun Moon    ',
    light,
  ];
  const lines = sections(
    rows,
    ({ pass }) => pass.aosMs,
    (row) => {
      const { pass, windowS } = row;
      return [
        ...(several ? [satellite(row.satelliteId)] : []),
        station(row.stationId),
        ` ${pass.clipped.start ? 'before  ' : clock(pass.aosMs)}`,
        ...(several ? [] : [later(pass.tcaMs, pass)]),
        pass.clipped.end ? 'after   ' : later(pass.losMs, pass),
        degrees(pass.maxElevationDeg, 1).padStart(6),
        `${pass.minRangeKm.toFixed(0).padStart(6)} km`,
        degrees(row.sunElevationDeg).padStart(4),
        moonWords(places.get(row.stationId)!, pass.tcaMs).padEnd(8),
        lightWords(windowS),
      ]
        .join(' ')
        .trimEnd();
    },
  );
  return `${head.join(' ').trimEnd()}\n${lines.join('\n')}\n`;
}

export function jointTable(rows: readonly JointSighting[]): string {
  const over = ({ stationIds }: JointSighting): string => stationIds.join(' + ');
  const several = new Set(rows.map(({ satelliteId }) => satelliteId)).size > 1;
  const satellite = column(
    rows.map(({ satelliteId }) => satelliteId),
    'satellite',
    BESIDE.satellite,
  );
  const stations = column(rows.map(over), 'stations', several ? 21 : 33);
  const head = [...(several ? [satellite()] : []), stations(), 'begin    end      nearest  el         km'];
  const lines = sections(
    rows,
    ({ joint }) => joint.startMs,
    (row) => {
      const { joint } = row;
      const [a, b] = joint.best;
      return [
        ...(several ? [satellite(row.satelliteId)] : []),
        stations(over(row)),
        joint.clipped.start ? 'before  ' : clock(joint.startMs),
        joint.clipped.end ? 'after   ' : later(joint.endMs, { aosMs: joint.startMs, losMs: joint.endMs }),
        later(joint.bestMs, { aosMs: joint.startMs, losMs: joint.endMs }),
        `${degrees(a.elevationDeg)} ${degrees(b.elevationDeg)}`.padEnd(10),
        `${a.rangeKm.toFixed(0)} + ${b.rangeKm.toFixed(0)}`,
      ].join(' ');
    },
  );
  return `${head.join(' ')}\n${lines.join('\n')}\n`;
}
