import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ackOf, MAX_HELD, readHolding } from './ack.ts';
import { LONGEST_WAIT_MS, Outbox } from './outbox.ts';
import { refuses } from './test/refusal.ts';
import { Seeded } from './test/seeded.ts';

/** An outbox that has sent messages 1 to `count` once, at time 0. */
function sent(count: number): Outbox {
  const outbox = new Outbox({ state: null });
  for (let i = 0; i < count; i++) outbox.add();
  while (outbox.due(0).length > 0);
  return outbox;
}

const numbers = (resends: readonly { number: number }[]): number[] => resends.map(({ number }) => number);

test('numbers rise, and each is sent again after 200 ms, 400 ms … 5 s until it is confirmed', () => {
  const outbox = new Outbox({ state: null });
  assert.deepEqual([outbox.add().number, outbox.add().number], [1, 2]);
  const times: number[] = [];
  for (let now = 1000; now < 30_000; now++) {
    for (const { number, attempt } of outbox.due(now)) {
      if (number !== 1) continue;
      times.push(now - 1000);
      assert.equal(attempt, times.length);
    }
  }
  assert.deepEqual(times.slice(0, 8), [0, 200, 600, 1400, 3000, 6200, 11_200, 16_200]);
  assert.deepEqual(outbox.acknowledge(ackOf(0, [2])).confirmed, [2]);
  assert.deepEqual(numbers(outbox.due(40_000)), [1]);
  assert.equal(outbox.waitMs(40_000), LONGEST_WAIT_MS);
  assert.deepEqual(outbox.acknowledge(ackOf(2, [])).confirmed, [1]);
  assert.deepEqual(outbox.due(90_000), []);
  assert.equal(outbox.waitMs(90_000), null);
});

test('a burst is bounded, lowest numbers first', () => {
  const outbox = new Outbox({ state: null });
  for (let i = 0; i < 100; i++) outbox.add();
  assert.deepEqual(
    numbers(outbox.due(0)),
    Array.from({ length: 64 }, (_, i) => i + 1),
  );
  assert.equal(outbox.waitMs(0), 0);
  assert.deepEqual(
    numbers(outbox.due(0, 30)),
    Array.from({ length: 30 }, (_, i) => i + 65),
  );
});

test('a clock that steps, back or on, delays no message by more than its wait', () => {
  const seeded = new Seeded(3);
  for (const step of [-1e12, -3_600_000, -5001, -1, 1, 1e12]) {
    const outbox = sent(1);
    // True time since the last sending, while the clock is set again and again.
    let clock = 0;
    let waited = 0;
    let jumps = 0;
    for (let tick = 0; tick < 3000; tick++) {
      if (jumps < 5 && seeded.chance(0.002)) {
        clock += step;
        jumps++;
        // Each step may start the wait anew, and does no more.
        waited = 0;
      }
      clock += 20;
      waited += 20;
      if (outbox.due(clock).length > 0) waited = 0;
      assert.ok(waited <= LONGEST_WAIT_MS, `step ${step}, tick ${tick}`);
      assert.ok(outbox.waitMs(clock)! <= LONGEST_WAIT_MS);
    }
  }
  for (const now of [Number.NaN, Number.POSITIVE_INFINITY]) {
    refuses('hotline/bad-argument', () => sent(1).due(now));
  }
});

test('after a new agreement everything goes again at once', () => {
  const outbox = sent(3);
  assert.deepEqual(outbox.due(10), []);
  outbox.hurry();
  assert.deepEqual(outbox.due(10), [
    { number: 1, attempt: 1 },
    { number: 2, attempt: 1 },
    { number: 3, attempt: 1 },
  ]);
  outbox.hurry();
  // What was sent before can still be confirmed.
  assert.deepEqual(outbox.acknowledge(ackOf(3, [])).confirmed, [1, 2, 3]);
});

test('a full outbox refuses with a sentence and takes more when some are confirmed', () => {
  const outbox = sent(MAX_HELD);
  refuses('hotline/spent', () => outbox.add());
  assert.match(outbox.refusal!.message, /wait for the other desk/);
  assert.equal(readHolding(outbox.state).held.length, MAX_HELD);
  outbox.acknowledge(ackOf(1, []));
  assert.equal(outbox.add().number, MAX_HELD + 1);
});

test('old, repeated and reordered acks confirm each number once', () => {
  const seeded = new Seeded(4);
  const outbox = sent(200);
  const confirmed: number[] = [];
  for (let i = 0; i < 2000; i++) {
    const cumulative = seeded.below(150);
    const beyond = [cumulative + 2 + seeded.below(200 - cumulative - 1)];
    confirmed.push(...outbox.acknowledge(ackOf(cumulative, beyond)).confirmed);
  }
  confirmed.push(...outbox.acknowledge(ackOf(200, [])).confirmed);
  assert.deepEqual(
    confirmed.sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, i) => i + 1),
  );
});

test('an ack of numbers that were never sent is refused whole', () => {
  const outbox = sent(5);
  outbox.add();
  for (const ack of [ackOf(6, []), ackOf(7, []), ackOf(1, [6]), ackOf(1, [9]), ackOf(0, [3, 2000])]) {
    refuses('hotline/store', () => outbox.acknowledge(ack));
  }
  assert.deepEqual(outbox.holding, { next: 7, held: [1, 2, 3, 4, 5, 6] });
  // An earlier life may have sent what this one has not yet.
  const later = new Outbox({ state: outbox.state });
  assert.deepEqual(later.acknowledge(ackOf(6, [])).confirmed, [1, 2, 3, 4, 5, 6]);
  refuses('hotline/store', () => later.acknowledge(ackOf(7, [])));
});

test('what is restored is due at once, keeps its numbers and goes on after them', () => {
  const outbox = sent(4);
  const { state } = outbox.acknowledge(ackOf(0, [2, 3]));
  const later = new Outbox({ state });
  assert.deepEqual(numbers(later.due(0)), [1, 4]);
  assert.equal(later.add().number, 5);
  for (const damaged of [new Uint8Array(0), state.subarray(1), new Uint8Array(8)]) {
    refuses('hotline/store', () => new Outbox({ state: damaged }));
  }
});

test('after a restore from a copy nothing is added until the numbers of the peer are passed', () => {
  const { state } = sent(4);
  const outbox = new Outbox({ state, restoredFromCopy: true });
  refuses('hotline/store', () => outbox.add());
  assert.match(outbox.refusal!.message, /restored from a copy/);
  refuses('hotline/store', () => outbox.acknowledge(ackOf(3, [8])));
  outbox.skipTo(9);
  assert.deepEqual(outbox.acknowledge(ackOf(3, [8])).confirmed, [1, 2, 3]);
  assert.deepEqual(outbox.holding, { next: 9, held: [4] });
  assert.equal(outbox.add().number, 9);
  // Never back.
  outbox.skipTo(2);
  assert.equal(outbox.add().number, 10);
  for (const next of [Number.NaN, 1.5, Number.MAX_SAFE_INTEGER]) {
    refuses('hotline/bad-argument', () => outbox.skipTo(next));
  }
});
