import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Fading } from '../link/link.ts';
import { logGamma } from '../numerics/gamma.ts';
import { fadeQuantile, outageProbability, riceAbove } from './fade.ts';
import { logMeanPointing } from './fading-series.ts';

const logNormal = { law: 'log-normal', index: 0.3, alphaBeta: null, correlationS: 1 } as const;
const gammaGamma = { law: 'gamma-gamma', index: 1.1, alphaBeta: [4.2, 1.4], correlationS: 1 } as const;
const pointing = { jitterRad: 1.5e-6, biasRad: 1e-6, beamHalfAngleRad: 5e-6, correlationS: 1 };

const near = (actual: number, expected: number, relative: number) =>
  assert.ok(Math.abs(actual / expected - 1) <= relative, `${actual} is not ${expected} within ${relative}`);

/** K_nu(x) by its integral over exp(-x cosh t) cosh(nu t) (Abramowitz & Stegun 9.6.24). */
function besselK(nu: number, x: number): number {
  let sum = 0;
  for (let t = -8; t <= 8; t += 1 / 64) sum += Math.exp(-x * Math.cosh(t)) * Math.cosh(nu * t);
  return sum / 128;
}

describe('outage', () => {
  it('of log-normal fading is a normal probability', () => {
    const fading: Fading = { scintillation: logNormal, pointing: null };
    const deviation = Math.sqrt(Math.log(1.3));
    near(outageProbability(fading, Math.exp(-deviation - deviation ** 2 / 2)), 0.158655253931457, 1e-12);
    near(fadeQuantile(fading, 0.5), Math.exp(-(deviation ** 2) / 2), 1e-9);
  });

  it("of gamma-gamma fading is the integral of Al-Habash et al.'s density", () => {
    const [a, b] = gammaGamma.alphaBeta;
    const fading: Fading = { scintillation: gammaGamma, pointing: null };
    const density = (gain: number) =>
      ((2 * (a * b) ** ((a + b) / 2)) / Math.exp(logGamma(a) + logGamma(b))) *
      gain ** ((a + b) / 2 - 1) *
      besselK(a - b, 2 * Math.sqrt(a * b * gain));
    for (const threshold of [0.02, 0.3, 1, 3]) {
      let sum = 0;
      // Midpoints in the cube root of the gain: the density rises steeply from 0.
      const steps = 1500;
      for (let i = 0; i < steps; i++) {
        const u = (i + 0.5) / steps;
        sum += (density(threshold * u ** 3) * 3 * threshold * u * u) / steps;
      }
      near(outageProbability(fading, threshold), sum, 1e-5);
    }
  });

  it('of pointing alone is a Rice probability: a power of the depth without bias', () => {
    const free = { ...pointing, biasRad: 0 };
    const fading: Fading = { scintillation: null, pointing: free };
    const best = Math.exp(-logMeanPointing(free));
    for (const depth of [0.9, 0.5, 0.01]) {
      near(outageProbability(fading, best * depth), depth ** (5 ** 2 / (4 * 1.5 ** 2)), 1e-12);
    }
    assert.equal(outageProbability(fading, best * 1.001), 1);
    near(fadeQuantile(fading, 0.01), best * 0.01 ** ((4 * 1.5 ** 2) / 5 ** 2), 1e-9);
  });

  it('of both is the sum over all pairs', () => {
    const fading: Fading = { scintillation: logNormal, pointing };
    const variance = Math.log(1.3);
    const logMean = logMeanPointing(pointing);
    for (const threshold of [0.2, 0.7, 1.4]) {
      let sum = 0;
      const step = 0.05;
      for (let x = -6; x < 6; x += step) {
        for (let y = -6; y < 6; y += step) {
          const theta2 = (1 + 1.5 * x) ** 2 + (1.5 * y) ** 2;
          const log = Math.log(threshold) + (2 * theta2) / 25 + logMean;
          const below = outageProbability({ scintillation: logNormal, pointing: null }, Math.exp(log));
          sum += ((below * Math.exp(-(x * x + y * y) / 2)) / (2 * Math.PI)) * step * step;
        }
      }
      near(outageProbability(fading, threshold), sum, 2e-4);
    }
    assert.ok(variance > 0);
  });

  it('is undone by the quantile, and grows with the threshold', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Fading>(
          { scintillation: logNormal, pointing: null },
          { scintillation: logNormal, pointing },
          { scintillation: { ...logNormal, index: 1e-4 }, pointing },
          { scintillation: gammaGamma, pointing: null },
          { scintillation: null, pointing },
        ),
        fc.double({ min: 1e-6, max: 0.99, noNaN: true }),
        (fading, probability) => {
          const gain = fadeQuantile(fading, probability);
          near(outageProbability(fading, gain), probability, 1e-6);
          assert.ok(outageProbability(fading, gain * 1.01) > probability);
        },
      ),
      { seed: 8, numRuns: 60 },
    );
  });

  it('of light that does not fade is all or nothing', () => {
    const steady: Fading = { scintillation: null, pointing: null };
    assert.equal(outageProbability(steady, 0.99), 0);
    assert.equal(outageProbability(steady, 1.01), 1);
    near(fadeQuantile(steady, 0.3), 1, 1e-9);
  });

  it('refuses thresholds and probabilities that are none', () => {
    const fading: Fading = { scintillation: logNormal, pointing: null };
    assert.throws(() => outageProbability(fading, 0), { code: 'optics/parameter', message: /threshold/ });
    for (const p of [0, 1, -1, Number.NaN]) assert.throws(() => fadeQuantile(fading, p), { message: /probability/ });
  });
});

it('a Rice variable exceeds what its density says', () => {
  for (const [offset, distance] of [
    [0, 1.3],
    [0.7, 2],
    [3, 1],
    [6, 7.5],
    [40, 41],
  ] as const) {
    // Around the circle, the part of a shifted normal plane that lies outside.
    let inside = 0;
    const [rings, angles] = [8000, 256];
    for (let i = 0; i < rings; i++) {
      const r = (distance * (i + 0.5)) / rings;
      let around = 0;
      for (let j = 0; j < angles; j++) {
        around += Math.exp(r * offset * (Math.cos((2 * Math.PI * (j + 0.5)) / angles) - 1)) / angles;
      }
      inside += ((r * distance) / rings) * Math.exp(-((r - offset) ** 2) / 2) * around;
    }
    assert.ok(Math.abs(riceAbove(offset, distance) - (1 - inside)) < 1e-6, `${offset}, ${distance}`);
  }
});
