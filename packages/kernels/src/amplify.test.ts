import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Bits, equalBytes, fromBytes, slice, xor, zeros } from '@skykey/bits';
import fc from 'fast-check';
import { toeplitz, toeplitzSteps } from './amplify.ts';
import type { Plan } from './amplify-plan.ts';
import { toeplitzTwin } from './amplify-twin.ts';
import { bitsFrom, byCounting, byDefinition } from './test/toeplitz.ts';

fc.configureGlobal({ seed: 1404 });

const ones = (length: number): Bits => fromBytes(new Uint8Array(Math.ceil(length / 8)).fill(0xff), length);
const around = (size: number): number[] => [size - 1, size, size + 1];

function cut(input: Bits, seed: Bits, outputBits: number, plan: Plan): Bits {
  const steps = toeplitzSteps(input, seed, outputBits, plan);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

function same(actual: Bits, expected: Bits, what: string): void {
  assert.equal(actual.length, expected.length, what);
  // Not deepEqual: what differs would be a page of bytes.
  const differ = actual.bytes.findIndex((byte, i) => byte !== expected.bytes[i]);
  assert.equal(differ, -1, `${what}: byte ${differ}`);
}

describe('the oracles agree with each other', () => {
  it('definition, counting by an exact transform, and the twin', () => {
    for (const n of [1, 2, 7, 8, 9, 64, 255, 256, 257, 1000]) {
      for (const l of new Set([1, Math.ceil(n / 3), n])) {
        const [input, seed] = [bitsFrom(n, n), bitsFrom(l, n + l - 1)];
        const expected = byDefinition(input, seed, l);
        same(byCounting(input, seed, l), expected, `counting, ${n} to ${l}`);
        same(toeplitzTwin(input, seed, l), expected, `twin, ${n} to ${l}`);
      }
    }
  });
});

describe('toeplitz equals the oracles bit for bit (P23)', () => {
  it('at every size up to 34 bits, outputs from one to all, and more', () => {
    for (let n = 1; n <= 34; n++) {
      for (let l = 1; l <= n + 3; l++) {
        const [input, seed] = [bitsFrom(n + 100 * l, n), bitsFrom(l, n + l - 1)];
        same(toeplitz(input, seed, l), byDefinition(input, seed, l), `${n} to ${l}`);
      }
    }
  });

  it('at 2^k and one beside it, random and all ones', () => {
    for (let k = 6; k <= 17; k++) {
      for (const n of around(2 ** k)) {
        const l = [1, 15, 16, 17, n >> 2, n >> 1, n - 1, n][(n + k) % 8]!;
        const [input, seed] = [bitsFrom(n, n), bitsFrom(l, n + l - 1)];
        same(toeplitz(input, seed, l), byCounting(input, seed, l), `${n} to ${l}`);
        // Row i of all ones counts n of them.
        same(toeplitz(ones(n), ones(n + l - 1), l), n & 1 ? ones(l) : zeros(l), `ones, ${n} to ${l}`);
      }
    }
  });

  it('at random sizes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), fc.nat(1000), fc.nat(), (n, share, start) => {
        const l = Math.max(1, Math.floor((n * share) / 1000));
        const [input, seed] = [bitsFrom(start, n), bitsFrom(start + 1, n + l - 1)];
        same(toeplitz(input, seed, l), toeplitzTwin(input, seed, l), `${n} to ${l}`);
      }),
      { numRuns: 60 },
    );
  });

  it('at the size of a satellite pass, against both', () => {
    const [n, l] = [400_000, 100_000];
    const [input, seed] = [bitsFrom(3, n), bitsFrom(4, n + l - 1)];
    const out = toeplitz(input, seed, l);
    same(out, toeplitzTwin(input, seed, l), 'twin');
    same(out, byCounting(input, seed, l), 'counting');
  });

  it('in transforms of every size, cut every way', () => {
    const plans: [n: number, l: number, plan: Plan][] = [
      [40_000, 20_000, { logSize: 12, inputBlocks: 1, blockSize: 2500, outputParts: 1, partSize: 1341 }],
      // As many coefficients as can be right, one of them the last before what wraps around.
      [40_000, 21_424, { logSize: 12, inputBlocks: 1, blockSize: 2500, outputParts: 1, partSize: 1341 }],
      [40_000, 40_000, { logSize: 12, inputBlocks: 5, blockSize: 512, outputParts: 7, partSize: 400 }],
      [90_001, 30_017, { logSize: 14, inputBlocks: 1, blockSize: 5626, outputParts: 1, partSize: 6663 }],
      [90_001, 30_017, { logSize: 14, inputBlocks: 2, blockSize: 4000, outputParts: 2, partSize: 1001 }],
      [300_000, 100_000, { logSize: 16, inputBlocks: 2, blockSize: 10_000, outputParts: 2, partSize: 4001 }],
      [300_000, 100_000, { logSize: 18, inputBlocks: 1, blockSize: 18_750, outputParts: 1, partSize: 6300 }],
      [300_000, 100_000, { logSize: 20, inputBlocks: 1, blockSize: 18_750, outputParts: 1, partSize: 6300 }],
    ];
    for (const [n, l, plan] of plans) {
      const [input, seed] = [bitsFrom(n, n), bitsFrom(l, n + l - 1)];
      same(cut(input, seed, l, plan), toeplitzTwin(input, seed, l), JSON.stringify(plan));
    }
  });

  it('in transforms that take factors of the whole field, with dense strings', () => {
    for (const [n, l, plan] of [
      [700_000, 300_000, { logSize: 22, inputBlocks: 1, blockSize: 43_750, outputParts: 1, partSize: 19_000 }],
      [500_000, 20_000, { logSize: 24, inputBlocks: 1, blockSize: 31_250, outputParts: 1, partSize: 1500 }],
    ] satisfies [number, number, Plan][]) {
      const [input, seed] = [bitsFrom(n, n), bitsFrom(l, n + l - 1)];
      same(cut(input, seed, l, plan), toeplitzTwin(input, seed, l), JSON.stringify(plan));
    }
  });

  it('over the whole output of a long string: a column of the matrix is a part of the seed, and columns add up', () => {
    const [n, l] = [30_000_001, 9_000_000];
    const seed = bitsFrom(5, n + l - 1);
    const input = zeros(n);
    let expected = zeros(l);
    for (const j of [0, 1, 15, 16, 8_000_000, 15_000_000, 15_000_001, n - 17, n - 2, n - 1]) {
      input.bytes[j >> 3]! |= 1 << (j & 7);
      expected = xor(expected, slice(seed, n - 1 - j, n - 1 - j + l));
    }
    same(toeplitz(input, seed, l), expected, `${n} to ${l}`);
  });
});

describe('toeplitzSteps', () => {
  const [n, l] = [200_000, 60_000];
  const [input, seed] = [bitsFrom(1, n), bitsFrom(2, n + l - 1)];

  it('yields growing shares up to 1, and several products at a time do not disturb each other', () => {
    const expected = toeplitz(input, seed, l);
    const other = toeplitz(seed, bitsFrom(9, seed.length), 1);
    const runs = [toeplitzSteps(input, seed, l), toeplitzSteps(seed, bitsFrom(9, seed.length), 1)];
    const results: (Bits | undefined)[] = [undefined, undefined];
    const shares = [0, 0];
    while (results.includes(undefined)) {
      for (const [i, run] of runs.entries()) {
        if (results[i]) continue;
        const step = run.next();
        if (step.done) results[i] = step.value;
        else {
          assert.ok(step.value > shares[i]!);
          shares[i] = step.value;
        }
      }
    }
    assert.deepEqual(shares, [1, 1]);
    same(results[0]!, expected, 'first');
    same(results[1]!, other, 'second');
  });

  it('leaves no trace of what it held, at the end or when it is stopped', () => {
    const memories: WebAssembly.Memory[] = [];
    const grow = WebAssembly.Memory.prototype.grow;
    WebAssembly.Memory.prototype.grow = function (this: WebAssembly.Memory, pages: number) {
      memories.push(this);
      return grow.call(this, pages);
    };
    // Below are the tables, which are public.
    const held = (): number[] =>
      [...new Set(memories)].map(({ buffer }) => new Uint8Array(buffer, 2 ** 15).findLastIndex((byte) => byte !== 0));
    try {
      // More than a kept instance has room for.
      const [whole, broken] = [bitsFrom(1, 5_000_000), bitsFrom(2, 5_000_000)].map((long) =>
        toeplitzSteps(long, bitsFrom(3, 5_000_999), 1000),
      );
      for (let i = 0; i < 40; i++) broken!.next();
      whole!.next();
      assert.equal(held().length, 2);
      assert.ok(held().every((last) => last > 0));
      while (!whole!.next().done);
      broken!.return(zeros(0));
      assert.deepEqual(held(), [-1, -1]);
    } finally {
      WebAssembly.Memory.prototype.grow = grow;
    }
  });

  it('leaves input and seed as they are', () => {
    const [inputBytes, seedBytes] = [input.bytes.slice(), seed.bytes.slice()];
    toeplitz(input, seed, l);
    assert.ok(equalBytes(input.bytes, inputBytes));
    assert.ok(equalBytes(seed.bytes, seedBytes));
  });

  it('refuses a seed of another length, and nothing at all', () => {
    for (const length of [0, seed.length - 1]) {
      assert.throws(() => toeplitz(input, bitsFrom(1, length), l), { code: 'kernels/argument' });
    }
    assert.throws(() => toeplitz(zeros(0), zeros(0), 1), { code: 'kernels/argument' });
    assert.throws(() => toeplitz(zeros(1), zeros(0), 0), { code: 'kernels/argument' });
  });
});
