/** Skies that somebody watched, in place of what a scenario says about its stations' weather. */
import {
  climateOf,
  type MeasuredSeries,
  parseWeatherCsv,
  parseWeatherParquet,
  type StateSeries,
  statesOf,
} from '@skykey/optics';
import type { Scenario, StationScenario } from '@skykey/scenario';
import { CliError } from '../error.ts';
import { readBytes, readText } from '../file.ts';
import { iso } from '../interval.ts';
import { listed } from '../selection.ts';

export interface WeatherOptions {
  /** `FILE`, or `STATION=FILE` for a table without a column of stations. */
  readonly weather?: readonly string[];
  readonly weatherCorrelation?: number;
  readonly maxCloud?: number;
  /** Play the series as they are, in place of a climate made of each. */
  readonly playWeather?: boolean;
}

const PARQUET = 'PAR1';

async function seriesIn(text: string, { maxCloud }: WeatherOptions): Promise<MeasuredSeries[]> {
  const [, stationId, named] = /^([a-z][a-z0-9-]{0,31})=(.+)$/.exec(text) ?? [];
  const file = named ?? text;
  const options = {
    ...(stationId === undefined ? {} : { stationId }),
    ...(maxCloud === undefined ? {} : { maxCloudFraction: maxCloud }),
  };
  const bytes = readBytes('--weather', file);
  try {
    if (bytes.subarray(0, 4).toString('latin1') !== PARQUET)
      return parseWeatherCsv(readText('--weather', file), file, options);
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    return await parseWeatherParquet(buffer, file, options);
  } catch (error) {
    throw inOptions(error, 'give stationId for the whole table', `say whose sky it is: --weather STATION=${file}`);
  }
}

/** The same refusal with what is to be typed in the place of what is to be called. */
function inOptions(error: unknown, called: string, typed: string): unknown {
  const { message } = error as Error;
  if (!message.includes(called)) return error;
  return new CliError('cli/weather', message.replace(called, typed), { cause: error });
}

/** A scenario with the measured climates, or series to play, and a sentence about each. */
export interface Watched {
  readonly scenario: Scenario;
  readonly measured?: readonly StateSeries[];
  readonly notes: readonly string[];
}

/** @throws CliError `cli/file`, `cli/weather`; OpticsError with file, line and field */
export async function withWeather(scenario: Scenario, options: WeatherOptions): Promise<Watched> {
  const lists = await Promise.all((options.weather ?? []).map((text) => seriesIn(text, options)));
  const byStation = new Map<string, MeasuredSeries>();
  for (const series of lists.flat()) {
    const { stationId, source } = series;
    if (!scenario.stations.some(({ id }) => id === stationId)) {
      const ids = listed(scenario.stations.map(({ id }) => id));
      throw new CliError(
        'cli/weather',
        `--weather ${source} has the station ${stationId}; those of the plan are ${ids}`,
      );
    }
    if (byStation.has(stationId)) {
      throw new CliError('cli/weather', `--weather: there are two series for the station ${stationId}; give one`);
    }
    byStation.set(stationId, series);
  }
  if (options.playWeather) return played(scenario, byStation, options);
  const notes: string[] = [];
  const { weatherCorrelation: correlationH } = options;
  const stations = scenario.stations.map((station): StationScenario => {
    const series = byStation.get(station.id);
    if (!series) return station;
    const { latitudeDeg, longitudeDeg } = station.station;
    const climate = climateFrom(series, {
      latitudeDeg,
      longitudeDeg,
      ...(correlationH === undefined ? {} : { correlationH }),
    });
    const error = climate.correlationErrorH === null ? 'given' : `± ${climate.correlationErrorH.toFixed(1)} h`;
    notes.push(
      `weather of ${station.id}: ${climate.source}; holds for ${climate.correlationH.toFixed(1)} h (${error})`,
    );
    return { ...station, climate };
  });
  const now = new Map(scenario.stations.map((station, i) => [station, stations[i]!]));
  const links = scenario.links.map((link) => ({ ...link, station: now.get(link.station)! }));
  return { scenario: { ...scenario, stations, links }, notes };
}

function climateFrom(series: MeasuredSeries, place: Parameters<typeof climateOf>[1]): ReturnType<typeof climateOf> {
  try {
    return climateOf(series, place);
  } catch (error) {
    throw inOptions(error, ' or a smaller minCoverage', `: half of one month at least (--weather ${series.source})`);
  }
}

function played(
  scenario: Scenario,
  byStation: ReadonlyMap<string, MeasuredSeries>,
  { weatherCorrelation, maxCloud }: WeatherOptions,
): Watched {
  if (weatherCorrelation !== undefined) {
    throw new CliError(
      'cli/option',
      '--weather-correlation and --play-weather: a series that is played needs no figure',
    );
  }
  const measured = scenario.stations.map(({ id }): StateSeries => {
    const series = byStation.get(id);
    if (!series) {
      throw new CliError(
        'cli/weather',
        `--play-weather: there is no series for the station ${id}; give --weather for it`,
      );
    }
    if (maxCloud === undefined && !(series.clear instanceof Uint8Array)) {
      throw new CliError(
        'cli/weather',
        `--play-weather: the series of ${id} has cloud fractions; say with --max-cloud what counts as clear`,
      );
    }
    return statesOf(series, maxCloud);
  });
  const notes = measured.map(({ stationId, source, times }) => {
    return `skies of ${stationId}: played from ${source}, ${times.length} samples from ${iso(times[0]!)} to ${iso(times.at(-1)!)}`;
  });
  return { scenario, measured, notes };
}
