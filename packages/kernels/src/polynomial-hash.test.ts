import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BLOCK_BYTES, hashBlocks } from './polynomial-hash.ts';
import { hashBlocks as twin } from './polynomial-hash-twin.ts';

fc.configureGlobal({ seed: 127 });

const P = 2n ** 127n - 1n;

function integer(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}

function littleEndian(value: bigint, length = 16): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
}

/** The definition, in integers of any size. */
function definition(state: Uint8Array, point: Uint8Array, text: Uint8Array): bigint {
  const r = (integer(point) & P) % P;
  let h = (integer(state) & P) % P;
  for (let at = 0; at < text.length; at += BLOCK_BYTES) {
    h = ((h + integer(text.subarray(at, at + BLOCK_BYTES))) * r) % P;
  }
  return h;
}

const hashed = (hash: typeof hashBlocks, state: Uint8Array, point: Uint8Array, text: Uint8Array): bigint => {
  const h = state.slice();
  hash(h, point, text);
  return integer(h);
};

/** Numbers that are extreme in every limb, 26 bits of the kernel or 22 of the twin: all ones, single bits, 0 and p. */
const edges = [
  0n,
  1n,
  2n,
  P - 1n,
  P,
  2n ** 126n,
  2n ** 128n - 1n,
  ...[21n, 22n, 25n, 26n, 43n, 44n, 51n, 52n, 53n, 103n, 104n, 109n, 110n, 126n].flatMap((bit) => [
    2n ** bit - 1n,
    2n ** bit,
    2n ** bit + 1n,
  ]),
  (2n ** 21n * ((2n ** 132n - 1n) / (2n ** 22n - 1n))) & P,
  (2n ** 25n * ((2n ** 130n - 1n) / (2n ** 26n - 1n))) & P,
].map((value) => littleEndian(value));
const number = fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.constantFrom(...edges));
const text = fc.nat(40).chain((blocks) =>
  fc.oneof(
    fc.uint8Array({ minLength: blocks * BLOCK_BYTES, maxLength: blocks * BLOCK_BYTES }),
    fc.constantFrom(0, 255).map((byte) => new Uint8Array(blocks * BLOCK_BYTES).fill(byte)),
  ),
);

/** Memories of the kernels that come to life in this file. */
const memories: WebAssembly.Memory[] = [];
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
    super(module, imports);
    memories.push(this.exports.memory as WebAssembly.Memory);
  }
};

describe('hashBlocks', () => {
  it('kernel and twin equal the definition', () => {
    fc.assert(
      fc.property(number, number, text, (h, r, t) => {
        const expected = t.length ? definition(h, r, t) : integer(h);
        assert.equal(hashed(hashBlocks, h, r, t), expected);
        assert.equal(hashed(twin, h, r, t), expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('every number of blocks around what is taken together and what is copied at a time', () => {
    const chunk = 512 * 8;
    const long = Uint8Array.from({ length: (2 * chunk + 9) * BLOCK_BYTES }, (_, i) => (i * 40503) >> 7);
    const r = littleEndian(3n ** 79n);
    for (const blocks of [1, 7, 8, 9, 15, 16, 17, chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 9]) {
      const part = long.subarray(0, blocks * BLOCK_BYTES);
      assert.equal(hashed(hashBlocks, r, r, part), definition(r, r, part), `${blocks} blocks`);
      assert.equal(hashed(twin, r, r, part), definition(r, r, part), `${blocks} blocks, twin`);
    }
  });

  it('keeps its limbs in bounds at the worst: every limb of state, point and text at its largest, a long way', () => {
    const ones = new Uint8Array(3000 * BLOCK_BYTES).fill(0xff);
    for (const r of edges) {
      const expected = definition(r, r, ones);
      assert.equal(hashed(hashBlocks, r, r, ones), expected);
      assert.equal(hashed(twin, r, r, ones), expected);
    }
  });

  it('writes p as 0, and nothing else', () => {
    // At the point 1 the state is a sum.
    for (const [state, block, sum] of [
      [P - 1n, 1n, 0n],
      [P - 1n, 0n, P - 1n],
      [P - 1n, 2n, 1n],
      [P, 0n, 0n],
      [2n ** 126n, 2n ** 120n - 1n, 2n ** 126n + 2n ** 120n - 1n],
      [P - 2n ** 64n, 2n ** 64n, 0n],
      [P - 2n ** 64n, 2n ** 64n - 1n, P - 1n],
    ] as const) {
      for (const hash of [hashBlocks, twin]) {
        assert.equal(hashed(hash, littleEndian(state), littleEndian(1n), littleEndian(block, BLOCK_BYTES)), sum);
      }
    }
  });

  it('reads a view where the view lies, and writes nothing but the state', () => {
    const large = Uint8Array.from({ length: 200 }, (_, i) => 7 * i);
    const before = large.slice();
    for (const hash of [hashBlocks, twin]) {
      const h = hashed(hash, large.subarray(3, 19), large.subarray(20, 36), large.subarray(40, 40 + 7 * BLOCK_BYTES));
      assert.equal(h, definition(large.slice(3, 19), large.slice(20, 36), large.slice(40, 40 + 7 * BLOCK_BYTES)));
      assert.deepEqual(large, before);
    }
  });

  it('leaves nothing of point, state or text in its memory', () => {
    const text = new Uint8Array(5000 * BLOCK_BYTES).fill(0xff);
    for (const blocks of [1, 9, 5000]) {
      hashed(hashBlocks, littleEndian(P - 5n), littleEndian(P - 7n), text.subarray(0, blocks * BLOCK_BYTES));
      assert.equal(memories.length, 1);
      assert(new Uint8Array(memories[0]!.buffer).every((byte) => byte === 0));
    }
    const [zero, one] = [new Uint8Array(16), littleEndian(1n)];
    assert.equal(hashed(hashBlocks, zero, one, new Uint8Array(9 * BLOCK_BYTES)), 0n);
  });

  it('leaves the state as it is for no text', () => {
    const h = littleEndian(2n ** 128n - 3n);
    assert.equal(hashed(hashBlocks, h, h, new Uint8Array(0)), 2n ** 128n - 3n);
    assert.equal(hashed(twin, h, h, new Uint8Array(0)), 2n ** 128n - 3n);
  });

  it('refuses other sizes', () => {
    const sixteen = new Uint8Array(16);
    for (const hash of [hashBlocks, twin]) {
      const refused = { code: 'kernels/argument' };
      assert.throws(() => hash(new Uint8Array(15), sixteen, new Uint8Array(15)), refused);
      assert.throws(() => hash(sixteen, new Uint8Array(17), new Uint8Array(15)), refused);
      assert.throws(() => hash(sixteen, sixteen, new Uint8Array(16)), refused);
    }
  });
});
