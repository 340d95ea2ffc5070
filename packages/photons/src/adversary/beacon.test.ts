import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellsOf, gain, tableOf } from '../test/flawed-link.ts';
import { falseBeacon } from './beacon.ts';

test('a false beacon is off by its angle, and half of the light is lost at half of the field', () => {
  const honest = gain(cellsOf(tableOf([])), 0);
  const table = tableOf([falseBeacon.create(25)]);
  assert.equal(table.conditions.monitors.beaconResidualMicroRad, 25);
  const cells = cellsOf(table);
  // Detectors lose some more of light that comes in aslant.
  assert.ok(gain(cells, 0) < 0.5 * honest && gain(cells, 0) > 0.4 * honest);
  assert.ok(cells.knownBits < 0.1 * cells.sifted);
  assert.throws(() => falseBeacon.create(101), { code: 'photons/strength', message: /false-beacon/ });
});
