import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type BeamSpread, gaussianLossDb, topHatLossDb } from './geometric.ts';

const MICIUS: BeamSpread = { divergenceRad: 10e-6, rangeKm: 1200, receiverDiameterM: 1 };

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);

/** Power of a Gaussian spot between two radii by summing rings: an integral that knows nothing of the closed form. */
function ringSum(spotM: number, innerM: number, outerM: number): number {
  const w = spotM / 2;
  const power = (radius: number) => Math.exp((-2 * radius ** 2) / w ** 2) * radius;
  const rings = 20_000;
  const sum = (from: number, to: number) => {
    let total = 0;
    const step = (to - from) / rings;
    for (let i = 0; i < rings; i++) total += power(from + (i + 0.5) * step) * step;
    return total;
  };
  return sum(innerM / 2, outerM / 2) / sum(0, 6 * w);
}

describe('beam spread', () => {
  it('of a top hat reproduces the diffraction loss published for Micius from its divergence', () => {
    near(topHatLossDb(MICIUS), 22, 0.5);
    near(topHatLossDb(MICIUS), 21.58, 0.005);
    near(topHatLossDb({ ...MICIUS, rangeKm: 645 }), 20 * Math.log10(6.45), 1e-12);
  });

  it('of a Gaussian is three decibels less at the same full angle', () => {
    near(gaussianLossDb(MICIUS), 18.6, 0.005);
    near(gaussianLossDb({ ...MICIUS, rangeKm: 645 }), 13.28, 0.005);
  });

  it('of a Gaussian is the integral over the rings that the receiver sees', () => {
    for (const [rangeKm, receiverDiameterM, obscurationDiameterM] of [
      [1200, 1, 0],
      [1200, 1, 0.4],
      [200, 1.2, 0.3],
      [40, 2, 0.1],
    ] as const) {
      const beam = { ...MICIUS, rangeKm, receiverDiameterM, obscurationDiameterM };
      const expected = ringSum(beam.divergenceRad * rangeKm * 1000, obscurationDiameterM, receiverDiameterM);
      near(gaussianLossDb(beam), -10 * Math.log10(expected), 1e-5);
    }
  });

  it('costs the area of the obscuration', () => {
    const hidden = topHatLossDb({ ...MICIUS, obscurationDiameterM: 0.5 }) - topHatLossDb(MICIUS);
    near(hidden, -10 * Math.log10(0.75), 1e-12);
    assert.equal(topHatLossDb({ ...MICIUS, rangeKm: 10, obscurationDiameterM: 0.2 }), Number.POSITIVE_INFINITY);
  });

  it('is nothing for a spot smaller than the receiver', () => {
    assert.equal(topHatLossDb({ ...MICIUS, rangeKm: 50 }), 0);
    near(gaussianLossDb({ ...MICIUS, rangeKm: 20 }), 0, 1e-12);
  });

  it('is never negative and grows with range and divergence', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e-3, noNaN: true }),
        fc.double({ min: 1, max: 40_000, noNaN: true }),
        fc.double({ min: 0.05, max: 4, noNaN: true }),
        fc.double({ min: 1.001, max: 3, noNaN: true }),
        (divergenceRad, rangeKm, receiverDiameterM, factor) => {
          const beam = { divergenceRad, rangeKm, receiverDiameterM };
          for (const lossDb of [topHatLossDb, gaussianLossDb]) {
            assert.ok(lossDb(beam) >= 0);
            assert.ok(lossDb({ ...beam, rangeKm: rangeKm * factor }) >= lossDb(beam));
            assert.ok(lossDb({ ...beam, divergenceRad: divergenceRad * factor }) >= lossDb(beam));
          }
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('refuses what is no beam and no receiver', () => {
    for (const change of [
      { divergenceRad: 0 },
      { divergenceRad: Number.NaN },
      { rangeKm: -1 },
      { rangeKm: Number.POSITIVE_INFINITY },
      { receiverDiameterM: 0 },
      { obscurationDiameterM: -0.1 },
      { obscurationDiameterM: 1.1 },
    ]) {
      const field = Object.keys(change)[0]!;
      assert.throws(() => topHatLossDb({ ...MICIUS, ...change }), { code: 'optics/parameter', message: RegExp(field) });
      assert.throws(() => gaussianLossDb({ ...MICIUS, ...change }), { code: 'optics/parameter' });
    }
  });
});
