import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { root } from './root.ts';

describe('root', () => {
  it('finds where a function crosses zero, in either direction, in few steps', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.double({ min: 0.01, max: 3, noNaN: true }),
        fc.constantFrom(-1, 1),
        (zero, steepness, sign) => {
          let calls = 0;
          const f = (x: number) => {
            calls++;
            return sign * (Math.expm1(steepness * (x - zero)) + (x - zero) ** 3);
          };
          const found = root(f, -6, 7, f(-6), f(7), 1e-9);
          assert.ok(Math.abs(found - zero) <= 2e-9);
          assert.ok(calls < 60);
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  it('takes an end that is a root', () => {
    const f = (x: number) => x;
    assert.equal(root(f, 0, 1, 0, 1, 1e-9), 0);
    assert.equal(root(f, -1, 0, -1, 0, 1e-9), 0);
  });
});
