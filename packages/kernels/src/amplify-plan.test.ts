import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CHUNK_BITS, planToeplitz } from './amplify-plan.ts';

fc.configureGlobal({ seed: 2010 });

/** Exponents of s_m, from s_(j+1) = s_j^2 + s_j. */
function exponents(m: number): number[] {
  let terms = new Set([0]);
  for (let j = 0; j < m; j++) {
    const next = new Set([...terms].map((i) => i + 1));
    for (const i of terms) next.has(i) ? next.delete(i) : next.add(i);
    terms = next;
  }
  return [...terms].map((i) => 2 ** i).sort((a, b) => b - a);
}

const lengths = fc
  .tuple(
    fc.integer({ min: 1, max: 30 }),
    fc.double({ min: 1, max: 2, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  )
  .map(([log, factor, ratio]) => {
    const n = Math.floor(2 ** log * factor);
    return [n, Math.max(1, Math.floor(n * ratio))] as const;
  })
  .filter(([n, l]) => n + l < 2 ** 31);

describe('plan', () => {
  it('covers the matrix, and what wraps around does not reach what is read', () => {
    fc.assert(
      fc.property(lengths, ([n, l]) => {
        const { logSize, inputBlocks, blockSize, outputParts, partSize } = planToeplitz(n, l);
        const size = 2 ** logSize;
        assert.ok(inputBlocks * blockSize * CHUNK_BITS >= n);
        const firstChunk = Math.floor((n - 1) / CHUNK_BITS);
        const lastChunk = Math.floor((n + l - 2) / CHUNK_BITS);
        assert.ok(outputParts * (partSize - 1) >= lastChunk - firstChunk + 1);

        const [top, second] = exponents(logSize);
        assert.equal(top, size);
        // Coefficient size + t becomes second + t and lower ones, for t up to blockSize - 2.
        assert.ok(second! + blockSize - 2 < size - partSize);
      }),
      { numRuns: 1000 },
    );
  });

  it('needs at most 2 GB, however long the strings', () => {
    for (const n of [1e8, 1e9, 1.5e9, 2 ** 31 - 2]) {
      for (const l of [1, Math.floor(n / 4), 2 ** 31 - 1 - n].filter((l) => l <= n)) {
        const { logSize, inputBlocks } = planToeplitz(n, l);
        assert.ok((inputBlocks + 3) * 4 * 2 ** logSize <= 2 ** 31, `${n} to ${l}`);
      }
    }
  });
});
