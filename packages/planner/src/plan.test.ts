import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpticsError } from '@skykey/optics';
import type { Distribution } from './chance.ts';
import { PlannerError } from './error.ts';
import { nightOf } from './night.ts';
import { type PlanProgress, type PlanRequest, plan } from './plan.ts';
import { december, shipped } from './test/scenarios.ts';

const scenario = shipped('intercontinental');
const request: PlanRequest = { scenario, ...december(6), realisations: 400, seed: 3 };
const stages: PlanProgress[] = [];
const result = plan({ ...request, onProgress: (progress) => stages.push(progress) });
const clear = plan({ ...request, weather: 'clear' });

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const isOrdered = ({ p5, p25, p50, p75, p95 }: Distribution): boolean =>
  0 <= p5 && p5 <= p25 && p25 <= p50 && p50 <= p75 && p75 <= p95;

describe('a plan', () => {
  it('is the same for the same seed, another for another', () => {
    assert.deepEqual(plan(request), result);
    assert.notDeepEqual(plan({ ...request, seed: 4 }).total, result.total);
  });

  it('survives JSON without a loss', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(result)), result);
  });

  it('has intervals in order, wider than chance in the counts alone', () => {
    for (const { bits } of [...result.nights, ...result.months, ...result.stations, ...result.satellites]) {
      assert.ok(isOrdered(bits));
    }
    assert.ok(isOrdered(result.total));
    const width = ({ p5, p95 }: Distribution): number => p95 - p5;
    assert.ok(width(result.total) > 20 * width(clear.total));
  });

  it('expects of every pass what its realisations give in the mean', () => {
    const expected = sum(result.passes.map(({ expectedBits }) => expectedBits!));
    const spread = (result.total.p95 - result.total.p5) / 3.3 / Math.sqrt(request.realisations);
    assert.ok(Math.abs(result.total.mean - expected) < 4 * spread, `${result.total.mean} for ${expected}`);
    assert.ok(Math.abs(result.schedule.value - expected) <= result.passes.length);
  });

  it('adds up: nights, months, stations and satellites are the total in the mean', () => {
    for (const list of [result.nights, result.months, result.stations, result.satellites]) {
      const whole = sum(list.map(({ bits }) => bits.mean));
      assert.ok(Math.abs(whole - result.total.mean) <= list.length, `${whole} for ${result.total.mean}`);
    }
  });

  it('gives every served pass its own distribution, about what is expected of it', () => {
    for (const { served, bits, expectedBits, clearBits, clearSpreadBits } of result.passes) {
      assert.equal(bits === null, served.length === 0);
      if (!bits) continue;
      assert.ok(isOrdered(bits));
      const luck = (5 * clearSpreadBits) / Math.sqrt(request.realisations);
      assert.ok(Math.abs(bits.mean - expectedBits!) <= 0.1 * clearBits + luck + 1, `${bits.mean} for ${expectedBits}`);
    }
    const whole = sum(result.passes.map(({ bits }) => bits?.mean ?? 0));
    assert.ok(Math.abs(whole - result.total.mean) <= result.passes.length);
  });

  it('relays no more than either station has, and what the order of events allows', () => {
    const made = new Map(result.stations.map(({ stationId, bits }) => [stationId, bits.mean]));
    assert.equal(result.pairs.length, 3);
    for (const { stationIds, kind, bits, byDay, anyProbability } of result.pairs) {
      assert.equal(kind, 'relay');
      assert.ok(bits.mean <= Math.min(...stationIds.map((id) => made.get(id)!)) + 1);
      assert.ok(anyProbability > 0 && anyProbability <= 1);
      assert.equal(byDay.length, 6);
      assert.ok(byDay.every(({ meanBits }, i) => i === 0 || meanBits >= byDay[i - 1]!.meanBits));
      assert.equal(byDay.at(-1)!.meanBits, bits.mean);
    }
  });

  it('under a clear sky is the key of its passes', () => {
    const served = clear.passes.filter((pass) => pass.served.length > 0);
    const whole = sum(served.map(({ clearBits }) => clearBits));
    assert.ok(Math.abs(clear.total.mean / whole - 1) < 2e-3, `${clear.total.mean} for ${whole}`);
    assert.ok(clear.total.mean > result.total.mean);
    assert.equal(clear.availability, null);
    assert.ok(clear.warnings.some((warning) => /clear/.test(warning)));
  });

  it('never lets a satellite or a station serve two at once, nor without time to turn', () => {
    const served = result.passes.flatMap(({ served: parts, satelliteId, stationIds }) =>
      parts.map(({ startMs, endMs }) => ({ startMs, endMs, uses: [satelliteId, ...stationIds] })),
    );
    for (const [i, a] of served.entries()) {
      for (const b of served.slice(i + 1)) {
        if (!a.uses.some((use) => b.uses.includes(use))) continue;
        assert.ok(a.endMs + 60_000 <= b.startMs || b.endMs + 60_000 <= a.startMs);
      }
    }
    assert.equal(result.schedule.optimal, true);
    assert.ok(result.schedule.bound >= result.schedule.value);
  });

  it('says how often skies are clear together beside independence, and its assumptions, proof and seed', () => {
    assert.equal(result.availability!.pairs.length, 3);
    assert.equal(result.proof, 'tilted');
    assert.ok(result.proofGaps.length > 0);
    assert.ok(result.assumptions.some((line) => line.startsWith('setupS')));
    assert.ok(result.assumptions.length > 20);
    assert.equal(result.seed, 3);
  });

  it('reports its stages in order, each to its end', () => {
    const order = ['passes', 'weather', 'schedule', 'key'];
    const ranks = stages.map(({ stage }) => order.indexOf(stage));
    assert.deepEqual(
      ranks,
      [...ranks].sort((a, b) => a - b),
    );
    for (const stage of order) assert.equal(stages.filter((s) => s.stage === stage).at(-1)?.fraction, 1);
  });

  it('says where a block holds more than a live session takes', () => {
    const fromMs = Date.parse('2026-03-02T18:00:00Z');
    const geo = plan({
      scenario: shipped('geo'),
      fromMs,
      toMs: fromMs + 7_200_000,
      realisations: 10,
      seed: 1,
      weather: 'clear',
    });
    assert.ok(geo.warnings.some((warning) => /million basis-matched detections/.test(warning)));
    assert.ok(result.warnings.every((warning) => !/million/.test(warning)));
  });

  it('of a period without a window is empty and says so', () => {
    const { fromMs } = december(1);
    const noonMs = fromMs + 8 * 3_600_000;
    const empty = plan({ ...request, fromMs: noonMs, toMs: noonMs + 3_600_000 });
    assert.equal(empty.passes.length, 0);
    assert.equal(empty.total.mean, 0);
    assert.ok(empty.warnings.some((warning) => /no window/.test(warning)));
  });
});

describe('two satellites over one station', () => {
  // A twin that flies three minutes ahead: both are over the same station together for a while.
  const twins = shipped('jinan-1', (document) => {
    const [first] = document.satellites;
    const twin = structuredClone(first);
    twin.id = 'jinan-twin';
    twin.orbit.argumentOfLatitudeDeg.value = (first.orbit.argumentOfLatitudeDeg.value + 12) % 360;
    document.satellites.push(twin);
  });
  const fromMs = Date.parse('2024-10-01T00:00:00Z');
  const crowded: PlanRequest = {
    scenario: twins,
    fromMs,
    toMs: fromMs + 2 * 86_400_000,
    realisations: 20,
    seed: 1,
    weather: 'clear',
  };

  it('hand over within a pass, and that is worth more than whole passes alone', () => {
    const cut = plan(crowded);
    const whole = plan({ ...crowded, fragments: false });
    assert.ok(cut.schedule.contested > 0);
    assert.ok(cut.schedule.value > whole.schedule.value, `${cut.schedule.value} and ${whole.schedule.value}`);
    const partly = cut.passes.filter(
      ({ served, startMs, endMs }) => served.length > 0 && (served[0]!.startMs > startMs || served[0]!.endMs < endMs),
    );
    assert.ok(partly.length > 0);
    for (const { served, startMs, endMs, clearBits, expectedBits } of partly) {
      const share = sum(served.map((part) => part.endMs - part.startMs)) / (endMs - startMs);
      assert.ok(share < 1 && expectedBits! < clearBits);
    }
  });

  it('are planned fairly on request', () => {
    const total = plan(crowded);
    const fair = plan({ ...crowded, objective: 'fair' });
    const poorest = (p: typeof fair): number => Math.min(...p.stations.map(({ bits }) => bits.mean));
    assert.ok(poorest(fair) >= poorest(total) - 1);
    assert.ok(sum(fair.stations.map(({ bits }) => bits.mean)) <= sum(total.stations.map(({ bits }) => bits.mean)) + 2);
    assert.ok(fair.schedule.value <= fair.schedule.bound);
  });
});

describe('a plan for entangled pairs', () => {
  it('makes one block of the period, in which passes that give nothing alone give key', () => {
    const pairs = plan({
      scenario: shipped('entanglement-1120'),
      ...december(10),
      realisations: 50,
      seed: 1,
      weather: 'clear',
    });
    assert.ok(pairs.passes.every(({ clearBits, expectedBits }) => clearBits === 0 && expectedBits === null));
    assert.ok(pairs.total.mean > 0);
    assert.deepEqual(pairs.nights, []);
    assert.equal(pairs.pairs[0]!.kind, 'entanglement');
    assert.deepEqual(pairs.pairs[0]!.bits, pairs.total);
    assert.deepEqual(pairs.stations[0]!.bits, pairs.total);
    assert.equal(pairs.proof, 'bbm92');
  });
});

describe('a night', () => {
  it('goes from noon to noon where the station stands', () => {
    // 15 degrees are an hour: noon at 120 degrees east is 4 h UTC.
    assert.equal(nightOf(120, Date.parse('2016-12-20T03:59:59Z')), '2016-12-19');
    assert.equal(nightOf(120, Date.parse('2016-12-20T04:00:01Z')), '2016-12-20');
    assert.equal(nightOf(-120, Date.parse('2016-12-20T19:59:59Z')), '2016-12-19');
    assert.equal(nightOf(0, Date.parse('2017-01-01T02:00:00Z')), '2016-12-31');
  });
});

describe('bad questions', () => {
  const refused = (change: Partial<PlanRequest>, code: string, message: RegExp): void => {
    assert.throws(
      () => plan({ ...request, realisations: 10, ...change }),
      (error) =>
        (error instanceof PlannerError || error instanceof OpticsError) &&
        error.code === code &&
        message.test(error.message),
    );
  };

  it('are refused with what is wrong', () => {
    refused({ toMs: request.fromMs }, 'planner/interval', /fromMs before toMs/);
    refused({ realisations: 0 }, 'planner/parameter', /realisations is 0/);
    refused({ realisations: 1.5 }, 'planner/parameter', /whole number/);
    refused({ seed: -1 }, 'planner/parameter', /seed/);
    refused({ setupS: -1 }, 'planner/parameter', /setupS/);
  });

  it('about weather that nobody has are refused with the station', () => {
    const without = shipped('intercontinental', (document) => {
      delete document.stations[2].weather;
    });
    refused({ scenario: without }, 'planner/weather', /graz/);
    const gap = shipped('intercontinental', (document) => {
      document.stations[1].weather.clearFraction.value[11] = null;
    });
    refused({ scenario: gap }, 'optics/weather-month', /nanshan/);
  });

  it('far from the epoch of the elements are refused unless allowed, and warned of', () => {
    const fromMs = Date.parse('2017-03-01T00:00:00Z');
    const late = { ...request, fromMs, toMs: fromMs + 86_400_000, realisations: 10 };
    assert.throws(() => plan(late), { code: 'orbit/elements-age' });
    assert.ok(plan({ ...late, allowDays: 100 }).warnings.some((warning) => /epoch/.test(warning)));
  });
});
