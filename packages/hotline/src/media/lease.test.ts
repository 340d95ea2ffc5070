import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LEASE_MS, Lease } from './lease.ts';

describe('the lease', () => {
  test('holds for 900 ms from when it was asked for, and not before the first answer', () => {
    const lease = new Lease();
    assert.equal(LEASE_MS, 900);
    assert.equal(lease.holds(0), false);
    lease.renew(1000);
    // The answer came at 1,400; what counts is when the desk was asked.
    assert.deepEqual(
      [999, 1000, 1400, 1899, 1900, 5000].map((now) => lease.holds(now)),
      [false, true, true, true, false, false],
    );
  });

  test('goes on with each renewal; an answer that is late takes nothing back', () => {
    const lease = new Lease();
    lease.renew(1000);
    lease.renew(1300);
    lease.renew(1100);
    assert.equal(lease.holds(2199), true);
    assert.equal(lease.holds(2200), false);
    lease.renew(2300);
    assert.equal(lease.holds(2300), true);
  });

  test('does not hold when the clock is set back', () => {
    const lease = new Lease();
    lease.renew(10_000);
    assert.equal(lease.holds(9_000), false);
  });

  test('is never longer, and begins at a time', () => {
    for (const length of [0, -1, 901, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => new Lease(length), RangeError);
    const lease = new Lease(100);
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY]) assert.throws(() => lease.renew(time), RangeError);
    lease.renew(0);
    assert.deepEqual([lease.holds(99), lease.holds(100)], [true, false]);
  });
});
