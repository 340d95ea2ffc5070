import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack, unpack } from '@skykey/bits';
import fc from 'fast-check';
import { countDifferences } from './differences.ts';

test('differences are counted one by one, at every length', () => {
  const bits = fc.array(fc.nat(1), { maxLength: 300 }).chain((a) => {
    return fc.tuple(fc.constant(a), fc.array(fc.nat(1), { minLength: a.length, maxLength: a.length }));
  });
  fc.assert(
    fc.property(bits, ([a, b]) => {
      const expected = a.filter((bit, i) => bit !== b[i]).length;
      assert.equal(countDifferences(pack(a), pack(b)), expected);
    }),
    { numRuns: 300, seed: 1 },
  );
  const all = pack(new Uint8Array(70_001).fill(1));
  assert.equal(countDifferences(all, pack(unpack(all).map((bit) => 1 - bit))), 70_001);
});
