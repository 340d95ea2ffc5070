import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extent, thinned } from './excerpt.ts';
import { Ring } from './ring.ts';

function ring(values: readonly (number | null)[]): Ring {
  const made = new Ring(2, 100);
  for (const [index, value] of values.entries()) made.push([index, value]);
  return made;
}

test('a thinned table keeps the first and the last row and never exceeds its limit', () => {
  const full = ring(Array.from({ length: 57 }, (_, index) => index * 2));
  const rows = thinned(full, 10);
  assert.equal(rows.length, 10);
  assert.deepEqual(rows[0], [0, 0]);
  assert.deepEqual(rows.at(-1), [56, 112]);
  assert.equal(new Set(rows.map((row) => row[0])).size, 10);
  assert.deepEqual(thinned(ring([7]), 10), [[0, 7]]);
  assert.deepEqual(thinned(ring([]), 10), []);
});

test('the extent of a column leaves gaps out', () => {
  assert.deepEqual(extent(ring([null, 3, 1, null, 2, null]), 1), { last: 2, lowest: 1, highest: 3 });
  assert.equal(extent(ring([null, null]), 1), null);
});
