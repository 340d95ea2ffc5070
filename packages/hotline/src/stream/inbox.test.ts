import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Writer } from '../bytes.ts';
import { ackOf, beyondOf, encodeAck, encodeHolding, highestOf, readAck, WINDOW } from './ack.ts';
import { type Accepted, Inbox, type Release } from './inbox.ts';
import { Outbox } from './outbox.ts';
import { refuses } from './test/refusal.ts';
import { Seeded } from './test/seeded.ts';

function released(accepted: Accepted): readonly Release[] {
  assert.equal(accepted.kind, 'new');
  return accepted.kind === 'new' ? accepted.released : [];
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('gives out in order, once each, whatever the order and the copies they come in', () => {
  for (let seed = 0; seed < 40; seed++) {
    const seeded = new Seeded(seed);
    let inbox = new Inbox(null);
    const shown: Release[] = [];
    const pool = [...range(1, 60), ...range(1, 60)];
    while (pool.length > 0) {
      const [number] = pool.splice(seeded.below(Math.min(pool.length, 25)), 1);
      const judged = inbox.judge(number!);
      const accepted = inbox.accept(number!);
      assert.equal(accepted.kind, judged);
      if (accepted.kind === 'new') {
        shown.push(...accepted.released);
        assert.deepEqual(accepted.state, inbox.state);
      }
      if (seeded.chance(0.2)) inbox = new Inbox(inbox.state);
    }
    assert.deepEqual(
      shown,
      range(1, 60).map((number) => ({ number, missed: 0 })),
    );
    assert.deepEqual(inbox.ack, ackOf(60, []));
  }
});

test('says what it waits for, and acknowledges what it keeps', () => {
  const inbox = new Inbox(null);
  inbox.accept(1);
  assert.deepEqual(released(inbox.accept(4)), []);
  inbox.accept(6);
  assert.deepEqual([inbox.waiting, inbox.unreleased], [3, [4, 6]]);
  const { ack } = inbox;
  assert.deepEqual([ack.cumulative, beyondOf(ack)], [1, [4, 6]]);
  assert.deepEqual(readAck(encodeAck(ack)), ack);
  inbox.accept(3);
  assert.deepEqual(
    released(inbox.accept(2)),
    [2, 3, 4].map((number) => ({ number, missed: 0 })),
  );
  assert.equal(inbox.waiting, 1);
});

describe('what the peer no longer holds', () => {
  test('is counted before the next message, and in the meantime', () => {
    const inbox = new Inbox(null);
    inbox.accept(1);
    inbox.accept(5);
    const told = inbox.lose({ next: 9, held: [4, 8] })!;
    // 2 and 3 lie before 4, which still comes; 6 and 7 before 8.
    assert.deepEqual([told.lost, told.released, inbox.missed], [4, [], 2]);
    assert.deepEqual(inbox.lose({ next: 9, held: [4, 8] }), null);
    assert.deepEqual(released(inbox.accept(4)), [
      { number: 4, missed: 2 },
      { number: 5, missed: 0 },
    ]);
    assert.deepEqual([inbox.missed, inbox.waiting, inbox.ack.cumulative], [2, 0, 7]);
    assert.deepEqual(released(inbox.accept(8)), [{ number: 8, missed: 2 }]);
    assert.deepEqual(inbox.ack, ackOf(8, []));
  });

  test('releases what waited for it', () => {
    const inbox = new Inbox(null);
    inbox.accept(3);
    inbox.accept(4);
    inbox.accept(6);
    const told = inbox.lose({ next: 7, held: [] })!;
    assert.deepEqual(told.released, [
      { number: 3, missed: 2 },
      { number: 4, missed: 0 },
      { number: 6, missed: 1 },
    ]);
    assert.deepEqual([told.lost, inbox.missed, inbox.ack], [3, 0, ackOf(6, [])]);
    assert.deepEqual(told.state, inbox.state);
  });

  test('a number that comes although it was lost is a repeat; an old list changes nothing', () => {
    const inbox = new Inbox(null);
    inbox.accept(1);
    inbox.lose({ next: 4, held: [3] });
    assert.equal(inbox.accept(2).kind, 'repeat');
    inbox.accept(3);
    inbox.accept(4);
    assert.equal(inbox.lose({ next: 2, held: [] }), null);
    assert.equal(inbox.lose({ next: 4, held: [3] }), null);
    assert.equal(inbox.lose({ next: 5, held: [1, 2, 3, 4] }), null);
    assert.deepEqual(inbox.ack, ackOf(4, []));
  });

  test('is settled as well: a peer that was restored from a copy goes on above it, or its text would be a repeat', () => {
    const inbox = new Inbox(null);
    for (const number of [1, 2, 3]) inbox.accept(number);
    // This desk was restored; the peer holds 4 alone and has 5 to 10 confirmed.
    inbox.lose({ next: 11, held: [4] });
    assert.deepEqual([inbox.highest, highestOf(inbox.ack), inbox.unreleased], [10, 10, []]);
    // Now the peer is restored, from a copy that had not come to 5.
    const { state } = new Outbox({ state: encodeHolding({ next: 5, held: [4] }), restoredFromCopy: true }).skipTo(
      inbox.highest + 1,
    );
    const { number } = new Outbox({ state }).add();
    assert.deepEqual([number, inbox.judge(number)], [11, 'new']);
  });

  test('a leap to any number is counted without counting', () => {
    const inbox = new Inbox(null);
    inbox.accept(2);
    const far = 2 ** 50;
    refuses('hotline/out-of-order', () => inbox.accept(far));
    const told = inbox.lose({ next: far, held: [] })!;
    assert.deepEqual([told.lost, told.released], [far - 2, [{ number: 2, missed: 1 }]]);
    assert.deepEqual(released(inbox.accept(far)), [{ number: far, missed: far - 3 }]);
  });

  test('a leap behind a message that still comes is settled window by window', () => {
    const inbox = new Inbox(null);
    inbox.lose({ next: 10_000, held: [1, 9999] });
    assert.equal(inbox.judge(1), 'new');
    const first = inbox.accept(1);
    assert.deepEqual(released(first), [{ number: 1, missed: 0 }]);
    assert.equal(inbox.ack.cumulative, WINDOW);
    inbox.lose({ next: 10_000, held: [9999] });
    assert.deepEqual(released(inbox.accept(9999)), [{ number: 9999, missed: 9997 }]);
  });

  test('any list over any state: agrees with a count number by number', () => {
    for (let seed = 0; seed < 300; seed++) {
      const seeded = new Seeded(seed);
      const inbox = new Inbox(null);
      const settled = new Map<number, 'come' | 'lost'>();
      const shown: Release[] = [];
      for (let step = 0; step < 25; step++) {
        if (seeded.chance(0.6)) {
          const number = 1 + seeded.below(40);
          const expected = settled.has(number) ? 'repeat' : 'new';
          const accepted = inbox.accept(number);
          assert.equal(accepted.kind, expected);
          if (accepted.kind === 'new') {
            settled.set(number, 'come');
            shown.push(...accepted.released);
          }
        } else {
          const next = 1 + seeded.below(42);
          const held = range(1, next - 1).filter(() => seeded.chance(0.6));
          const lost = range(1, next - 1).filter((number) => !held.includes(number) && !settled.has(number));
          const told = inbox.lose({ next, held });
          assert.equal(told?.lost ?? 0, lost.length);
          for (const number of lost) settled.set(number, 'lost');
          shown.push(...(told?.released ?? []));
        }
        let cumulative = 0;
        let missed = 0;
        const expected: Release[] = [];
        while (settled.has(cumulative + 1)) {
          if (settled.get(++cumulative) === 'lost') missed++;
          else {
            expected.push({ number: cumulative, missed });
            missed = 0;
          }
        }
        assert.deepEqual(shown, expected);
        assert.equal(inbox.missed, missed);
        const beyond = [...settled.keys()].filter((number) => number > cumulative);
        assert.deepEqual(inbox.ack, ackOf(cumulative, beyond));
        assert.deepEqual(new Inbox(inbox.state).ack, inbox.ack);
      }
    }
  });
});

describe('a hostile peer', () => {
  test('cannot make it keep more than its window, or name what is no number', () => {
    const inbox = new Inbox(null);
    for (let number = 2; number <= WINDOW; number++) inbox.accept(number);
    refuses('hotline/out-of-order', () => inbox.accept(WINDOW + 1));
    for (const number of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
      refuses('hotline/malformed', () => inbox.accept(number));
    }
    assert.equal(inbox.unreleased.length, WINDOW - 1);
    assert.ok(inbox.state.length <= 20 + WINDOW / 8);
    assert.equal(released(inbox.accept(1)).length, WINDOW);
    assert.equal(inbox.accept(WINDOW + 1).kind, 'new');
  });

  test('alternating numbers and lists: what is kept stays within the window', () => {
    const inbox = new Inbox(null);
    const seeded = new Seeded(9);
    let next = 1;
    for (let i = 0; i < 300; i++) {
      next += seeded.below(3000);
      const { cumulative } = inbox.ack;
      inbox.lose({ next, held: [cumulative + 1 + seeded.below(3)].filter((number) => number < next) });
      try {
        inbox.accept(cumulative + 2 + seeded.below(3000));
      } catch {}
      assert.ok(inbox.state.length <= 20 + 2 * (WINDOW / 8));
      assert.ok(encodeAck(inbox.ack).length <= 10 + WINDOW / 8);
    }
  });
});

test('states that contradict themselves are refused', () => {
  const state = (cumulative: number, missed: number, ahead: number[], lost: number[]): Uint8Array =>
    new Writer()
      .u64(cumulative)
      .u64(missed)
      .u16(ahead.length)
      .raw(Uint8Array.from(ahead))
      .u16(lost.length)
      .raw(Uint8Array.from(lost))
      .finish();
  assert.deepEqual(new Inbox(state(5, 5, [2], [4])).ack, ackOf(5, [7, 8]));
  const wrong = [
    state(5, 6, [], []),
    state(5, 0, [1], []),
    state(5, 0, [], [1]),
    state(5, 0, [2], [2]),
    state(5, 0, [...new Uint8Array(256), 1], []),
    state(5, 0, [], []).subarray(1),
    Uint8Array.of(...state(5, 0, [], []), 0),
  ];
  for (const bytes of wrong) refuses('hotline/store', () => new Inbox(bytes));
});
