import { loadScenario, NodeError } from '@skykey/node';
import { sun, sunlit } from '@skykey/orbit';
import { scenarioPasses } from '@skykey/scenario';

const DAY_MS = 86_400_000;

interface Options {
  readonly scenario: string;
  readonly station?: string;
  readonly from?: string;
  readonly to?: string;
  readonly minElevation: number;
  readonly json?: boolean;
}

/** `skykey passes`. */
export async function passes(options: Options): Promise<void> {
  const scenario = loadScenario(options.scenario);
  if (options.station && !scenario.stations.some(({ id }) => id === options.station)) {
    throw new NodeError(
      'cli/station',
      `--station ${options.station}: the stations of ${scenario.id} are ${scenario.stations.map(({ id }) => id).join(', ')}`,
    );
  }
  const fromMs = options.from ? instant('--from', options.from) : Date.parse(scenario.document.clock.startUtc);
  const toMs = options.to ? instant('--to', options.to) : fromMs + 3 * DAY_MS;
  if (toMs <= fromMs) throw new NodeError('cli/interval', '--to must be later than --from');
  const found = scenarioPasses(scenario, {
    fromMs,
    toMs,
    minElevationDeg: options.minElevation,
    ...(options.station ? { stationId: options.station } : {}),
  });
  const rows = found.map(({ pass, station, window }) => ({
    satellite: scenario.satellite.id,
    station: station.id,
    aosUtc: new Date(pass.aosMs).toISOString(),
    tcaUtc: new Date(pass.tcaMs).toISOString(),
    losUtc: new Date(pass.losMs).toISOString(),
    durationS: Math.round(pass.durationS * 10) / 10,
    maxElevationDeg: Math.round(pass.maxElevationDeg * 100) / 100,
    minRangeKm: Math.round(pass.minRangeKm * 10) / 10,
    aosAzimuthDeg: Math.round(pass.aosAzimuthDeg * 10) / 10,
    losAzimuthDeg: Math.round(pass.losAzimuthDeg * 10) / 10,
    sunElevationDeg: Math.round(sun(station.station, pass.tcaMs).elevationDeg * 10) / 10,
    sunlit: sunlit(scenario.satellite.elements, pass.tcaMs),
    windowS: window ? (window.endMs - window.startMs) / 1000 : null,
  }));
  if (options.json) {
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    return;
  }
  if (!rows.length) {
    process.stdout.write('No pass in this time.\n');
    return;
  }
  process.stdout.write(
    'station       rise (UTC)           top       set        max el   min range   Sun      light for key\n',
  );
  for (const row of rows) {
    const clock = (utc: string): string =>
      new Date(Math.round(Date.parse(utc) / 1000) * 1000).toISOString().slice(11, 19);
    process.stdout.write(
      `${row.station.padEnd(13)} ${row.aosUtc.slice(0, 10)} ${clock(row.aosUtc)}  ${clock(row.tcaUtc)}  ${clock(row.losUtc)}  ` +
        `${row.maxElevationDeg.toFixed(1).padStart(5)}°  ${row.minRangeKm.toFixed(1).padStart(7)} km  ` +
        `${row.sunElevationDeg.toFixed(0).padStart(4)}°    ${row.windowS === null ? '–' : `${row.windowS.toFixed(0)} s`}\n`,
    );
  }
}

/** A day (`2016-12-19`, midnight UTC) or an instant with its zone. A time without zone is refused, never guessed. */
function instant(option: string, text: string): number {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const zoned = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text);
  const value = day || zoned ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(value)) {
    throw new NodeError(
      'cli/time',
      `${option} ${text}: give a day (2016-12-19) or an instant with its zone (2016-12-19T16:48:00Z)`,
    );
  }
  return value;
}
