/** Weather as it was: measured series played to whoever asks a weather run. */
import { demandPositive, OpticsError } from '../error.ts';
import { type StateSeries, usualIntervalMs } from './measured-series.ts';
import { demandPlace, type WeatherRun } from './weather.ts';

/** The index of the last sample at or before an instant, -1 before all of them. */
export function lastBefore(times: Float64Array, utcMs: number): number {
  let low = -1;
  let high = times.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= utcMs) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * Plays series through the time that all of them cover. A sample stands until the next one, but no longer than
 * `holdH`, 1.5 times the series' usual interval unless told; what lies in no sample's time is refused when asked for.
 * @throws OpticsError `optics/weather-series` for series without a time in common; the run `optics/weather-time`
 */
export function replayWeather(series: readonly StateSeries[], { holdH }: { readonly holdH?: number } = {}): WeatherRun {
  if (series.length === 0) throw new OpticsError('optics/weather-series', 'there is no series to play; give one');
  if (holdH !== undefined) demandPositive('holdH', holdH);
  const holdMs = series.map((one) => (holdH === undefined ? 1.5 * usualIntervalMs(one) : holdH * 3_600_000));
  const run: WeatherRun = {
    stationIds: series.map(({ stationId }) => stationId),
    fromMs: Math.max(...series.map(({ times }) => times[0]!)),
    toMs: Math.min(...series.map(({ times }, i) => times.at(-1)! + holdMs[i]!)),
    clear(station, utcMs) {
      demandPlace(run, station, utcMs);
      const { stationId, times, clear } = series[station]!;
      const at = lastBefore(times, utcMs);
      if (utcMs - times[at]! < holdMs[station]!) return clear[at] === 1;
      throw new OpticsError(
        'optics/weather-time',
        `nobody watched the sky over ${stationId} at ${new Date(utcMs).toISOString()}; the last sample before is of ` +
          `${new Date(times[at]!).toISOString()}; choose another time or a longer holdH`,
      );
    },
  };
  if (run.fromMs < run.toMs) return run;
  throw new OpticsError(
    'optics/weather-series',
    `the series of ${run.stationIds.join(', ')} have no time in common; give series of one period`,
  );
}
