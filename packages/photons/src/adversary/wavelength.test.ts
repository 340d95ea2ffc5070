import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellsOf, errorRate, flawedReceiver, gain, near, tableOf } from '../test/flawed-link.ts';
import { wavelength } from './wavelength.ts';

const withSplitter = (toX: number, toZ: number) => ({
  ...flawedReceiver,
  flaws: {
    ...flawedReceiver.flaws,
    splitter: [
      [750, toX],
      [850, 0.5],
      [950, toZ],
    ],
    filter: { centreNm: 850, widthNm: 1, outside: 1e-3 },
  } as const,
});

test("a splitter that separates fully gives her every bit, and no errors but the receiver's own", () => {
  const receiver = withSplitter(1, 0);
  const honest = cellsOf(tableOf([], { receiver }));
  const table = tableOf([wavelength.create(1)], { receiver });
  const cells = cellsOf(table);
  for (const basis of [0, 1] as const) near(errorRate(cells, basis), errorRate(honest, basis), 0.15);
  for (const k of [0, 1]) near(gain(cells, k), gain(honest, k), 0.02);
  near(cells.knownBits, cells.sifted, 1e-12);
  // A thousand photons for one, past the filter: the photodiode beside the band sees a hundredth of them.
  assert.ok(table.conditions.monitors.outOfBandHz > 1e6);
});

test('a twentieth that the splitter sends astray is errors', () => {
  const receiver = withSplitter(0.95, 0.05);
  const rate = errorRate(cellsOf(tableOf([wavelength.create(1)], { receiver })), 0);
  assert.ok(rate > 0.02 && rate < 0.05, `${rate}`);
});

test('without a curve, or with an active choice, it is intercept-resend: a quarter of errors', () => {
  const active = { ...withSplitter(1, 0), flaws: { ...withSplitter(1, 0).flaws, basisChoice: 'active' as const } };
  for (const receiver of [{ ...flawedReceiver, flaws: {} }, active]) {
    const cells = cellsOf(tableOf([wavelength.create(1)], { receiver }));
    near(errorRate(cells, 0), 0.25 + 0.5 * 0.01, 0.02);
    near(cells.knownBits, cells.sifted / 2, 0.02);
  }
});

test('a tenth of the pulses, and the others as they were', () => {
  const receiver = withSplitter(1, 0);
  const cells = cellsOf(tableOf([wavelength.create(0.1)], { receiver }));
  near(cells.knownBits, 0.1 * cells.sifted, 0.02);
  assert.throws(() => wavelength.create(2), { code: 'photons/strength' });
});
