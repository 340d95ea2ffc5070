import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { harvest } from './harvest.ts';
import type { Opportunity } from './opportunities.ts';
import type { Service, ServiceRules } from './service.ts';
import { clearSkies } from './skies.ts';
import { Tally } from './tally.ts';
import { shipped } from './test/scenarios.ts';

const scenario = shipped('intercontinental');
const fromMs = Date.parse('2016-12-19T00:00:00Z');
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const rules: ServiceRules = { setupS: 60, objective: 'total', fragments: false, blocks: 'pass' };
const realisations = 4;

/** Services of blocks that make exactly so many bits. */
function tallied(list: readonly { stationId: string; startMs: number; endMs: number; bits: number }[], toMs: number) {
  const found = list.map(
    ({ stationId, startMs, endMs }, i) =>
      ({ id: `p${i}`, satelliteId: 'micius', stationIds: [stationId], startMs, endMs }) as unknown as Opportunity,
  );
  const services = list.map(
    ({ startMs, endMs, bits }, opportunity) =>
      ({ opportunity, startMs, endMs, key: { rawSecretBits: bits, spreadBits: 0 } }) as unknown as Service,
  );
  const tally = new Tally({ scenario, fromMs, toMs, realisations }, rules, services, found);
  harvest(found, services, clearSkies(realisations), rules, 1, tally.deliver);
  return tally.result();
}

describe('what has been handed over by the end of a day', () => {
  const midnightMs = fromMs + DAY_MS;
  const early = { stationId: 'graz', startMs: fromMs + MINUTE_MS, endMs: fromMs + 5 * MINUTE_MS, bits: 1000 };
  const byDay = (endMs: number, toMs: number) => {
    const late = { stationId: 'xinglong', startMs: midnightMs - MINUTE_MS, endMs, bits: 700 };
    const { pairs } = tallied([early, late], toMs);
    const { bits, byDay: days } = pairs.find(({ stationIds }) => stationIds.join() === 'xinglong,graz')!;
    assert.equal(bits.mean, 700);
    return days.map(({ date, meanBits }) => `${date} ${meanBits}`);
  };

  it('counts a pass over midnight when its key is there: on the day after', () => {
    assert.deepEqual(byDay(midnightMs + MINUTE_MS, fromMs + 2 * DAY_MS), ['2016-12-19 0', '2016-12-20 700']);
  });

  it('ends with all that the period brings, also where its last pass ends after it', () => {
    assert.deepEqual(byDay(midnightMs + MINUTE_MS, midnightMs), ['2016-12-19 0', '2016-12-20 700']);
    assert.deepEqual(byDay(midnightMs, midnightMs), ['2016-12-19 700']);
  });

  it('follows the order in which passes end, whichever began first', () => {
    // The satellite of a high orbit looks on while another one comes and goes.
    const long = {
      stationId: 'xinglong',
      startMs: midnightMs - 50 * MINUTE_MS,
      endMs: midnightMs + MINUTE_MS,
      bits: 700,
    };
    const short = { stationId: 'graz', startMs: midnightMs - 9 * MINUTE_MS, endMs: midnightMs - MINUTE_MS, bits: 200 };
    const more = { stationId: 'xinglong', startMs: fromMs, endMs: fromMs + MINUTE_MS, bits: 300 };
    const { pairs, nights, months } = tallied([more, long, short], fromMs + 2 * DAY_MS);
    const { byDay: days } = pairs.find(({ stationIds }) => stationIds.join() === 'xinglong,graz')!;
    assert.deepEqual(
      days.map(({ meanBits }) => meanBits),
      [200, 200],
    );
    assert.equal(months[0]!.bits.mean, 1200);
    assert.equal(
      nights.reduce((sum, { bits }) => sum + bits.mean, 0),
      1200,
    );
  });
});
