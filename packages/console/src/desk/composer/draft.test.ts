import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeskPermissions } from '@skykey/telemetry';
import { desk } from '../test/played.ts';
import { countedBytes, KeptDraft, LONGEST_BYTES, readiness } from './draft.ts';

const { may } = desk();
const NO_PAD = { allowed: false, reason: 'no one-time pad is left' };
const NO_TEXT = { allowed: false, reason: 'the line is shut' };
const dry: DeskPermissions = { ...may, sealedText: NO_PAD };
const shut: DeskPermissions = { ...may, text: NO_TEXT, sealedText: NO_TEXT };
const emergency: DeskPermissions = { ...may, text: NO_TEXT };

test('a text leaves only as it was to be sealed, and only while the desk is heard', () => {
  assert.deepEqual(readiness('hello', 'sealed', may, true), { state: 'ready' });
  assert.deepEqual(readiness('hello', 'hybrid', may, true), { state: 'ready' });
  assert.deepEqual(readiness('hello', 'sealed', may, false), { state: 'disconnected' });
});

test('without a pad a sealed text is locked, with the reason, and nothing takes its place by itself', () => {
  const locked = { state: 'locked', reason: NO_PAD.reason, otherwise: true };
  assert.deepEqual(readiness('hello', 'sealed', dry, true), locked);
  assert.deepEqual(readiness('hello', 'hybrid', dry, true), { state: 'ready' });
  for (const sealing of ['sealed', 'hybrid'] as const) {
    const closed = { state: 'locked', reason: NO_TEXT.reason, otherwise: false };
    assert.deepEqual(readiness('', sealing, shut, true), closed);
  }
});

test('the emergency pad alone opens the sealed way alone', () => {
  assert.equal(readiness('hello', 'sealed', emergency, true).state, 'ready');
  assert.equal(readiness('hello', 'hybrid', emergency, true).state, 'locked');
});

test('nothing but white space is nothing', () => {
  assert.deepEqual(readiness(' \n\t', 'hybrid', may, true), { state: 'empty' });
});

test('length is counted in bytes of UTF-8, after the white space around it', () => {
  assert.equal(readiness('a'.repeat(LONGEST_BYTES), 'hybrid', may, true).state, 'ready');
  assert.equal(readiness(` ${'a'.repeat(LONGEST_BYTES)} `, 'hybrid', may, true).state, 'ready');
  assert.deepEqual(readiness('京'.repeat(1334), 'hybrid', may, true), { state: 'too-long', bytes: 4002 });
  assert.equal(countedBytes('京'.repeat(999)), null);
  assert.equal(countedBytes('京'.repeat(1000)), 3000);
});

test('a draft goes back to the person who wrote it, and to nobody else', () => {
  const kept = new KeptDraft();
  kept.keep('li', 'not sent yet');
  assert.equal(kept.of('li'), 'not sent yet');
  assert.equal(kept.of('anna'), '');
  kept.keep('anna', 'other words');
  assert.equal(kept.of('li'), '');
  kept.forget();
  assert.equal(kept.of('anna'), '');
});
