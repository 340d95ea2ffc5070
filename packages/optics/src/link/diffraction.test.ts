import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { besselJ } from '../numerics/bessel.ts';
import { gaussLegendre } from '../numerics/quadrature.ts';
import { lossDbOf } from './decibel.ts';
import { type ApertureBeam, apertureHalfAngleRad, farFieldKm, ringShare } from './diffraction.ts';
import { gaussianLossDb } from './geometric.ts';

const MICIUS: ApertureBeam = { kind: 'aperture', diameterM: 0.3, waistRadiusM: 0.15, obscurationDiameterM: 0 };

const inside = (beam: ApertureBeam, wavelengthNm: number, rangeKm: number, outerRadiusM: number, innerRadiusM = 0) =>
  ringShare({ beam, wavelengthNm, rangeKm, innerRadiusM, outerRadiusM });

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);

const apertures = fc
  .record({
    diameterM: fc.double({ min: 0.02, max: 1, noNaN: true }),
    waist: fc.double({ min: 0.1, max: 3, noNaN: true }),
    obscuration: fc.double({ min: 0, max: 0.6, noNaN: true }),
  })
  .map(
    ({ diameterM, waist, obscuration }): ApertureBeam => ({
      kind: 'aperture',
      diameterM,
      waistRadiusM: (waist * diameterM) / 2,
      obscurationDiameterM: obscuration * diameterM,
    }),
  );
const ranges = fc.double({ min: 200, max: 40_000, noNaN: true });

/** Fresnel's integral for a collimated beam, written out on its own. */
function fresnelShare(beam: ApertureBeam, wavelengthNm: number, rangeKm: number, outerRadiusM: number): number {
  const a = beam.diameterM / 2;
  const k = (2 * Math.PI) / (wavelengthNm * 1e-9);
  const s = (k * a * outerRadiusM) / (rangeKm * 1e3);
  const defocus = (k * a * a) / (2 * rangeKm * 1e3);
  const inner = beam.obscurationDiameterM / beam.diameterM;
  const { nodes, weights } = gaussLegendre(8, 30);
  let power = 0;
  const pupil = [...nodes].map((node, j) => {
    const x = inner + (1 - inner) * node;
    const field = Math.exp(-((x * a) ** 2) / beam.waistRadiusM ** 2);
    power += weights[j]! * (1 - inner) * x * field ** 2;
    return { x, field: weights[j]! * (1 - inner) * x * field };
  });
  let sum = 0;
  for (const [i, node] of nodes.entries()) {
    let re = 0;
    let im = 0;
    for (const { x, field } of pupil) {
      const wave = field * besselJ(0, s * node * x);
      re += wave * Math.cos(defocus * x * x);
      im += wave * Math.sin(defocus * x * x);
    }
    sum += weights[i]! * s * s * node * (re * re + im * im);
  }
  return sum / power;
}

describe('a diffraction-limited beam', () => {
  it('gives the values of the public code of SatQuMA', () => {
    for (const [rangeKm, expectedDb] of [
      [500, 4.334],
      [570.5, 5.28],
      [683.1, 6.643],
      [909.4, 8.926],
      [1192.8, 11.17],
      [1694.6, 14.142],
    ] as const) {
      near(lossDbOf(inside(MICIUS, 810, rangeKm, 0.6)), expectedDb, 0.001);
    }
    near(lossDbOf(inside(MICIUS, 848.6, 1200, 0.5)), 13.15, 0.005);
  });

  it('is a Gaussian beam when the aperture cuts nothing off', () => {
    const wide = { ...MICIUS, diameterM: 2 };
    const half = apertureHalfAngleRad(wide, 848.6);
    near(half / (848.6e-9 / Math.PI / 0.15), 1, 1e-7);
    for (const rangeKm of [200, 1200, 40_000]) {
      const gaussian = gaussianLossDb({ divergenceRad: 2 * half, rangeKm, receiverDiameterM: 1 });
      near(lossDbOf(inside(wide, 848.6, rangeKm, 0.5)), gaussian, 1e-6);
    }
  });

  it('is an Airy pattern when the aperture is filled evenly: 83.8 % inside the first dark ring, 91.0 % inside the second', () => {
    const filled = { ...MICIUS, waistRadiusM: 1e3 };
    const perMetre = (Math.PI * 0.3) / 810e-9 / 1e6;
    near(inside(filled, 810, 1000, 3.8317 / perMetre), 0.8378, 1e-4);
    near(inside(filled, 810, 1000, 7.0156 / perMetre), 0.9099, 1e-4);
    // Small receivers see the peak, pi a^2 A / (lambda R)^2.
    near(inside(filled, 810, 1000, 0.01) / ((Math.PI ** 2 * 0.15 ** 2 * 0.01 ** 2) / 0.81 ** 2), 1, 1e-4);
  });

  it('loses nothing: rings add up to the disc, and a receiver that grows without bound collects everything', () => {
    fc.assert(
      fc.property(apertures, ranges, fc.double({ min: 0.1, max: 5, noNaN: true }), (beam, rangeKm, radiusM) => {
        const rings = [0, 0.2, 0.5, 0.9, 1].map((part) => part * radiusM);
        const sum = rings.slice(1).reduce((all, outer, i) => all + inside(beam, 810, rangeKm, outer, rings[i]), 0);
        const disc = inside(beam, 810, rangeKm, radiusM);
        near(sum, disc, 1e-8);
        const spotM = (rangeKm * 1e3 * 810e-9) / beam.diameterM;
        const hull = inside(beam, 810, rangeKm, 1e6 * spotM);
        assert.ok(hull <= 1 && hull > 1 - 1e-4);
        assert.ok(hull >= disc);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it('carries on smoothly where the tail begins, and never loses by a wider receiver', () => {
    const perMetre = (Math.PI * 0.3) / 810e-9 / 1e6;
    let last = 0;
    for (let s = 58; s < 76; s += 0.5) {
      const share = inside(MICIUS, 810, 1000, s / perMetre);
      assert.ok(share >= last && share - last < (last ? 2e-4 : 1));
      last = share;
    }
    // The edge's tail of the filled aperture is 2/(pi s).
    const filled = { ...MICIUS, waistRadiusM: 1e3 };
    for (const s of [100, 1000]) near(1 - inside(filled, 810, 1000, s / perMetre), 2 / (Math.PI * s), 2e-4);
  });

  it('is reciprocal: transmitter and receiver of the same make may change places', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        fc.double({ min: 0.3, max: 3, noNaN: true }),
        ranges,
        (oneM, otherM, waist, rangeKm) => {
          const make = (diameterM: number): ApertureBeam => ({
            kind: 'aperture',
            diameterM,
            waistRadiusM: (waist * diameterM) / 2,
            obscurationDiameterM: 0,
          });
          const there = inside(make(oneM), 1550, rangeKm, otherM / 2);
          near(inside(make(otherM), 1550, rangeKm, oneM / 2) / there, 1, 1e-9);
        },
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  it('is within 0.23 dB of a collimated beam from D^2/lambda on, and within 0.06 dB at twice that', () => {
    for (const beam of [MICIUS, { ...MICIUS, waistRadiusM: 10 }, { ...MICIUS, obscurationDiameterM: 0.1 }]) {
      for (const radiusM of [0.01, 0.3, 0.6]) {
        for (const [multiple, toleranceDb] of [
          [1, 0.23],
          [2, 0.06],
          [4, 0.015],
        ] as const) {
          const rangeKm = multiple * farFieldKm(0.3, 810);
          near(
            10 * Math.log10(fresnelShare(beam, 810, rangeKm, radiusM) / inside(beam, 810, rangeKm, radiusM)),
            0,
            toleranceDb,
          );
        }
      }
    }
    near(farFieldKm(0.3, 810), 111.1, 0.05);
  });

  it('has the curvature of the Gaussian that stands in for it', () => {
    fc.assert(
      fc.property(apertures, (beam) => {
        const half = apertureHalfAngleRad(beam, 810);
        const density = (angle: number) =>
          inside(beam, 810, 1000, (angle + 0.005 * half) * 1e6, (angle - 0.005 * half) * 1e6) / angle;
        // exp(-2 theta^2/omega^2) between 2 and 5 percent of omega.
        const fall = Math.log(density(0.02 * half) / density(0.05 * half));
        near(fall / (2 * (0.05 ** 2 - 0.02 ** 2)), 1, 0.02);
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  it('refuses apertures that are none', () => {
    for (const [change, field] of [
      [{ diameterM: 0 }, /diameterM/],
      [{ waistRadiusM: Number.NaN }, /waistRadiusM/],
      [{ obscurationDiameterM: 0.3 }, /obscurationDiameterM/],
      [{ obscurationDiameterM: -0.1 }, /obscurationDiameterM/],
    ] as const) {
      assert.throws(() => inside({ ...MICIUS, ...change }, 810, 1000, 1), { code: 'optics/parameter', message: field });
    }
    assert.throws(() => inside(MICIUS, 0, 1000, 1), { code: 'optics/parameter', message: /wavelengthNm/ });
    assert.throws(() => inside(MICIUS, 810, -1, 1), { code: 'optics/parameter', message: /rangeKm/ });
    assert.throws(() => inside(MICIUS, 810, 1000, 1, 2), { code: 'optics/parameter', message: /innerRadiusM/ });
  });
});
