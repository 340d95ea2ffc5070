import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_POLICY, KEY_BITS, type LinePolicy, PAD_TEXT_BITS } from './policy.ts';
import { againstGreen, MESSAGES_PER_RENEWAL, maySpend, paysForRenewal, reserveOf, spendable } from './reserve.ts';
import { seeded } from './test/random.ts';

const FLOOR = DEFAULT_POLICY.authenticationFloorBits;

describe('the reserve', () => {
  test('of one key of 310 kbit is what section 2 of the hotline reference says', () => {
    const half = reserveOf({ sendBits: FLOOR + 155_000, receiveBits: FLOOR + 155_000 }, DEFAULT_POLICY, 1);
    assert.equal((half.padSpeechMinutes * 60).toFixed(2), '4.84');
    assert.equal((half.speechMinutes / 60).toFixed(1), '10.1');
    const whole = reserveOf({ sendBits: FLOOR + 310_000, receiveBits: FLOOR + 310_000 }, DEFAULT_POLICY, 1);
    assert.equal(PAD_TEXT_BITS, 2_128);
    assert.equal(whole.padMessages, 145);
    assert.equal(whole.hybridMessages, 1_210 * MESSAGES_PER_RENEWAL);
    assert.equal(whole.keyBits, 310_000);
  });

  test('in hours is that of the scarcer pool at the consumption of its own direction', () => {
    const policy: LinePolicy = { ...DEFAULT_POLICY, bitsPerHour: { 1: 10_000, 2: 40_000 } };
    const stock = { sendBits: FLOOR + 100_000, receiveBits: FLOOR + 200_000 };
    assert.equal(reserveOf(stock, policy, 1).hours, 5);
    assert.equal(reserveOf(stock, policy, 2).hours, 2.5);
    const peers = { sendBits: stock.receiveBits, receiveBits: stock.sendBits };
    assert.equal(reserveOf(peers, policy, 2).hours, 5, 'both desks say the same of the same pools');
  });

  test('takes the needs that are handed in', () => {
    const needs = { padTextBits: 1_000, mediaKeyBits: 512, renewalBits: 500 };
    const reserve = reserveOf({ sendBits: FLOOR + 5_120, receiveBits: FLOOR + 5_120 }, DEFAULT_POLICY, 1, needs);
    assert.equal(reserve.padMessages, 5);
    assert.equal(reserve.speechMinutes, 10);
    assert.equal(reserve.hybridMessages, 10 * MESSAGES_PER_RENEWAL);
  });

  test('is never negative and never counts the floor, whatever is in stock', () => {
    const random = seeded(5);
    const odd = [
      0,
      1,
      FLOOR - 1,
      FLOOR,
      FLOOR + 1,
      Number.NaN,
      -5,
      Number.POSITIVE_INFINITY,
      1.5,
      Number.MAX_SAFE_INTEGER,
    ];
    const bits = [...odd, ...Array.from({ length: 40 }, () => Math.floor(random() * 3 * FLOOR))];
    for (const sendBits of bits) {
      for (const receiveBits of bits) {
        const reserve = reserveOf({ sendBits, receiveBits }, DEFAULT_POLICY, 1);
        for (const [field, value] of Object.entries(reserve)) assert.ok(value >= 0 && Number.isFinite(value), field);
        if (!(sendBits > FLOOR && receiveBits > FLOOR)) assert.equal(reserve.hours + reserve.speechMinutes, 0);
      }
      const left = spendable(sendBits, DEFAULT_POLICY);
      assert.ok(maySpend(sendBits, DEFAULT_POLICY, left) && !maySpend(sendBits, DEFAULT_POLICY, left + 1));
      if (left > 0) assert.equal(sendBits - left, FLOOR);
    }
    assert.equal(maySpend(FLOOR + 10, DEFAULT_POLICY, -1), false);
    assert.equal(maySpend(FLOOR + 10, DEFAULT_POLICY, Number.NaN), false);
    assert.deepEqual(reserveOf(null, DEFAULT_POLICY, 1), reserveOf({ sendBits: 0, receiveBits: 0 }, DEFAULT_POLICY, 1));
  });

  test('against the hours of green is exact to the bit, also where a division would round', () => {
    const policy: LinePolicy = { ...DEFAULT_POLICY, bitsPerHour: { 1: 333_333_333_333, 2: 1 } };
    const day = FLOOR + 24 * 333_333_333_333;
    assert.equal(againstGreen({ sendBits: day, receiveBits: 1e6 }, policy, 1), 'at');
    assert.equal(againstGreen({ sendBits: day + 1, receiveBits: 1e6 }, policy, 1), 'above');
    assert.equal(againstGreen({ sendBits: day - 1, receiveBits: 1e6 }, policy, 1), 'below');
    assert.equal(againstGreen({ sendBits: day + 1, receiveBits: FLOOR + 23 }, policy, 1), 'below');
  });

  test('is dry when one pool does not pay for one more key above the floor', () => {
    const enough = FLOOR + KEY_BITS;
    assert.equal(paysForRenewal({ sendBits: enough, receiveBits: enough }, DEFAULT_POLICY), true);
    assert.equal(paysForRenewal({ sendBits: enough - 1, receiveBits: enough }, DEFAULT_POLICY), false);
    assert.equal(paysForRenewal({ sendBits: enough, receiveBits: enough - 1 }, DEFAULT_POLICY), false);
    assert.equal(paysForRenewal(null, DEFAULT_POLICY), false);
  });
});
