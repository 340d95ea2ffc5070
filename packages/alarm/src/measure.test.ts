import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyObservation } from '@skykey/photons';
import { AlarmError } from './error.ts';
import { COLUMN, COLUMNS, createMeasure } from './measure.ts';
import { statisticsOf } from './statistics.ts';
import { type Change, modelLink, modelPass, type Truth } from './test/link-model.ts';

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

test('arrivals of light that noise all but covers are no surer than they are', () => {
  const measure = createMeasure(link);
  const rows = new Float64Array(names.length * COLUMNS);
  const dim = (truth: Truth): void => {
    truth.arrivalPs = 60;
    truth.detectorPs = [0, 0, 0, 0];
  };
  for (const name of ['T4 diode signal X0', 'T4 diode decoy X1', 'T4 diode decoy Z0']) {
    const from = names.indexOf(name) * COLUMNS;
    let seen = 0;
    let off = 0;
    let variance = 0;
    let square = 0;
    for (let seed = 0; seed < 12; seed++) {
      for (const observation of modelPass({ link, seed, drift: false, lightHz: 3000, change: dim })) {
        measure(observation, rows);
        if (rows[from + COLUMN.n] === 0) continue;
        seen++;
        off += rows[from]!;
        variance += rows[from + COLUMN.v]!;
        square += rows[from]! ** 2 / rows[from + COLUMN.v]!;
      }
    }
    assert.ok(seen > 400, `${name}: ${seen} bins`);
    // Noise draws the mean of a dim class to the centre of the gate; that is no moved diode.
    assert.ok(Math.abs(off) < 4 * Math.sqrt(variance), `${name}: ${off / Math.sqrt(variance)} deviations`);
    assert.ok(square / seen < 1.3, `${name}: ${square / seen}`);
  }
});

test('of doubles a bin of few clicks does not expect less than there are', () => {
  const measure = createMeasure(link);
  const rows = new Float64Array(names.length * COLUMNS);
  for (const name of ['T6 doubles same basis', 'T6 doubles both bases']) {
    const from = names.indexOf(name) * COLUMNS;
    const most: number[] = [];
    let expected = 0;
    for (let seed = 0; seed < 12; seed++) {
      for (const observation of modelPass({ link, seed, drift: false, lightHz: 300 })) {
        measure(observation, rows);
        expected += rows[from + COLUMN.n]!;
        most.push(rows[from + COLUMN.n]! + rows[from + COLUMN.slack]!);
      }
    }
    const mean = expected / most.length;
    assert.ok(
      most.every((value) => value > 0.8 * mean),
      `${name}: ${Math.min(...most)} of ${mean}`,
    );
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
