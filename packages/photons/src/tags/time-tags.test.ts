import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PhotonsError } from '../error.ts';
import type { Tags } from '../sampler/sampler.ts';
import { MOST_PS, psOfTicks, QCRYPTO_DETECTORS, ROLL_OVER_S, type TagFormat, ticksOfPs } from './format.ts';
import { TagReader, type TagReaderOptions } from './reader.ts';
import { TagWriter } from './writer.ts';

interface Row {
  readonly timePs: number;
  readonly detector: number;
}

const rowsOf = ({ timePs, detector }: Tags): Row[] =>
  Array.from(timePs, (here, i) => ({ timePs: here, detector: detector[i]! }));
const tagsOf = (rows: readonly Row[]): Tags => ({
  timePs: Float64Array.from(rows, ({ timePs }) => timePs),
  detector: Uint8Array.from(rows, ({ detector }) => detector),
});

/** Reads bytes in pieces of these sizes, again and again. */
function read(bytes: Uint8Array, options: TagReaderOptions = {}, pieces: readonly number[] = [1 << 20]) {
  const reader = new TagReader(options);
  const rows: Row[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const piece = bytes.subarray(at, at + pieces[i % pieces.length]!);
    rows.push(...rowsOf(reader.push(piece)));
    at += piece.length;
  }
  rows.push(...rowsOf(reader.end()));
  return { rows, reader };
}

const write = (rows: readonly Row[], options: ConstructorParameters<typeof TagWriter>[0] = {}): Uint8Array =>
  new TagWriter(options).write(tagsOf(rows));

const rows = fc
  .array(fc.record({ timePs: fc.integer({ min: 0, max: 9e15 }), detector: fc.integer({ min: 0, max: 3 }) }), {
    maxLength: 40,
  })
  .map((list) => list.sort((a, b) => a.timePs - b.timePs));
const format = fc.record<TagFormat>({
  layout: fc.constantFrom('high-word-first', 'low-word-first', 'hexadecimal'),
  timeBits: fc.constantFrom(49, 54),
  detectors: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }) as fc.Arbitrary<[number, number, number, number]>,
});
const pieces = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });
const recordBytes = ({ layout }: TagFormat): number => (layout === 'hexadecimal' ? 17 : 8);
const rounded = (list: readonly Row[], { timeBits }: TagFormat): Row[] =>
  list.map(({ timePs, detector }) => ({ timePs: psOfTicks(ticksOfPs(timePs, timeBits)), detector }));
const runs = { seed: 20261122, numRuns: 200 };

/** The first five events that the manual of fpfind prints of its sample file (docs/user/parser.md), words as they lie there. */
const PUBLISHED: readonly (readonly [number, number])[] = [
  [0xedae1bd7, 0x4ce88f21],
  [0xedae1bd7, 0x4f143308],
  [0xedae1be0, 0xe65ceb38],
  [0xedae1be3, 0x1ded6721],
  [0xedae1be3, 0x20191f08],
];
const published = (): Uint8Array => {
  const view = new DataView(new ArrayBuffer(40));
  for (const [i, [high, low]] of PUBLISHED.entries()) {
    view.setUint32(8 * i, high, true);
    view.setUint32(8 * i + 4, low, true);
  }
  return new Uint8Array(view.buffer);
};

describe('time-tag-64', () => {
  it('reads the published sample: start at 65333.011796794 s, channels 1 and 4 in turn, markers left out', () => {
    const { rows: found, reader } = read(published());
    assert.equal(reader.originS, 65333);
    assert.equal(reader.markers, 1);
    assert.equal((found[0]!.timePs / 1e12).toFixed(9), '0.011796794');
    assert.deepEqual(
      found.map(({ detector }) => detector),
      [0, 3, 0, 3],
    );
    // Channel 4 is a copy of channel 1, 139 ns later.
    assert.deepEqual(
      [1, 3].map((i) => Math.round((found[i]!.timePs - found[i - 1]!.timePs) / 1000)),
      [139, 139],
    );
    assert.equal(reader.fault, null);
  });

  it('has every bit where FORMAT.md says', () => {
    const one = [{ timePs: 125_000, detector: 2 }];
    // 125 ns are 32000 units of 1/256 ns, and those times 1024 are 0x1f40000.
    assert.deepEqual([...write(one)], [0, 0, 0, 0, 0x04, 0, 0xf4, 0x01]);
    assert.deepEqual([...write(one, { layout: 'low-word-first' })], [0x04, 0, 0xf4, 0x01, 0, 0, 0, 0]);
    assert.equal(new TextDecoder().decode(write(one, { layout: 'hexadecimal' })), '0000000001f40004\n');
    const horizontal = write(one, { layout: 'hexadecimal', detectors: QCRYPTO_DETECTORS });
    assert.equal(new TextDecoder().decode(horizontal), '0000000001f40004\n');
    const vertical = write([{ timePs: 0, detector: 3 }], { layout: 'hexadecimal', detectors: QCRYPTO_DETECTORS });
    assert.equal(new TextDecoder().decode(vertical), '0000000000000001\n');
  });

  it('comes back as it was at the resolution of the format, in any pieces', () => {
    fc.assert(
      fc.property(rows, format, pieces, (list, options, sizes) => {
        const bytes = write(list, options);
        assert.equal(bytes.length, list.length * recordBytes(options));
        const { rows: found, reader } = read(bytes, { ...options, originS: 0 }, sizes);
        assert.equal(reader.fault, null);
        assert.deepEqual(found, rounded(list, options));
        for (const [i, { timePs }] of found.entries()) {
          assert.ok(Math.abs(timePs - list[i]!.timePs) <= (options.timeBits === 54 ? 2 : 62));
        }
        // What has been through the format once goes through it without loss.
        assert.deepEqual(write(found, options), bytes);
      }),
      runs,
    );
  });

  it('goes on over a roll-over of its clock', () => {
    fc.assert(
      fc.property(rows, format, fc.integer({ min: 61_000, max: Math.floor(ROLL_OVER_S) }), (list, options, originS) => {
        const near = list.map(({ timePs, detector }) => ({ timePs: timePs % 9e12, detector }));
        near.sort((a, b) => a.timePs - b.timePs);
        const bytes = write(near, { ...options, originS: Math.max(originS, 70_365) });
        const { rows: found, reader } = read(bytes, { ...options, originS: Math.max(originS, 70_365) });
        assert.equal(reader.fault, null);
        assert.deepEqual(found, rounded(near, options));
      }),
      runs,
    );
    const { rows: found, reader } = read(
      write(
        [1_000, 3e11, 4e11].map((timePs) => ({ timePs, detector: 1 })),
        { originS: 70_368 + 0 },
      ),
    );
    assert.equal(reader.originS, 70_368);
    assert.deepEqual(
      found.map(({ timePs }) => timePs),
      [1_000, 3e11, 4e11],
    );
  });

  it('takes the whole second at or before the first tag as its zero, when that is later than an hour', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70_367 }), fc.nat(999_999_999), (second, ns) => {
        const bytes = write([{ timePs: ns * 1000, detector: 0 }], { originS: second });
        const { rows: found, reader } = read(bytes);
        assert.equal(reader.originS, second < 3600 ? 0 : second);
        const timePs = ns * 1000 + (second < 3600 ? second * 1e12 : 0);
        assert.ok(Math.abs(found[0]!.timePs - timePs) <= 2);
      }),
      { ...runs, examples: [65_333, 3600, 3599].map((second): [number, number] => [second, 0]) },
    );
  });

  it('keeps everything before a cut, at any place', () => {
    fc.assert(
      fc.property(rows, format, pieces, fc.double({ min: 0, max: 1, noNaN: true }), (list, options, sizes, where) => {
        const bytes = write(list, options);
        const cut = Math.floor(where * bytes.length);
        const record = recordBytes(options);
        const whole = Math.floor(cut / record);
        // A line without its newline is a whole record all the same.
        const kept = options.layout === 'hexadecimal' && cut % record === 16 ? whole + 1 : whole;
        const { rows: found, reader } = read(bytes.subarray(0, cut), { ...options, originS: 0 }, sizes);
        assert.deepEqual(found, rounded(list, options).slice(0, kept));
        if (cut === kept * record || kept > whole) assert.equal(reader.fault, null);
        else {
          assert.equal(reader.fault?.kind, 'cut');
          assert.equal(reader.fault.byteOffset, whole * record);
        }
      }),
      runs,
    );
  });

  it('names the byte of a record that is out of order, and keeps what was before', () => {
    fc.assert(
      fc.property(rows, format, pieces, fc.nat(), (list, options, sizes, pick) => {
        fc.pre(list.length >= 2);
        const at = 1 + (pick % (list.length - 1));
        const record = recordBytes(options);
        const bytes = write(list, options);
        const first = bytes.slice((at - 1) * record, at * record);
        bytes.copyWithin((at - 1) * record, at * record, (at + 1) * record);
        bytes.set(first, at * record);
        const { rows: found, reader } = read(bytes, { ...options, originS: 0 }, sizes);
        const expected = rounded(list, options);
        if (expected[at]!.timePs === expected[at - 1]!.timePs) assert.equal(reader.fault, null);
        else {
          assert.equal(reader.fault?.kind, 'order');
          assert.equal(reader.fault.byteOffset, at * record);
          assert.deepEqual(found, [...expected.slice(0, at - 1), expected[at]]);
        }
      }),
      runs,
    );
  });

  it('gives several rows for an event with several detectors, and refuses one with none', () => {
    const bytes = write([5, 6, 7].map((ns) => ({ timePs: ns * 1000, detector: 0 })));
    bytes[8 + 4] = (bytes[8 + 4]! & 0xf0) | 0b1011;
    bytes[16 + 4] = bytes[16 + 4]! & 0xf0;
    const { rows: found, reader } = read(bytes);
    assert.deepEqual(found.slice(1), [
      { timePs: 6000, detector: 0 },
      { timePs: 6000, detector: 1 },
      { timePs: 6000, detector: 3 },
    ]);
    assert.equal(reader.events, 2);
    assert.deepEqual([reader.fault?.kind, reader.fault?.byteOffset], ['channel', 16]);
    assert.deepEqual(rowsOf(reader.push(write([{ timePs: 8000, detector: 0 }]))), []);
  });

  it('counts the events that name a detector beyond the four, and not what recorders leave in other bits', () => {
    const bytes = write([5, 6, 7, 8].map((ns) => ({ timePs: ns * 1000, detector: 0 })));
    bytes[4] = 0x81;
    bytes[8 + 4] = 0x41;
    bytes[16 + 4] = 0x21;
    bytes[16 + 5] = bytes[16 + 5]! | 0x03;
    const { rows: found, reader } = read(bytes);
    assert.deepEqual([found.length, reader.otherDetectors, reader.fault], [4, 2, null]);
    assert.equal(read(published()).reader.otherDetectors, 0);
  });

  it('refuses a line that is none, and a time that does not fit', () => {
    const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
    const good = '0000000001f40004\n';
    for (const [text, byteOffset, kind, kept] of [
      [`${good}0000000001g40004\n`, 17, 'content', 1],
      [`${good.trim()}\r\n0000000001f4004\n`, 18, 'content', 1],
      [`${good}00000000000000000000000000`, 17, 'content', 1],
      [`${good}${good.slice(0, 9)}`, 17, 'cut', 1],
      [`${good}fffffffffffffc01\n`, 17, 'range', 1],
      [`${good}0000000001f400044`, 17, 'content', 1],
    ] as const) {
      for (const sizes of [[1], [5, 3], [100]]) {
        const { rows: found, reader } = read(encode(text), { layout: 'hexadecimal' }, sizes);
        assert.deepEqual([reader.fault?.byteOffset, reader.fault?.kind, found.length], [byteOffset, kind, kept], text);
      }
    }
  });

  it('writes nothing that it could not read', () => {
    const code = { code: 'photons/tags' };
    const writer = new TagWriter();
    writer.write(tagsOf([{ timePs: 10, detector: 0 }]));
    assert.throws(() => writer.write(tagsOf([{ timePs: 9, detector: 0 }])), {
      ...code,
      message: /^row 1: timePs is 9/,
    });
    for (const bad of [
      { timePs: 10.5, detector: 0 },
      { timePs: -1, detector: 0 },
      { timePs: MOST_PS + 1, detector: 0 },
      { timePs: 11, detector: 4 },
    ]) {
      assert.throws(() => new TagWriter().write(tagsOf([bad])), code);
    }
    for (const options of [
      { timeBits: 50 },
      { layout: 'sideways' },
      { detectors: [0, 1, 2, 2] },
      { originS: 0.5 },
      { originS: 70_369 },
    ]) {
      assert.throws(() => new TagWriter(options as never), PhotonsError);
      assert.throws(() => new TagReader(options as never), code);
    }
    const last = [{ timePs: MOST_PS, detector: 3 }];
    for (const timeBits of [49, 54] as const) {
      const { rows: found } = read(write(last, { timeBits }), { timeBits, originS: 0 });
      assert.deepEqual(found, rounded(last, { timeBits } as TagFormat));
    }
  });
});
