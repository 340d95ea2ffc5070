import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBytes, pack } from '@skykey/bits';
import fc from 'fast-check';
import * as kernel from './packing.ts';
import * as twin from './packing-twin.ts';

fc.configureGlobal({ seed: 61 });

const CHUNK = 16_384;
const SLOTS = 32_768;

/** Bytes that look random. */
function column(length: number, seed: number, below = 256): Uint8Array {
  let state = (seed * 2654435761) >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) % below;
  });
}

/** Every length around a vector, and around chunks. */
const LENGTHS = [...Array(67).keys(), CHUNK - 1, CHUNK, CHUNK + 1, CHUNK + 17, 3 * CHUNK + 5];

describe('columns', () => {
  it('are packed and unpacked as by their twins, at every length', () => {
    for (const [i, n] of LENGTHS.entries()) {
      const values = column(n, i);
      for (const bit of [0, 1, 2, 3, 4, 5, 6, 7])
        assert.deepEqual(kernel.packColumn(values, bit, 1), twin.packColumn(values, bit, 1));
      for (const bit of [0, 2, 4, 6])
        assert.deepEqual(kernel.packColumn(values, bit, 2), twin.packColumn(values, bit, 2));
      assert.deepEqual(kernel.packColumn(values, 0, 4), twin.packColumn(values, 0, 4));
      const room = new Uint8Array(kernel.packedBytes(n, 2) + 2).fill(255);
      kernel.packColumn(values, 0, 2, room.subarray(1, -1));
      assert.deepEqual([...room], [255, ...twin.packColumn(values, 0, 2), 255]);
      for (const width of [2, 4] as const) {
        const packed = column(Math.ceil((n * width) / 8), i);
        assert.deepEqual(kernel.unpackColumn(packed, n, width), twin.unpackColumn(packed, n, width));
      }
    }
  });

  it('what lies behind the last entry of a packed column is not looked at', () => {
    assert.deepEqual(kernel.unpackColumn(Uint8Array.of(0b11_11_11_01), 1, 2), {
      values: Uint8Array.of(1),
      largest: 1,
    });
    assert.deepEqual(kernel.unpackColumn(Uint8Array.of(0xf2), 1, 4), { values: Uint8Array.of(2), largest: 2 });
  });

  it('the largest value is found wherever it stands', () => {
    for (let at = 0; at < 40; at++) {
      const values = new Uint8Array(40);
      values[at] = 3;
      assert.equal(kernel.unpackColumn(twin.packColumn(values, 0, 2), 40, 2).largest, 3);
      assert.equal(kernel.unpackColumn(twin.packColumn(values, 0, 4), 40, 4).largest, 3);
    }
  });

  it('are divided by a choice as by the twin', () => {
    for (const [i, n] of LENGTHS.entries()) {
      const values = column(n, i);
      for (const below of [1, 2, 20, 255, 256]) {
        const marks = pack(column(n, i + 1).map((value) => Number(value < below)));
        const [others, same] = [new Uint8Array(n + 5), new Uint8Array(n + 5)];
        assert.deepEqual(kernel.divide(values, marks, others, 3), twin.divide(values, marks, same, 3));
        assert.deepEqual(others, same);
      }
    }
  });

  it('are joined as by the twin, and a value out of range is seen wherever it stands', () => {
    for (const [i, n] of LENGTHS.entries()) {
      const [intensity, basis, bit] = [column(n, i, 3), column(n, i + 1, 2), column(n, i + 2, 2)];
      assert.deepEqual(kernel.joinColumns(intensity, basis, bit), twin.joinColumns(intensity, basis, bit));
    }
    for (let at = 0; at < 40; at++) {
      for (const [which, value] of [
        [0, 3],
        [0, 255],
        [1, 2],
        [1, 128],
        [2, 2],
        [2, 255],
      ] as const) {
        const columns = [new Uint8Array(40), new Uint8Array(40), new Uint8Array(40)] as const;
        columns[which][at] = value;
        assert.equal(kernel.joinColumns(...columns), undefined);
      }
    }
  });

  it('have the largest value that the twin finds', () => {
    for (const [i, n] of LENGTHS.entries()) {
      for (const below of [1, 4, 200]) {
        const low = column(n, i, below);
        assert.equal(kernel.largestOfColumn(low), twin.largestOfColumn(low));
      }
    }
    for (let at = 0; at < 40; at++) {
      const values = new Uint8Array(40);
      values[at] = 255;
      assert.equal(kernel.largestOfColumn(values), 255);
      // What the column before left behind does not count.
      assert.equal(kernel.largestOfColumn(values.subarray(0, at)), 0);
    }
  });

  it('refuses columns that do not belong together', () => {
    const [two, three] = [new Uint8Array(2), new Uint8Array(3)];
    const refusal = { name: 'KernelError', code: 'kernels/argument' };
    assert.throws(() => kernel.unpackColumn(two, 3, 2), refusal);
    assert.throws(() => kernel.packColumn(three, 0, 4, three), refusal);
    assert.throws(() => kernel.divide(three, fromBytes(two, 2), three), refusal);
    assert.throws(() => kernel.divide(three, fromBytes(two, 3), three, 1), refusal);
    assert.throws(() => kernel.joinColumns(three, three, two), refusal);
  });
});

/** As told. Throws for slots that cannot be. */
function told(slot: Float64Array, from: number): Uint8Array {
  const bytes = kernel.encodeSlots(slot, from);
  assert(bytes);
  return bytes;
}

describe('slots', () => {
  const gap = fc.oneof(
    fc.nat(200),
    fc.nat(40_000),
    ...[7, 14, 21, 28, 35, 42].map((bits) => fc.integer({ min: 2 ** bits - 2, max: 2 ** bits + 2 })),
    fc.maxSafeNat().map((n) => Math.floor(n / 32)),
  );
  const rising = fc.record({ from: fc.nat(1e9), gaps: fc.array(gap, { maxLength: 24 }) }).map(({ from, gaps }) => {
    const slot: number[] = [];
    let next = from;
    for (const skipped of gaps) {
      slot.push(next + skipped);
      next += skipped + 1;
    }
    return { from, slot: Float64Array.from(slot), until: next };
  });

  it('are told as by the twin, and read back', () => {
    fc.assert(
      fc.property(rising, fc.uint8Array({ maxLength: 9 }), ({ from, slot, until }, behind) => {
        const bytes = told(slot, from);
        assert.deepEqual(bytes, twin.encodeSlots(slot, from));
        const more = Uint8Array.of(...bytes, ...behind);
        const read = kernel.decodeSlots(more, { from, until, length: slot.length });
        assert.deepEqual(read, { slot, bytes: bytes.length });
      }),
      { numRuns: 500 },
    );
  });

  it('more than a chunk of them', () => {
    for (const n of [SLOTS - 1, SLOTS, SLOTS + 1, 2 * SLOTS + 3]) {
      let at = 100;
      const slot = Float64Array.from(column(n, n), (step) => (at += 1 + step * step));
      const bytes = told(slot, 3);
      assert.deepEqual(bytes, twin.encodeSlots(slot, 3));
      assert.deepEqual(kernel.decodeSlots(bytes, { from: 3, until: at + 1, length: n }), { slot, bytes: bytes.length });
    }
  });

  it('in any sequence of sizes', () => {
    for (let sizes = 0; sizes < 4 ** 6; sizes++) {
      let at = -1;
      const slot = Float64Array.from({ length: 6 }, (_, i) => (at += 1 + 128 ** ((sizes >> (2 * i)) & 3) - (i & 1)));
      const bytes = told(slot, 0);
      assert.deepEqual(bytes, twin.encodeSlots(slot, 0));
      assert.deepEqual(kernel.decodeSlots(bytes, { from: 0, until: at + 1, length: 6 }), { slot, bytes: bytes.length });
      assert.equal(kernel.decodeSlots(bytes, { from: 0, until: at, length: 6 }), undefined);
      assert.equal(kernel.decodeSlots(bytes.subarray(0, -1), { from: 0, until: at + 1, length: 6 }), undefined);
    }
  });

  it('no number that takes more bytes than it needs, wherever it stands', () => {
    for (let at = 0; at < 20; at++) {
      for (const overlong of [
        [128, 0],
        [255, 128, 0],
        [129, 0],
        [128, 128, 128, 0],
      ]) {
        const bytes = Uint8Array.from(Array.from({ length: 20 }, (_, i) => (i === at ? overlong : [5])).flat());
        assert.equal(kernel.decodeSlots(bytes, { from: 0, until: 1000, length: 20 }), undefined);
      }
    }
  });

  it('not when they leave what a number can hold and come back by it', () => {
    const longest = Array.from({ length: 512 }, () => [255, 255, 255, 255, 255, 255, 255, 127]).flat();
    assert.equal(
      kernel.decodeSlots(Uint8Array.from(longest), { from: 0, until: Number.MAX_SAFE_INTEGER, length: 512 }),
      undefined,
    );
  });

  it('of arbitrary bytes what the twin reads, and no more', () => {
    const byte = fc.oneof(fc.constantFrom(0, 1, 127, 128, 129, 255), fc.nat(255));
    fc.assert(
      fc.property(
        fc.array(byte, { maxLength: 40 }),
        fc.nat(12),
        fc.nat(300),
        fc.oneof(fc.nat(1000), fc.maxSafeNat()),
        (bytes, length, from, until) => {
          const announced = { from, until, length };
          assert.deepEqual(
            kernel.decodeSlots(Uint8Array.from(bytes), announced),
            twin.decodeSlots(Uint8Array.from(bytes), announced),
          );
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('the longest gap, and one bit more', () => {
    const most = Number.MAX_SAFE_INTEGER - 1;
    const bytes = told(Float64Array.of(most), 0);
    assert.deepEqual(bytes, twin.encodeSlots(Float64Array.of(most), 0));
    const announced = { from: 0, until: Number.MAX_SAFE_INTEGER, length: 1 };
    assert.deepEqual(kernel.decodeSlots(bytes, announced)?.slot, Float64Array.of(most));
    assert.equal(kernel.decodeSlots(bytes, { ...announced, until: most }), undefined);
    assert.equal(kernel.decodeSlots(new Uint8Array(9).fill(255), announced), undefined);
  });

  it('refuses what is no rising row of whole numbers', () => {
    for (const slot of [[4], [6, 6], [7, 6], [5.5], [Number.NaN], [Number.POSITIVE_INFINITY], [2 ** 53], [-1]])
      assert.equal(kernel.encodeSlots(Float64Array.from(slot), 5), undefined);
  });
});
