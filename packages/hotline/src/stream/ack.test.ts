import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Writer } from '../bytes.ts';
import { ackOf, beyondOf, encodeAck, encodeHolding, highestOf, MAX_HELD, readAck, readHolding, WINDOW } from './ack.ts';
import { refuses } from './test/refusal.ts';
import { Seeded } from './test/seeded.ts';

test('an ack says which numbers are settled, in one way only', () => {
  const seeded = new Seeded(1);
  for (let run = 0; run < 300; run++) {
    const cumulative = seeded.below(2 ** 40);
    const offsets = new Set(Array.from({ length: seeded.below(40) }, () => 2 + seeded.below(WINDOW - 1)));
    const beyond = [...offsets].map((offset) => cumulative + offset);
    const bytes = encodeAck(ackOf(cumulative, beyond));
    const read = readAck(bytes);
    beyond.sort((a, b) => a - b);
    assert.deepEqual([read.cumulative, beyondOf(read)], [cumulative, beyond]);
    assert.equal(highestOf(read), beyond.at(-1) ?? cumulative);
    assert.deepEqual(encodeAck(read), bytes);
  }
  assert.equal(encodeAck(ackOf(9, [])).length, 10);
  assert.equal(encodeAck(ackOf(9, [9 + WINDOW])).length, 10 + WINDOW / 8);
});

test('bitmaps that no inbox makes are refused', () => {
  const ack = (cumulative: number, bitmap: number[], length = bitmap.length): Uint8Array =>
    new Writer().u64(cumulative).u16(length).raw(Uint8Array.from(bitmap)).finish();
  const wrong = [
    ack(0, [1]), // the next number: that is cumulative 1
    ack(0, [3]),
    ack(0, [2, 0]),
    ack(0, [0]),
    ack(0, [2], 2),
    ack(0, [2, 4], 1),
    ack(0, [...new Uint8Array(WINDOW / 8), 1]),
    ack(Number.MAX_SAFE_INTEGER, []),
    Uint8Array.of(0xff, ...ack(0, []).subarray(1)),
    new Uint8Array(0),
  ];
  for (const bytes of wrong) refuses('hotline/malformed', () => readAck(bytes));
  assert.deepEqual(beyondOf(readAck(ack(0, [2]))), [2]);
});

test('a list of what is held comes back, whatever its gaps', () => {
  const seeded = new Seeded(2);
  for (let run = 0; run < 300; run++) {
    const held: number[] = [];
    let next = 1 + seeded.below(2 ** 30);
    for (let i = seeded.below(60); i > 0; i--) {
      held.push(next);
      next += seeded.chance(0.7) ? 1 : 1 + seeded.below(5000);
    }
    const holding = { next, held };
    assert.deepEqual(readHolding(encodeHolding(holding)), holding);
  }
  // A thousand messages without a gap take a few bytes: this is written with each of them.
  const full = { next: 2001, held: Array.from({ length: MAX_HELD }, (_, i) => 1001 + i) };
  assert.equal(encodeHolding(full).length, 20);
  assert.deepEqual(readHolding(encodeHolding(full)), full);
});

test('lists that no outbox makes are refused, before they take memory', () => {
  const list = (next: number, ...runs: [number, number][]): Uint8Array => {
    const writer = new Writer().u64(next).u16(runs.length);
    for (const [first, count] of runs) writer.u64(first).u16(count);
    return writer.finish();
  };
  const wrong = [
    list(0),
    list(5, [0, 1]),
    list(5, [1, 0]),
    list(5, [4, 2]),
    list(9, [1, 2], [3, 1]), // one run in two
    list(9, [5, 1], [1, 1]),
    list(9, [1, 3], [2, 1]),
    list(99_999, [1, MAX_HELD + 1]),
    list(99_999, [1, MAX_HELD], [2000, 1]),
    list(Number.MAX_SAFE_INTEGER),
    list(5, [1, 1]).subarray(1),
    Uint8Array.of(...list(5, [1, 1]), 0),
  ];
  for (const bytes of wrong) refuses('hotline/malformed', () => readHolding(bytes));
});
