import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstBlock, lateBlocks, latePasses, secondBlock, shownErrorRate, syndromeBits } from './schedule.ts';

test('blocks hold about one error, then about seven', () => {
  for (let rate = 0.5; rate > 1e-7; rate /= 1.3) {
    const first = firstBlock(rate);
    assert(Number.isInteger(Math.log2(first)));
    assert(first >= 2 && first * rate >= 0.7 && (first === 2 || first * rate <= Math.SQRT2), `${first} at ${rate}`);
    const second = secondBlock(rate, first);
    assert(second >= 2 * first && second * rate >= 6.99, `${second} at ${rate}`);
  }
});

test('late passes leave two errors together with a probability of 2^-10 at most', () => {
  for (const [bits, rate] of [
    [1, 0.5],
    [1000, 0.01],
    [1e5, 0.02],
    [2 ** 20, 1e-4],
    [2 ** 20, 0.05],
  ] as const) {
    const blocks = lateBlocks(bits, rate);
    assert(blocks >= 2 && blocks <= 32);
    assert(blocks ** -latePasses(blocks) <= 2 ** -10);
  }
  // A frame of one bit has one block, and nothing to tell apart.
  assert.equal(latePasses(1), 0);
});

test('the first pass shows the error rate', () => {
  for (const rate of [0.002, 0.01, 0.05]) {
    for (const blockBits of [firstBlock(rate), firstBlock(rate) / 4]) {
      const share = (1 - (1 - 2 * rate) ** blockBits) / 2;
      const shown = shownErrorRate(0.5, blockBits, 1e6, Math.round(share * 1e6));
      if (share < 0.45) assert(Math.abs(shown / rate - 1) < 0.01, `${shown} for ${rate}`);
    }
  }
  assert.equal(shownErrorRate(0.03, 32, 199, 10), 0.03, 'too few blocks');
  assert.equal(shownErrorRate(0.2, 16, 1000, 480), 0.2, 'nearly half of the blocks are odd: at least as expected');
  assert(shownErrorRate(0.001, 16, 1000, 480) > 0.05, 'and at least what so many odd blocks say');
  assert(shownErrorRate(0.01, 128, 8000, 0) > 0, 'never none');
});

test('syndromes are more daring where fewer intervals are left', () => {
  const sizes = [1e5, 150, 10].map((intervals) => syndromeBits(0.01, 1e6, intervals));
  assert(sizes[0]! < sizes[1]! && sizes[1]! < sizes[2]!);
});
