import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { againstExpected } from '../test/chi-square.ts';
import { Uniforms } from './uniforms.ts';

const take = (random: Uniforms, n: number): number[] => Array.from({ length: n }, () => random.uniform());

describe('uniform numbers in blocks', () => {
  it('are the same for the same seed and stream, others for others, and begin anew', () => {
    const random = new Uniforms();
    random.start(7, 3);
    const first = take(random, 3000);
    random.start(7, 3);
    assert.deepEqual(take(random, 3000), first);
    random.start(7, 4);
    assert.notEqual(random.uniform(), first[0]);
    random.start(8, 3);
    assert.notEqual(random.uniform(), first[0]);
  });

  it('are uniform, alone and in pairs, also across blocks', () => {
    const random = new Uniforms();
    random.start(1, 0);
    const n = 400_000;
    const cells = new Float64Array(32 * 32);
    let before = Math.floor(32 * random.uniform());
    for (let i = 0; i < n; i++) {
      const cell = Math.floor(32 * random.uniform());
      cells[before * 32 + cell]!++;
      before = cell;
    }
    assert.ok(Math.abs(againstExpected(cells, new Float64Array(1024).fill(n / 1024))) < 4);
    assert.ok(random.uint32() < 2 ** 32);
  });

  it('reserve numbers by dropping what is left of a block, never by handing one out twice', () => {
    const random = new Uniforms();
    random.start(2, 0);
    const block = take(random, 1024);
    const next = take(random, 1024);
    random.start(2, 0);
    take(random, 1020);
    random.reserve(4);
    assert.equal(random.uniform(), block[1020]);
    random.reserve(4);
    assert.deepEqual(take(random, 2), next.slice(0, 2));
  });
});
