import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../random.ts';
import { againstExpected } from '../test/chi-square.ts';
import { normalCumulative } from './normal-law.ts';
import { exponential, exponentialX, normal, normalX } from './ziggurat.ts';

const draws = 1_000_000;

function histogram(draw: () => number, low: number, width: number, cells: number): Float64Array {
  const counts = new Float64Array(cells);
  for (let i = 0; i < draws; i++) {
    const cell = Math.floor((draw() - low) / width);
    counts[Math.min(cells - 1, Math.max(0, cell))]!++;
  }
  return counts;
}

describe('ziggurat', () => {
  it('has layers of equal area that close at the top', () => {
    for (const [x, density] of [
      [exponentialX, (v: number) => Math.exp(-v)],
      [normalX, (v: number) => Math.exp((-v * v) / 2)],
    ] as const) {
      const area = x[0]! * density(x[1]!);
      for (let i = 1; i < 256; i++) {
        assert.ok(Math.abs((x[i]! * (density(x[i + 1]!) - density(x[i]!))) / area - 1) < 1e-6, `layer ${i}`);
      }
      assert.equal(x[256], 0);
    }
  });

  it('draws exponential numbers, tail included', () => {
    const random = seededRandom(1);
    const counts = histogram(() => exponential(random), 0, 0.05, 200);
    const expected = counts.map((_, i) => draws * (Math.exp(-0.05 * i) - (i === 199 ? 0 : Math.exp(-0.05 * (i + 1)))));
    assert.ok(Math.abs(againstExpected(counts, expected)) < 4);
  });

  it('draws normal numbers, both tails included', () => {
    const random = seededRandom(2);
    const counts = histogram(() => normal(random), -4.5, 0.05, 180);
    const edge = (i: number): number => (i === 0 ? 0 : i === 180 ? 1 : normalCumulative(-4.5 + 0.05 * i));
    const expected = counts.map((_, i) => draws * (edge(i + 1) - edge(i)));
    assert.ok(Math.abs(againstExpected(counts, expected)) < 4);
  });
});
