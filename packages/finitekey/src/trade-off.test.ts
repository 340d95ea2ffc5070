import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { normalCdf } from './normal.ts';
import {
  compose,
  dip,
  gaussianTradeOff,
  indistinguishable,
  lower,
  poissonTradeOff,
  pureTradeOff,
  type TradeOff,
  traceTradeOff,
  upper,
} from './trade-off.ts';

fc.configureGlobal({ seed: 6, numRuns: 200 });

const yields = fc.double({ min: -12, max: 0, noNaN: true }).map((exponent) => 10 ** exponent);
const named: readonly (readonly [string, TradeOff])[] = [
  ['no difference', indistinguishable],
  ['Gaussian, 0.01 sd', gaussianTradeOff(0.01)],
  ['Gaussian, 1 sd', gaussianTradeOff(1)],
  ['Gaussian, 6 sd', gaussianTradeOff(6)],
  ['pure, nearly alike', pureTradeOff(1 - 1e-7)],
  ['pure, orthogonal', pureTradeOff(0)],
  ['trace distance 1e-4', traceTradeOff(1e-4)],
  ['Poisson memory', poissonTradeOff(0.8, 0.02)],
  ['two at once', compose(gaussianTradeOff(0.1), compose(poissonTradeOff(0.8, 0.02), pureTradeOff(1 - 1e-7)))],
];

describe('normal distribution', () => {
  it('agrees with tables, far tail included', () => {
    // Abramowitz and Stegun, tables 26.1 and 26.2.
    for (const [x, p] of [
      [0, 0.5],
      [1, 0.841344746068543],
      [-3, 1.349898031630095e-3],
      [-5, 2.866515718791939e-7],
      [-8, 6.220960574271785e-16],
    ] as const) {
      assert.ok(Math.abs(normalCdf(x) / p - 1) < 1e-12, `Phi(${x}) = ${normalCdf(x)}`);
    }
    assert.ok(Math.abs(normalCdf(-2.9999999999) / normalCdf(-3.0000000001) - 1) < 1e-8);
  });
});

describe('trade-offs', () => {
  for (const [name, tradeOff] of named) {
    it(`${name}: at least y, increasing, concave, and the inverse inverts`, () => {
      fc.assert(
        fc.property(yields, yields, (a, b) => {
          const [low, high] = a < b ? [a, b] : [b, a];
          const u = upper(tradeOff, low);
          assert.ok(u >= low * (1 - 1e-12) && u <= upper(tradeOff, high) * (1 + 1e-12));
          const middle = (low + high) / 2;
          assert.ok(upper(tradeOff, middle) >= ((u + upper(tradeOff, high)) / 2) * (1 - 1e-12));
          assert.ok(upper(tradeOff, lower(tradeOff, low)) <= Math.max(low, upper(tradeOff, 0)) * (1 + 1e-9));
          if (u < 0.999) assert.ok(lower(tradeOff, u) >= low * (1 - 1e-9) - 1e-12);
        }),
      );
    });

    it(`${name}: slopes fall and the dip is the minimum of a scan`, () => {
      for (let m = 1; m < tradeOff.slope.length; m++) {
        assert.ok(tradeOff.slope[m]! < tradeOff.slope[m - 1]! && tradeOff.rise[m]! >= tradeOff.rise[m - 1]!);
      }
      fc.assert(
        fc.property(yields, fc.double({ min: -2, max: 2, noNaN: true }), (b, ratio) => {
          const a = b * 10 ** ratio;
          let least = 0;
          for (let e = -14; e <= 0; e += 0.02) {
            for (const y of [10 ** e, 1 - 10 ** e]) least = Math.min(least, a * y - b * upper(tradeOff, y));
          }
          least = Math.min(least, -b * upper(tradeOff, 0));
          const bound = dip(tradeOff, a, b);
          assert.ok(bound <= least + 1e-12 * b, `${bound} above ${least}`);
          assert.ok(bound >= least * 1.01 - 1e-9 * b, `${bound} far below ${least}`);
        }),
      );
    });
  }

  it('Gaussian: lies above Neyman and Pearson by less than 5e-3 of itself', () => {
    for (const distance of [0.003, 0.1, 1, 3]) {
      for (let x = -7; x < 4; x += 0.017) {
        const ratio = upper(gaussianTradeOff(distance), normalCdf(x)) / normalCdf(x + distance);
        assert.ok(ratio >= 1 - 1e-12 && ratio < 1.005, `${distance} ${x}: ${ratio}`);
      }
    }
  });

  it('pure states: no measurement in their plane does better, and one does as well', () => {
    const angle = 0.03;
    const tradeOff = pureTradeOff(Math.cos(angle));
    let met = 0;
    for (let phi = 0; phi < Math.PI; phi += 0.0005) {
      // Detect along phi: the states stand at 0 and at the angle.
      const y = Math.cos(phi) ** 2;
      const other = Math.cos(phi - angle) ** 2;
      assert.ok(other <= upper(tradeOff, y) + 1e-12);
      if (y > 1e-4 && y < 0.9 && other > 0.999 * upper(tradeOff, y)) met++;
    }
    assert.ok(met > 500);
  });

  it('Poisson memory: every event of the numbers is covered, in both directions', () => {
    const deviation = 0.05;
    const mean = 1.6;
    const tradeOff = poissonTradeOff(mean, deviation);
    const weights = (mu: number) => {
      const list = [Math.exp(-mu)];
      for (let n = 1; n < 40; n++) list.push((list[n - 1]! * mu) / n);
      return list;
    };
    const one = weights(mean * (1 - deviation));
    const two = weights(mean * (1 + deviation));
    for (let from = 0; from < 12; from++) {
      for (let to = from; to < 40; to += 3) {
        const p = one.slice(from, to + 1).reduce((s, v) => s + v, 0);
        const q = two.slice(from, to + 1).reduce((s, v) => s + v, 0);
        assert.ok(q <= upper(tradeOff, p) * (1 + 1e-12) && p <= upper(tradeOff, q) * (1 + 1e-12));
      }
    }
  });

  it('two at once are one after the other, to 1 % above at most', () => {
    const first = gaussianTradeOff(0.2);
    const second = poissonTradeOff(0.8, 0.02);
    const both = compose(first, second);
    for (let e = -9; e < 0; e += 0.05) {
      const exact = upper(second, upper(first, 10 ** e));
      const ratio = upper(both, 10 ** e) / exact;
      assert.ok(ratio >= 1 - 1e-12 && ratio < 1.01, `${e}: ${ratio}`);
    }
  });
});
