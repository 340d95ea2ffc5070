import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionQber, shownQber } from './monitor.ts';

test('a ratio needs thirty comparisons', () => {
  assert.equal(sessionQber({ monitored: 29, monitorErrors: 29 }), null);
  assert.equal(sessionQber({ monitored: 32, monitorErrors: 8 }), 0.25);
  assert.equal(sessionQber({ monitored: 0, monitorErrors: 0 }), null);
});

test('a session shows its last seconds, a dropped link those that dropped it, a link at rest the whole session', () => {
  const counts = { qber: 0.02, monitored: 100, monitorErrors: 1 };
  assert.equal(shownQber({ ...counts, state: 'session' }), 0.02);
  assert.equal(shownQber({ ...counts, qber: null, state: 'session' }), null);
  assert.equal(shownQber({ ...counts, state: 'idle' }), 0.01);
  assert.equal(shownQber({ ...counts, qber: 0.3, state: 'dropped' }), 0.3, 'a long calm session must not hide its end');
  assert.equal(shownQber({ ...counts, qber: null, state: 'dropped' }), 0.01);
});
