import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { look } from '@skykey/orbit';
import { extend } from './candidate.ts';
import { PlannerError } from './error.ts';
import { plan } from './plan.ts';
import { december, shipped } from './test/scenarios.ts';
import { worth } from './worth.ts';

const scenario = shipped('intercontinental');
const request = { scenario, ...december(6), realisations: 300, seed: 5 };

describe('worth', () => {
  const result = worth({
    ...request,
    candidates: [
      { kind: 'station', id: 'twin', like: 'nanshan', latitudeDeg: 43.5, longitudeDeg: 87.2, altitudeM: 2080 },
      { kind: 'satellite', id: 'second', like: 'micius', phaseDeg: 180, planeDeg: 0 },
    ],
  });
  const entry = (id: string) => result.entries.find((one) => one.id === id)!;
  const base = plan(request);

  it('of a station is the plan less the plan without it', () => {
    assert.deepEqual(
      new Set(result.entries.map(({ id }) => id)),
      new Set(['xinglong', 'nanshan', 'graz', 'twin', 'second']),
    );
    // Stations far apart do not compete here: each is worth what it makes.
    for (const { stationId, bits } of base.stations) {
      assert.ok(Math.abs(entry(stationId).bits.mean - bits.mean) < 0.02 * base.total.mean);
      assert.equal(entry(stationId).status, 'there');
    }
  });

  it('has the interval of the difference, not of two plans', () => {
    // Nanshan's own weather alone decides what it is worth; every other station cancels.
    const nanshan = base.stations.find(({ stationId }) => stationId === 'nanshan')!.bits;
    const { bits } = entry('nanshan');
    assert.ok(bits.p95 - bits.p5 < 1.05 * (nanshan.p95 - nanshan.p5));
    assert.ok(bits.p95 - bits.p5 < 0.95 * (base.total.p95 - base.total.p5));
  });

  it('of a satellite at the other side of the orbit is about as much again', () => {
    const { bits, status, kind } = entry('second');
    assert.equal(status, 'candidate');
    assert.equal(kind, 'satellite');
    assert.ok(bits.mean > 0.4 * base.total.mean && bits.mean < 1.8 * base.total.mean, `${bits.mean}`);
  });

  it('of a station beside another one is little: the satellite serves one of them', () => {
    const { bits } = entry('twin');
    assert.ok(bits.mean >= 0 && bits.mean < 0.5 * entry('nanshan').bits.mean, `${bits.mean}`);
  });

  it('names pairs that gain end to end, the candidate among them', () => {
    const { pairs } = entry('twin');
    assert.ok(pairs.some(({ stationIds }) => stationIds.includes('twin')));
    assert.ok(entry('graz').pairs.every(({ bits }) => bits.mean >= -1));
    assert.ok(result.assumptions.some((line) => line.startsWith('twin: ') && /weather/.test(line)));
  });

  it('says in bits what schedules that are not proved best leave open, and nothing where they are about the poorest', () => {
    const crowd = [1, 2, 3].map((n) => ({
      kind: 'satellite' as const,
      id: `close-${n}`,
      like: 'micius',
      phaseDeg: 4 * n,
      planeDeg: 0,
    }));
    for (const { gapBits, bits } of result.entries) {
      assert.ok(gapBits! >= 0 && gapBits! <= 1e-6 * Math.max(1, base.total.mean), `${gapBits} of ${bits.mean}`);
    }
    const fair = worth({ ...request, realisations: 20, objective: 'fair', candidates: crowd });
    assert.ok(fair.entries.every(({ gapBits }) => gapBits === null));
    assert.ok(fair.warnings.some((warning) => /can be negative/.test(warning)));
  });

  it('comes out in order and the same again', () => {
    const means = result.entries.map(({ bits }) => bits.mean);
    assert.deepEqual(
      means,
      [...means].sort((a, b) => b - a),
    );
    const again = worth({ ...request, candidates: [] });
    const now = again.entries.find(({ id }) => id === 'graz')!;
    // Without candidates the clouds are drawn for three stations and not four: close, not equal.
    assert.ok(Math.abs(now.bits.mean - entry('graz').bits.mean) < 0.3 * now.bits.mean);
  });
});

describe('candidates', () => {
  it('fly where they are told to, in phase and plane', () => {
    const { scenario: grown } = extend(scenario, [
      { kind: 'satellite', id: 'same', like: 'micius', phaseDeg: 0, planeDeg: 0 },
      { kind: 'satellite', id: 'ahead', like: 'micius', phaseDeg: 10, planeDeg: 0 },
    ]);
    const target = (id: string) => grown.satellites.find((satellite) => satellite.id === id)!.target;
    const { station } = scenario.stations[0]!;
    const utcMs = Date.parse('2016-12-19T16:52:13Z');
    const range = (id: string, at: number): number => look(target(id), station, at).rangeKm;
    // Drag alone tells them apart, hours after the epoch.
    assert.ok(Math.abs(range('same', utcMs) - range('micius', utcMs)) < 1);
    // Ten degrees of a revolution of 94.5 minutes, while the Earth turns by 0.66 degrees.
    const early = utcMs - (10 / 360) * (86_400_000 / 15.23915303);
    assert.ok(Math.abs(range('ahead', early) - range('micius', utcMs)) < 60);
    assert.equal(grown.links.length, 9);
  });

  it('that cannot be are refused with their name', () => {
    const refuse = (candidate: Parameters<typeof extend>[1][number], message: RegExp): void => {
      assert.throws(
        () => extend(scenario, [candidate]),
        (error) => error instanceof PlannerError && error.code === 'planner/candidate' && message.test(error.message),
      );
    };
    const place = { latitudeDeg: 0, longitudeDeg: 0, altitudeM: 0 };
    refuse({ kind: 'station', id: 'graz', like: 'xinglong', ...place }, /graz needs an id of its own/);
    refuse({ kind: 'station', id: 'new', like: 'atlantis', ...place }, /no such station; there are xinglong/);
    refuse({ kind: 'satellite', id: 'new', like: 'sputnik', phaseDeg: 0, planeDeg: 0 }, /no such satellite/);
    refuse({ kind: 'satellite', id: 'new', like: 'micius', phaseDeg: 400, planeDeg: 0 }, /from -360 to 360/);
    assert.throws(() => extend(scenario, [{ kind: 'station', id: 'new', like: 'graz', ...place, longitudeDeg: 200 }]));
  });

  it('alone with one station and one satellite leave nothing to compare', () => {
    const lonely = shipped('uplink-q3sat');
    const fromMs = Date.parse('2018-06-01T00:00:00Z');
    const one = { scenario: lonely, fromMs, toMs: fromMs + 86_400_000, realisations: 10, seed: 1 };
    assert.throws(() => worth({ ...one, weather: 'clear' }), { code: 'planner/candidate' });
  });
});
