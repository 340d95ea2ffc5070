import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { curveChannel, parseLossCurve } from './curve.ts';

const FILE = 'micius-2017-loss-against-range.csv';
const MICIUS = readFileSync(new URL(`../../../scenario/data/${FILE}`, import.meta.url), 'utf8');
const SOURCE = 'digitised from Liao et al. 2017';

describe('parseLossCurve', () => {
  it('reads the digitised loss of the Micius pass', () => {
    const { rangeKm, lossDb } = parseLossCurve(MICIUS, FILE);
    assert.equal(rangeKm.length, 5551);
    assert.deepEqual([rangeKm[0], lossDb[0]], [645, 29.754]);
    assert.deepEqual([rangeKm.at(-1), lossDb.at(-1)], [1200, 40.34]);
    // Means over +-5 km, read off the published figure independently.
    for (const [km, meanDb] of [
      [650, 30.01],
      [850, 32.13],
      [1000, 34.38],
      [1150, 37.32],
    ] as const) {
      const inside = lossDb.filter((_, i) => Math.abs(rangeKm[i]! - km) <= 5.0001);
      assert.ok(Math.abs(inside.reduce((sum, value) => sum + value, 0) / inside.length - meanDb) < 0.01);
    }
  });

  it('takes either line end, with or without one at the end', () => {
    const expected = { rangeKm: Float64Array.of(1, 2), lossDb: Float64Array.of(3, 4.5) };
    assert.deepEqual(parseLossCurve('distance,loss\n1,3\n2,4.5\n'), expected);
    assert.deepEqual(parseLossCurve('distance,loss\r\n1.0,3e0\r\n2,4.5'), expected);
  });

  it('names the line and what is wrong in it', () => {
    for (const [text, message] of [
      ['', /x\.csv: line 1: the header is ""/],
      ['distance;loss\n1;2\n', /line 1: the header is "distance;loss"; it must be "distance,loss"/],
      ['distance,loss\n1,2\n', /line 3: the table ends/],
      ['distance,loss\n1,2\n\n2,3\n', /line 3: "" must be two numbers/],
      ['distance,loss\n1,2\n2,3,4\n', /line 3: "2,3,4" must be two numbers/],
      ['distance,loss\n1,2\n2 ,3\n', /line 3: distance is "2 "/],
      ['distance,loss\n1,2\n2,\n', /line 3: loss is ""/],
      ['distance,loss\n1,2\n2,NaN\n', /line 3: loss is "NaN"/],
      ['distance,loss\n1,2\n2,0x10\n', /line 3: loss is "0x10"/],
      ['distance,loss\n1,2\n2,1e999\n', /line 3: loss is 1e999/],
      ['distance,loss\n0,2\n2,3\n', /line 2: distance is 0; it must be above 0/],
      ['distance,loss\n1,2\n2,-3\n', /line 3: loss is -3; it must be 0 dB or more/],
      ['distance,loss\n1,2\n2,3\n2,4\n', /line 4: distance is 2 km after 2 km; distances must rise/],
    ] as const) {
      assert.throws(() => parseLossCurve(text, 'x.csv'), { code: 'optics/curve', message });
    }
  });
});

describe('a curve channel', () => {
  const curve = parseLossCurve(MICIUS, FILE);
  const channel = curveChannel(curve, SOURCE);

  it('gives the measured loss at the measured ranges and a straight line between them', () => {
    for (const i of [0, 1, 777, 5549, 5550]) {
      const { totalDb } = channel.loss({ rangeKm: curve.rangeKm[i]!, elevationDeg: 40 });
      assert.ok(Math.abs(totalDb - curve.lossDb[i]!) < 1e-12);
    }
    const coarse = curveChannel(
      { rangeKm: Float64Array.of(100, 200, 400), lossDb: Float64Array.of(10, 20, 50) },
      'test',
    );
    assert.equal(coarse.loss({ rangeKm: 150, elevationDeg: 40 }).totalDb, 15);
    assert.equal(coarse.loss({ rangeKm: 300, elevationDeg: 40 }).totalDb, 35);
    const { terms, transmittance } = coarse.loss({ rangeKm: 200, elevationDeg: 40 });
    assert.deepEqual(terms, [{ name: 'measured channel', lossDb: 20, source: 'test' }]);
    assert.equal(transmittance, 0.01);
  });

  it('knows nothing about fading', () => {
    assert.equal(channel.fading({ rangeKm: 900, elevationDeg: 40 }), null);
  });

  it('stays between its neighbours and never gains energy', () => {
    fc.assert(
      fc.property(fc.double({ min: 645, max: 1200, noNaN: true }), (rangeKm) => {
        assert.ok(channel.covers({ rangeKm, elevationDeg: 40 }));
        const { totalDb, transmittance } = channel.loss({ rangeKm, elevationDeg: 40 });
        const below = Math.min(5549, Math.floor((rangeKm - 645) * 10 + 1e-6));
        const around = curve.lossDb.subarray(Math.max(0, below - 1), below + 3);
        assert.ok(totalDb >= Math.min(...around) && totalDb <= Math.max(...around));
        assert.ok(transmittance > 0 && transmittance <= 1);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('refuses ranges that nobody measured, naming them and the limits', () => {
    for (const rangeKm of [644.99, 1200.01, Number.NaN, -700]) {
      assert.equal(channel.covers({ rangeKm, elevationDeg: 40 }), false);
      for (const ask of [channel.loss, channel.fading]) {
        assert.throws(() => ask({ rangeKm, elevationDeg: 40 }), {
          code: 'optics/range',
          message: `rangeKm is ${rangeKm}; the measured loss curve goes from 645 to 1200 km`,
        });
      }
    }
  });

  it('refuses tables that are no curve', () => {
    for (const [rangeKm, lossDb] of [
      [[1], [1]],
      [[1, 2], [1]],
      [
        [2, 1],
        [1, 2],
      ],
    ] as const) {
      const table = { rangeKm: Float64Array.from(rangeKm), lossDb: Float64Array.from(lossDb) };
      assert.throws(() => curveChannel(table, 'test'), { code: 'optics/curve' });
    }
  });
});
