import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prediction } from '@skykey/distill';
import { loadScenario } from '@skykey/node';
import { lightTime } from '@skykey/orbit';
import { flightTable, flightTo } from './flight-time.ts';

const { satellites, stations } = loadScenario('micius-2016-12-19');
const { target } = satellites[0]!;
const { station } = stations[0]!;
/** Past the middle of the pass. */
const atMs = Date.parse('2016-12-19T16:52:40Z');

test('flight time up is told for the moment of reception, with its derivatives', () => {
  const flight = (ms: number) => flightTo(target, station, 'up', ms);
  const { delayS, rate, ratePerS, ratePerS2 } = flight(atMs);
  assert.ok(Math.abs(lightTime(target, station, atMs - delayS * 1000, 'up').delayS - delayS) < 1e-11);
  const at = (s: number): number => flight(atMs + s * 1000).delayS;
  const near = (found: number, due: number, by: number) => assert.ok(Math.abs(found - due) < by, `${found}, ${due}`);
  near(rate, (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / 12, 1e-11);
  near(ratePerS, (16 * (at(1) + at(-1)) - (at(2) + at(-2)) - 30 * at(0)) / 12, 1e-10);
  near(ratePerS2, (at(2) - at(-2) - 2 * (at(1) - at(-1))) / 2, 3e-10);
  assert.ok(Math.abs(ratePerS) > 1e-7, 'there is something to see');
  assert.deepEqual(flightTo(target, station, 'down', atMs).delayS, lightTime(target, station, atMs, 'down').delayS);
});

test('a table of it is whole enough for a prediction, in either direction', () => {
  for (const direction of ['down', 'up'] as const) {
    const flight = (ms: number) => flightTo(target, station, direction, ms);
    const table = flightTable(flight, atMs - 30_000, 10, 40);
    assert.deepEqual([table.startPs, table.stepPs, table.delayPs.length], [1e13, 1e12, 40]);
    const columns = Object.fromEntries(
      Object.entries(table).map(([name, value]) => [name, Array.isArray(value) ? Float64Array.from(value) : value]),
    ) as unknown as ConstructorParameters<typeof Prediction>[1];
    const prediction = new Prediction({ offsetPs: 0, driftPsPerS: 0 }, columns, { firstPs: 0, pulseRateHz: 1e8 });
    // Between two rows: as good as an instant in whole ms can tell.
    for (const ms of [12_400, 30_500, 47_123]) {
      const [emitted] = prediction.emissionPs(Float64Array.of(ms * 1e9));
      const due = ms * 1e9 - flight(atMs - 30_000 + ms).delayS * 1e12;
      assert.ok(Math.abs(emitted! - due) < 20, `${emitted! - due} ps`);
    }
  }
});
