import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '@skykey/photons';
import { binomialRange, coverage, held, isCertain, oneADay, overDays, PROMISED } from './coverage.ts';

const random = seededRandom(1, 1);
const uniform = (): number => random.uniform();

/** What came, among realisations. */
function place(values: readonly number[], came: number) {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    said: [0.05, 0.5, 0.95].map((q) => sorted[Math.floor(q * sorted.length)]!) as [number, number, number],
    came,
    below: values.filter((value) => value < came).length,
    equal: values.filter((value) => value === came).length,
    of: values.length,
  };
}

describe('the coverage of forecasts', () => {
  it('is nine in ten for forecasts that are right, however many realisations tie', () => {
    // Cloudy four times in ten, and three sizes of key.
    const draw = (): number => (uniform() < 0.4 ? 0 : 1 + Math.floor(3 * uniform()));
    const forecasts = Array.from({ length: 4000 }, () => place(Array.from({ length: 199 }, draw), draw()));
    const found = coverage(forecasts, uniform);
    const [least, most] = binomialRange(4000, PROMISED);
    assert.ok(found.held >= least && found.held <= most, `${found.held} of 4000`);
    // As printed, ends included, such intervals hold nearly always.
    assert.ok(found.heldAsSaid > 3900);
  });

  it('is far from it for forecasts that are too sure', () => {
    const draw = (): number => uniform();
    const narrow = Array.from({ length: 1000 }, () =>
      place(
        Array.from({ length: 199 }, () => 0.3 + 0.4 * draw()),
        draw(),
      ),
    );
    assert.ok(coverage(narrow, uniform).held < 500);
  });

  it('knows the ends of the middle nine tenths', () => {
    const values = Array.from({ length: 99 }, (_, i) => i);
    assert.equal(held(place(values, -1), 0.5), false);
    assert.equal(held(place(values, 99), 0.5), false);
    assert.equal(held(place(values, 50), 0.5), true);
    assert.ok(isCertain(place([3, 3, 3], 3)));
    assert.ok(!isCertain(place([3, 3, 4], 3)));
  });

  it('has the ranges of the binomial law', () => {
    // Exact sums: P(X <= 1) = 0.0107 and P(X <= 2) = 0.0547 of ten at one half.
    assert.deepEqual(binomialRange(10, 0.5), [2, 8]);
    assert.deepEqual(binomialRange(1, 0.9), [0, 1]);
    assert.deepEqual(binomialRange(30, 0.9), [23, 30]);
    const [least, most] = binomialRange(10_000, 0.9);
    assert.ok(Math.abs(least - 8940) < 6 && Math.abs(most - 9058) < 6, `${least} to ${most}`);
  });

  it('counts days, not the forecasts of a day, as independent', () => {
    const day = (n: number) => ({ forecasts: 50, held: n, heldAsSaid: n });
    const { share, error } = overDays([day(50), day(40), day(50), day(40)]);
    assert.equal(share, 0.9);
    assert.ok(Math.abs(error - 0.0577) < 0.001);
    assert.equal(oneADay([[place([1, 2], 1)], [], [place([1, 2], 2), place([1, 2], 1)]], uniform).length, 2);
  });
});
