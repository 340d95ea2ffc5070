import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bandsOf,
  fewOdd,
  firstBlock,
  haste,
  lateBlock,
  latePasses,
  secondBlock,
  shownErrorRate,
  syndromeBits,
} from './schedule.ts';

test('blocks hold about one error, then about seven', () => {
  for (let rate = 0.5; rate > 1e-7; rate /= 1.3) {
    const first = firstBlock(rate);
    assert(Number.isInteger(Math.log2(first)));
    assert(first >= 2 && first * rate >= 0.65 && (first === 2 || first * rate <= 1.302), `${first} at ${rate}`);
    const second = secondBlock(rate, first);
    assert(second >= 2 * first && second * rate >= Math.min(5.6, 7 / (first * rate)), `${second} at ${rate}`);
  }
});

test('late passes leave two errors together with a probability of 2^-10 at most', () => {
  for (const [rows, lanes, rate] of [
    [2, 1, 0.5],
    [1000, 1, 0.01],
    [4120, 1, 0.0025],
    [32_768, 1, 0.05],
    [25_000, 4, 0.02],
    [31_250, 32, 0.005],
    [32_768, 32, 1e-5],
  ] as const) {
    const block = lateBlock(rows, lanes, rate);
    let together = 0;
    for (let from = 0; from < rows; from += block) together += (Math.min(block, rows - from) / rows) ** 2 / lanes;
    const passes = latePasses(rows, lanes, block);
    assert(together ** passes <= 2 ** -10 && passes <= 10, `${passes} passes of blocks of ${block}`);
  }
  // A frame of one bit has one block, and nothing to tell apart.
  assert.equal(latePasses(1, 1, lateBlock(1, 1, 0.1)), 0);
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
  const sizes = [1e5, 150, 10].map((intervals) => syndromeBits(0.01, 1e6, intervals, 50));
  assert(sizes[0]! < sizes[1]! && sizes[1]! < sizes[2]!);
});

test('haste begins late, grows and has an end', () => {
  assert.equal(haste(0), 1);
  assert.equal(haste(155), 1);
  let last = 1;
  for (let rounds = 156; rounds <= 191; rounds++) {
    assert(haste(rounds) > last);
    last = haste(rounds);
  }
  assert.equal(haste(1e6), last);
  assert(syndromeBits(0.01, 1e6, 1000, 191) === last * syndromeBits(0.01, 1e6, 1000, 0));
  for (const rounds of [0, 300])
    assert.deepEqual(
      [0, 1].map((opened) => fewOdd(opened, rounds)),
      [0, 0],
    );
  assert.deepEqual(
    [2, 3].map((opened) => fewOdd(opened, 0)),
    [2, 0],
    'a late pass waits for the one before',
  );
  assert(fewOdd(3, 191) > 100);
});

test('bands of blocks have the size that was wanted, nearly', () => {
  for (const rows of [1, 2, 5, 1000, 32_768]) {
    for (const lanes of [1, 4, 32]) {
      for (let wanted = 1; wanted < rows; wanted *= 1.37) {
        const { level, fineLanes } = bandsOf(wanted, rows, lanes);
        assert(fineLanes >= 0 && fineLanes < lanes && (level > 0 || fineLanes === 0));
        const mean = 2 ** (level - fineLanes / lanes);
        assert(Math.abs(Math.log2(mean / wanted)) <= 0.5 / lanes + 1e-9, `${mean} for ${wanted}`);
      }
      assert.deepEqual(bandsOf(rows, rows, lanes), { level: Math.ceil(Math.log2(rows)), fineLanes: 0 });
    }
  }
});
