import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LinearProgramme, maximise } from './linear-programme.ts';

function programme(rows: number, columns: number[][], value: number[], most: number[], target: number[]) {
  return {
    rows,
    columns: Float64Array.from(columns.flat()),
    value: Float64Array.from(value),
    most: Float64Array.from(most),
    target: Float64Array.from(target),
  };
}

/** Value of the dual at the multipliers: nothing that meets the rows is worth more. */
function ceiling({ rows, columns, value, most, target }: LinearProgramme, multipliers: Float64Array): number {
  let sum = 0;
  for (let row = 0; row < rows; row++) sum += multipliers[row]! * target[row]!;
  for (let j = 0; j < value.length; j++) {
    let gain = value[j]!;
    for (let row = 0; row < rows; row++) gain -= multipliers[row]! * columns[j * rows + row]!;
    sum += most[j]! * Math.max(0, gain);
  }
  return sum;
}

test('a knapsack by hand', () => {
  // x + y + z = 2 with each at most 1: the two of greatest value.
  const best = maximise(programme(1, [[1], [1], [1]], [3, 1, 2], [1, 1, 1], [2]))!;
  assert.deepEqual([...best.x], [1, 0, 1]);
  assert.equal(best.value, 5);
  assert.equal(maximise(programme(1, [[1], [1]], [1, 1], [1, 1], [3])), null);
  assert.equal(
    maximise(
      programme(
        2,
        [
          [1, 1],
          [1, 1],
        ],
        [1, 1],
        [1, 1],
        [1, 0.5],
      ),
    ),
    null,
  );
});

test('what it finds meets the rows and the bounds, and its own multipliers prove it best', () => {
  const entry = fc.double({ min: -2, max: 2, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 2, max: 25 }),
      fc.infiniteStream(entry),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      (rows, count, entries, shares) => {
        const next = (): number => Math.round(entries.next().value * 1000) / 1000;
        const columns = Array.from({ length: count }, () => Array.from({ length: rows }, next));
        const most = Array.from({ length: count }, () => 0.5 + shares.next().value);
        // A point within the bounds makes sure that there is something to find.
        const inside = most.map((m) => m * shares.next().value);
        const target = Array.from({ length: rows }, (_, row) =>
          columns.reduce((sum, column, j) => sum + column[row]! * inside[j]!, 0),
        );
        const one = programme(rows, columns, Array.from({ length: count }, next), most, target);
        const best = maximise(one);
        assert.notEqual(best, null);
        for (let row = 0; row < rows; row++) {
          const sum = columns.reduce((total, column, j) => total + column[row]! * best!.x[j]!, 0);
          assert.ok(Math.abs(sum - target[row]!) < 1e-6);
        }
        assert.ok(best!.x.every((x, j) => x >= 0 && x <= most[j]!));
        assert.ok(ceiling(one, best!.multipliers) - best!.value < 1e-6);
      },
    ),
    { seed: 11, numRuns: 400 },
  );
});
