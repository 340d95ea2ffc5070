import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PassOutcome } from '@skykey/lab';
import type { Played } from '../lab/laboratory.ts';
import { rocChart } from './roc-chart.ts';

/** Scores as given; the hard alarm stands at 4. */
function played(strength: number, scores: readonly number[]): Played {
  const outcomes = scores.map((score, pass) => ({ pass, score }) as PassOutcome);
  const hardAlarms = scores.filter((score) => score >= 4).length;
  return {
    study: { strength, seed: 3 },
    summary: { passes: scores.length, hardAlarms },
    outcomes,
  } as unknown as Played;
}

const clean = played(0, [0, 0.1, 0.5, 1, 2.5]);

describe('the chart of a receiver operating curve', () => {
  const svg = rocChart({
    title: 'pns: attacked passes against clean ones',
    strengthText: (strength) => `${strength * 100} %`,
    clean,
    attacked: [played(0.05, [0.2, 3, 5, 9]), played(0.2, [8, 9, 10, 30])],
  });

  it('has a curve, a hard alarm and a label for each strength', () => {
    assert.equal(svg.match(/aria-label="line"/g)?.length, 2);
    assert.equal(svg.match(/aria-label="dot"/g)?.length, 2);
    assert.match(svg, /5 %/);
    assert.match(svg, /20 %/);
    // Seventeen of twenty pairs are in order.
    assert.match(svg, /area 0.8500/);
    assert.match(svg, /area 1.0000/);
  });

  it('keeps a place for the thresholds at which no clean pass is called', () => {
    assert.match(svg, />none</);
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
  });
});
