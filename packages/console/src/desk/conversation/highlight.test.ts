import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { excerpt, highlight } from './highlight.ts';

const hits = (text: string, query: string) =>
  highlight(text, query)
    .filter(({ hit }) => hit)
    .map(({ text: found }) => found);

test('the query is found wherever it stands, in capitals or not, in any script', () => {
  assert.deepEqual(hits('Hawthorn in flower; the HAWTHORN, too', 'hawthorn'), ['Hawthorn', 'HAWTHORN']);
  assert.deepEqual(hits('Section three, section four, section  three', 'section three'), ['Section three']);
  assert.deepEqual(hits('Боярышник цветёт', 'ЦВЕТЁТ'), ['цветёт']);
  assert.deepEqual(hits('山楂花开了', '花'), ['花']);
});

test('accents do not matter, and belong to their letter, however they are written', () => {
  assert.deepEqual(hits('Le café, le CAFE, le cafe\u0301!', 'cafe'), ['café', 'CAFE', 'cafe\u0301']);
  assert.deepEqual(hits('Боярышник цветет', 'цветёт'), ['цветет']);
  assert.deepEqual(hits('ﬁnal İstanbul', 'istanbul'), ['İstanbul']);
});

test('where it stands nowhere as a whole, its words are marked', () => {
  assert.deepEqual(hits('the flower of the hawthorn', 'hawthorn  flower'), ['flower', 'hawthorn']);
  assert.deepEqual(hits('the longer, the long', 'long longer'), ['longer', 'long']);
  assert.deepEqual(hits('nothing of it', 'hawthorn'), []);
});

test('what means something to a pattern means itself here', () => {
  assert.deepEqual(hits('a+b (c) [d] 1.5 $5 \\ | ^ {2} /', '[d] 1.5'), ['[d] 1.5']);
  assert.deepEqual(hits('abc', '.'), []);
});

test('the pieces joined are the text, whatever is asked', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, query) => {
      for (const asked of [query, text.slice(1, 3)]) {
        const pieces = highlight(text, asked);
        assert.equal(pieces.map((piece) => piece.text).join(''), text);
        assert.ok(pieces.every((piece) => piece.text !== ''));
      }
    }),
    { seed: 7, numRuns: 300 },
  );
  assert.deepEqual(highlight('as it is', '  '), [{ text: 'as it is', hit: false }]);
});

test('a long text is cut around its first hit, between words, and says so', () => {
  const text = `${'before '.repeat(40)}needle ${'after '.repeat(80)}`;
  const cut = excerpt(text, 'NEEDLE');
  assert.match(cut, /^… before .*needle after .* …$/);
  assert.ok(cut.length < 260, String(cut.length));
  assert.equal(excerpt('short needle', 'needle'), 'short needle');
  assert.match(excerpt(text, 'nothing like it'), /^before .* …$/);
  assert.ok(excerpt('😀'.repeat(400), 'x').isWellFormed());
});
