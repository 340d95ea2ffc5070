import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { blockOf, MAX_BLOCK_BYTES, MAX_TEXT_BYTES, padNeed, padNeedOfBlock, TAG_KEY_BYTES, textOf } from './text.ts';

test('any text comes back as it was typed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 1000 }), (text) => {
      assert.equal(textOf(blockOf(text)), text);
    }),
  );
  // Neither normalised nor relieved of its byte order mark.
  for (const text of ['\ufeffBOM', 'e\u0301', 'é', '\0', 'line\r\nline']) assert.equal(textOf(blockOf(text)), text);
});

test('every length has keys of whole 64 bytes that fit its block, less than 64 bytes to spare for each key', () => {
  let blockBytes = 0;
  for (let length = 1; length <= MAX_TEXT_BYTES; length++) {
    const { bytesPerKey, count } = padNeed(length);
    assert.ok(bytesPerKey % 64 === 0 && bytesPerKey <= 512 && count <= 8);
    const block = bytesPerKey * count - TAG_KEY_BYTES;
    assert.ok(block >= length + 2 && block - length - 2 < 64 * count);
    assert.ok(block >= blockBytes);
    blockBytes = block;
    assert.deepEqual(padNeedOfBlock(block), { bytesPerKey, count });
    assert.equal(blockOf('x'.repeat(length)).length, block);
  }
  assert.equal(blockBytes, MAX_BLOCK_BYTES);
});

test('only the 24 sizes that texts have are sizes of blocks', () => {
  const sizes = [];
  for (let bytes = 0; bytes <= 0xffff; bytes++) if (padNeedOfBlock(bytes)) sizes.push(bytes);
  const made = new Set(Array.from({ length: MAX_TEXT_BYTES }, (_, i) => blockOf('x'.repeat(i + 1)).length));
  assert.deepEqual(sizes, [...made]);
  // 8 of one key, then 4, 3, 2, 2, 2, 2, 1 of two to eight.
  assert.equal(sizes.length, 24);
});
