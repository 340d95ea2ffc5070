import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededBytes } from '../test/benchtop.ts';
import { Shuffles } from './shuffle.ts';

const SEED = Uint8Array.from({ length: 16 }, (_, i) => i);

test('a shuffle is a permutation, its places its inverse, and no two passes are alike', () => {
  for (const [rows, lanes] of [
    [1, 1],
    [2, 1],
    [3, 4],
    [1000, 8],
    [32_768, 32],
  ] as const) {
    const shuffles = new Shuffles(SEED, rows, lanes);
    for (const pass of [0, 1, 13]) {
      const { order, place, turn } = shuffles.pass(pass);
      assert.deepEqual(
        order.toSorted(),
        Uint16Array.from({ length: rows }, (_, i) => i),
      );
      assert(order.every((row, position) => place[row] === position));
      assert(turn.every((by) => by < lanes));
      assert.equal(turn.length, rows);
    }
    if (rows < 1000) continue;
    const [one, other] = [shuffles.pass(0), shuffles.pass(1)];
    assert.notDeepEqual(one.order, other.order);
    assert.notDeepEqual(one.turn, other.turn);
  }
});

/** For passes 0 and 5: the row at each position, and by how many lanes it is turned. */
const VECTOR = [
  [
    [13, 7, 8, 14, 2, 11, 6, 4, 9, 3, 10, 15, 12, 5, 0, 1],
    [11, 4, 1, 6, 29, 8, 10, 25, 25, 0, 28, 31, 20, 19, 9, 27],
  ],
  [
    [11, 4, 12, 2, 10, 7, 1, 13, 6, 8, 14, 0, 15, 5, 9, 3],
    [10, 15, 15, 30, 5, 24, 21, 28, 7, 4, 6, 7, 8, 28, 18, 19],
  ],
];

test('a shuffle is the one that PROTOCOL.md gives', () => {
  const shuffles = new Shuffles(SEED, 16, 32);
  const said = [0, 5].map((pass) => {
    const { order, turn } = shuffles.pass(pass);
    return [[...order], Array.from(order, (row) => turn[row])];
  });
  assert.deepEqual(said, VECTOR);
});

test('positions and turns are uniform and independent of each other over many seeds', () => {
  const rows = 8;
  const lanes = 4;
  const counts = new Int32Array(rows * rows * lanes);
  const random = seededBytes(2);
  const seeds = 12_000;
  for (let i = 0; i < seeds; i++) {
    const { order, turn } = new Shuffles(random(16), rows, lanes).pass(1);
    for (const [position, row] of order.entries()) counts[(position * rows + row) * lanes + turn[row]!]!++;
  }
  const expected = seeds / rows / lanes;
  let chi2 = 0;
  for (const count of counts) chi2 += (count - expected) ** 2 / expected;
  // About 240 degrees of freedom: standard deviation 22.
  assert(chi2 > 150 && chi2 < 340, `chi-square ${chi2}`);
});
