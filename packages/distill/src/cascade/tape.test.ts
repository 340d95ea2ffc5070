import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack } from '@skykey/bits';
import fc from 'fast-check';
import { TapeWriter } from './tape.ts';

test('a tape gives back what was written, in the bit order of the house', () => {
  const writer = new TapeWriter();
  const strings = fc.array(fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 70 }), { maxLength: 300 });
  fc.assert(
    fc.property(strings, (parts) => {
      const expected: number[] = [];
      for (const part of parts) {
        writer.append(pack(part));
        expected.push(...part);
        assert.equal(writer.length, expected.length);
      }
      assert.deepEqual(writer.finish(), pack(expected));
      assert.equal(writer.length, 0);
    }),
    { numRuns: 200, seed: 3 },
  );
});

test('a tape grows', () => {
  const writer = new TapeWriter();
  const long = pack(Uint8Array.from({ length: 100_003 }, (_, i) => (i * i) & 1));
  writer.append(pack([1]));
  writer.append(long);
  const { length, bytes } = writer.finish();
  assert.equal(length, 100_004);
  for (let i = 0; i < 100_003; i += 997) assert.equal((bytes[(i + 1) >> 3]! >> ((i + 1) & 7)) & 1, (i * i) & 1);
});
