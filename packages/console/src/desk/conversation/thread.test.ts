import assert from 'node:assert/strict';
import { test } from 'node:test';
import { message, messages, UTC_MS } from '../test/played.ts';
import { EMPTY_THREAD, NEWEST, type Thread, withEarlier, withMessage, withNewest, withoutBefore } from './thread.ts';

const numbers = ({ messages: held }: Thread) => held.map(({ number }) => number);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('fewer than a full state are the whole conversation', () => {
  const thread = withNewest(EMPTY_THREAD, messages(1, 7));
  assert.deepEqual([numbers(thread), thread.earlier], [range(1, 7), false]);
});

test('a conversation that grows past a full state keeps what it had, without asking', () => {
  let thread = withNewest(EMPTY_THREAD, messages(1, 99));
  for (let newest = 100; newest <= 260; newest += 7) {
    thread = withNewest(thread, messages(newest - NEWEST + 1, newest));
    assert.deepEqual([numbers(thread), thread.earlier], [range(1, newest), false]);
  }
});

test('a state that says nothing new changes nothing, object by object', () => {
  const thread = withNewest(EMPTY_THREAD, messages(1, 100));
  assert.equal(withNewest(thread, messages(1, 100)), thread);
  const changed = withNewest(thread, messages(1, 100).with(99, message(100, { state: 'refused', reason: 'why' })));
  assert.notEqual(changed, thread);
  assert.equal(changed.messages[98], thread.messages[98]);
  assert.equal(changed.messages[99]?.state, 'refused');
});

test('earlier pages go before, until one is not full', () => {
  let thread = withNewest(EMPTY_THREAD, messages(251, 350));
  assert.equal(thread.earlier, true);
  thread = withEarlier(thread, 'm-251', messages(151, 250));
  assert.deepEqual([numbers(thread), thread.earlier], [range(151, 350), true]);
  thread = withNewest(thread, messages(252, 351));
  assert.deepEqual([numbers(thread), thread.earlier], [range(151, 351), true]);
  thread = withEarlier(thread, 'm-151', messages(120, 150));
  assert.deepEqual([numbers(thread), thread.earlier], [range(120, 351), false]);
});

test('an answer that comes twice is taken once, and one without anything new ends the asking', () => {
  let thread = withNewest(EMPTY_THREAD, messages(251, 350));
  thread = withEarlier(thread, 'm-251', messages(151, 250));
  assert.equal(withEarlier(thread, 'm-251', messages(151, 250)), thread);
  const ended = withEarlier(thread, 'm-151', messages(151, 250));
  assert.deepEqual([numbers(ended), ended.earlier], [range(151, 350), false]);
});

test('after a gap only what hangs together is held, and the rest can be asked for', () => {
  let thread = withNewest(EMPTY_THREAD, messages(1, 60));
  thread = withNewest(thread, messages(200, 299));
  assert.deepEqual([numbers(thread), thread.earlier], [range(200, 299), true]);
  assert.deepEqual(numbers(withEarlier(thread, 'm-1', messages(1, 60))), range(200, 299));
});

test('one message takes its place once; a changed one changes in place', () => {
  let thread = withNewest(EMPTY_THREAD, messages(1, 3));
  thread = withMessage(thread, message(5));
  thread = withMessage(thread, message(4));
  thread = withMessage(thread, message(4));
  assert.deepEqual(numbers(thread), range(1, 5));
  assert.equal(withMessage(thread, message(4)), thread);
  thread = withMessage(thread, message(2, { state: 'refused', reason: 'why' }));
  assert.deepEqual(numbers(thread), range(1, 5));
  assert.equal(thread.messages[1]?.reason, 'why');
  const partial = withNewest(EMPTY_THREAD, messages(101, 200));
  assert.equal(withMessage(partial, message(7)), partial);
});

test('what the desk has overwritten is not kept here', () => {
  const thread = withNewest(EMPTY_THREAD, messages(1, 100));
  assert.equal(withoutBefore(thread, UTC_MS), thread);
  const rest = withoutBefore(thread, UTC_MS + 91 * 60_000);
  assert.deepEqual([numbers(rest), rest.earlier], [range(91, 100), false]);
  assert.deepEqual(numbers(withoutBefore(thread, UTC_MS + 101 * 60_000)), []);
});
