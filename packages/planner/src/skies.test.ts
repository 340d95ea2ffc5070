import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StateSeries } from '@skykey/optics';
import type { Opportunity } from './opportunities.ts';
import { type PlanRequest, plan } from './plan.ts';
import { drawSkies } from './skies.ts';
import { december, shipped } from './test/scenarios.ts';

const scenario = shipped('intercontinental');
const request: PlanRequest = { scenario, ...december(4), realisations: 300, seed: 2 };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Hours of a record, clear where `clear` says so of hour and station. */
function record(fromUtc: string, days: number, clear: (utcMs: number, station: number) => boolean): StateSeries[] {
  const fromMs = Date.parse(fromUtc);
  const times = Float64Array.from({ length: days * 24 }, (_, hour) => fromMs + hour * HOUR_MS);
  return ['xinglong', 'nanshan', 'graz'].map((stationId, station) => ({
    stationId,
    times,
    clear: Uint8Array.from(times, (utcMs) => (clear(utcMs, station) ? 1 : 0)),
    source: 'made up',
  }));
}

describe('a plan with measured skies', () => {
  it('of a record of the very period is the key that its weather let through', () => {
    // Clear on even days at all stations.
    const even = (utcMs: number): boolean => Math.floor(utcMs / DAY_MS) % 2 === 0;
    const played = plan({ ...request, measured: record('2016-12-17T00:00:00Z', 4, even) });
    assert.equal(played.weather, 'measured');
    for (const { startMs, endMs, clearProbability } of played.passes) {
      assert.equal(clearProbability, even((startMs + endMs) / 2) ? 1 : 0);
    }
    const clear = plan({ ...request, weather: 'clear' });
    const expected = clear.passes
      .filter(({ startMs, endMs }) => even((startMs + endMs) / 2))
      .reduce((sum, { clearBits }) => sum + clearBits, 0);
    assert.ok(Math.abs(played.total.mean / expected - 1) < 0.01, `${played.total.mean} for ${expected}`);
    assert.ok(played.warnings.some((warning) => /in 1 way, .*beforehand/.test(warning)));
  });

  it('plays the same season of other years, all stations of one moment together', () => {
    // Blocks of three days; nanshan always the opposite of xinglong, graz as xinglong.
    const sky = (utcMs: number, station: number): boolean =>
      (Math.floor(utcMs / (3 * DAY_MS)) * 7919) % 5 < 2 !== (station === 1);
    const played = plan({ ...request, measured: record('2010-01-01T00:00:00Z', 6 * 365, sky) });
    const mean = (id: string): number => {
      const mine = played.passes.filter(({ stationIds }) => stationIds[0] === id);
      return mine.reduce((sum, { clearProbability }) => sum + clearProbability, 0) / mine.length;
    };
    assert.ok(Math.abs(mean('xinglong') - 0.4) < 0.06 && Math.abs(mean('nanshan') - 0.6) < 0.06);
    assert.deepEqual(plan({ ...request, measured: record('2010-01-01T00:00:00Z', 6 * 365, sky) }), played);
    assert.equal(played.availability, null);
    // Six Decembers of 31 days, give or take what the ends of the record cut.
    assert.ok(played.warnings.some((warning) => /in 1[678]\d ways/.test(warning)));
    // The share of realisations is the probability, to the error of 300 draws.
    for (const { bits, clearProbability, served, clearBits } of played.passes) {
      if (served.length === 0 || clearBits < 10_000) continue;
      assert.ok(Math.abs(bits!.mean / clearBits - clearProbability) < 0.15);
    }
  });

  it('refuses a record that does not hold the season, lacks a station, has a gap, or comes with another weather', () => {
    const always = () => true;
    const refused = (change: Partial<PlanRequest>, code: string, message: RegExp): void => {
      assert.throws(() => plan({ ...request, realisations: 10, ...change }), { code, message });
    };
    refused({ measured: record('2016-05-01T00:00:00Z', 60, always) }, 'planner/weather', /2016-05-01 to 2016-06-30/);
    refused({ measured: record('2016-12-17T00:00:00Z', 4, always).slice(0, 2) }, 'planner/weather', /no station graz/);
    const gap = record('2016-12-10T00:00:00Z', 20, always).map((one) => {
      const kept = [...one.times.keys()].filter((i) => i < 180 || i > 230);
      const pick = <T extends Float64Array | Uint8Array>(list: T) => list.filter((_, i) => kept.includes(i)) as T;
      return { ...one, times: pick(one.times), clear: pick(one.clear) };
    });
    refused({ measured: gap }, 'optics/weather-time', /nobody watched/);
    refused({ measured: record('2016-12-17T00:00:00Z', 4, always), weather: 'clear' }, 'planner/weather', /one of the/);
  });
});

describe('the weather of a period', () => {
  it('is not asked of the month after it, whose first minutes a pass reaches', () => {
    const known = shipped('intercontinental', ({ stations }) => {
      for (const { weather } of stations) weather.clearFraction.value[0] = null;
    });
    const edgeMs = Date.parse('2017-01-01T00:00:00Z');
    const pass = { stationIds: ['graz'], startMs: edgeMs - 180_000, endMs: edgeMs + 60_000 } as unknown as Opportunity;
    const period = { fromMs: edgeMs - DAY_MS, toMs: edgeMs };
    const chance = { realisations: 10, seed: 1 };
    const draw = (one: Opportunity) => drawSkies(known, [one], period, chance, () => undefined);
    const december = known.stations.find(({ id }) => id === 'graz')!.climate!.clearFraction[11]!;
    assert.equal(draw(pass).probability(0), december);
    assert.throws(() => draw({ ...pass, endMs: edgeMs + 240_000 }), { code: 'optics/weather-month' });
  });
});
