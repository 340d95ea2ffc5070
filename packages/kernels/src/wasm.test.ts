import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { compile, KERNELS } from '../build.ts';

const WASM = new URL('./wasm/', import.meta.url);

describe('compiled kernels', () => {
  it('are those of assembly/, and no others', () => {
    assert.deepEqual(readdirSync(WASM).sort(), KERNELS.map((name) => `${name}.ts`).sort());
  });

  for (const name of KERNELS) {
    it(`${name} is what the compiler makes of its source, byte for byte`, async () => {
      assert.equal(readFileSync(new URL(`${name}.ts`, WASM), 'utf8'), await compile(name));
    });
  }
});
