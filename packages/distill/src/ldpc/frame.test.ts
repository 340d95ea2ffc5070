import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Bits, concat, fromBytes } from '@skykey/bits';
import { seededBytes } from '../test/benchtop.ts';
import { COLUMNS } from './design.ts';
import { addColumns, filled, frameOf, longestFrame, toColumns } from './frame.ts';

const keyOf = (bits: number): Bits => fromBytes(seededBytes(bits)(Math.ceil(bits / 8)), bits);

describe('frames', () => {
  it('cut a key without a gap, and none is longer than the longest', () => {
    for (const [bits, frames] of [
      [1, 1],
      [9, 2],
      [1000, 3],
      [99_991, 7],
      [102_400, 1],
    ] as const) {
      const key = keyOf(bits);
      const parts = Array.from({ length: frames }, (_, f) => frameOf(key, frames, f));
      assert.deepEqual(concat(...parts), key);
      const longest = longestFrame(bits, frames);
      for (const part of parts) {
        assert.ok(part.length <= longest.bits);
        const columns = filled(part);
        assert.equal(columns.length, COLUMNS);
        assert.equal(
          columns.reduce((sum, n) => sum + n, 0),
          part.length,
        );
        assert.ok(Math.max(...columns) <= longest.lift);
      }
    }
  });

  it('come back from columns as they were, and nothing stands beside them', () => {
    for (const bits of [8, 1601, 12_345, 102_400]) {
      const frame = keyOf(bits);
      const { lift } = longestFrame(bits, 1);
      const columns = toColumns(frame, lift);
      const places = filled(frame);
      for (let c = 0; c < COLUMNS; c++) {
        for (let p = places[c]!; p < lift; p++) {
          const bit = c * lift + p;
          assert.equal((columns[bit >> 3]! >> (bit & 7)) & 1, 0);
        }
      }
      const copy = fromBytes(frame.bytes, bits);
      addColumns(copy, columns, lift);
      assert.ok(copy.bytes.every((byte) => byte === 0));
    }
  });
});
