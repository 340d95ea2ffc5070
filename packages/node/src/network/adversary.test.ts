import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { inPlainSight, solve } from './adversary.ts';
import { SeededBytes } from './seeded-bytes.ts';

fc.configureGlobal({ seed: 41 });

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ b[i]!);

describe('an adversary', () => {
  const bytes = 4;
  const blocks = Array.from({ length: 8 }, (_, i) => new SeededBytes(7, `block ${i}`).next(bytes));
  const sumOf = (set: readonly number[]): Uint8Array =>
    set.reduce<Uint8Array>((sum, i) => xor(sum, blocks[i]!), new Uint8Array(bytes));
  const terms = blocks.map((_, block) => ({ block, from: 0 }));
  const read = (block: number): Uint8Array => blocks[block]!;
  const symbols = fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 4 });

  it('reckons a sum exactly when some of what it knows adds up to it', () => {
    const masks = (set: readonly number[]): number => set.reduce((mask, i) => mask ^ (1 << i), 0);
    fc.assert(
      fc.property(
        fc.array(symbols, { maxLength: 7 }),
        symbols,
        fc.uniqueArray(fc.nat(7), { maxLength: 3 }),
        (sums, wanted, held) => {
          const equations = sums.map((set) => ({ symbols: set, sum: sumOf(set) }));
          const got = solve({ bytes, terms, wanted, equations }, (block) => held.includes(block), read);
          const known = [...sums.map(masks), ...held.map((i) => 1 << i)];
          let can = false;
          for (let chosen = 0; chosen < 2 ** known.length; chosen++) {
            const sum = known.reduce((mask, one, i) => ((chosen >> i) & 1 ? mask ^ one : mask), 0);
            can ||= sum === masks(wanted);
          }
          assert.equal(got !== null, can);
          if (got) assert.deepEqual(got, sumOf(wanted));
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is told by a mask that was used twice what a mask used once does not tell', () => {
    // Blocks 0 and 1 under the same pad 2; who has block 1 gets 0.
    const equations = [
      [0, 2],
      [1, 2],
    ].map((set) => ({ symbols: set, sum: sumOf(set) }));
    const holds = (block: number): boolean => block === 1;
    assert.deepEqual(solve({ bytes, terms, wanted: [0], equations }, holds, read), blocks[0]);
    assert.equal(solve({ bytes, terms, wanted: [0], equations: equations.slice(0, 1) }, holds, read), null);
  });

  it('finds keys as they are, wherever they lie', () => {
    const key = new SeededBytes(1, 'key').next(32);
    const copy = { keyId: 'one', pair: ['a', 'b'] as const, ends: ['A', 'B'] as const, bytes: key, routes: [] };
    const around = (content: Uint8Array): Uint8Array =>
      Buffer.concat([new SeededBytes(2, 'x').next(101), content, new Uint8Array(7)]);
    assert.deepEqual([...inPlainSight([copy], [around(key)])], ['one']);
    assert.deepEqual([...inPlainSight([copy], [around(key.subarray(0, 31)), xor(key, key)])], []);
  });
});
