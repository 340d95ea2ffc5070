import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Json, readJson } from './json.ts';

const read = (text: string): Json => readJson(new TextEncoder().encode(text));
/** Objects of the reader have no prototype; those of JSON.parse have one. */
const plain = (value: Json): unknown => JSON.parse(JSON.stringify(value));

test('what JSON.stringify writes is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(0, 1, '\t'), (value, space) => {
      const text = JSON.stringify(value, null, space);
      if (text.includes('__proto__')) return;
      assert.deepEqual(plain(read(text)), JSON.parse(text));
    }),
    { seed: 3, numRuns: 500 },
  );
});

test('what JSON.parse refuses is refused', () => {
  const alphabet = [...'{}[]",:\\/u0123456789eE+-. \n\ttruefalsnAF\u0001'];
  let refused = 0;
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 12 }), (text) => {
      let parsed: unknown;
      try {
        parsed = JSON.parse(text);
      } catch {
        refused++;
        assert.throws(() => read(text), SyntaxError, text);
        return;
      }
      try {
        assert.deepEqual(plain(read(text)), plain(parsed as Json));
      } catch (error) {
        // Stricter in these three points, and in no other.
        assert.ok(error instanceof SyntaxError, text);
        assert.match(error.message, /twice|out of range|surrogate/, text);
      }
    }),
    { seed: 4, numRuns: 20_000 },
  );
  assert.ok(refused > 10_000);
});

test('everything that two readers could read differently is refused', () => {
  const bad = [
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"__proto__":1}',
    '[{"x":{"__proto__":{}}}]',
    '{} {}',
    '1 2',
    '{"a":1}//',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '1e400',
    '\ufeff{}',
    '',
    ' ',
    '"\u0000"',
    '"a\nb"',
    `${'['.repeat(40)}${']'.repeat(40)}`,
    `${'{"a":'.repeat(100_000)}`,
  ];
  for (const text of bad) assert.throws(() => read(text), SyntaxError, text.slice(0, 40));
  assert.throws(() => readJson(Uint8Array.of(0x22, 0xc0, 0x80, 0x22)), SyntaxError, 'overlong NUL');
  assert.throws(() => readJson(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)), SyntaxError, 'a surrogate in UTF-8');
});

test('members of the object prototype are members like any other', () => {
  const object = read('{"constructor":1,"toString":null,"hasOwnProperty":{"x":2}}') as Record<string, unknown>;
  assert.equal(Object.getPrototypeOf(object), null);
  assert.equal(object.constructor, 1);
  assert.equal(({} as { x?: number }).x, undefined);
  assert.deepEqual(Object.keys(object), ['constructor', 'toString', 'hasOwnProperty']);
});
