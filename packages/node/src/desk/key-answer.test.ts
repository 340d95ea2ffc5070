import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeKeys } from './key-answer.ts';

const answer = (...keys: Uint8Array[]): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify({ keys: keys.map((key, i) => ({ key_ID: `ID-${i}`, key: Buffer.from(key).toString('base64') })) }),
  );

test('keys come out of an answer of any length, and the answer is overwritten', () => {
  for (const bytes of [1, 2, 3, 32, 64, 200]) {
    const keys = [0, 1, 2].map((n) => Uint8Array.from({ length: bytes }, (_, i) => (i * 73 + n * 29 + bytes) & 255));
    const body = answer(...keys);
    const taken = takeKeys(body);
    assert.deepEqual(
      taken.map(({ keyId, key }) => [keyId, key.open((own) => [...own])]),
      keys.map((key, i) => [`id-${i}`, [...key]]),
    );
    assert.ok(body.every((byte) => byte === 0));
  }
  assert.deepEqual(takeKeys(answer()), []);
});

test('anything else is refused without a word of it', () => {
  const wrong = ['', '{}', 'null', '{"keys":[{"key_ID":"a"}]}', '{"keys":[{"key_ID":"a","key":"AAA"}]}'];
  for (const text of [
    ...wrong,
    '{"keys":[{"key_ID":"a","key":"AA*A"}]}',
    '{"keys":[],"key":"c2VjcmV0"}',
    '{"key":"c2Vj',
  ]) {
    const body = new TextEncoder().encode(text);
    assert.throws(() => takeKeys(body), /something else than keys$/, text);
    assert.ok(body.every((byte) => byte === 0));
  }
});
