import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CallEvents, readEvent } from './events.ts';
import { clockLength } from './length.ts';

it('hands on what is the call’s, and leaves out what makes no sense', () => {
  const heard: unknown[] = [];
  const events = new CallEvents();
  const leave = events.subscribe((event) => heard.push(event));
  const signal = { candidate: { candidate: 'x' } };
  events.deliver('call-signal', { id: 'c', signal });
  events.deliver('desk', { id: 'c', signal });
  for (const nonsense of [null, 'x', {}, { id: 7, signal }, { id: 'c', signal: {} }, { id: 'c', signal: null }]) {
    events.deliver('call-signal', nonsense);
  }
  assert.deepEqual(heard, [{ name: 'call-signal', id: 'c', signal }]);
  leave();
  events.deliver('call-signal', { id: 'c', signal });
  assert.equal(heard.length, 1);
});

it('takes a stop for a stop, also without its reason', () => {
  assert.deepEqual(readEvent('call-stop', {}), { name: 'call-stop', reason: '' });
  assert.deepEqual(readEvent('call-stop', { reason: 'tapped' }), { name: 'call-stop', reason: 'tapped' });
});

it('shows a length as a clock does', () => {
  assert.deepEqual([0, 7_900, 750_000, 3_723_000].map(clockLength), ['0:00', '0:07', '12:30', '1:02:03']);
});
