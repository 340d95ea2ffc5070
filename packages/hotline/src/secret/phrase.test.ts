import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { phraseOf } from './phrase.ts';
import { refusalCode } from './test/desks.ts';
import { Seeded } from './test/seeded.ts';
import { WORDS } from './words.ts';

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

describe('the safety phrase', () => {
  test('has 256 words that cannot be taken for each other', () => {
    assert.equal(WORDS.length, 256);
    assert.ok(WORDS.every((word) => /^[a-z]{4,9}$/.test(word)));
    assert.equal(new Set(WORDS.map((word) => word.slice(0, 4))).size, 256);
    assert.deepEqual([...WORDS].sort(), WORDS);
    for (const [i, word] of WORDS.entries()) {
      for (const other of WORDS.slice(i + 1)) assert.ok(editDistance(word, other) >= 3, `${word} and ${other}`);
    }
  });

  test('is six words, the same for the same bytes, another when one of the six is another', () => {
    const example = Uint8Array.of(0, 255, 1, 2, 3, 4, 5, 6);
    assert.equal(phraseOf(example), 'acorn zebra airport album almond amber');
    const seeded = new Seeded(1);
    const safety = seeded.bytes(8);
    const phrase = phraseOf(safety);
    for (let bit = 0; bit < 48; bit++) {
      const other = safety.slice();
      other[bit >> 3]! ^= 1 << (bit & 7);
      assert.notEqual(phraseOf(other), phrase);
    }
    for (const length of [0, 6, 7, 9]) {
      assert.equal(
        refusalCode(() => phraseOf(new Uint8Array(length))),
        'hotline/bad-argument',
      );
    }
  });
});
