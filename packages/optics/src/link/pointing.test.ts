import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { pointingLossDb } from './pointing.ts';

/** Mean of exp(-2 theta^2) over a plane of Gaussian errors around a bias, by summing over the plane. */
function meanOverPlane(jitter: number, bias: number): number {
  const step = jitter / 10;
  let mean = 0;
  for (let x = -7 * jitter; x <= 7 * jitter; x += step) {
    for (let y = -7 * jitter; y <= 7 * jitter; y += step) {
      const density = Math.exp(-(x * x + y * y) / (2 * jitter ** 2)) / (2 * Math.PI * jitter ** 2);
      mean += density * Math.exp(-2 * ((x + bias) ** 2 + y * y)) * step * step;
    }
  }
  return mean;
}

const angle = fc.double({ min: 0, max: 2e-5, noNaN: true });
const halfAngle = fc.double({ min: 2e-6, max: 1e-4, noNaN: true });

describe('pointing', () => {
  it('costs Micius 0.90 dB', () => {
    assert.ok(Math.abs(pointingLossDb({ beamHalfAngleRad: 5e-6, jitterRad: 1.2e-6 }) - 0.9) < 0.005);
  });

  it('is the mean of the beam profile over jitter around a bias', () => {
    for (const jitter of [0.1, 0.24, 0.5, 1.3]) {
      for (const bias of [0, 0.3, 1.1]) {
        const omega = 3e-6;
        const lossDb = pointingLossDb({ beamHalfAngleRad: omega, jitterRad: jitter * omega, biasRad: bias * omega });
        assert.ok(Math.abs(lossDb - -10 * Math.log10(meanOverPlane(jitter, bias))) < 1e-6);
      }
    }
  });

  it('is the profile itself without jitter', () => {
    const lossDb = pointingLossDb({ beamHalfAngleRad: 5e-6, jitterRad: 0, biasRad: 5e-6 });
    assert.ok(Math.abs(lossDb - 20 * Math.LOG10E) < 1e-12);
    assert.equal(pointingLossDb({ beamHalfAngleRad: 5e-6, jitterRad: 0 }), 0);
  });

  it('is never a gain, grows with bias always and with jitter while the bias is under omega/sqrt(2)', () => {
    fc.assert(
      fc.property(
        halfAngle,
        angle,
        angle,
        fc.double({ min: 1, max: 3, noNaN: true }),
        (omega, jitterRad, biasRad, factor) => {
          const here = pointingLossDb({ beamHalfAngleRad: omega, jitterRad, biasRad });
          assert.ok(here >= 0);
          assert.ok(pointingLossDb({ beamHalfAngleRad: omega, jitterRad, biasRad: biasRad * factor }) >= here);
          const small = Math.min(biasRad, omega / Math.SQRT2);
          const still = pointingLossDb({ beamHalfAngleRad: omega, jitterRad, biasRad: small });
          const shaken = pointingLossDb({ beamHalfAngleRad: omega, jitterRad: jitterRad * factor, biasRad: small });
          assert.ok(shaken >= still - 1e-12);
        },
      ),
      { seed: 1, numRuns: 500 },
    );
    // Beyond, jitter sometimes brings the beam back.
    const off = { beamHalfAngleRad: 5e-6, biasRad: 10e-6 };
    assert.ok(pointingLossDb({ ...off, jitterRad: 3e-6 }) < pointingLossDb({ ...off, jitterRad: 0 }));
  });

  it('refuses what is none', () => {
    for (const [change, field] of [
      [{ beamHalfAngleRad: 0 }, /beamHalfAngleRad/],
      [{ jitterRad: -1e-6 }, /jitterRad/],
      [{ biasRad: Number.NaN }, /biasRad/],
    ] as const) {
      const question = { beamHalfAngleRad: 5e-6, jitterRad: 1e-6, ...change };
      assert.throws(() => pointingLossDb(question), { code: 'optics/parameter', message: field });
    }
  });
});
