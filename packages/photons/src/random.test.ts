import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PhotonsError } from './error.ts';
import { seededRandom, xoshiro128 } from './random.ts';
import { againstExpected } from './test/chi-square.ts';

/** The algorithm of arXiv:1805.01407 in integers of any size. */
function words(state: [bigint, bigint, bigint, bigint], count: number): bigint[] {
  const mask = 0xffffffffn;
  const rotl = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & mask;
  const s = [...state] as [bigint, bigint, bigint, bigint];
  return Array.from({ length: count }, () => {
    const result = (rotl((s[1] * 5n) & mask, 7n) * 9n) & mask;
    const t = (s[1] << 9n) & mask;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11n);
    return result;
  });
}

test('xoshiro128** gives the published words of state 1, 2, 3, 4', () => {
  const published = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849];
  assert.deepEqual(words([1n, 2n, 3n, 4n], 8).map(Number), published);
  const random = xoshiro128([1, 2, 3, 4]);
  for (let i = 0; i < published.length; i += 2) {
    assert.equal(random.uniform(), (published[i]! * 2 ** 21 + (published[i + 1]! >>> 11)) / 2 ** 53);
  }
});

test('uniform numbers are pairs of words, over many blocks and for every state', () => {
  fc.assert(
    fc.property(fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 1, max: 2 ** 32 - 1 }))), (state) => {
      const [a, b, c, d] = state as [number, number, number, number];
      const random = xoshiro128([a, b, c, d]);
      const expected = words([BigInt(a), BigInt(b), BigInt(c), BigInt(d)], 600);
      for (let i = 0; i < 600; i += 2) {
        assert.equal(random.uniform(), Number((expected[i]! << 21n) | (expected[i + 1]! >> 11n)) / 2 ** 53);
      }
    }),
    { numRuns: 30, seed: 1 },
  );
});

test('uint32 is the high word', () => {
  const random = xoshiro128([1, 2, 3, 4]);
  assert.deepEqual([random.uint32(), random.uint32(), random.uint32()], [11520, 5927040, 2031721883]);
});

test('streams of one seed, and one stream of many seeds, are uniform and unlike each other', () => {
  const streams = 4096;
  for (const start of [
    (i: number) => seededRandom(20161219, i),
    (i: number) => seededRandom(i, 7),
    (i: number) => seededRandom(3, i * 2 ** 32),
    (i: number) => seededRandom(i * 2 ** 32, 3),
  ]) {
    for (let draw = 0; draw < 4; draw++) {
      const cells = new Float64Array(64);
      const pairs = new Float64Array(64);
      let before = 0;
      for (let i = 0; i < streams; i++) {
        const random = start(i);
        for (let skip = 0; skip < draw; skip++) random.uniform();
        const u = random.uniform();
        cells[Math.floor(u * 64)]!++;
        pairs[Math.floor(before * 8) * 8 + Math.floor(u * 8)]!++;
        before = u;
      }
      const even = new Float64Array(64).fill(streams / 64);
      assert.ok(againstExpected(cells, even) < 4);
      assert.ok(againstExpected(pairs, even) < 4);
    }
  }
});

test('no two of many seeds and streams start alike', () => {
  const first = new Set<number>();
  for (let seed = 0; seed < 100; seed++) {
    for (let stream = 0; stream < 100; stream++) first.add(seededRandom(seed, stream).uniform());
  }
  assert.equal(first.size, 10_000);
});

test('a seed or stream that is no whole number is refused', () => {
  for (const bad of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
    assert.throws(
      () => seededRandom(bad),
      (error) => error instanceof PhotonsError && error.code === 'photons/seed',
    );
    assert.throws(() => seededRandom(1, bad), { code: 'photons/seed' });
  }
});
