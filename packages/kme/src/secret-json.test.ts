import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import fc from 'fast-check';
import { readBase64, secretJson } from './secret-json.ts';

test('digits are those of RFC 4648, section 10, and of Buffer for any bytes', () => {
  for (const [text, base64] of [
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ] as const) {
    const secret = SecretBytes.adopt(new TextEncoder().encode(text));
    assert.equal(new TextDecoder().decode(secretJson([{ base64: secret }])), base64);
    assert.equal(new TextDecoder().decode(readBase64(base64)), text);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      const secret = SecretBytes.adopt(bytes.slice());
      const written = secretJson(['{"a":"', { base64: secret }, '","b":"', { hex: secret }, '"}']);
      const { a, b } = JSON.parse(new TextDecoder().decode(written));
      assert.equal(a, Buffer.from(bytes).toString('base64'));
      assert.equal(b, Buffer.from(bytes).toString('hex'));
      assert.deepEqual(readBase64(a), bytes);
    }),
  );
});

test('base64 that two readers could take differently is refused', () => {
  for (const text of ['Zg', 'Zg=', 'Zh==', 'Zm9=', 'Zm8', 'Zm 8', 'Zm8=\n', '====', 'Z===', '-_-_', 'Zg==Zg==']) {
    assert.equal(readBase64(text), undefined, text);
  }
});
