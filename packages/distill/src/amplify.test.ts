import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Bits, fromBytes, pack, popcount, slice, unpack, xor, zeros } from '@skykey/bits';
import { amplify, amplifySteps, toeplitzSeedBits } from './amplify.ts';

/** Reproducible bits, good enough to fill a matrix (xorshift32). */
function bitsFrom(seed: number, length: number): Bits {
  const bytes = new Uint8Array(Math.ceil(length / 8));
  let state = (seed * 0x9e3779b1) | 1;
  for (let i = 0; i < bytes.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state >>> 11;
  }
  return fromBytes(bytes, length);
}

/** Output bit i by the definition of the matrix. */
function row(input: Uint8Array, seed: Uint8Array, i: number): number {
  let sum = 0;
  for (let j = 0; j < input.length; j++) sum ^= seed[i - j + input.length - 1]! & input[j]!;
  return sum;
}

function schoolbook(input: Bits, seed: Bits, outputBits: number): Bits {
  const [x, s] = [unpack(input), unpack(seed)];
  return pack(Array.from({ length: outputBits }, (_, i) => row(x, s, i)));
}

const seedFor = (n: number, l: number): Bits => bitsFrom(n * 31 + l, toeplitzSeedBits(n, l));
const around = (size: number): number[] => [size - 1, size, size + 1];

describe('amplify equals the schoolbook bit for bit (P23)', () => {
  it('at every size up to 48 bits, outputs from none to all', () => {
    for (let n = 0; n <= 48; n++) {
      for (let l = 0; l <= n; l++) {
        const [input, seed] = [bitsFrom(n + 100 * l, n), seedFor(n, l)];
        assert.deepEqual(amplify(input, seed, l), schoolbook(input, seed, l), `${n} to ${l}`);
      }
    }
  });

  it('at 2^k and one beside it', () => {
    for (const n of [64, 128, 256, 512, 1024, 2048, 4096].flatMap(around)) {
      for (const l of new Set([1, 7, 8, 9, Math.floor(n / 3), n - 1, n])) {
        const [input, seed] = [bitsFrom(n, n), seedFor(n, l)];
        assert.deepEqual(amplify(input, seed, l), schoolbook(input, seed, l), `${n} to ${l}`);
      }
    }
  });

  it('at 8 kB and one bit beside it', () => {
    for (const n of around(65536)) {
      const l = 700;
      const [input, seed] = [bitsFrom(n, n), seedFor(n, l)];
      assert.deepEqual(amplify(input, seed, l), schoolbook(input, seed, l), `${n} to ${l}`);
    }
  });

  it('around 2^18 and up to the size of a pass: chosen rows of full matrices', () => {
    const block = 2 ** 18;
    for (const [n, l] of [
      [block - 1, block - 1],
      [block, block],
      [block + 1, block + 1],
      [2 * block + 1, block - 7],
      [3 * block - 1, 9],
      [1_000_000, 300_000],
    ] as const) {
      const [input, seed] = [bitsFrom(n, n), seedFor(n, l)];
      const out = unpack(amplify(input, seed, l));
      assert.equal(out.length, l);
      const [x, s] = [unpack(input), unpack(seed)];
      const edges = [
        0,
        1,
        7,
        8,
        block - 17,
        block - 9,
        block - 8,
        block - 1,
        block,
        block + 1,
        l - 9,
        l - 8,
        l - 2,
        l - 1,
      ];
      for (const i of edges.filter((i) => i >= 0 && i < l))
        assert.equal(out[i], row(x, s, i), `row ${i}, ${n} to ${l}`);
    }
  });

  it('at large sizes over the whole output: a column of the matrix is a part of the seed, and columns add up', () => {
    const block = 2 ** 18;
    for (const [n, l] of [
      [2 * block, 2 * block],
      [2 * block + 3, block + 1],
      [1_300_001, 400_003],
    ] as const) {
      const seed = seedFor(n, l);
      const input = zeros(n);
      let expected = zeros(l);
      for (const j of [0, 1, 8, 1000, block - 1, block, block + 1, 2 * block - 1, n - 2, n - 1]) {
        input.bytes[j >> 3]! ^= 1 << (j & 7);
        expected = xor(expected, slice(seed, n - 1 - j, n - 1 - j + l));
      }
      assert.deepEqual(amplify(input, seed, l), expected, `${n} to ${l}`);
    }
  });

  it('is linear over the whole string at a size of a satellite pass', () => {
    const [n, l] = [700_001, 250_000];
    const seed = seedFor(n, l);
    const [a, b] = [bitsFrom(1, n), bitsFrom(2, n)];
    const sum = amplify(xor(a, b), seed, l);
    assert.deepEqual(sum, xor(amplify(a, seed, l), amplify(b, seed, l)));
    assert.ok(Math.abs(popcount(sum) - l / 2) < 5 * Math.sqrt(l / 4));
  });
});

describe('amplifySteps', () => {
  it('yields growing shares, and ends with what amplify returns', () => {
    const [n, l] = [300_000, 100_000];
    const [input, seed] = [bitsFrom(5, n), seedFor(n, l)];
    const steps = amplifySteps(input, seed, l);
    let last = 0;
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) {
        assert.deepEqual(step.value, amplify(input, seed, l));
        break;
      }
      assert.ok(step.value > last && step.value <= 1);
      last = step.value;
    }
    assert.equal(last, 1);
  });

  it('refuses what amplify refuses, and has nothing to do for no output', () => {
    assert.throws(() => amplifySteps(zeros(9), zeros(9), 2).next(), { code: 'distill/bad-argument' });
    assert.deepEqual(amplifySteps(zeros(9), zeros(0), 0).next(), { done: true, value: zeros(0) });
  });
});

describe('the family', () => {
  it('is 2-universal: over all seeds, each non-zero input is sent to 0 for exactly one seed in 2^l', () => {
    const [n, l] = [6, 3];
    const seeds = 2 ** toeplitzSeedBits(n, l);
    for (let x = 1; x < 2 ** n; x++) {
      let zero = 0;
      for (let s = 0; s < seeds; s++) {
        if (popcount(amplify(fromBytes(Uint8Array.of(x), n), fromBytes(Uint8Array.of(s), 8), l)) === 0) zero++;
      }
      assert.equal(zero, seeds / 2 ** l);
    }
  });

  it('takes one seed bit a diagonal, and none for no output', () => {
    assert.equal(toeplitzSeedBits(1_000_000, 300_000), 1_299_999);
    assert.equal(toeplitzSeedBits(1, 1), 1);
    assert.equal(toeplitzSeedBits(5, 0), 0);
    assert.equal(toeplitzSeedBits(0, 0), 0);
    assert.deepEqual(amplify(bitsFrom(1, 5), zeros(0), 0), zeros(0));
    assert.deepEqual(amplify(zeros(0), zeros(0), 0), zeros(0));
  });
});

describe('amplify leaves alone what it is given and refuses what does not fit', () => {
  it('input and seed stay as they are', () => {
    const [input, seed] = [bitsFrom(3, 20_000), seedFor(20_000, 7000)];
    const [inputBytes, seedBytes] = [input.bytes.slice(), seed.bytes.slice()];
    amplify(input, seed, 7000);
    assert.deepEqual(input.bytes, inputBytes);
    assert.deepEqual(seed.bytes, seedBytes);
  });

  it('a seed too short or too long', () => {
    const input = bitsFrom(1, 100);
    for (const length of [0, 100, 138, 140, 200]) {
      assert.throws(() => amplify(input, zeros(length), 40), { code: 'distill/bad-argument' });
    }
    assert.throws(() => amplify(input, zeros(99), 0), { code: 'distill/bad-argument' });
  });

  it('an output longer than the input, negative or no number', () => {
    const input = bitsFrom(1, 100);
    for (const l of [101, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => amplify(input, zeros(139), l), { code: 'distill/bad-argument' });
    }
  });
});
