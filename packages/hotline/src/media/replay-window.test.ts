import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { REPLAY_WINDOW, ReplayWindow } from './replay-window.ts';

fc.configureGlobal({ seed: 1 });

describe('the replay window', () => {
  test('is of 2,048', () => assert.equal(REPLAY_WINDOW, 2048));

  test('agrees with a set of all counters that ever came', () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -40, max: 40 }) },
        { weight: 2, arbitrary: fc.integer({ min: -REPLAY_WINDOW - 2, max: -REPLAY_WINDOW + 2 }) },
        { weight: 1, arbitrary: fc.integer({ min: REPLAY_WINDOW - 2, max: REPLAY_WINDOW + 2 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 5 * REPLAY_WINDOW }) },
      ),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(steps, (moves) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let highest = -1;
        for (const move of moves) {
          const counter = Math.max(0, highest + move);
          const expected = counter <= highest - REPLAY_WINDOW ? 'too-old' : seen.has(counter) ? 'replayed' : 'new';
          assert.equal(window.accept(counter), expected, `${counter} after ${highest}`);
          seen.add(counter);
          highest = Math.max(highest, counter);
        }
      }),
    );
  });

  test('accepts any order inside, and the last counter of all', () => {
    const window = new ReplayWindow();
    for (let counter = REPLAY_WINDOW - 1; counter >= 0; counter--) assert.equal(window.accept(counter), 'new');
    for (let counter = 0; counter < REPLAY_WINDOW; counter++) assert.equal(window.accept(counter), 'replayed');
    assert.equal(window.accept(REPLAY_WINDOW), 'new');
    assert.equal(window.accept(0), 'too-old');
    assert.equal(window.accept(Number.MAX_SAFE_INTEGER), 'new');
    assert.equal(window.accept(Number.MAX_SAFE_INTEGER), 'replayed');
    assert.equal(window.accept(Number.MAX_SAFE_INTEGER - 1), 'new');
  });
});
