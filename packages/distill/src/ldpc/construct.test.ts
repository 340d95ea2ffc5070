import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LiftedCode } from '@skykey/kernels';
import { construct } from './construct.ts';
import { degreesFor } from './degrees.ts';
import { codeOf } from './one-way.ts';
import { columnEdges } from './polish.ts';

/** FNV-1a over all numbers of a code. */
function fingerprint(code: LiftedCode): string {
  let hash = 0x811c9dc5;
  for (const { columns, shifts } of code.layers) {
    for (const value of [columns.length, ...columns, ...shifts]) hash = Math.imul(hash ^ value, 0x01000193);
  }
  return (hash >>> 0).toString(16);
}

/**
 * Rings of four edges through bit 0 of any column: two columns that meet in two layers with the same difference of
 * shifts.
 */
function fourRings({ lift, layers }: LiftedCode): number {
  const seen = new Set<string>();
  let rings = 0;
  for (let a = 0; a < layers.length; a++) {
    for (let b = a + 1; b < layers.length; b++) {
      seen.clear();
      const other = new Map(layers[b]!.columns.map((c, e) => [c, layers[b]!.shifts[e]!] as const));
      for (const [e, column] of layers[a]!.columns.entries()) {
        const shift = other.get(column);
        if (shift === undefined) continue;
        const difference = `${(layers[a]!.shifts[e]! - shift + lift) % lift}`;
        if (seen.has(difference)) rings++;
        seen.add(difference);
      }
    }
  }
  return rings;
}

describe('construction of codes', () => {
  it('makes the matrices that the message was defined with', () => {
    // Another matrix under the same name would be another protocol: the version of the message has to change with these.
    assert.equal(fingerprint(codeOf('short', 512, 36)), '25913361');
    assert.equal(fingerprint(codeOf('short', 512, 100)), 'c71b9b6');
    assert.equal(fingerprint(codeOf('long', 4096, 36)), 'e0f5b57c');
    assert.equal(fingerprint(codeOf('long', 4096, 90)), 'fd063120');
  });

  it('gives every column its degree, and layers as equal as they can be', () => {
    for (const [lift, layers] of [
      [16, 10],
      [512, 36],
      [512, 72],
      [256, 120],
    ] as const) {
      const degrees = degreesFor('short', layers);
      const code = construct(lift, layers, degrees, 1, layers > 64);
      const { layers: layersOf } = columnEdges(code);
      assert.deepEqual(
        layersOf.map((list) => list.length),
        degrees,
      );
      const sizes = code.layers.slice(0, -1).map((layer) => layer.columns.length);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 3, `${layers} layers of ${sizes}`);
    }
  });

  it('leaves weak columns out of the last layer', () => {
    const degrees = degreesFor('long', 48);
    const code = construct(512, 48, degrees, 1, false);
    for (const column of code.layers[47]!.columns) assert.ok(degrees[column]! >= 4);
  });

  it('has no rings of four edges', () => {
    for (const [family, lift, layers] of [
      ['short', 512, 20],
      ['short', 512, 72],
      ['long', 4096, 36],
      ['long', 4096, 90],
    ] as const) {
      assert.equal(fourRings(codeOf(family, lift, layers)), 0, `${family}, ${layers} layers`);
    }
  });
});
