import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StateSeries } from './measured-series.ts';
import { replayWeather } from './replay.ts';

const HOUR = 3_600_000;
const series = (stationId: string, hours: readonly number[], clear: readonly number[]): StateSeries => ({
  stationId,
  times: Float64Array.from(hours, (hour) => hour * HOUR),
  clear: Uint8Array.from(clear),
  source: 'made up',
});

describe('weather played from series', () => {
  const run = replayWeather([
    series('a', [0, 1, 2, 3, 10, 11, 12], [1, 0, 1, 1, 0, 1, 0]),
    series('b', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]),
  ]);

  it('holds a sample until the next, in the time that all have', () => {
    assert.deepEqual(run.stationIds, ['a', 'b']);
    assert.deepEqual([run.fromMs, run.toMs], [HOUR, 13.5 * HOUR]);
    assert.deepEqual(
      [1, 1.99, 2, 3.99, 4.49, 10.5, 11].map((hour) => run.clear(0, hour * HOUR)),
      [false, false, true, true, true, false, true],
    );
    assert.equal(run.clear(1, 10.2 * HOUR), true);
  });

  it('refuses what nobody saw', () => {
    assert.throws(() => run.clear(0, 4.5 * HOUR), {
      code: 'optics/weather-time',
      message: /nobody watched the sky over a at 1970-01-01T04:30:00.000Z; the last sample before is of 1970-01-01T03/,
    });
    assert.throws(() => run.clear(0, 0), { code: 'optics/weather-time', message: /known from 1970-01-01T01:00/ });
    assert.throws(() => run.clear(2, 2 * HOUR), { code: 'optics/parameter' });
    assert.throws(() => replayWeather([series('a', [0, 1], [1, 1]), series('b', [9, 10], [1, 1])]), {
      code: 'optics/weather-series',
      message: /series of a, b have no time in common/,
    });
    assert.throws(() => replayWeather([]), { code: 'optics/weather-series' });
  });

  it('holds longer when told to', () => {
    const patient = replayWeather([series('a', [0, 1, 2, 10], [0, 0, 1, 0])], { holdH: 9 });
    assert.equal(patient.clear(0, 9.9 * HOUR), true);
    assert.equal(patient.toMs, 19 * HOUR);
    assert.throws(() => replayWeather([series('a', [0, 1], [1, 1])], { holdH: 0 }), { code: 'optics/parameter' });
  });
});
