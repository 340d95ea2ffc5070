import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fading } from '../link/link.ts';
import { logGamma } from '../numerics/gamma.ts';
import { xorshift } from '../test/xorshift.ts';
import { outageProbability } from './fade.ts';
import { fadingGenerator, fadingSeries, logMeanPointing } from './fading-series.ts';

const TAU = 0.005;
const logNormal = { law: 'log-normal', index: 0.3, alphaBeta: null, correlationS: TAU } as const;
const [ALPHA, BETA] = [4.2, 1.4];
const gammaGamma = {
  law: 'gamma-gamma',
  index: (1 + 1 / ALPHA) * (1 + 1 / BETA) - 1,
  alphaBeta: [ALPHA, BETA],
  correlationS: TAU,
} as const;
const pointing = { jitterRad: 1.5e-6, biasRad: 1e-6, beamHalfAngleRad: 5e-6, correlationS: TAU };

const cases: [string, Fading][] = [
  ['log-normal', { scintillation: logNormal, pointing: null }],
  ['gamma-gamma', { scintillation: gammaGamma, pointing: null }],
  ['pointing', { scintillation: null, pointing }],
  ['log-normal and pointing', { scintillation: logNormal, pointing }],
  ['gamma-gamma and pointing', { scintillation: gammaGamma, pointing }],
];

const mean = (values: Float64Array, of = (value: number) => value) =>
  values.reduce((sum, value) => sum + of(value), 0) / values.length;

/** Mean of exp(-2 n theta^2/omega^2) over the error: the n-th moment of a pointing gain that is not normalised. */
const pointingMoment = (n: number) => Math.exp(logMeanPointing({ ...pointing, beamHalfAngleRad: 5e-6 / Math.sqrt(n) }));

describe('fading series', () => {
  // Ten correlation times apart: samples that do not know each other.
  const drawn = (fading: Fading, seed: number, steps = 200_000) =>
    fadingSeries({ fading, stepS: 10 * TAU, steps, uniform: xorshift(seed) });

  it('has mean 1 and the variance of its parameters, within four standard errors', () => {
    const pointingIndex = pointingMoment(2) / pointingMoment(1) ** 2 - 1;
    for (const [i, [name, fading]] of cases.entries()) {
      const gains = drawn(fading, i + 1);
      const index = (1 + (fading.scintillation?.index ?? 0)) * (1 + (fading.pointing ? pointingIndex : 0)) - 1;
      const m = mean(gains);
      const variance = mean(gains, (gain) => (gain - 1) ** 2);
      const fourth = mean(gains, (gain) => (gain - 1) ** 4);
      assert.ok(Math.abs(m - 1) < 4 * Math.sqrt(index / gains.length), `${name}: mean ${m}`);
      const error = Math.sqrt((fourth - variance ** 2) / gains.length);
      assert.ok(Math.abs(variance - index) < 4 * error, `${name}: ${variance}, not ${index}`);
    }
  });

  it('has the moments of gamma-gamma, G(a + n) G(b + n) / (G(a) G(b) (ab)^n)', () => {
    const gains = drawn({ scintillation: gammaGamma, pointing: null }, 17);
    for (const n of [0.5, 2, 3]) {
      const logMoment = logGamma(ALPHA + n) + logGamma(BETA + n) - logGamma(ALPHA) - logGamma(BETA);
      const expected = Math.exp(logMoment - n * Math.log(ALPHA * BETA));
      const error = Math.sqrt(mean(gains, (gain) => gain ** (2 * n)) / gains.length);
      assert.ok(Math.abs(mean(gains, (gain) => gain ** n) - expected) < 4 * error, `moment ${n}`);
    }
  });

  it('follows its law (Kolmogorov and Smirnov, 1 in 1000)', () => {
    for (const [i, [name, fading]] of cases.entries()) {
      const steps = 20_000;
      const gains = drawn(fading, i + 101, steps).sort();
      let distance = 0;
      for (let at = 0; at < steps; at += 100) {
        distance = Math.max(distance, Math.abs(outageProbability(fading, gains[at]!) - (at + 0.5) / steps));
      }
      assert.ok(distance < 1.95 / Math.sqrt(steps), `${name}: ${distance}`);
    }
  });

  it('forgets to 1/e in the correlation time', () => {
    const perTau = 10;
    for (const [name, fading, of] of [
      ['log-normal', cases[0]![1], Math.log],
      ['gamma-gamma', cases[1]![1], Math.log],
    ] as const) {
      const gains = fadingSeries({ fading, stepS: TAU / perTau, steps: 1_000_000, uniform: xorshift(5) }).map(of);
      const m = mean(gains);
      const variance = mean(gains, (x) => (x - m) ** 2);
      const at = (lag: number) => {
        let sum = 0;
        for (let i = lag; i < gains.length; i++) sum += (gains[i]! - m) * (gains[i - lag]! - m);
        return sum / (gains.length - lag) / variance;
      };
      // 50,000 correlation times leave about 0.005; gamma-gamma's logarithm is not the latent variable itself.
      assert.ok(Math.abs(at(perTau) - 1 / Math.E) < 0.025, `${name}: ${at(perTau)}`);
      assert.ok(Math.abs(at(1) - Math.exp(-1 / perTau)) < 0.02, `${name}: ${at(1)}`);
      assert.ok(Math.abs(at(8 * perTau)) < 0.03, `${name}: ${at(8 * perTau)}`);
    }
  });

  it('lets pointing errors forget in theirs: without bias the squared error does in half of it', () => {
    const free = { ...pointing, biasRad: 0 };
    const fading = { scintillation: null, pointing: free };
    const gains = fadingSeries({ fading, stepS: TAU / 10, steps: 1_000_000, uniform: xorshift(6) }).map(Math.log);
    const m = mean(gains);
    const variance = mean(gains, (x) => (x - m) ** 2);
    let sum = 0;
    for (let i = 5; i < gains.length; i++) sum += (gains[i]! - m) * (gains[i - 5]! - m);
    assert.ok(Math.abs(sum / gains.length / variance - 1 / Math.E) < 0.02);
  });

  it('is the same in one piece and in many, and another for another seed', () => {
    const fading = cases[4]![1];
    const whole = fadingSeries({ fading, stepS: 1e-3, steps: 1000, uniform: xorshift(9) });
    const generator = fadingGenerator({ stepS: 1e-3, uniform: xorshift(9) });
    const parts = new Float64Array(1000);
    for (const [from, to] of [
      [0, 1],
      [1, 400],
      [400, 1000],
    ] as const) {
      generator.fill(fading, parts.subarray(from, to));
    }
    assert.deepEqual(parts, whole);
    assert.notDeepEqual(fadingSeries({ fading, stepS: 1e-3, steps: 1000, uniform: xorshift(10) }), whole);
  });

  it('goes on where it stood when the law changes under it', () => {
    const generator = fadingGenerator({ stepS: TAU / 1000, uniform: xorshift(12) });
    const before = new Float64Array(2000);
    const after = new Float64Array(2000);
    let jumps = 0;
    let together = 0;
    for (let round = 0; round < 200; round++) {
      generator.fill({ scintillation: { ...logNormal, index: 0.3 + 0.001 * round }, pointing }, before);
      generator.fill({ scintillation: gammaGamma, pointing }, after);
      if (Math.log(before[1999]!) * Math.log(after[0]!) > 0) together++;
      if (Math.abs(Math.log(after[0]! / after[1]!)) > 1) jumps++;
    }
    assert.ok(together > 130, `${together} of 200 on the same side of the mean`);
    assert.equal(jumps, 0);
  });

  it('is 1 where nothing fades', () => {
    const steady = fadingSeries({
      fading: { scintillation: null, pointing: null },
      stepS: 1,
      steps: 3,
      uniform: xorshift(1),
    });
    assert.deepEqual([...steady], [1, 1, 1]);
  });

  it('refuses fading that is none', () => {
    const options = { stepS: 1e-3, steps: 10, uniform: xorshift(1) };
    for (const [fading, field] of [
      [{ scintillation: { ...logNormal, index: -0.1 }, pointing: null }, /index/],
      [{ scintillation: { ...logNormal, correlationS: 0 }, pointing: null }, /correlationS/],
      [{ scintillation: { ...gammaGamma, alphaBeta: null }, pointing: null }, /alphaBeta/],
      [{ scintillation: null, pointing: { ...pointing, jitterRad: Number.NaN } }, /jitterRad/],
    ] as const) {
      assert.throws(() => fadingSeries({ ...options, fading }), { code: 'optics/parameter', message: field });
    }
    assert.throws(() => fadingSeries({ ...options, steps: -1, fading: cases[0]![1] }), { message: /steps/ });
    assert.throws(() => fadingGenerator({ stepS: 0, uniform: xorshift(1) }), { message: /stepS/ });
  });
});
