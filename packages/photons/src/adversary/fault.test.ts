import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  binaryEntropy,
  byDetector,
  cellsOf,
  errorRate,
  flawedReceiver,
  gain,
  near,
  tableOf,
} from '../test/flawed-link.ts';
import { afterPulseFault, deadDetector, hotDetector, laserDiodeFault, misalignment } from './fault.ts';

test('one detector fades, with its noise, and the others stay', () => {
  const honest = byDetector(cellsOf(tableOf([])));
  const table = tableOf([deadDetector.create(0.4)]);
  const clicks = byDetector(cellsOf(table));
  near(clicks[1]!, 0.6 * honest[1]!, 1e-3);
  for (const d of [0, 2, 3]) near(clicks[d]!, honest[d]!, 1e-12);
  near(table.noiseHz[1]!, 0.6 * table.noiseHz[0]!, 1e-12);
  assert.equal(byDetector(cellsOf(tableOf([deadDetector.create(1)])))[1], 0);
});

test('with a detector of the key basis gone its bits are known to all, those of the other basis are not', () => {
  const receiver = { ...flawedReceiver, flaws: {}, misalignment: 0 };
  const cells = cellsOf(tableOf([deadDetector.create(1)], { receiver }));
  // A third of what is sifted is left in X.
  near(cells.knownBits, cells.sifted / 3, 1e-3);
  const half = cellsOf(tableOf([deadDetector.create(0.5)], { receiver }));
  near(half.knownBits, half.sifted * (1.5 / 3.5) * (1 - binaryEntropy(2 / 3)), 1e-3);
});

test('one detector grows noisy', () => {
  const honest = tableOf([]).noiseHz[0]!;
  const { noiseHz } = tableOf([hotDetector.create(20_000)]);
  assert.deepEqual([...noiseHz], [honest, honest + 20_000, honest, honest]);
});

test('frames that turn make errors of sin squared, and shift the counts of unequal bases, which no tap does', () => {
  const receiver = { ...flawedReceiver, flaws: {}, misalignment: 0 };
  const cells = cellsOf(tableOf([misalignment.create(5)], { receiver }));
  const angle = (5 * Math.PI) / 180;
  for (const basis of [0, 1] as const) near(errorRate(cells, basis), Math.sin(angle) ** 2, 1e-3);
  // Sent Z0, found X: an even split without a rotation.
  const [x0, x1] = [cells.inside[2 * 4]!, cells.inside[2 * 4 + 1]!];
  near(Math.abs(x0 - x1) / (x0 + x1), Math.sin(2 * angle), 1e-3);
  assert.equal(cells.knownBits, 0);
});

test('after-pulses multiply', () => {
  assert.equal(tableOf([afterPulseFault.create(5)]).conditions.afterPulseScale, 5);
  assert.throws(() => afterPulseFault.create(0.5), { code: 'photons/strength' });
});

test('a dim diode: its state is rarer, the power meter sees its share, and the bias is all that is known', () => {
  const receiver = { ...flawedReceiver, flaws: {}, misalignment: 0 };
  const honest = cellsOf(tableOf([], { receiver }));
  const table = tableOf([laserDiodeFault.create(0.3)], { receiver });
  const cells = cellsOf(table);
  const sent = (of: typeof cells, state: number): number => {
    let clicks = 0;
    for (let d = 0; d < 4; d++) clicks += of.inside[state * 4 + d]!;
    return clicks;
  };
  near(sent(cells, 1), 0.7 * sent(honest, 1), 1e-3);
  for (const state of [0, 2, 3]) near(sent(cells, state), sent(honest, state), 1e-12);
  near(gain(cells, 1), gain(honest, 1), 1e-12);
  // The signal has 0.4 of 0.425 photons of a mean pulse, a quarter of it in this diode.
  near(table.conditions.monitors.sourcePowerRatio, 1 - (0.3 * 0.4) / 0.425 / 4, 1e-9);
  const inX = (sent(cells, 0) + sent(cells, 1)) / 2;
  near(cells.knownBits, inX * (1 - binaryEntropy(1 / 1.7)), 1e-3);
});

test('a fault acts in its time only', () => {
  const later = { fromS: 5, toS: 6 };
  for (const fault of [deadDetector, hotDetector, misalignment, afterPulseFault, laserDiodeFault]) {
    const table = tableOf([fault.create(fault.strength.usual, later)]);
    assert.deepEqual(cellsOf(table), cellsOf(tableOf([])));
    assert.equal(table.conditions.afterPulseScale, 1);
    assert.equal(table.noiseHz[1], table.noiseHz[0]);
  }
});
