import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepingChoices, overwrites } from './keeping.ts';

test('what holds now can always be seen among the choices', () => {
  assert.deepEqual(keepingChoices(30), [null, 365, 90, 30, 7, 1]);
  assert.deepEqual(keepingChoices(null), [null, 365, 90, 30, 7, 1]);
  assert.deepEqual(keepingChoices(14), [null, 365, 90, 30, 14, 7, 1]);
});

test('only a shorter time overwrites', () => {
  assert.equal(overwrites(null, 365), true);
  assert.equal(overwrites(30, 7), true);
  assert.equal(overwrites(7, 30), false);
  assert.equal(overwrites(7, null), false);
  assert.equal(overwrites(7, 7), false);
});
