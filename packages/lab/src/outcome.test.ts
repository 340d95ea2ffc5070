import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Attack } from '@skykey/photons';
import { latencyOf, type PassOutcome, quantile, summaryOf, tallyOf, upperRate } from './outcome.ts';
import { passOutcome } from './test/pass-outcome.ts';

const attack = { name: 'pns', kind: 'attack' } as Attack;
const outcome = (change: Partial<PassOutcome>): PassOutcome =>
  passOutcome({ verdict: 'clean', hard: false, soft: false, score: 0, onsetS: 1, latencyS: null, ...change });

describe('the summary of a study', () => {
  it('has exactly the members that programs are promised', () => {
    const summary = summaryOf({ attack, class: 'D1', strength: 0.2, seed: 7 }, [outcome({})]);
    assert.deepEqual(Object.keys(summary), [
      'attack',
      'class',
      'strength',
      'passes',
      'seed',
      'hardAlarms',
      'softAlarms',
      'latencyP50S',
      'latencyP99S',
      'verdicts',
      'maxLeakageExcessBits',
      'secretBitsMedian',
    ]);
    assert.deepEqual(Object.keys(summary.verdicts), ['tap', 'jam', 'fault', 'time', 'source', 'clean']);
  });

  it('counts passes, and takes latency over all of them', () => {
    const summary = summaryOf({ attack, class: 'D1', strength: 0.2, seed: 7 }, [
      outcome({ hard: true, soft: true, latencyS: 0.5, verdict: 'tap', secretBits: 0, leakageExcessBits: 0 }),
      outcome({ hard: true, soft: true, latencyS: 3, verdict: 'tap', secretBits: 0, leakageExcessBits: 0 }),
      outcome({ soft: true, secretBits: 30, leakageExcessBits: 4.5 }),
    ]);
    assert.equal(summary.hardAlarms, 2);
    assert.equal(summary.softAlarms, 3);
    assert.equal(summary.latencyP50S, 3);
    assert.equal(summary.latencyP99S, null, 'one of three was missed');
    assert.deepEqual(summary.verdicts, { tap: 2, jam: 0, fault: 0, time: 0, source: 0, clean: 1 });
    assert.equal(summary.maxLeakageExcessBits, 4.5);
    assert.equal(summary.secretBitsMedian, 0);
  });

  it('has no latency where nothing was caught, and no negative excess', () => {
    const summary = summaryOf({ attack, class: 'D3', strength: 0.2, seed: 7 }, [outcome({})]);
    assert.equal(summary.latencyP50S, null);
    assert.equal(summary.latencyP99S, null);
    assert.equal(summary.maxLeakageExcessBits, 0);
  });

  it('has no latency of clean passes, alarm or not', () => {
    const none = { name: 'none', kind: 'none' } as Attack;
    const summary = summaryOf({ attack: none, class: null, strength: 0, seed: 7 }, [
      outcome({ hard: true, onsetS: null }),
    ]);
    assert.equal(summary.latencyP50S, null);
  });
});

describe('the tally of a study', () => {
  it('calls a pass missed whose only alarm came before the attack', () => {
    const outcomes = [
      outcome({ hard: true, latencyS: latencyOf([0.5], 1) }),
      outcome({ hard: true, latencyS: latencyOf([0.5, 2], 1) }),
      outcome({ onsetS: null }),
    ];
    assert.equal(tallyOf(outcomes).missed, 1);
  });

  it('takes leakage over passes with a key alone', () => {
    const without = outcome({
      secretBits: 0,
      leakageExcessBits: 0,
      refused: 'self-test: T10 loud 3.1e-9 W over 2 s; a chance of 10^-9',
    });
    const other = outcome({ ...without, refused: 'self-test: T10 loud 0.2 W over 2.5 s; a chance of 10^-8' });
    const rare = outcome({ ...without, refused: 'the counts give no key' });
    const { granted, worstExcessBits, violated, refusal } = tallyOf([
      rare,
      without,
      other,
      outcome({}),
      outcome({ leakageExcessBits: 3 }),
    ]);
    assert.deepEqual([granted, worstExcessBits, violated], [2, 3, 1]);
    assert.equal(refusal, 'self-test: T10 loud … W over … s');
  });

  it('has nothing to say of leakage where nothing was granted', () => {
    const { granted, worstExcessBits, refusal } = tallyOf([outcome({ secretBits: 0, leakageExcessBits: 0 })]);
    assert.deepEqual([granted, worstExcessBits, refusal], [0, null, null]);
  });
});

describe('a latency', () => {
  it('counts from the attack to the first alarm that is not before it', () => {
    assert.equal(latencyOf([1.5, 4, 5], 3.25), 0.75);
    assert.equal(latencyOf([1.5], 3.25), null);
    assert.equal(latencyOf([3.25], 3.25), 0);
    assert.equal(latencyOf([1.5], null), null);
  });
});

describe('a quantile', () => {
  it('is the nearest rank', () => {
    assert.equal(quantile([5, 1, 3, 2, 4], 0.5), 3);
    assert.equal(quantile([1, 2], 0.99), 2);
    assert.equal(quantile([], 0.5), null);
  });
});

describe('the upper end of a rate', () => {
  it('is the rule of three where nothing happened', () => {
    assert.ok(Math.abs(upperRate(0, 30_000) - (1 - 0.05 ** (1 / 30_000))) < 1e-12);
    assert.ok(Math.abs(upperRate(0, 3000) * 3000 - 2.994) < 0.001);
  });

  it('leaves 5 % for as few events or fewer', () => {
    const p = upperRate(1, 10);
    assert.ok(Math.abs((1 - p) ** 10 + 10 * p * (1 - p) ** 9 - 0.05) < 1e-9);
    assert.equal(upperRate(4, 4), 1);
  });
});
