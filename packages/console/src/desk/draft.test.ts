import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LineState } from '@skykey/telemetry';
import { countedBytes, LONGEST_BYTES, readiness } from './draft.ts';

const secured: LineState = { state: 'secured', reason: '' };

test('a text leaves only over a secured line that this window can see', () => {
  assert.deepEqual(readiness('hello', secured, true), { state: 'ready' });
  assert.deepEqual(readiness('hello', secured, false), { state: 'disconnected' });
  for (const state of ['waiting', 'dropped'] as const) {
    assert.deepEqual(readiness('hello', { state, reason: 'why' }, true), { state: 'locked' });
  }
});

test('nothing but white space is nothing', () => {
  assert.deepEqual(readiness(' \n\t', secured, true), { state: 'empty' });
});

test('length is counted in bytes of UTF-8, after the white space around it', () => {
  assert.equal(readiness('a'.repeat(LONGEST_BYTES), secured, true).state, 'ready');
  assert.equal(readiness(` ${'a'.repeat(LONGEST_BYTES)} `, secured, true).state, 'ready');
  assert.deepEqual(readiness('京'.repeat(1334), secured, true), { state: 'too-long', bytes: 4002 });
  assert.equal(countedBytes('京'.repeat(999)), null);
  assert.equal(countedBytes('京'.repeat(1000)), 3000);
});
