import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alarm, desk, file, message, messages, UTC_MS } from './test/played.ts';
import { type DeskEvent, NOTHING_SHOWN, observe } from './view.ts';

const play = (...events: DeskEvent[]) => events.reduce(observe, NOTHING_SHOWN);

test('a state is shown with its messages; one that only tells the time leaves its parts as they are', () => {
  const before = play({ kind: 'desk', desk: desk({ messages: messages(1, 3), files: [file('a')] }) });
  const after = observe(before, {
    kind: 'desk',
    desk: desk({ messages: messages(1, 3), files: [file('a')], utcMs: UTC_MS + 1000 }),
  });
  assert.equal(after.desk?.utcMs, UTC_MS + 1000);
  for (const part of ['line', 'safety', 'reserve', 'may', 'record', 'files'] as const) {
    assert.equal(after.desk?.[part], before.desk?.[part], part);
  }
  assert.equal(after.thread, before.thread);
});

test('an alarm is a new line', () => {
  const before = play({ kind: 'desk', desk: desk() });
  const line = { ...desk().line, level: 'black' as const, alarm: alarm() };
  assert.equal(observe(before, { kind: 'desk', desk: desk({ line }) }).desk?.line.alarm?.class, 'tap');
});

test('single events change one message, one file, the call', () => {
  const view = play(
    { kind: 'desk', desk: desk({ messages: messages(1, 2), files: [file('a'), file('b')] }) },
    { kind: 'message', message: message(2, { state: 'refused', reason: 'why' }) },
    { kind: 'message', message: message(3) },
    { kind: 'file', file: file('a', { doneBytes: 500 }) },
    { kind: 'file', file: file('c') },
  );
  assert.deepEqual(
    view.thread.messages.map(({ id, state }) => `${id} ${state}`),
    ['m-1 delivered', 'm-2 refused', 'm-3 delivered'],
  );
  assert.deepEqual(
    view.desk?.files.map(({ id, doneBytes }) => [id, doneBytes]),
    [
      ['a', 500],
      ['b', 0],
      ['c', 0],
    ],
  );
});

test('messages past their keeping time leave the page with the desk’s', () => {
  const view = play({ kind: 'desk', desk: desk({ messages: messages(1, 100) }) });
  const utcMs = UTC_MS + 86_400_000 + 51 * 60_000;
  const kept = observe(view, { kind: 'desk', desk: desk({ messages: messages(1, 100), retentionDays: 1, utcMs }) });
  assert.deepEqual([kept.thread.messages[0]?.number, kept.thread.messages.length], [51, 50]);
});

test('before the first state single events have nothing to change', () => {
  assert.equal(play({ kind: 'file', file: file('a') }).desk, null);
});

test('who may not read here hears why, until the desk tells its state', () => {
  const refused = play({ kind: 'refused', reason: 'this needs the role speaker' });
  assert.equal(refused.refusal, 'this needs the role speaker');
  assert.equal(observe(refused, { kind: 'refused', reason: 'this needs the role speaker' }), refused);
  assert.equal(observe(refused, { kind: 'desk', desk: desk() }).refusal, null);
});
