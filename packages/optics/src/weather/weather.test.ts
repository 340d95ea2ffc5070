import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { xorshift } from '../test/xorshift.ts';
import type { Climate } from './climate.ts';
import { greatCircleKm, weatherModel } from './weather.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FROM = Date.UTC(2026, 0, 1);
const KM_PER_DEG = (6371.0088 * Math.PI) / 180;

/** A station on the equator, that many km east of Greenwich; one clear fraction for the year, or one for each month. */
function climate(stationId: string, eastKm: number, clear: number | readonly number[], correlationH = 12): Climate {
  return {
    stationId,
    latitudeDeg: 0,
    longitudeDeg: eastKm / KM_PER_DEG,
    clearFraction: typeof clear === 'number' ? Array(12).fill(clear) : clear,
    correlationH,
    source: 'made up for this test',
  };
}

/** Standard error of the mean of realisations that are independent of each other. */
function estimate(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}

function agrees(values: readonly number[], expected: number, mostError: number): void {
  const { mean, error } = estimate(values);
  assert.ok(error < mostError, `an error of ${error} would show nothing`);
  assert.ok(Math.abs(mean - expected) < 4 * error, `${mean} +- ${error} is not ${expected}`);
}

describe('great-circle distance', () => {
  it('is right on quarter circles and between the stations of the 1,203 km entanglement experiment', () => {
    const at = (latitudeDeg: number, longitudeDeg: number) => ({ latitudeDeg, longitudeDeg });
    const quarter = (6371.0088 * Math.PI) / 2;
    assert.ok(Math.abs(greatCircleKm(at(0, 0), at(0, 90)) - quarter) < 1e-9);
    assert.ok(Math.abs(greatCircleKm(at(90, 17), at(0, 40)) - quarter) < 1e-9);
    assert.ok(Math.abs(greatCircleKm(at(0, 179), at(0, -179)) - 2 * KM_PER_DEG) < 1e-9);
    // Delingha and Lijiang, Yin et al. 2017; the sphere differs from the ellipsoid by up to 0.5 %.
    assert.ok(Math.abs(greatCircleKm(at(37.37901, 97.72695), at(26.69393, 100.02932)) / 1203 - 1) < 0.005);
  });
});

describe('the weather model', () => {
  it('is clear as often as the month says, on the first and last day of it and in between', () => {
    const months = [0.1, 0.9, 0.5, 0.35, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6];
    const model = weatherModel({
      climates: [climate('a', 0, months), climate('b', 400, months.toReversed(), 5)],
      correlationKm: 300,
      fromMs: FROM,
      toMs: Date.UTC(2026, 4, 1),
    });
    const uniform = xorshift(11);
    const runs = Array.from({ length: 1500 }, () => model.draw(uniform));
    for (const [station, of] of [months, months.toReversed()].entries()) {
      for (let month = 0; month < 4; month++) {
        const first = Date.UTC(2026, month, 1);
        const last = Date.UTC(2026, month + 1, 1) - 1;
        for (const at of [first, first + 14 * DAY, last]) {
          assert.equal(model.clearFraction(station, at), of[month]);
          agrees(
            runs.map((run) => Number(run.clear(station, at))),
            of[month]!,
            0.014,
          );
        }
      }
    }
  });

  it('has an autocorrelation of 1/e after the correlation time, however often it is clear', () => {
    for (const [clear, correlationH] of [
      [0.5, 6],
      [0.15, 12],
      [0.9, 8],
    ] as const) {
      const model = weatherModel({
        climates: [climate('a', 0, clear, correlationH)],
        correlationKm: 300,
        fromMs: FROM,
        toMs: FROM + 60 * DAY,
      });
      assert.equal(model.stepMs, (correlationH * HOUR) / 6);
      const uniform = xorshift(12);
      const correlations = Array.from({ length: 600 }, () => {
        const run = model.draw(uniform);
        let [sum, count] = [0, 0];
        for (let at = FROM; at + correlationH * HOUR < model.toMs; at += model.stepMs, count++) {
          sum += (Number(run.clear(0, at)) - clear) * (Number(run.clear(0, at + correlationH * HOUR)) - clear);
        }
        return sum / count / (clear * (1 - clear));
      });
      agrees(correlations, Math.exp(-1), 0.012);
    }
  });

  it('has a correlation of exp(-d/L) between equal climates, nothing between far ones, all of it in one place', () => {
    const model = weatherModel({
      climates: [
        climate('here', 0, 0.3),
        climate('beside', 0, 0.3),
        climate('third', 100, 0.3),
        climate('one', 300, 0.3),
        climate('antipode', 20_000, 0.3),
      ],
      correlationKm: 300,
      fromMs: FROM,
      toMs: FROM + 20 * DAY,
    });
    assert.deepEqual(model.warnings, []);
    const uniform = xorshift(13);
    const runs = Array.from({ length: 1200 }, () => model.draw(uniform));
    for (const [other, km] of [100, 300, 20_000].entries()) {
      const share = Math.exp(-km / 300);
      assert.ok(Math.abs((model.jointClear(0, other + 2, FROM) - 0.09) / 0.21 - share) < 1e-9);
      const correlations = runs.map((run) => {
        let [sum, count] = [0, 0];
        for (let at = FROM; at < model.toMs; at += model.stepMs, count++) {
          sum += (Number(run.clear(0, at)) - 0.3) * (Number(run.clear(other + 2, at)) - 0.3);
        }
        return sum / count / 0.21;
      });
      agrees(correlations, share, 0.01);
    }
    for (const run of runs) {
      for (let at = FROM; at < model.toMs; at += model.stepMs) assert.equal(run.clear(0, at), run.clear(1, at));
    }
  });

  it('keeps the better sky clear over the worse one where climates differ in one place', () => {
    const model = weatherModel({
      climates: [climate('worse', 0, 0.3), climate('better', 0, 0.7)],
      correlationKm: 300,
      fromMs: FROM,
      toMs: FROM + 60 * DAY,
    });
    // At 0.3 and 0.7 the hidden correlation falls alike, so that the two can be one.
    assert.deepEqual(model.warnings, []);
    const run = model.draw(xorshift(14));
    for (let at = FROM; at < model.toMs; at += model.stepMs) assert.ok(run.clear(1, at) || !run.clear(0, at));
    assert.equal(model.jointClear(0, 1, FROM), 0.3);
  });

  it('says where no Gaussian can do what is asked, and draws what it says instead', () => {
    const model = weatherModel({
      climates: [climate('quick', 0, 0.4, 6), climate('slow', 0, 0.4, 24)],
      correlationKm: 300,
      fromMs: FROM,
      toMs: FROM + 20 * DAY,
    });
    assert.equal(model.warnings.length, 1);
    assert.match(model.warnings[0]!, /stations quick and slow are clear at once for 0\.\d+ .* asks for 0\.400/);
    const uniform = xorshift(15);
    const both = Array.from({ length: 1500 }, () => {
      const run = model.draw(uniform);
      return Number(run.clear(0, FROM + 10 * DAY) && run.clear(1, FROM + 10 * DAY));
    });
    agrees(both, model.jointClear(0, 1, FROM), 0.015);
    assert.ok(model.jointClear(0, 1, FROM) > 0.16);
  });

  it('stays a model for many stations close together, the deviation said', () => {
    const climates = Array.from({ length: 25 }, (_, i) =>
      climate(`s${i}`, 15 * i, 0.2 + 0.6 * ((i * 0.37) % 1), 6 + 6 * (i % 2)),
    );
    const model = weatherModel({ climates, correlationKm: 300, fromMs: FROM, toMs: FROM + 30 * DAY });
    assert.equal(model.warnings.length, 1);
    const uniform = xorshift(16);
    const runs = Array.from({ length: 1500 }, () => model.draw(uniform));
    const at = FROM + 15 * DAY;
    for (let i = 0; i < 25; i += 4) {
      const clear = climates[i]!.clearFraction[0]!;
      agrees(
        runs.map((run) => Number(run.clear(i, at))),
        clear,
        0.014,
      );
      const both = runs.map((run) => Number(run.clear(i, at) && run.clear((i + 1) % 25, at)));
      agrees(both, model.jointClear(i, (i + 1) % 25, at), 0.014);
    }
  });

  it('turns a month without throwing the dice again', () => {
    const months = [0.6, 0.4, ...Array(10).fill(0.4)];
    const model = weatherModel({
      climates: [climate('a', 0, months, 48)],
      correlationKm: 300,
      fromMs: FROM,
      toMs: Date.UTC(2026, 1, 5),
      stepH: 1,
    });
    const uniform = xorshift(17);
    const turn = Date.UTC(2026, 1, 1);
    let [changed, before] = [0, 0];
    for (let k = 0; k < 3000; k++) {
      const run = model.draw(uniform);
      if (run.clear(0, turn - 1) !== run.clear(0, turn)) changed++;
      if (run.clear(0, turn - HOUR - 1) !== run.clear(0, turn - 1)) before++;
    }
    // A fifth of the skies must change, and little more does than in any hour.
    assert.ok(changed / 3000 > 0.17 && changed / 3000 < 0.2 + before / 3000 + 0.03, `${changed} and ${before}`);
  });

  it('is the same for a seed and another for another, and holds a state for a step', () => {
    const model = weatherModel({
      climates: [climate('a', 0, 0.5, 7), climate('b', 200, 0.6, 9)],
      correlationKm: 300,
      fromMs: FROM + 5 * HOUR + 17,
      toMs: FROM + 90 * DAY + 1,
    });
    const states = (seed: number) => {
      const run = model.draw(xorshift(seed));
      const found: boolean[] = [];
      for (let at = model.fromMs; at < model.toMs; at += 600_000) found.push(run.clear(0, at), run.clear(1, at));
      return found;
    };
    assert.deepEqual(states(1), states(1));
    assert.notDeepEqual(states(1), states(2));
    // Steps begin with the day: the fifth of a day is over before the sixth begins, whenever the period began.
    const perDay = Math.ceil((24 * 6) / 7);
    assert.equal(model.stepMs, DAY / perDay);
    const run = model.draw(xorshift(1));
    for (let step = 10; step < 89 * perDay; step++) {
      const first = FROM + Math.ceil(step * model.stepMs);
      const last = FROM + Math.ceil((step + 1) * model.stepMs) - 1;
      for (const station of [0, 1]) assert.equal(run.clear(station, first), run.clear(station, last));
    }
  });

  it('knows skies that never or always are clear', () => {
    const model = weatherModel({
      climates: [climate('never', 0, 0), climate('always', 10, 1), climate('half', 20, 0.5)],
      correlationKm: 300,
      fromMs: FROM,
      toMs: FROM + 30 * DAY,
    });
    const run = model.draw(xorshift(18));
    for (let at = FROM; at < model.toMs; at += model.stepMs) {
      assert.equal(run.clear(0, at), false);
      assert.equal(run.clear(1, at), true);
    }
    assert.equal(model.jointClear(1, 2, FROM), 0.5);
  });

  it('refuses what it cannot answer', () => {
    const one = { climates: [climate('a', 0, 0.5)], correlationKm: 300, fromMs: FROM, toMs: FROM + DAY };
    const gap = climate('gap', 0, 0.5);
    for (const [change, code, message] of [
      [{ climates: [] }, 'optics/climate', /no climate/],
      [{ climates: [gap, gap] }, 'optics/climate', /station gap has two climates/],
      [{ correlationKm: 0 }, 'optics/parameter', /correlationKm is 0/],
      [{ toMs: FROM }, 'optics/parameter', /toMs is/],
      [{ stepH: 13 }, 'optics/parameter', /stepH is 13; it must be above 0, and at most 12/],
      [{ stepH: 0 }, 'optics/parameter', /stepH is 0/],
      [{ stepH: 5 }, 'optics/parameter', /stepH is 5; it must go into 24 hours/],
      [
        { climates: [{ ...gap, clearFraction: [null, ...gap.clearFraction.slice(1)] }] },
        'optics/weather-month',
        /station gap has no weather data for January/,
      ],
    ] as const) {
      assert.throws(() => weatherModel({ ...one, ...change }), { code, message });
    }
    // Only the months of the period are asked for.
    weatherModel({ ...one, climates: [{ ...gap, clearFraction: [0.5, ...Array(11).fill(null)] }] });
    const run = weatherModel(one).draw(xorshift(19));
    assert.throws(() => run.clear(0, FROM - 1), {
      code: 'optics/weather-time',
      message: /asked for 2025-12-31T23:59:59.999Z; it is known from 2026-01-01T00:00:00.000Z to before 2026-01-02/,
    });
    assert.throws(() => run.clear(0, FROM + DAY), { code: 'optics/weather-time' });
    assert.throws(() => run.clear(0, Number.NaN), { code: 'optics/weather-time', message: /NaN/ });
    assert.throws(() => run.clear(1, FROM), {
      code: 'optics/parameter',
      message: /station is 1; it must be from 0 to 0/,
    });
  });
});
