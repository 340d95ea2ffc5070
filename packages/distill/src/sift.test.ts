import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get, pack, zeros } from '@skykey/bits';
import { packColumn } from '@skykey/kernels';
import fc from 'fast-check';
import { DETECT_LIMIT, encode } from './messages.ts';
import { checkDetections, KeptDetections, settleClicks, sift } from './sift.ts';
import { seededBytes, seededWords } from './test/benchtop.ts';
import type { DetectionChunk } from './types.ts';

const chunk = (rows: readonly (readonly [slot: number, detector: number])[], untilSlot: number): DetectionChunk => ({
  slot: Float64Array.from(rows, ([slot]) => slot),
  detector: Uint8Array.from(rows, ([, detector]) => detector),
  untilSlot,
});

/** Rows in order of slot, several in some slots, in any order of detector. */
const rows = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 3 })), { maxLength: 80 })
  .map((list) => list.toSorted(([a], [b]) => a - b));

test('every slot with a click is kept, once, with a detector that clicked', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 1e6 }), (list, seed) => {
      const { slot, detector } = settleClicks(chunk(list, 61), 0, 1000, seededBytes(seed));
      assert.deepEqual([...slot], [...new Set(list.map(([at]) => at))]);
      for (const [i, at] of slot.entries()) {
        assert(
          list.some(([s, d]) => s === at && d === detector[i]),
          `slot ${at}`,
        );
      }
    }),
    { seed: 1 },
  );
});

test('slots that were told to see that they are right are told as a message would', () => {
  const list = [3, 4, 200, 70_000].map((at) => [at, 1] as const);
  const { slot, told } = settleClicks(chunk(list, 70_001), 3, 70_001, seededBytes(1));
  const detections = { from: 3, until: 70_001, slot };
  assert.deepEqual(
    encode({ type: 'detect', detections: { ...detections, told } }),
    encode({ type: 'detect', detections }),
  );
  // Not where a double click was settled, and not for more than one message tells.
  assert.equal(settleClicks(chunk([...list, [70_000, 2]], 70_001), 3, 70_001, seededBytes(1)).told, undefined);
  const many = Array.from({ length: DETECT_LIMIT + 1 }, (_, at) => [at, 2] as const);
  const long = settleClicks(chunk(many, many.length), 0, many.length, seededBytes(1));
  assert.equal(long.slot.length, many.length);
  assert.equal(long.told, undefined);
});

test('which slots are kept does not depend on the bits', () => {
  fc.assert(
    fc.property(rows, (list) => {
      const swapped = list.map(([at, d]) => [at, d ^ 1] as const);
      const slots = (of: typeof list | typeof swapped) => settleClicks(chunk(of, 61), 0, 1000, seededBytes(3)).slot;
      assert.deepEqual(slots(list), slots(swapped));
    }),
    { seed: 2 },
  );
});

test('several clicks in a slot are settled by fair coins', () => {
  const n = 40_000;
  for (const [clicked, shares] of [
    [
      [0, 1],
      [1 / 2, 1 / 2, 0, 0],
    ],
    [
      [2, 3],
      [0, 0, 1 / 2, 1 / 2],
    ],
    [
      [1, 2],
      [0, 1 / 2, 1 / 2, 0],
    ],
    [
      [0, 2, 3],
      [1 / 2, 0, 1 / 4, 1 / 4],
    ],
    [
      [0, 1, 2, 3],
      [1 / 4, 1 / 4, 1 / 4, 1 / 4],
    ],
    [
      [3, 3],
      [0, 0, 0, 1],
    ],
  ] as const) {
    const list = Array.from({ length: n }, (_, at) => clicked.map((d) => [at, d] as const)).flat();
    const { detector } = settleClicks(chunk(list, n), 0, n, seededBytes(8));
    for (const [d, share] of shares.entries()) {
      const seen = detector.filter((value) => value === d).length;
      const sigma = Math.sqrt(n * share * (1 - share));
      assert(Math.abs(seen - n * share) <= 5 * sigma, `${clicked}: detector ${d} ${seen} times`);
    }
  }
});

test('where the stream is cut into chunks does not matter', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 0, max: 61 }), (list, cut) => {
      const whole = settleClicks(chunk(list, 61), 0, 61, seededBytes(4));
      const random = seededBytes(4);
      const first = settleClicks(
        chunk(
          list.filter(([at]) => at < cut),
          cut,
        ),
        0,
        61,
        random,
      );
      const second = settleClicks(
        chunk(
          list.filter(([at]) => at >= cut),
          61,
        ),
        cut,
        61,
        random,
      );
      assert.deepEqual([...first.slot, ...second.slot], [...whole.slot]);
      assert.deepEqual([...first.detector, ...second.detector], [...whole.detector]);
    }),
    { seed: 3 },
  );
});

test('a driver that breaks its promises is told which row', () => {
  const settle = (list: [number, number][], until: number, from = 0) =>
    settleClicks(chunk(list, until), from, 100, seededBytes(1));
  const broken: [() => unknown, RegExp][] = [
    [
      () =>
        settle(
          [
            [5, 0],
            [4, 0],
          ],
          10,
        ),
      /slot 4 in row 1/,
    ],
    [
      () =>
        settle(
          [
            [5, 0],
            [6, 0],
            [5, 1],
          ],
          10,
        ),
      /slot 5 in row 2/,
    ],
    [() => settle([[10, 0]], 10), /slot 10 in row 0/],
    [() => settle([[3, 0]], 10, 4), /slot 3 in row 0/],
    [() => settle([[1.5, 0]], 10), /slot 1.5/],
    [() => settle([[Number.NaN, 0]], 10), /slot NaN/],
    [() => settle([[1, 4]], 10), /detector 4 in row 0/],
    [() => settle([], 101), /untilSlot 101/],
    [() => settle([], 3, 4), /untilSlot 3/],
    [() => settle([], undefined as unknown as number), /untilSlot undefined/],
    [
      () =>
        settleClicks({ slot: new Float64Array(2), detector: new Uint8Array(1), untilSlot: 5 }, 0, 9, seededBytes(1)),
      /2 slots and 1/,
    ],
  ];
  for (const [run, message] of broken) assert.throws(run, { code: 'distill/detections', message });
});

test('monitored detections are not kept', () => {
  const kept = new KeptDetections();
  const next = seededWords(6);
  const all: number[] = [];
  for (const size of [0, 1, 100_000, 7, 250_000, 2_500_000, 1_000_000]) {
    const values = Uint8Array.from({ length: size }, () => next() & 15);
    const marks = pack(Uint8Array.from({ length: size }, () => Number(next() % 10 === 0)));
    kept.append(values, marks);
    for (const [i, value] of values.entries()) if (!get(marks, i)) all.push(value);
  }
  assert.equal(kept.length, all.length);
  const piece = 2 ** 20;
  const views: Uint8Array[] = [];
  for (let from = 0; from < all.length; from += piece) {
    const to = Math.min(all.length, from + piece);
    views.push(kept.subarray(from, to));
    assert.deepEqual(views.at(-1), Uint8Array.from(all.slice(from, to)));
    assert.deepEqual(kept.subarray(to - 9, to - 4), Uint8Array.from(all.slice(to - 9, to - 4)));
  }
  assert(views.length > 2);
  assert.throws(() => kept.subarray(piece - 1, piece + 1), RangeError);
  assert.throws(() => kept.subarray(0, all.length + 1), RangeError);
  kept.wipe();
  assert(views.every((view) => view.every((value) => value === 0)));
  assert.equal(kept.length, 0);
});

test('sifting keeps matched bases: X for the key, Z for the test, counts per intensity', () => {
  const detection = fc.record({ a: fc.nat(1), b: fc.nat(1), bitA: fc.nat(1), bitB: fc.nat(1), k: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(detection, { maxLength: 200 }), (list) => {
      const column = (of: (d: (typeof list)[number]) => number) => Uint8Array.from(list, of);
      const [aliceBasis, bobBasis, intensity] = [
        pack(column((d) => d.a)),
        pack(column((d) => d.b)),
        {
          length: list.length,
          packed: packColumn(
            column((d) => d.k),
            0,
            2,
          ),
        },
      ];
      const alice = sift(
        column((d) => d.k * 4 + d.a * 2 + d.bitA),
        aliceBasis,
        bobBasis,
        intensity,
      );
      const bob = sift(
        column((d) => d.b * 2 + d.bitB),
        aliceBasis,
        bobBasis,
        intensity,
      );
      for (const [basis, bits, counts] of [
        [0, 'key', 'keyDetections'],
        [1, 'test', 'testDetections'],
      ] as const) {
        const matched = list.filter((d) => d.a === basis && d.b === basis);
        assert.deepEqual(alice[bits], pack(matched.map((d) => d.bitA)));
        assert.deepEqual(bob[bits], pack(matched.map((d) => d.bitB)));
        assert.deepEqual(
          alice[counts],
          [0, 1, 2].map((k) => matched.filter((d) => d.k === k).length),
        );
        assert.deepEqual(bob[counts], alice[counts]);
        if (basis)
          assert.deepEqual(
            [...bob.testIntensity],
            matched.map((d) => d.k),
          );
      }
    }),
    { seed: 4 },
  );
  assert.equal(sift(new Uint8Array(0), zeros(0), zeros(0), { length: 0, packed: new Uint8Array(0) }).key.length, 0);
});

test('a session holds a declared number of detections at most', () => {
  checkDetections(2 ** 24);
  assert.throws(() => checkDetections(2 ** 24 + 1), { code: 'distill/protocol', message: /16777216 is the most/ });
});
