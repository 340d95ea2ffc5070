import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../random.ts';
import { againstExpected } from '../test/chi-square.ts';
import { Alias } from './alias.ts';

describe('alias table', () => {
  it('draws items by weight, and never one of weight zero, whatever it held before', () => {
    const random = seededRandom(3);
    const alias = new Alias();
    for (const weights of [
      [1],
      [0, 5, 0],
      [1e-3, 2, 3, 0, 0.5, 1e-9, 7],
      Array.from({ length: 300 }, (_, i) => i % 17),
    ]) {
      const items = Uint32Array.from(weights, (_, i) => 1000 + i);
      alias.build(items, Float64Array.from(weights), weights.length);
      const total = weights.reduce((a, b) => a + b);
      assert.ok(Math.abs(alias.total / total - 1) < 1e-12);
      const counts = new Float64Array(weights.length);
      for (let i = 0; i < 200_000; i++) counts[alias.draw(random) - 1000]!++;
      for (const [i, weight] of weights.entries()) if (weight === 0) assert.equal(counts[i], 0);
      if (weights.filter((weight) => weight > 0).length < 2) continue;
      const expected = weights.map((weight) => (200_000 * weight) / total);
      assert.ok(Math.abs(againstExpected(counts, expected)) < 4);
    }
  });

  it('says that there is nothing to draw', () => {
    const alias = new Alias();
    alias.build(Uint32Array.of(4, 5), Float64Array.of(0, 0), 2);
    assert.equal(alias.total, 0);
    alias.build(new Uint32Array(0), new Float64Array(0), 0);
    assert.equal(alias.total, 0);
  });

  it('keeps column ends within the column, so that their floor tells the part', () => {
    const alias = new Alias();
    const count = 97;
    alias.build(
      Uint32Array.from({ length: count }, (_, i) => i),
      Float64Array.from({ length: count }, (_, i) => (i * i) % 13),
      count,
    );
    for (let i = 0; i < count; i++) assert.ok(alias.edge[i]! >= i && alias.edge[i]! <= i + 1, `column ${i}`);
  });
});
