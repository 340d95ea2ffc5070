import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineWatch } from './line.ts';

test('a line waits for its first key, is secured by key and waits again without', () => {
  const line = new LineWatch();
  assert.deepEqual(line.state(), { state: 'waiting', reason: 'No key has arrived yet.' });
  line.secure();
  assert.equal(line.state().state, 'secured');
  line.wait('The stock is used up.');
  assert.deepEqual(line.state(), { state: 'waiting', reason: 'The stock is used up.' });
});

test('an alarm outranks news about key, keeps its first reason, and only clear lifts it', () => {
  const line = new LineWatch();
  line.secure();
  line.raise('Tapped.');
  line.raise('Tapped again.');
  line.secure();
  line.wait('dry');
  assert.deepEqual(line.state(), { state: 'dropped', reason: 'Tapped.' });
  line.clear();
  assert.equal(line.state().state, 'waiting');
  assert.match(line.state().reason, /reopened/);
});

test('after an alarm key reported earlier counts for nothing', () => {
  const line = new LineWatch();
  line.raise('Tapped.');
  line.secure();
  line.clear();
  assert.equal(line.state().state, 'waiting');
  line.secure();
  assert.equal(line.state().state, 'secured');
  line.clear();
  assert.equal(line.state().state, 'secured');
});
