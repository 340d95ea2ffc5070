import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gammaAbove, gammaBelow, logGamma, logGammaQuantile } from './gamma.ts';
import { normalQuantile } from './normal-quantile.ts';

const near = (actual: number, expected: number, relative = 1e-10) =>
  assert.ok(Math.abs(actual / expected - 1) <= relative, `${actual} is not ${expected}`);

const gammaQuantile = (a: number, below: number) =>
  Math.exp(logGammaQuantile(a, normalQuantile(below), below, 1 - below));

describe('gamma function', () => {
  it('is the factorial at whole numbers and has the square root of pi at halves', () => {
    let factorial = 1;
    for (let n = 1; n < 30; factorial *= n++) near(Math.exp(logGamma(n)), factorial, 1e-12);
    near(Math.exp(logGamma(0.5)), Math.sqrt(Math.PI));
    near(Math.exp(logGamma(5.5)), (945 / 32) * Math.sqrt(Math.PI));
  });

  it('reflects: gamma(x) gamma(1 - x) = pi / sin(pi x)', () => {
    for (const x of [0.01, 1 / 6, 0.3, 0.5, 0.9]) {
      near(Math.exp(logGamma(x) + logGamma(1 - x)), Math.PI / Math.sin(Math.PI * x));
    }
  });
});

describe('gamma distribution', () => {
  it('is a Poisson sum at whole shapes', () => {
    for (const a of [1, 2, 7, 40]) {
      for (const x of [0.05, 1, 6.5, 30, 90]) {
        let term = Math.exp(-x);
        let above = 0;
        for (let k = 0; k < a; k++) {
          above += term;
          term *= x / (k + 1);
        }
        near(gammaAbove(a, x), above, 1e-11);
        assert.ok(Math.abs(gammaBelow(a, x) + gammaAbove(a, x) - 1) < 1e-15);
      }
    }
  });

  it('has quantiles that undo it, far into the tails', () => {
    for (const a of [0.4, 1, 1.7, 4, 30, 1000]) {
      for (const p of [1e-14, 1e-6, 0.02, 0.5, 0.97, 0.999999]) near(gammaBelow(a, gammaQuantile(a, p)), p);
    }
    near(gammaQuantile(1, 0.3), -Math.log(0.7));
  });
});
