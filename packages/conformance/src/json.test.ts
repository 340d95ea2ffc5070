import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readJson } from './json.ts';

const read = (text: string) => readJson(Buffer.from(text, 'utf8'));

test('names that stand twice in one object are found, at every depth, and nowhere else', () => {
  assert.deepEqual(read('{"a":1,"a":2}').repeated, ['a']);
  assert.deepEqual(read('{"a":{"b":1},"c":[{"b":1},{"b":2,"b":3}]}').repeated, ['b']);
  assert.deepEqual(read('{"a":1,"\\u0061":2}').repeated, ['a']);
  assert.deepEqual(read('{"a":"a","b":{"a":["a","a"]}}').repeated, []);
  assert.deepEqual(read('{"a:{":1,"x":"\\"a:{\\":","y":"{"}').repeated, []);
});

test('what is no JSON text has no value, and its bytes are not quoted', () => {
  for (const text of ['{"key":"c2VjcmV0",}', '{} x', "{'a':1}", '\ufeff{}', 'NaN', '[1 2]']) {
    const { value, malformed } = read(text);
    assert.equal(value, undefined);
    assert.match(malformed!, /not JSON/);
    assert.doesNotMatch(malformed!, /c2Vj/);
  }
  assert.match(readJson(new Uint8Array([0x22, 0xff, 0x22])).malformed!, /UTF-8/);
});

test('any JSON value is read as it is, without a complaint', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      const reading = read(text);
      assert.equal(JSON.stringify(reading.value), text);
      assert.equal(reading.malformed, null);
      assert.deepEqual(reading.repeated, []);
    }),
    { seed: 14, numRuns: 500 },
  );
});

test('any bytes are read without an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const { value, malformed } = readJson(bytes);
      assert.equal(value === undefined, malformed !== null);
    }),
    { seed: 14, numRuns: 2000 },
  );
});
