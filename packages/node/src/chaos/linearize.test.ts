import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLinearizable, type Timed } from './linearize.ts';

interface Register {
  readonly invokedAt: number;
  readonly returnedAt: number;
  readonly writes?: number;
  readonly reads?: number;
}

/** A register that begins with 0. */
const timed = ({ invokedAt, returnedAt, writes, reads }: Register): Timed<number> => ({
  invokedAt,
  returnedAt,
  step: (state) => (writes !== undefined ? [writes] : state === reads ? [state] : []),
});

const holds = (...operations: Register[]): boolean => isLinearizable(operations.map(timed), 0);

test('answers that some order explains, and answers that none does', () => {
  assert.ok(holds());
  assert.ok(holds({ invokedAt: 1, returnedAt: 4, writes: 1 }, { invokedAt: 2, returnedAt: 3, reads: 0 }));
  assert.ok(holds({ invokedAt: 1, returnedAt: 4, writes: 1 }, { invokedAt: 2, returnedAt: 3, reads: 1 }));
  assert.ok(!holds({ invokedAt: 1, returnedAt: 2, writes: 1 }, { invokedAt: 3, returnedAt: 4, reads: 0 }));
  // Two readers see two writers in different orders.
  const writers = [
    { invokedAt: 1, returnedAt: 20, writes: 1 },
    { invokedAt: 2, returnedAt: 21, writes: 2 },
  ];
  const seen = (a: number, b: number, from: number): Register[] => [
    { invokedAt: from, returnedAt: from + 1, reads: a },
    { invokedAt: from + 2, returnedAt: from + 3, reads: b },
  ];
  assert.ok(holds(...writers, ...seen(1, 2, 3)));
  assert.ok(!holds(...writers, ...seen(1, 2, 3), ...seen(1, 2, 8)));
});

test('what nobody knows the end of may take place at any time after its call, or not at all', () => {
  const unknown = { invokedAt: 1, returnedAt: Infinity, writes: 1 };
  assert.ok(holds(unknown, { invokedAt: 2, returnedAt: 3, reads: 0 }));
  assert.ok(holds(unknown, { invokedAt: 2, returnedAt: 3, reads: 0 }, { invokedAt: 90, returnedAt: 91, reads: 1 }));
  assert.ok(!holds(unknown, { invokedAt: 2, returnedAt: 3, reads: 1 }, { invokedAt: 90, returnedAt: 91, reads: 0 }));
  assert.ok(!holds({ ...unknown, invokedAt: 50 }, { invokedAt: 2, returnedAt: 3, reads: 1 }));
});

test('agrees with trying every order', () => {
  const operation = fc.record({
    at: fc.nat(20),
    takes: fc.integer({ min: 1, max: 8 }),
    value: fc.nat(2),
    isWrite: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 6 }), (drawn) => {
      const operations = drawn.map(({ at, takes, value, isWrite }, i): Register => {
        // Times are all different.
        const times = { invokedAt: at * 100 + i, returnedAt: (at + takes) * 100 + 50 + i };
        return isWrite ? { ...times, writes: value } : { ...times, reads: value };
      });
      assert.equal(holds(...operations), permutations(operations).some(explains));
    }),
    { numRuns: 400, seed: 6 },
  );
});

function explains(order: readonly Register[]): boolean {
  let state = 0;
  return order.every(({ writes, reads, invokedAt }, i) => {
    if (order.slice(i + 1).some((later) => later.returnedAt < invokedAt)) return false;
    if (writes !== undefined) state = writes;
    return reads === undefined || reads === state;
  });
}

function permutations<T>(of: readonly T[]): T[][] {
  if (of.length === 0) return [[]];
  return of.flatMap((first, i) => permutations(of.filter((_, j) => j !== i)).map((rest) => [first, ...rest]));
}
