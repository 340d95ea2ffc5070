import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { apertureHalfAngleRad } from './diffraction.ts';
import { type BeamSpread, beamSpreadLossDb, gaussianHalfAngleRad, gaussianLossDb, topHatLossDb } from './geometric.ts';
import type { Beam } from './link.ts';

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

const BEAMS: Beam[] = [
  { kind: 'top-hat', divergenceRad: 10e-6 },
  { kind: 'gaussian', divergenceRad: 10e-6 },
  { kind: 'aperture', diameterM: 0.3, waistRadiusM: 0.15, obscurationDiameterM: 0.05 },
];

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

  it('of a top hat is up to 3 dB more than of a Gaussian while the receiver is under 0.89 of the spot, then less', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 3, noNaN: true }), (share) => {
        const beam = { divergenceRad: 10e-6, rangeKm: 1000, receiverDiameterM: share * 10 };
        const more = topHatLossDb(beam) - gaussianLossDb(beam);
        // 1 - exp(-2 x^2) = x^2 at x = 0.8926.
        assert.ok(share < 0.8926 ? more >= 0 && more < 3.0103 : share > 0.8927 ? more <= 0 : true);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('loses nothing, whatever the beam: rings add up to 1, and a receiver that grows without bound collects all', () => {
    for (const beam of BEAMS) {
      const spot = { beam, wavelengthNm: 810, rangeKm: 1200 };
      const edges = [0, 0.5, 2, 5, 9, 15, 1e6];
      let sum = 0;
      for (let i = 1; i < edges.length; i++) {
        const ring = { receiverDiameterM: edges[i]!, obscurationDiameterM: edges[i - 1]! };
        sum += 10 ** (-beamSpreadLossDb({ ...spot, ...ring }) / 10);
      }
      near(sum, 1, 1e-5);
      assert.ok(beamSpreadLossDb({ ...spot, receiverDiameterM: 1e6 }) < 1e-4);
    }
  });

  it('grows with range and falls with the receiver, whatever the beam', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...BEAMS),
        fc.double({ min: 50, max: 40_000, noNaN: true }),
        fc.double({ min: 0.05, max: 4, noNaN: true }),
        fc.double({ min: 1, max: 3, noNaN: true }),
        (beam, rangeKm, receiverDiameterM, factor) => {
          const spot = { beam, wavelengthNm: 850, rangeKm, receiverDiameterM };
          const here = beamSpreadLossDb(spot);
          assert.ok(here >= 0);
          assert.ok(beamSpreadLossDb({ ...spot, rangeKm: rangeKm * factor }) >= here - 1e-9);
          assert.ok(beamSpreadLossDb({ ...spot, receiverDiameterM: receiverDiameterM * factor }) <= here + 1e-9);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  it('has a Gaussian to stand in for it', () => {
    assert.equal(gaussianHalfAngleRad(BEAMS[0]!, 810), 5e-6);
    assert.equal(gaussianHalfAngleRad(BEAMS[1]!, 810), 5e-6);
    const aperture = BEAMS[2]!;
    assert.ok(aperture.kind === 'aperture');
    assert.equal(gaussianHalfAngleRad(aperture, 810), apertureHalfAngleRad(aperture, 810));
    // Cut off at its waist, a beam spreads more than the Gaussian would: lambda/(pi w0) = 1.72 microrad.
    near(gaussianHalfAngleRad(aperture, 810) * 1e6, 2.56, 0.1);
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
