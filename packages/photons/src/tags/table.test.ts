import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { RANGE, RECKONED_COLUMNS, TAG_COLUMNS, type TagColumn } from './columns.ts';
import type { FileParts } from './file-parts.ts';
import { openTagTable, type TagGroup } from './table-reader.ts';
import { TagTableWriter } from './table-writer.ts';

type Columns = { [K in TagColumn]?: number[] };

function fileOf(bytes: Uint8Array): FileParts {
  const buffer = bytes.slice().buffer;
  return { byteLength: buffer.byteLength, slice: (start, end) => buffer.slice(start, end) };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function groupsOf(bytes: Uint8Array): Promise<TagGroup[]> {
  const groups: TagGroup[] = [];
  for await (const group of (await openTagTable(fileOf(bytes))).groups()) groups.push(group);
  return groups;
}

function columnsOf(groups: readonly TagGroup[], names: readonly TagColumn[]): Columns {
  return Object.fromEntries(names.map((name) => [name, groups.flatMap((group) => [...group.columns[name]!])]));
}

const cell = (name: TagColumn): fc.Arbitrary<number> => {
  const [least, most] = RANGE[TAG_COLUMNS[name]];
  if (name === 'detector') return fc.integer({ min: 0, max: 3 });
  return name === 'time_ps' ? fc.maxSafeNat() : fc.integer({ min: least, max: most });
};
const names = fc
  .subarray(Object.keys(TAG_COLUMNS).filter((name) => name !== 'time_ps') as TagColumn[])
  .map((others): TagColumn[] => ['time_ps', ...others]);
const table = names.chain((columns) =>
  fc
    .array(fc.tuple(...columns.map(cell)), { maxLength: 60 })
    .map((rows) => rows.sort((a, b) => a[0]! - b[0]!))
    .map((rows) => ({
      columns,
      data: Object.fromEntries(columns.map((name, i) => [name, rows.map((row) => row[i]!)])) as Columns,
    })),
);

function written(data: Columns, columns: readonly TagColumn[], rowsPerGroup: number, parts: number): Uint8Array {
  const writer = new TagTableWriter({ columns, rowsPerGroup, metadata: { seed: '7', scenario: 'Grünau ∅' } });
  const count = data.time_ps!.length;
  const bytes: Uint8Array[] = [];
  for (let part = 0; part < parts; part++) {
    const cut = (list: number[]) =>
      list.slice(Math.ceil((part * count) / parts), Math.ceil(((part + 1) * count) / parts));
    bytes.push(writer.write(Object.fromEntries(columns.map((name) => [name, cut(data[name]!)]))));
  }
  return joined([...bytes, writer.end()]);
}

describe('tables of tags', () => {
  it('come back as they were, in any groups and pieces, with their metadata', async () => {
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.integer({ min: 1, max: 25 }),
        fc.integer({ min: 1, max: 5 }),
        async ({ columns, data }, rowsPerGroup, parts) => {
          const bytes = written(data, columns, rowsPerGroup, parts);
          const opened = await openTagTable(fileOf(bytes));
          assert.deepEqual(opened.metadata, { seed: '7', scenario: 'Grünau ∅' });
          assert.deepEqual(opened.columns.toSorted(), columns.toSorted());
          assert.equal(opened.rows, data.time_ps!.length);
          const groups = await groupsOf(bytes);
          assert.ok(groups.every(({ fault }) => fault === null));
          assert.deepEqual(columnsOf(groups, columns), data);
        },
      ),
      { seed: 1, numRuns: 60 },
    );
  });

  it('are written group by group', () => {
    const writer = new TagTableWriter({ columns: ['time_ps', 'detector'], rowsPerGroup: 1000 });
    const rows = (from: number, count: number) => ({
      time_ps: Float64Array.from({ length: count }, (_, i) => (from + i) * 12_345),
      detector: new Uint8Array(count),
    });
    const sizes = [rows(0, 999), rows(999, 1), rows(1000, 10), rows(1010, 2000)].map(
      (part) => writer.write(part).length,
    );
    assert.deepEqual(
      sizes.map((size) => size > 0),
      [true, true, false, true],
    );
    // The head: what a table without rows has.
    assert.ok(sizes[0]! < new TagTableWriter({ columns: ['time_ps', 'detector'] }).end().length);
    assert.ok(writer.end().length > 0);
  });

  it('keep what is before a row that is out of order or of no detector', async () => {
    const times = [0, 10, 20, 30, 25, 40];
    const early = joined([
      new Uint8Array(
        parquetWriteBuffer({
          columnData: [
            { name: 'time_ps', data: BigInt64Array.from(times, BigInt), type: 'INT64' },
            { name: 'detector', data: [0, 1, 2, 3, 0, 1], type: 'INT32' },
          ],
          rowGroupSize: 3,
        }),
      ),
    ]);
    const groups = await groupsOf(early);
    assert.deepEqual(columnsOf(groups, ['time_ps', 'detector']), { time_ps: [0, 10, 20, 30], detector: [0, 1, 2, 3] });
    assert.equal(groups.length, 2);
    const { fault } = groups[1]!;
    assert.equal(fault?.kind, 'order');
    assert.match(fault.reason, /^row 4: a tag is 5 ps earlier/);
    assert.ok(fault.byteOffset > 4 && fault.byteOffset < early.length);

    const strange = written({ time_ps: [1, 2, 3], detector: [0, 7, 1] }, ['time_ps', 'detector'], 10, 1);
    const [group] = await groupsOf(strange);
    assert.deepEqual([group!.rows, group!.fault?.kind], [1, 'channel']);
    assert.match(group!.fault!.reason, /^row 1: detector is 7/);

    const missing = new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'time_ps', data: [1n, 2n, null, 4n], type: 'INT64' },
          { name: 'detector', data: [0, 1, 2, 3], type: 'INT32' },
        ],
      }),
    );
    const [holed] = await groupsOf(missing);
    assert.deepEqual([holed!.rows, holed!.fault?.kind], [2, 'content']);
    assert.match(holed!.fault!.reason, /^row 2: time_ps is (null|undefined)/);
  });

  const count = 400;
  const data: Columns = { time_ps: [], detector: [], slot: [], offset_ps: [], intensity: [], basis: [], bit: [] };
  for (let i = 0; i < count; i++) {
    for (const name of RECKONED_COLUMNS) data[name]!.push(name === 'time_ps' ? i * 1_000_003 : (i * 7919) % 4);
  }
  const bytes = written(data, RECKONED_COLUMNS, 100, 1);

  it('keep the whole groups of a file that is cut, at any place, and say where the loss begins', async () => {
    const ends = parquetMetadata(bytes.slice().buffer).row_groups.map(({ columns }) => {
      const { meta_data, file_offset } = columns.at(-1)!;
      return Number(file_offset + meta_data!.total_compressed_size);
    });
    const headEnd = new TagTableWriter({
      columns: RECKONED_COLUMNS,
      metadata: { seed: '7', scenario: 'Grünau ∅' },
    }).write({ time_ps: [], detector: [], slot: [], offset_ps: [], intensity: [], basis: [], bit: [] }).length;
    const lengths = fc.oneof(
      fc.nat(bytes.length - 1),
      ...[headEnd - 4, headEnd, ...ends].map((at) => fc.integer({ min: at - 2, max: at + 2 })),
    );
    await fc.assert(
      fc.asyncProperty(lengths, async (length) => {
        const cut = bytes.slice(0, length);
        // The second magic number, which is the last thing before the groups, is not needed.
        if (length < headEnd - 4) {
          await assert.rejects(openTagTable(fileOf(cut)), { code: 'photons/tags', message: /^byte \d+: / });
          return;
        }
        const groups = await groupsOf(cut);
        const whole = ends.filter((end) => end <= length).length;
        const { metadata, rows } = await openTagTable(fileOf(cut));
        assert.deepEqual([metadata, rows], [{ seed: '7', scenario: 'Grünau ∅' }, 100 * whole]);
        assert.deepEqual(columnsOf(groups, ['bit', 'slot', 'time_ps']), {
          bit: data.bit!.slice(0, 100 * whole),
          slot: data.slot!.slice(0, 100 * whole),
          time_ps: data.time_ps!.slice(0, 100 * whole),
        });
        assert.ok(groups.slice(0, -1).every(({ fault }) => fault === null));
        const { rows: none, fault } = groups.at(-1)!;
        assert.deepEqual([none, fault?.kind, fault?.byteOffset], [0, 'cut', whole > 0 ? ends[whole - 1] : headEnd]);
        assert.match(fault!.reason, /ends too early, without its table of contents; /);
      }),
      { seed: 2, numRuns: 200 },
    );
  });

  it('keep the groups of a file whose table of contents is damaged', async () => {
    const damaged = bytes.slice();
    const contents = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true);
    damaged.fill(0xff, bytes.length - 8 - contents, bytes.length - 8);
    const groups = await groupsOf(damaged);
    assert.deepEqual(columnsOf(groups, RECKONED_COLUMNS), data);
    const { kind, byteOffset, reason } = groups.at(-1)!.fault!;
    assert.deepEqual([kind, byteOffset], ['content', bytes.length - 8 - contents]);
    assert.match(reason, /table of contents .* cannot be read .*no row group begins here$/);
  });

  it('say what is wrong with a file of somebody else that is cut', async () => {
    const other = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'time_ps', data: [1n], type: 'INT64' }] }));
    await assert.rejects(openTagTable(fileOf(other.slice(0, -1))), {
      code: 'photons/tags',
      message: new RegExp(`^byte ${other.length - 1}: .*without its table of contents; .*that Skykey wrote`),
    });
  });

  it('say what is wrong with a file that is damaged, at any place', async () => {
    let faults = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 4, max: bytes.length - 9 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          const damaged = bytes.slice();
          damaged[at] = damaged[at]! ^ change;
          let groups: TagGroup[];
          try {
            groups = await groupsOf(damaged);
          } catch (error) {
            assert.equal((error as { code?: string }).code, 'photons/tags', String(error));
            return;
          }
          const fault = groups.at(-1)?.fault;
          if (fault) {
            faults++;
            assert.ok(Number.isSafeInteger(fault.byteOffset) && fault.byteOffset >= 0 && fault.reason.length > 10);
          }
        },
      ),
      { seed: 3, numRuns: 150 },
    );
    assert.ok(faults > 10, `${faults} of the changes were seen as faults`);
  });

  it('refuse what no column can hold, and files that are no tables of tags', async () => {
    const code = 'photons/tags';
    const writer = (): TagTableWriter => new TagTableWriter({ columns: ['time_ps', 'offset_ps'] });
    assert.throws(() => writer().write({ time_ps: [1], offset_ps: [40_000] }), { code, message: /^row 0: offset_ps/ });
    assert.throws(() => writer().write({ time_ps: [1, 2], offset_ps: [1] }), { code, message: /1 rows/ });
    assert.throws(() => writer().write({ time_ps: [1] }), { code, message: /no rows/ });
    assert.throws(() => writer().write({ time_ps: [0.5], offset_ps: [1] }), { code });
    assert.throws(() => new TagTableWriter({ columns: [] }), { code });
    assert.throws(() => new TagTableWriter({ columns: ['bit', 'bit'] }), { code });
    assert.throws(() => new TagTableWriter({ columns: ['time_ps'], rowsPerGroup: 0 }), { code });
    await assert.rejects(openTagTable(fileOf(new Uint8Array(100))), { code, message: /no Parquet/ });
    const other = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'x', data: [1], type: 'INT32' }] }));
    await assert.rejects(openTagTable(fileOf(other)), { code, message: /the columns are x/ });
  });
});
