import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack } from '@skykey/bits';
import fc from 'fast-check';
import { TapeReader, TapeWriter } from './tape.ts';

const entry = fc
  .integer({ min: 1, max: 32 })
  .chain((count) => fc.tuple(fc.integer({ min: 0, max: 2 ** count - 1 }), fc.constant(count)));

test('a tape gives back what was written, in the bit order of the house', () => {
  const writer = new TapeWriter();
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 400 }), (entries) => {
      const expected: number[] = [];
      for (const [value, count] of entries) {
        writer.put(value, count);
        for (let i = 0; i < count; i++) expected.push((value >>> i) & 1);
        assert.equal(writer.length, expected.length);
      }
      const bits = writer.finish();
      assert.deepEqual(bits, pack(expected));
      assert.equal(writer.length, 0);
      const reader = new TapeReader(bits);
      for (const [value, count] of entries) {
        assert.equal(reader.take(count) >>> 0, value);
      }
      assert.equal(reader.take(3), 0, 'zeros beyond the end');
    }),
    { numRuns: 200, seed: 3 },
  );
});
