import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyObservation } from '@skykey/photons';
import { AlarmError } from './error.ts';
import { COLUMN, COLUMNS, createMeasure } from './measure.ts';
import { statisticsOf } from './statistics.ts';
import { type Change, modelLink, modelPass } from './test/link-model.ts';

const link = modelLink(40);
const names = statisticsOf(link.source).map(({ name }) => name);

/** Sums of the rows of one statistic over a pass. */
function sums(name: string, change?: Change): Record<keyof typeof COLUMN, number> {
  const measure = createMeasure(link);
  const rows = new Float64Array(names.length * COLUMNS);
  const total = { x: 0, offset: 0, n: 0, nc: 0, v: 0, nv: 0, slack: 0 };
  for (const observation of modelPass({ link, seed: 1, drift: false, ...(change ? { change } : {}) })) {
    measure(observation, rows);
    const from = names.indexOf(name) * COLUMNS;
    for (const column of Object.keys(COLUMN) as (keyof typeof COLUMN)[]) total[column] += rows[from + COLUMN[column]]!;
  }
  return total;
}

test('names are unique', () => {
  assert.equal(new Set(names).size, names.length);
});

test('background and rotation are taken off the errors, a tap is not', () => {
  const rest = (change?: Change): number => {
    const { x, offset, n } = sums('T1 errors X signal', change);
    return (x - offset) / n;
  };
  const clean = rest();
  assert.ok(Math.abs(clean - 0.005) < 0.0005, `${clean}`);
  for (const degrees of [-8, 3, 8]) {
    const turned = rest((truth) => {
      truth.frameRad = (degrees * Math.PI) / 180;
    });
    assert.ok(Math.abs(turned - clean) < 0.001, `${degrees}: ${turned}`);
  }
  const noisy = rest((truth) => {
    truth.noiseHz = [5000, 4000, 5000, 4000];
  });
  assert.ok(Math.abs(noisy - clean) < 0.001, `${noisy}`);
  const tapped = rest((truth) => {
    truth.resent = 0.2;
  });
  assert.ok(Math.abs(tapped - clean - 0.05) < 0.003, `${tapped}`);
});

test('the rotation is measured, with its sign', () => {
  for (const degrees of [-5, 2]) {
    const { x, n } = sums('T1 rotation', (truth) => {
      truth.frameRad = (degrees * Math.PI) / 180;
    });
    const expected = 0.99 * Math.sin((2 * degrees * Math.PI) / 180);
    assert.ok(Math.abs(x / n - expected) < 0.005, `${degrees}: ${x / n}`);
  }
});

test('the variance of a row is that of its expectation', () => {
  const measure = createMeasure(link);
  const rows = new Float64Array(names.length * COLUMNS);
  for (const name of ['T1 rotation', 'T4 arrival X1', 'T4 width Z0', 'T4 diode decoy X1']) {
    const from = names.indexOf(name) * COLUMNS;
    const readings: number[][] = [];
    for (let seed = 0; seed < 8; seed++) {
      for (const observation of modelPass({ link, seed, drift: false })) {
        measure(observation, rows);
        readings.push([rows[from]! - rows[from + COLUMN.offset]!, rows[from + COLUMN.n]!, rows[from + COLUMN.v]!]);
      }
    }
    const level = readings.reduce((sum, [x]) => sum + x!, 0) / readings.reduce((sum, [, n]) => sum + n!, 0);
    const ratio = readings.reduce((sum, [x, n, v]) => sum + (x! - level * n!) ** 2 / v!, 0) / readings.length;
    // 320 bins: the ratio has a standard deviation of 8 %.
    assert.ok(ratio > 0.65 && ratio < 1.35, `${name}: ${ratio}`);
  }
});

test('a bin without a click has rows, and none is NaN', () => {
  const measure = createMeasure(link);
  const rows = new Float64Array(names.length * COLUMNS).fill(Number.NaN);
  measure(emptyObservation(3, { bin: 0, startS: 0, durationS: 0.5, pulses: 5e8 }), rows);
  assert.ok(rows.every(Number.isFinite));
});

test('an observation of another source is refused', () => {
  const measure = createMeasure(link);
  const rows = new Float64Array(names.length * COLUMNS);
  assert.throws(
    () => measure(emptyObservation(2, { bin: 7, startS: 0, durationS: 0.5, pulses: 5e8 }), rows),
    (error) => error instanceof AlarmError && error.code === 'alarm/observation' && error.message.includes('bin 7'),
  );
});
