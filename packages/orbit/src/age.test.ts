import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkAge, elementsAgeDays } from './age.ts';
import { OrbitError, type OrbitErrorCode } from './error.ts';
import { geostationary, keplerian } from './synthetic.ts';
import { MICIUS } from './test/micius.ts';

const DAY_MS = 86_400_000;
const { epochMs } = MICIUS;

function refuses(query: Parameters<typeof checkAge>[1], code: OrbitErrorCode, message: RegExp): void {
  assert.throws(
    () => checkAge(MICIUS, query),
    (error) => error instanceof OrbitError && error.code === code && message.test(error.message),
  );
}

describe('the age of elements', () => {
  it('is counted from the epoch, negative before it', () => {
    assert.equal(elementsAgeDays(MICIUS, epochMs + 36 * 3_600_000), 1.5);
    assert.equal(elementsAgeDays(MICIUS, epochMs - DAY_MS), -1);
  });

  it('is no matter within a week on either side', () => {
    assert.deepEqual(checkAge(MICIUS, { fromMs: epochMs - 7 * DAY_MS, toMs: epochMs + 7 * DAY_MS }), []);
    assert.deepEqual(checkAge(MICIUS, { fromMs: epochMs, toMs: epochMs, nowMs: epochMs - DAY_MS }), []);
  });

  it('warns past a week, of the farther end', () => {
    const [after, ...others] = checkAge(MICIUS, { fromMs: epochMs - 3 * DAY_MS, toMs: epochMs + 8 * DAY_MS });
    assert.match(
      after!,
      /^MICIUS: 2016-12-26 is 8\.0 days after the epoch of the elements, 2016-12-18: .*take elements/,
    );
    assert.equal(others.length, 0);
    const [before] = checkAge(MICIUS, { fromMs: epochMs - 29.5 * DAY_MS, toMs: epochMs + 8 * DAY_MS });
    assert.match(before!, /2016-11-19 is 29\.5 days before the epoch/);
  });

  it('refuses past thirty days, unless more, or fewer, are allowed', () => {
    const query = { fromMs: epochMs, toMs: epochMs + 31 * DAY_MS };
    refuses(query, 'orbit/elements-age', /MICIUS: 2017-01-18 is 31\.0 days after .* at most 30 days; .*allow 31 days/);
    refuses({ fromMs: epochMs - 31 * DAY_MS, toMs: epochMs }, 'orbit/elements-age', /31\.0 days before/);
    assert.equal(checkAge(MICIUS, { ...query, allowDays: 31 }).length, 1);
    refuses({ ...query, allowDays: 30.9 }, 'orbit/elements-age', /at most 30\.9 days/);
    refuses({ fromMs: epochMs, toMs: epochMs + 3 * DAY_MS, allowDays: 2 }, 'orbit/elements-age', /at most 2 days/);
  });

  it('refuses an epoch in the future, a day of grace apart', () => {
    const query = { fromMs: epochMs, toMs: epochMs, nowMs: epochMs - 2 * DAY_MS };
    refuses(
      query,
      'orbit/epoch-future',
      /MICIUS: the epoch of the elements, 2016-12-18, is 2\.0 days after the present, 2016-12-16/,
    );
  });

  it('does not pass over times that are no times', () => {
    refuses({ fromMs: Number.NaN, toMs: epochMs }, 'orbit/interval', /from NaN/);
    refuses({ fromMs: epochMs, toMs: epochMs - 1 }, 'orbit/interval', /fromMs not after toMs/);
    refuses({ fromMs: epochMs, toMs: epochMs, nowMs: Number.NaN }, 'orbit/interval', /nowMs is NaN/);
    refuses({ fromMs: epochMs, toMs: epochMs, allowDays: Number.NaN }, 'orbit/interval', /allowDays is NaN/);
  });

  it('is nothing to an orbit that is made up', () => {
    const made = keplerian({
      name: 'idea',
      epochMs,
      semiMajorAxisKm: 7000,
      eccentricity: 0,
      inclinationDeg: 50,
      ascendingNodeDeg: 0,
      argumentOfPerigeeDeg: 0,
      meanAnomalyDeg: 0,
    });
    assert.deepEqual(checkAge(made, { fromMs: epochMs, toMs: epochMs + 365 * DAY_MS, nowMs: 0 }), []);
  });

  it('warns of a made-up geostationary orbit past a week, and refuses it past a month: it drifts', () => {
    const epochMs = Date.parse('2026-03-01Z');
    const still = geostationary({ name: 'still', epochMs, longitudeDeg: 9 });
    const at = (day: number, allowDays?: number) =>
      checkAge(still, { fromMs: epochMs, toMs: epochMs + day * 86_400_000, ...(allowDays ? { allowDays } : {}) });
    assert.deepEqual(at(7), []);
    assert.match(
      at(20)[0]!,
      /still: 2026-03-21 is 20\.0 days after .* nobody keeps a made-up orbit over its longitude/,
    );
    assert.throws(() => at(31), { code: 'orbit/elements-age', message: /give it an epoch near 2026-04-01/ });
    assert.equal(at(31, 40).length, 1);
    assert.deepEqual(checkAge(still, { fromMs: epochMs, toMs: epochMs, nowMs: epochMs - 90 * 86_400_000 }), []);
  });
});
