import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ErrorSearch } from './cascade.ts';
import { DistillError } from './error.ts';
import { Shuffles } from './shuffle.ts';
import { seededBytes, seededWords } from './test/benchtop.ts';

const SEED = Uint8Array.from({ length: 16 }, (_, i) => i);

test('a shuffle is a permutation, its places its inverse, and no two passes are alike', () => {
  for (const length of [1, 2, 3, 1000, 65_536]) {
    const shuffles = new Shuffles(SEED, length);
    for (const pass of [0, 1, 13]) {
      const order = shuffles.order(pass);
      const place = shuffles.place(pass);
      assert.deepEqual(
        order.toSorted(),
        Uint16Array.from({ length }, (_, i) => i),
      );
      assert(order.every((bit, position) => place[bit] === position));
    }
    if (length >= 1000) assert.notDeepEqual(shuffles.order(0), shuffles.order(1));
  }
});

test('a shuffle is the one that PROTOCOL.md gives', () => {
  const shuffles = new Shuffles(SEED, 16);
  assert.deepEqual([...shuffles.order(0)], [13, 7, 8, 14, 2, 11, 6, 4, 9, 3, 10, 15, 12, 5, 0, 1]);
  assert.deepEqual([...shuffles.order(5)], [11, 4, 12, 2, 10, 7, 1, 13, 6, 8, 14, 0, 15, 5, 9, 3]);
});

test('positions are uniform over many seeds', () => {
  const counts = new Int32Array(8 * 8);
  const random = seededBytes(2);
  const seeds = 8000;
  for (let i = 0; i < seeds; i++) {
    for (const [position, bit] of new Shuffles(random(16), 8).order(1).entries()) counts[position * 8 + bit]!++;
  }
  let chi2 = 0;
  for (const count of counts) chi2 += (count - seeds / 8) ** 2 / (seeds / 8);
  // 49 degrees of freedom: mean 49, standard deviation 10.
  assert(chi2 < 100, `chi-square ${chi2}`);
});

interface Asked {
  readonly pass: number;
  readonly from: number;
  readonly to: number;
}

/** Runs a search against a known pattern of errors, with truthful answers. */
function solve(
  shuffles: Shuffles,
  errors: Uint8Array,
  rate: number,
): { search: ErrorSearch; asked: Asked[]; rounds: number } {
  const left = errors.slice();
  const search = new ErrorSearch(shuffles, rate);
  const asked: Asked[] = [];
  let rounds = 0;
  for (let wanted = search.next(); wanted; wanted = search.next()) {
    rounds++;
    const answers: number[] = [];
    search.forEachRange((pass, from, to) => {
      asked.push({ pass, from, to });
      let parity = 0;
      for (let i = from; i < to; i++) parity ^= left[shuffles.order(pass)[i]!]!;
      answers.push(parity);
    });
    assert.equal(answers.length, wanted);
    const used = search.learn(Uint8Array.from(answers), 0, (bit) => {
      assert.equal(left[bit], 1, 'only a wrong bit is ever called wrong');
      left[bit] = 0;
    });
    assert.equal(used, wanted);
  }
  return { search, asked, rounds };
}

test('all errors are found, at any size and rate', () => {
  const next = seededWords(9);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3000 }), fc.double({ min: 0, max: 0.1, noNaN: true }), (length, rate) => {
      const shuffles = new Shuffles(SEED, length);
      const errors = Uint8Array.from({ length }, () => (next() / 2 ** 32 < rate ? 1 : 0));
      const { search } = solve(shuffles, errors, Math.max(rate, 1e-3));
      const count = errors.reduce((sum, error) => sum + error, 0);
      // An even number may stay undetected, that is what frame tags are for.
      assert(search.found <= count && (count - search.found) % 2 === 0, `${search.found} of ${count}`);
    }),
    { numRuns: 200, seed: 6 },
  );
});

test('a wrong guess of the error rate costs bits, not errors', () => {
  const length = 20_000;
  const next = seededWords(10);
  const errors = Uint8Array.from({ length }, () => (next() / 2 ** 32 < 0.03 ? 1 : 0));
  const count = errors.reduce((sum, error) => sum + error, 0);
  for (const guess of [1e-4, 0.01, 0.03, 0.1, 0.5]) {
    assert.equal(solve(new Shuffles(SEED, length), errors, guess).search.found, count, `guess ${guess}`);
  }
});

test('nothing is asked that follows from what is known', () => {
  const length = 120;
  const next = seededWords(12);
  for (let run = 0; run < 40; run++) {
    const shuffles = new Shuffles(seededBytes(run + 1)(16), length);
    const errors = Uint8Array.from({ length }, () => (next() / 2 ** 32 < 0.05 ? 1 : 0));
    const { asked } = solve(shuffles, errors, 0.05);
    // Within a pass, and with the parity of the whole, the ranges asked for are linearly independent over GF(2).
    for (const pass of new Set(asked.map((range) => range.pass))) {
      const vectors = asked
        .filter((range) => range.pass === pass)
        .map(({ from, to }) => ((1n << BigInt(to - from)) - 1n) << BigInt(from));
      if (pass) vectors.push((1n << BigInt(length)) - 1n);
      const basis: bigint[] = [];
      for (let vector of vectors) {
        for (const base of basis) if ((vector ^ base) < vector) vector ^= base;
        assert(vector, `pass ${pass} of run ${run}: a parity that was known`);
        basis.push(vector);
        basis.sort((a, b) => (a < b ? 1 : -1));
      }
    }
  }
});

test('a key without errors costs two bits and one for each further pass', () => {
  const { asked, rounds } = solve(new Shuffles(SEED, 65_536), new Uint8Array(65_536), 1e-6);
  assert.equal(asked.length, 2 + 13);
  assert.equal(rounds, 4);
});

test('answers that cannot come from two strings end the search, they never keep it busy', () => {
  const shuffles = new Shuffles(SEED, 600);
  let contradictions = 0;
  for (let run = 1; run <= 60; run++) {
    const next = seededWords(run);
    const search = new ErrorSearch(shuffles, 0.05);
    let asked = 0;
    try {
      for (let wanted = search.next(); wanted; wanted = search.next()) {
        asked += wanted;
        search.learn(
          Uint8Array.from({ length: wanted }, () => next() & 1),
          0,
          () => undefined,
        );
      }
    } catch (error) {
      assert(error instanceof DistillError && error.code === 'distill/protocol');
      contradictions++;
    }
    assert(asked <= 14 * 600, `${asked} parities`);
    assert(search.found <= 600);
  }
  assert(contradictions > 50);
});
