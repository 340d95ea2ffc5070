import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DistillError } from './error.ts';

it('DistillError carries a stable code, a sentence and the cause', () => {
  const cause = new Error('socket closed');
  const error = new DistillError('distill/peer-gone', 'the peer is gone', { cause });
  assert.ok(error instanceof Error);
  assert.equal(error.name, 'DistillError');
  assert.equal(error.code, 'distill/peer-gone');
  assert.equal(error.message, 'the peer is gone');
  assert.equal(error.cause, cause);
});
