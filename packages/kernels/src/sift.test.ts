import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBytes, pack, zeros } from '@skykey/bits';
import fc from 'fast-check';
import { packColumn } from './packing-twin.ts';
import { countErrors, type Intensities, sift } from './sift.ts';
import { countErrors as countErrorsTwin, sift as siftTwin } from './sift-twin.ts';

fc.configureGlobal({ seed: 60 });

/** Memories of the kernels that come to life in this file. */
const memories: WebAssembly.Memory[] = [];
WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
    super(module, imports);
    memories.push(this.exports.memory as WebAssembly.Memory);
  }
};

/** As they are announced. */
const packed = (intensity: Uint8Array): Intensities => ({
  length: intensity.length,
  packed: packColumn(intensity, 0, 2),
});

/** Columns that look random; `ones` of 256 bases are Z. */
function columns(n: number, seed: number, ones = 128) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
  const column = (of: () => number): Uint8Array => Uint8Array.from({ length: n }, of);
  return {
    own: column(next),
    alice: pack(column(() => Number(next() < ones))),
    bob: pack(column(() => Number(next() < ones))),
    intensity: column(() => next() % 3),
  };
}

const CHUNK = 16_384;

describe('sift', () => {
  const agrees = (c: ReturnType<typeof columns>): void =>
    assert.deepEqual(
      sift(c.own, c.alice, c.bob, packed(c.intensity)),
      siftTwin(c.own, c.alice, c.bob, packed(c.intensity)),
    );

  it('equals its twin, whatever the columns', () => {
    const row = fc.record({ a: fc.nat(1), b: fc.nat(1), own: fc.nat(255), k: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 100 }), (rows) => {
        const column = (of: (r: (typeof rows)[number]) => number) => Uint8Array.from(rows, of);
        agrees({
          own: column((r) => r.own),
          alice: pack(column((r) => r.a)),
          bob: pack(column((r) => r.b)),
          intensity: column((r) => r.k),
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('equals its twin at every length around a vector and a chunk, at every phase of the packed bits', () => {
    for (let n = 0; n < 70; n++) agrees(columns(n, n));
    for (const n of [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5, 3 * CHUNK]) {
      for (const ones of [0, 3, 128, 250, 256]) agrees(columns(n, n + ones, ones));
    }
  });

  it('loses no detection in a matched basis: counts, bits and intensities are as many', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.nat(), fc.nat(256), (n, seed, ones) => {
        const c = columns(n, seed, ones);
        const s = sift(c.own, c.alice, c.bob, packed(c.intensity));
        const sum = (t: readonly number[]): number => t.reduce((a, b) => a + b, 0);
        assert.equal(s.key.length, sum(s.keyDetections));
        assert.equal(s.test.length, sum(s.testDetections));
        assert.equal(s.testIntensity.length, s.test.length);
      }),
      { numRuns: 50 },
    );
  });

  it('which detections are kept does not depend on the bits (P10)', () => {
    const c = columns(10_000, 9);
    const swapped = sift(
      c.own.map((v) => v ^ 1),
      c.alice,
      c.bob,
      packed(c.intensity),
    );
    const { key, test, ...counts } = sift(c.own, c.alice, c.bob, packed(c.intensity));
    const flipped = (bits: typeof key) =>
      pack(Array.from({ length: bits.length }, (_, i) => 1 ^ ((bits.bytes[i >> 3]! >> (i & 7)) & 1)));
    assert.deepEqual(swapped, { ...counts, key: flipped(key), test: flipped(test) });
  });

  it('leaves no bit in its memory', () => {
    const n = CHUNK + 77;
    const own = new Uint8Array(n).fill(0xff);
    const all = fromBytes(new Uint8Array(Math.ceil(n / 8)).fill(0xff), n);
    const tables = () => new Uint8Array(memories[0]!.buffer).reduce((sum, byte) => sum + byte, 0);
    sift(new Uint8Array(0), zeros(0), zeros(0), packed(new Uint8Array(0)));
    assert.equal(memories.length, 1);
    const before = tables();
    sift(own, zeros(n), zeros(n), packed(new Uint8Array(n).fill(2)));
    sift(own, all, all, packed(new Uint8Array(n).fill(2)));
    countErrors(all, zeros(n), new Uint8Array(n).fill(2));
    assert.equal(tables(), before);
  });

  it('refuses columns of different length and an intensity that does not exist, wherever it is', () => {
    const c = columns(2 * CHUNK + 3, 5);
    for (const [row, name] of [
      [0, 'row 0'],
      [CHUNK, `row ${CHUNK}`],
      [2 * CHUNK + 2, `row ${2 * CHUNK + 2}`],
    ] as const) {
      const intensity = c.intensity.slice();
      intensity[row] = row ? 3 : 255;
      for (const s of [sift, siftTwin]) {
        assert.throws(() => s(c.own, c.alice, c.bob, packed(intensity)), {
          code: 'kernels/argument',
          message: new RegExp(name),
        });
      }
      for (const count of [countErrors, countErrorsTwin]) {
        assert.throws(() => count(c.alice, c.bob, intensity), { code: 'kernels/argument', message: new RegExp(name) });
      }
    }
    for (const s of [sift, siftTwin]) {
      const refused = { code: 'kernels/argument' };
      const intensity = packed(c.intensity);
      assert.throws(() => s(c.own.subarray(1), c.alice, c.bob, intensity), refused);
      assert.throws(() => s(c.own, zeros(c.alice.length - 1), c.bob, intensity), refused);
      assert.throws(() => s(c.own, c.alice, zeros(c.alice.length + 1), intensity), refused);
      assert.throws(() => s(c.own, c.alice, c.bob, packed(c.intensity.subarray(1))), refused);
      const short = { ...intensity, packed: intensity.packed.subarray(1) };
      assert.throws(() => s(c.own, c.alice, c.bob, short), refused);
    }
  });
});

it('intensities of which none exists are refused by kernel and twin alike, in any basis', () => {
  for (const n of [1, 63, CHUNK + 1]) {
    const all = fromBytes(new Uint8Array(Math.ceil(n / 8)).fill(0xff), n);
    for (const bases of [zeros(n), all]) {
      for (const s of [sift, siftTwin]) {
        assert.throws(() => s(new Uint8Array(n), bases, bases, packed(new Uint8Array(n).fill(3))), {
          code: 'kernels/argument',
          message: /intensity is 3 in row 0/,
        });
      }
    }
  }
});

describe('countErrors', () => {
  it('equals its twin', () => {
    for (let n = 0; n < 70; n++) {
      const c = columns(n, n);
      assert.deepEqual(countErrors(c.alice, c.bob, c.intensity), countErrorsTwin(c.alice, c.bob, c.intensity));
    }
    for (const n of [1000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 11]) {
      const c = columns(n, n);
      const errors = countErrors(c.alice, c.bob, c.intensity);
      assert.deepEqual(errors, countErrorsTwin(c.alice, c.bob, c.intensity));
      assert(errors.every((m) => m > n / 8));
    }
  });

  it('counts none where nothing differs and all where everything does', () => {
    const intensity = Uint8Array.from({ length: 999 }, (_, i) => Number(i > 9) + Number(i > 99));
    const bits = fromBytes(new Uint8Array(125).fill(0xff), 999);
    assert.deepEqual(countErrors(bits, bits, intensity), [0, 0, 0]);
    assert.deepEqual(countErrors(bits, zeros(999), intensity), [10, 90, 899]);
  });
});
