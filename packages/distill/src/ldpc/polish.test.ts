import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ldpc } from '@skykey/kernels';
import { seededWords } from '../test/benchtop.ts';
import { codeOf } from './one-way.ts';
import { columnEdges, polish } from './polish.ts';

const LIFT = 512;
const code = codeOf('short', LIFT, 36);
const kernel = new Ldpc(code);
const edges = columnEdges(code);
const rows = 36 * LIFT - 160;
const filled = new Uint32Array(200).fill(LIFT);

describe('polish', () => {
  it('finds one, two and three wrong bits, wherever they are', () => {
    const next = seededWords(1);
    for (let round = 0; round < 60; round++) {
      const errors = new Uint8Array((200 * LIFT) / 8);
      const first = next() % (200 * LIFT);
      for (let k = 0; k <= round % 3; k++) {
        // Every other time neighbours, of one column and so of the same layers.
        const bit = round % 2 ? next() % (200 * LIFT) : LIFT * Math.floor(first / LIFT) + ((first + k) % LIFT);
        errors[bit >> 3]! |= 1 << (bit & 7);
      }
      const found = new Uint8Array(errors.length);
      assert.ok(polish(code, edges, rows, filled, kernel.syndrome(errors), found), `round ${round}`);
      assert.deepEqual(found, errors);
    }
  });

  it('finds three wrong bits that share rows', () => {
    const layer = code.layers[5]!;
    for (let row = 0; row < 20; row++) {
      const errors = new Uint8Array((200 * LIFT) / 8);
      for (const e of [0, 7, 21]) {
        const bit = layer.columns[e]! * LIFT + ((row + layer.shifts[e]!) % LIFT);
        errors[bit >> 3]! |= 1 << (bit & 7);
      }
      const found = new Uint8Array(errors.length);
      assert.ok(polish(code, edges, rows, filled, kernel.syndrome(errors), found));
      assert.deepEqual(found, errors);
    }
  });

  it('puts everything back when there is too much to find', () => {
    const next = seededWords(2);
    const errors = new Uint8Array((200 * LIFT) / 8);
    for (let k = 0; k < 100; k++) errors[next() % errors.length]! ^= 1 << (next() & 7);
    const found = new Uint8Array(errors.length);
    found[17] = 5;
    const before = found.slice();
    const wrong = kernel.syndrome(errors);
    // A parity turned round at random: no few bits explain it.
    for (let k = 0; k < 40; k++) wrong[next() % (rows / 8)]! ^= 1 << (next() & 7);
    assert.equal(polish(code, edges, rows, filled, wrong, found), false);
    assert.deepEqual(found, before);
  });
});
