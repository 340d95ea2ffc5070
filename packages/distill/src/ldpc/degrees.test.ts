import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { binaryEntropy } from '@skykey/finitekey';
import { DESIGNS, degreesFor, GOALS, LEAST_LAYERS, MOST_LAYERS } from './degrees.ts';
import { threshold } from './density.ts';
import { COLUMNS, DEGREES, design } from './design.ts';

describe('degrees of columns', () => {
  it('are what the search finds', () => {
    assert.deepEqual(DESIGNS.short.find(([layers]) => layers === 36)![1], design(36, GOALS.short));
    assert.deepEqual(DESIGNS.long.find(([layers]) => layers === 86)![1], design(86, GOALS.long));
  });

  it('can reach the goal, from twelve layers on', () => {
    for (const family of ['short', 'long'] as const) {
      for (const [layers, columns] of DESIGNS[family].slice(1)) {
        const q = threshold({ layers, degrees: DEGREES.map((degree, i) => [degree, columns[i]!] as const) });
        const efficiency = layers / COLUMNS / binaryEntropy(q);
        assert.ok(efficiency < GOALS[family].efficiency, `${family}, ${layers} layers: ${efficiency}`);
      }
    }
  });

  it('are there for every number of layers, below it, with few columns of degree 2', () => {
    for (const family of ['short', 'long'] as const) {
      for (let layers = LEAST_LAYERS; layers <= MOST_LAYERS; layers++) {
        const degrees = degreesFor(family, layers);
        assert.equal(degrees.length, COLUMNS);
        assert.ok(degrees.every((degree) => degree >= 2 && degree < layers));
        assert.ok(degrees.filter((degree) => degree === 2).length <= layers / 2 + 1);
      }
      for (const [layers, columns] of DESIGNS[family]) {
        const degrees = degreesFor(family, layers);
        assert.deepEqual(
          DEGREES.map((degree) => degrees.filter((d) => d === degree).length),
          columns,
        );
      }
    }
  });
});
