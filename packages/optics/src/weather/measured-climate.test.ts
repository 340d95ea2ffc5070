import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { xorshift } from '../test/xorshift.ts';
import type { Climate } from './climate.ts';
import { climateOf, correlationTimeH } from './measured-climate.ts';
import type { StateSeries } from './measured-series.ts';
import { weatherModel } from './weather.ts';

const HOUR = 3_600_000;
const PLACE = { latitudeDeg: 29.66, longitudeDeg: 91.13 };
const MONTHS = [0.8, 0.75, 0.7, 0.6, 0.5, 0.35, 0.25, 0.2, 0.4, 0.7, 0.8, 0.85];
const CLIMATE: Climate = { stationId: 'a', ...PLACE, clearFraction: MONTHS, correlationH: 9, source: 'made up' };

/** Hours of the model's weather, those that `watched` lets through. */
function watch(years: number, seed: number, watched = (_hour: number) => true): StateSeries {
  const [fromMs, toMs] = [Date.UTC(2020, 0, 1), Date.UTC(2020 + years, 0, 1)];
  const run = weatherModel({ climates: [CLIMATE], correlationKm: 300, fromMs, toMs, stepH: 1 }).draw(xorshift(seed));
  const hours = Array.from({ length: (toMs - fromMs) / HOUR }, (_, i) => i).filter(watched);
  const times = Float64Array.from(hours, (hour) => fromMs + hour * HOUR);
  return {
    stationId: 'a',
    times,
    clear: Uint8Array.from(times, (at) => Number(run.clear(0, at))),
    source: 'the model',
  };
}

/** A sky that is blocked and clear by turns for so many samples, so many hours apart. */
function turns(length: number, intervalH: number, states: (i: number) => number): StateSeries {
  const times = Float64Array.from({ length }, (_, i) => Date.UTC(2020, 0, 1) + i * intervalH * HOUR);
  return { stationId: 'a', times, clear: Uint8Array.from(times, (_, i) => states(i)), source: 'made up' };
}

describe('the climate of a series', () => {
  it('is the climate that the series was drawn from', () => {
    const found = climateOf(watch(12, 21), PLACE);
    assert.match(found.source, /^the model, 105192 samples from 2020-01-01 to 2031-12-31$/);
    for (const [month, fraction] of found.clearFraction.entries()) {
      // 12 months of 720 h, one independent sky in two correlation times.
      const p = MONTHS[month]!;
      const error = Math.sqrt((p * (1 - p) * 2 * 9) / (12 * 720));
      assert.ok(Math.abs(fraction! - p) < 4 * error, `month ${month}: ${fraction} is not ${p} within ${error}`);
    }
    assert.ok(found.correlationErrorH! < 0.5);
    assert.ok(Math.abs(found.correlationH - 9) < 4 * found.correlationErrorH!, `${found.correlationH}`);
    // And back again: a model of the measured climate is a model.
    weatherModel({ climates: [found], correlationKm: 300, fromMs: 0, toMs: 24 * HOUR });
  });

  it('has an honest error of the correlation time, and no bias', () => {
    const found = Array.from({ length: 40 }, (_, seed) => correlationTimeH(watch(3, 100 + seed)));
    const mean = found.reduce((sum, { hours }) => sum + hours, 0) / 40;
    const spread = Math.sqrt(found.reduce((sum, { hours }) => sum + (hours - mean) ** 2, 0) / 39);
    const claimed = found.reduce((sum, { errorH }) => sum + errorH, 0) / 40;
    assert.ok(Math.abs(mean - 9) < (4 * spread) / Math.sqrt(40), `${mean} +- ${spread}`);
    assert.ok(claimed / spread > 0.7 && claimed / spread < 1.4, `claimed ${claimed}, found ${spread}`);
  });

  it('can be had from the nights alone', () => {
    const nights = watch(12, 22, (hour) => hour % 24 >= 12);
    assert.throws(() => climateOf(nights, { ...PLACE, minCoverage: 0.6 }), {
      code: 'optics/weather-series',
      message: /station a: no month is covered to 0\.6, the best to 0\.50; give more data or a smaller minCoverage/,
    });
    const found = climateOf(nights, { ...PLACE, minCoverage: 0.4 });
    assert.ok(found.coverage.every((share) => Math.abs(share - 0.5) < 1e-9));
    assert.ok(Math.abs(found.correlationH - 9) < 4 * found.correlationErrorH!, `${found.correlationH}`);
  });

  it('leaves months open that hardly anybody watched', () => {
    const summer = watch(1, 23, (hour) => hour >= 24 * 145 && hour < 24 * 250);
    const found = climateOf(summer, { ...PLACE, correlationH: 6 });
    assert.equal(found.correlationH, 6);
    assert.equal(found.correlationErrorH, null);
    assert.deepEqual(
      found.clearFraction.map((fraction) => fraction !== null),
      [5, 6, 7].reduce((known, month) => known.with(month, true), Array<boolean>(12).fill(false)),
    );
    // 25 May to 6 September: 7 of 31 days, 6 of 30.
    assert.ok(Math.abs(found.coverage[4]! - 7 / 31) < 1e-9);
    assert.ok(Math.abs(found.coverage[8]! - 6 / 30) < 1e-9);
  });

  it('is refused where the series cannot tell how long weather lasts', () => {
    const uniform = xorshift(24);
    for (const [series, message] of [
      [turns(5000, 1, () => 1), /station a: no correlation time can be measured, the sky never changes within a month/],
      [
        turns(2000, 24, () => Number(uniform() < 0.5)),
        /samples 24\.0 h apart hardly know of each other; give correlationH/,
      ],
      [turns(200, 1, (i) => Number(i % 60 < 30)), /the series must last 80 correlation times/],
      [turns(40, 1, (i) => Number(i < 20)), /the series (must last|is shorter than its weather lasts)/],
    ] as const) {
      assert.throws(() => climateOf(series, { ...PLACE, minCoverage: 0 }), { code: 'optics/weather-series', message });
    }
    assert.throws(() => climateOf(watch(1, 1), { ...PLACE, minCoverage: 50 }), { code: 'optics/parameter' });
    assert.throws(() => climateOf(watch(1, 1), { ...PLACE, correlationH: -1 }), { code: 'optics/parameter' });
  });
});
