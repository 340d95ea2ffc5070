import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ring } from './ring.ts';

test('a ring holds the newest rows, oldest first', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.tuple(fc.integer(), fc.option(fc.integer()))),
      (capacity, rows) => {
        const ring = new Ring(2, capacity);
        for (const row of rows) ring.push(row);
        const kept = rows.slice(-capacity);
        assert.equal(ring.length, kept.length);
        assert.deepEqual(ring.columns(), [kept.map((row) => row[0]), kept.map((row) => row[1])]);
      },
    ),
  );
});

test('a cleared ring is empty and takes rows again', () => {
  const ring = new Ring(1, 2);
  ring.push([1]);
  ring.push([2]);
  ring.push([3]);
  ring.clear();
  assert.deepEqual(ring.columns(), [[]]);
  ring.push([4]);
  assert.deepEqual(ring.columns(), [[4]]);
});

test('wrong shapes are refused', () => {
  assert.throws(() => new Ring(0, 4), RangeError);
  assert.throws(() => new Ring(1, 1.5), RangeError);
  assert.throws(() => new Ring(2, 2).push([1]), RangeError);
  assert.throws(() => new Ring(1, 2).at(0, 0), RangeError);
});
