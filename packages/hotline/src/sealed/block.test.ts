import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  blockOf,
  MAX_AUTHOR_BYTES,
  MAX_BLOCK_BYTES,
  MAX_TEXT_BYTES,
  padNeed,
  padNeedOfBlock,
  SALT_BYTES,
  TAG_KEY_BYTES,
  wordsOf,
} from './block.ts';
import { codeOf, refuses, words } from './test/keys.ts';

const salt = new Uint8Array(SALT_BYTES).fill(7);

test('any words come back as they were typed, on the record or off it', () => {
  const anyText = fc.string({ unit: 'binary', minLength: 1, maxLength: 900 });
  fc.assert(
    fc.property(anyText, fc.boolean(), fc.nat(), (text, onRecord, sentAtMs) => {
      const typed = words(text, { sentAtMs, author: 'مریم‌السادات', salt: onRecord ? salt : null });
      assert.deepEqual(wordsOf(blockOf(typed), onRecord), typed);
    }),
    { seed: 7 },
  );
  // Neither normalised nor relieved of its byte order mark.
  for (const text of ['\ufeffBOM', 'e\u0301', 'é', '\0', 'line\r\nline', '𝕏'.repeat(1000)]) {
    assert.equal(wordsOf(blockOf(words(text)), false).text, text);
  }
});

test('every length has keys of whole 64 bytes, at most 512, that fit its block with less than 64 to spare for each', () => {
  let blockBytes = 0;
  for (let length = 2; length <= MAX_TEXT_BYTES + MAX_AUTHOR_BYTES + SALT_BYTES; length++) {
    const { bytesPerKey, count } = padNeed(length - 1, 1, false);
    assert.ok(bytesPerKey % 64 === 0 && bytesPerKey <= 512 && count <= 9);
    const block = bytesPerKey * count - TAG_KEY_BYTES;
    assert.ok(block >= length + 11 && block - length - 11 < 64 * count);
    assert.ok(block >= blockBytes);
    blockBytes = block;
    assert.deepEqual(padNeedOfBlock(block), { bytesPerKey, count });
  }
  assert.equal(blockBytes, MAX_BLOCK_BYTES);
});

test('the size of a block says which of 25 sizes, and nothing else about text and author', () => {
  const sizes: number[] = [];
  for (let bytes = 0; bytes <= 0xffff; bytes++) if (padNeedOfBlock(bytes)) sizes.push(bytes);
  const made = new Map<number, number>();
  for (const authorBytes of [1, 9, MAX_AUTHOR_BYTES]) {
    for (let length = 1; length <= MAX_TEXT_BYTES; length += authorBytes === 9 ? 1 : 37) {
      const { length: size } = blockOf(words('x'.repeat(length), { author: 'y'.repeat(authorBytes) }));
      made.set(size, (made.get(size) ?? 0) + 1);
    }
  }
  made.set(blockOf(words('x'.repeat(4000), { author: 'y'.repeat(64), salt })).length, 1);
  // 8 of one key, then 4, 3, 2, 2, 2, 2, 1, 1 of two to nine.
  assert.equal(sizes.length, 25);
  assert.deepEqual(
    [...made.keys()].sort((a, b) => a - b),
    sizes,
  );
  // "yes" and a text of four times its length look alike, whoever wrote them.
  const said = [words('yes'), words('No, not now.'), words('no', { author: 'Сергей' })];
  assert.equal(new Set(said.map((one) => blockOf(one).length)).size, 1);
});

test('words that no desk sends are refused', () => {
  const refused: [Parameters<typeof words>[0], Parameters<typeof words>[1], string][] = [
    ['', {}, 'hotline/bad-argument'],
    ['\ud800', {}, 'hotline/bad-argument'],
    ['é'.repeat(2001), {}, 'hotline/too-long'],
    ['x', { author: '' }, 'hotline/bad-argument'],
    ['x', { author: 'é'.repeat(33) }, 'hotline/bad-argument'],
    ['x', { author: 'Li\nWei' }, 'hotline/bad-argument'],
    ['x', { author: 'Li\u2028Wei' }, 'hotline/bad-argument'],
    ['x', { author: 'Li\udc00' }, 'hotline/bad-argument'],
    ['x', { sentAtMs: -1 }, 'hotline/bad-argument'],
    ['x', { sentAtMs: 1.5 }, 'hotline/bad-argument'],
    ['x', { salt: new Uint8Array(31).fill(1) }, 'hotline/bad-argument'],
    ['x', { salt: new Uint8Array(32) }, 'hotline/bad-argument'],
  ];
  for (const [text, change, code] of refused)
    assert.equal(
      codeOf(() => blockOf(words(text, change))),
      code,
    );
  refuses('hotline/too-long', () => blockOf(words('x'.repeat(50)), 64));
});

test('authentic nonsense is refused: no words have two blocks', () => {
  const nonsense: ((block: Uint8Array) => void)[] = [
    (block) => block.set([0xff], 0), // a time beyond any
    (block) => block.set([0], 8), // no author, all after it moved
    (block) => block.set([255], 8),
    (block) => block.set([10], 9), // a line feed in the author
    (block) => block.set([0xff], 9), // not UTF-8
    (block) => block.set([0, 0], 15), // no text
    (block) => block.set([0xff, 0xff], 15),
    (block) => block.set([0, 9], 15), // a byte of text too few: filling is not of zeros
    (block) => block.set([0xff], 17),
    (block) => block.set([1], block.length - 1),
  ];
  for (const edit of nonsense) {
    const block = blockOf(words('a sentence'));
    edit(block);
    assert.equal(
      codeOf(() => wordsOf(block, false)),
      'hotline/malformed',
      edit.toString(),
    );
  }
  const block = blockOf(words('a sentence'));
  const longer = Uint8Array.of(...block, ...new Uint8Array(64));
  refuses('hotline/malformed', () => wordsOf(longer, false));
  refuses('hotline/malformed', () => wordsOf(block, false, block.length + 64));
  assert.equal(wordsOf(longer, false, longer.length).text, 'a sentence');
  for (let length = 0; length < block.length; length++) {
    refuses('hotline/malformed', () => wordsOf(block.subarray(0, length), false));
  }
});
