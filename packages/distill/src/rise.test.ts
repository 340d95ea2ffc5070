import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rise } from './rise.ts';
import { seededWords } from './test/benchtop.ts';

/**
 * P(cry within `bits`) on a link of the error rate `p`, exactly: over all 2^bits sequences, each with its probability.
 * `alpha` so large that crying is possible within so few bits.
 */
function exactFalseAlarm(limit: number, alpha: number, p: number, bits: number): number {
  let cried = 0;
  for (let sequence = 0; sequence < 2 ** bits; sequence++) {
    const rise = new Rise(limit, alpha);
    let probability = 1;
    let has = false;
    for (let i = 0; i < bits; i++) {
      const error = ((sequence >> i) & 1) === 1;
      probability *= error ? p : 1 - p;
      has ||= rise.observe(error) !== undefined;
    }
    if (has) cried += probability;
  }
  return cried;
}

test('at the limit or below it cries with alpha at most: over all sequences of twelve bits', () => {
  for (const limit of [0.02, 0.05, 0.2, 0.5]) {
    // Of so few bits little can be learned: the weight of a beginning is small, and alpha has to be near 1.
    for (const alpha of [0.9, 0.98, 0.995]) {
      for (const p of [limit, limit / 2]) {
        assert(exactFalseAlarm(limit, alpha, p, 12) <= alpha, `limit ${limit}, alpha ${alpha}, at ${p}`);
      }
    }
  }
});

test('the sum is the one of the docstring: all beginnings, all heights, weighted', () => {
  const limit = 0.05;
  const next = seededWords(4);
  const bits = Array.from({ length: 300 }, () => next() / 2 ** 32 < 0.3);
  const heights = [1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2];
  const value = (n: number): number => {
    let sum = 8192 / (n + 8192);
    for (const height of heights) {
      const q = limit + (1 - limit) * height;
      for (let s = 0; s < n; s++) {
        let ratio = 8192 / ((s + 8192) * (s + 8193)) / heights.length;
        for (let i = s; i < n; i++) ratio *= bits[i] ? q / limit : (1 - q) / (1 - limit);
        sum += ratio;
      }
    }
    return sum;
  };
  for (const alpha of [1e-2, 1e-4, 1e-8]) {
    const rise = new Rise(limit, alpha);
    const cried = bits.findIndex((bit) => rise.observe(bit) !== undefined);
    assert(cried > 0);
    assert(value(cried + 1) >= 1 / alpha && value(cried) < 1 / alpha, `alpha ${alpha} after ${cried + 1}`);
  }
});

test('an intercepted link is told from one at the limit within some 200 bits, whenever the interception begins', () => {
  for (const begin of [0, 1000, 30_000]) {
    const took: number[] = [];
    for (let seed = 1; seed <= 100; seed++) {
      const next = seededWords(1000 * begin + seed);
      const rise = new Rise(0.05, 1e-4);
      for (let i = 0; ; i++) {
        if (!rise.observe(next() / 2 ** 32 < (i < begin ? 0.01 : 0.26))) continue;
        took.push(i + 1 - begin);
        break;
      }
    }
    took.sort((a, b) => a - b);
    assert(took[0]! > 0 && took[50]! <= 100 && took[98]! <= 220, `${took[50]}, ${took[98]} from ${begin}`);
  }
});
