import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Climate, checkClimate, clearFractionAt } from './climate.ts';

const LHASA: Climate = {
  stationId: 'lhasa',
  latitudeDeg: 29.66,
  longitudeDeg: 91.13,
  clearFraction: [0.8, 0.75, 0.7, 0.6, 0.5, 0.3, null, 0.2, 0.4, 0.7, 0.8, 0.85],
  correlationH: 8,
  source: 'made up for this test',
};

describe('a climate', () => {
  it('holds its month from the first to the last instant, by UTC', () => {
    checkClimate(LHASA);
    assert.equal(clearFractionAt(LHASA, Date.UTC(2026, 0, 1)), 0.8);
    assert.equal(clearFractionAt(LHASA, Date.parse('2026-02-01T00:00:00+08:00')), 0.8);
    assert.equal(clearFractionAt(LHASA, Date.UTC(2026, 1, 1) - 1), 0.8);
    assert.equal(clearFractionAt(LHASA, Date.UTC(2026, 1, 1)), 0.75);
    assert.equal(clearFractionAt(LHASA, Date.UTC(1969, 11, 31)), 0.85);
  });

  it('refuses a month nobody has data for, by name', () => {
    assert.throws(() => clearFractionAt(LHASA, Date.UTC(2026, 6, 15)), {
      code: 'optics/weather-month',
      message: /station lhasa has no weather data for July; give its clearFraction/,
    });
    assert.throws(() => clearFractionAt(LHASA, Number.NaN), { code: 'optics/parameter', message: /utcMs is NaN/ });
  });

  it('is refused with station, field and month', () => {
    const months = (change: Record<number, number | null>) =>
      LHASA.clearFraction.map((fraction, month) => (month in change ? change[month]! : fraction));
    for (const [change, message] of [
      [{ stationId: ' ' }, /no stationId/],
      [{ latitudeDeg: 91 }, /latitudeDeg of station lhasa is 91/],
      [{ longitudeDeg: Number.NaN }, /longitudeDeg of station lhasa is NaN/],
      [{ correlationH: 0 }, /correlationH of station lhasa is 0; it must be a finite number, above 0/],
      [{ clearFraction: [0.5] }, /station lhasa: clearFraction has 1 months; it must have 12/],
      [{ clearFraction: months({ 2: 70 }) }, /clearFraction of March is 70; it must be a share from 0 to 1/],
      [{ clearFraction: months({ 11: Number.NaN }) }, /clearFraction of December is NaN/],
      [{ clearFraction: Array(12).fill(null) }, /knows no month at all/],
      [{ source: '' }, /station lhasa: source is empty/],
    ] as const) {
      assert.throws(() => checkClimate({ ...LHASA, ...change }), { name: 'OpticsError', message });
    }
  });
});
