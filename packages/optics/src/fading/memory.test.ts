import assert from 'node:assert/strict';
import { it } from 'node:test';
import { memoryS } from './memory.ts';

it('finds where a correlation has fallen to 1/e, however far from the first guess', () => {
  for (const soonS of [1e-9, 0.1, 0.69]) {
    assert.ok(Math.abs(memoryS((timeS) => Math.exp(-timeS / 0.7), soonS) / 0.7 - 1) < 1e-4);
    assert.ok(Math.abs(memoryS((timeS) => 1 / (1 + timeS), soonS) / (Math.E - 1) - 1) < 1e-4);
  }
});
