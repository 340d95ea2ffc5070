import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { QuotaRules } from './policy.ts';
import { type QuotaRequest, type QuotaState, takeQuota } from './policy-quota.ts';

const NONE: QuotaRules = { rate: null, bitsPerDay: null, keysWaiting: null };
const DAY_MS = 86_400_000;

const request = (more: Partial<QuotaRequest> = {}): QuotaRequest => ({
  bits: 256,
  keys: 1,
  keysWaiting: 0,
  nowMs: 0,
  ...more,
});

describe('a quota', () => {
  it('without limits grants everything', () => {
    assert.ok(takeQuota(NONE, null, request({ bits: 1e12, keys: 1e6 })).granted);
  });

  it('says when it is worth asking again, and when it never is', () => {
    const rate = { ...NONE, rate: { bitsPerS: 100, burstBits: 1000 } };
    const first = takeQuota(rate, null, request({ bits: 1000 }));
    assert.ok(first.granted);
    const soon = takeQuota(rate, first.state, request({ bits: 250, nowMs: 500 }));
    assert.deepEqual(soon, {
      granted: false,
      why: 'this pair may have 100 bits a second and 1000 at once, and asks for 250',
      retryAfterS: 2,
    });
    assert.ok(takeQuota(rate, first.state, request({ bits: 250, nowMs: 2500 })).granted);
    const never = takeQuota(rate, null, request({ bits: 1001 }));
    assert.ok(!never.granted && never.retryAfterS === undefined);
    const day = takeQuota(
      { ...NONE, bitsPerDay: 256 },
      { bits: 0, atMs: 0, day: 0, dayBits: 1 },
      request({ nowMs: DAY_MS - 1500 }),
    );
    assert.ok(!day.granted && day.retryAfterS === 2);
    const waiting = takeQuota({ ...NONE, keysWaiting: 4 }, null, request({ keys: 2, keysWaiting: 3 }));
    assert.ok(!waiting.granted && waiting.retryAfterS === 1);
    const tooMany = takeQuota({ ...NONE, keysWaiting: 4 }, null, request({ keys: 5 }));
    assert.ok(!tooMany.granted && tooMany.retryAfterS === undefined);
  });

  it('begins a day at midnight UTC, and none when the clock goes back', () => {
    const rules = { ...NONE, bitsPerDay: 300 };
    const evening = takeQuota(rules, null, request({ nowMs: 5 * DAY_MS - 1 }));
    assert.ok(evening.granted);
    assert.ok(!takeQuota(rules, evening.state, request({ nowMs: 5 * DAY_MS - 1 })).granted);
    const morning = takeQuota(rules, evening.state, request({ nowMs: 5 * DAY_MS }));
    assert.ok(morning.granted);
    assert.ok(!takeQuota(rules, morning.state, request({ nowMs: 5 * DAY_MS - 1 })).granted);
  });

  it('loses nothing and forgets nothing when the clock goes back', () => {
    const rate = { ...NONE, rate: { bitsPerS: 100, burstBits: 1000 } };
    const first = takeQuota(rate, null, request({ bits: 400, nowMs: 60_000 }));
    assert.ok(first.granted);
    assert.ok(takeQuota(rate, first.state, request({ bits: 600, nowMs: 50_000 })).granted);
    assert.ok(!takeQuota(rate, first.state, request({ bits: 601, nowMs: 50_000 })).granted);
    const day = { ...NONE, bitsPerDay: 600 };
    const morning = takeQuota(day, null, request({ nowMs: 5 * DAY_MS }));
    assert.ok(morning.granted);
    const back = takeQuota(day, morning.state, request({ nowMs: 5 * DAY_MS - 1 }));
    assert.ok(back.granted);
    assert.ok(!takeQuota(day, back.state, request({ nowMs: 5 * DAY_MS + 1 })).granted);
  });

  it('never grants more than a burst and the rate in any stretch of time, nor less than it could', () => {
    const steps = fc.array(
      fc.record({ waitMs: fc.integer({ min: -2000, max: 8000 }), bits: fc.integer({ min: 1, max: 1200 }) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (asked) => {
        const rules: QuotaRules = { rate: { bitsPerS: 100, burstBits: 1000 }, bitsPerDay: 20_000, keysWaiting: null };
        let state: QuotaState | null = null;
        let nowMs = 10 * DAY_MS + 1000;
        const granted: { atMs: number; bits: number }[] = [];
        for (const { waitMs, bits } of asked) {
          nowMs += waitMs;
          const answer = takeQuota(rules, state, request({ bits, nowMs }));
          if (answer.granted) {
            state = answer.state;
            const latestMs = answer.state.atMs;
            granted.push({ atMs: latestMs, bits });
            for (const [from, { atMs }] of granted.entries()) {
              const sum = granted.slice(from).reduce((all, one) => all + one.bits, 0);
              assert.ok(sum <= 1000 + ((latestMs - atMs) / 1000) * 100 + 1e-6);
            }
          } else if (answer.retryAfterS !== undefined) {
            const later = takeQuota(rules, state, request({ bits, nowMs: nowMs + answer.retryAfterS * 1000 }));
            assert.ok(later.granted, 'what it says about later is true');
          } else {
            assert.ok(bits > 1000);
          }
        }
        assert.ok(granted.reduce((all, one) => all + one.bits, 0) <= 20_000);
      }),
      { numRuns: 500, seed: 6 },
    );
  });
});
