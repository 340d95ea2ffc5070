import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { OpticsError } from '../error.ts';
import { parseWeatherCsv, parseWeatherParquet, type SeriesOptions, statesOf } from './measured-series.ts';

const A = { stationId: 'a' };
const at = (text: string) => Date.parse(text);

describe('parseWeatherCsv', () => {
  it('reads states of one station', () => {
    const [series, ...more] = parseWeatherCsv(
      'utc,clear\n2026-01-01T00:00:00Z,1\n2026-01-01T01:00:00Z,0\n2026-01-01T02:00Z,true\n2026-01-01T03:00:00Z,false\n',
      'sky.csv',
      A,
    );
    assert.deepEqual(more, []);
    assert.equal(series!.stationId, 'a');
    assert.equal(series!.source, 'sky.csv');
    assert.deepEqual(
      [...series!.times],
      [0, 1, 2, 3].map((hour) => Date.UTC(2026, 0, 1, hour)),
    );
    assert.deepEqual(series!.clear, Uint8Array.of(1, 0, 1, 0));
  });

  it('understands every time that says its zone', () => {
    const times = [
      '2026-01-31T23:59:59.5Z',
      '2026-02-01T09:00:00+09:00',
      '2026-01-31 20:30:00-0400',
      String(Date.UTC(2026, 1, 1, 1)),
      '2026-02-01T01:30Z',
    ];
    const [series] = parseWeatherCsv(['utc,clear', ...times.map((time) => `${time},1`)].join('\r\n'), 'sky.csv', A);
    assert.deepEqual(
      [...series!.times],
      [
        at('2026-01-31T23:59:59.500Z'),
        at('2026-02-01T00:00:00Z'),
        at('2026-02-01T00:30:00Z'),
        at('2026-02-01T01:00:00Z'),
        at('2026-02-01T01:30:00Z'),
      ],
    );
  });

  it('reads the long form, stations in their order, and clouds as shares or against a limit', () => {
    const text =
      'station,cloudPercent,utc\nb,0,2026-01-01T00:00Z\na,100,2026-01-01T00:00Z\nb,29,2026-01-01T01:00Z\n' +
      '"a",30,2026-01-01T01:00Z\n';
    const [b, a] = parseWeatherCsv(text, 'sky.csv', { source: 'all-sky cameras' });
    assert.deepEqual([b!.stationId, a!.stationId, a!.source], ['b', 'a', 'all-sky cameras']);
    assert.deepEqual(b!.clear, Float32Array.of(1, 0.71));
    const [limited, other] = parseWeatherCsv(text, 'sky.csv', { maxCloudFraction: 0.29 });
    assert.deepEqual([limited!.clear, other!.clear], [Uint8Array.of(1, 1), Uint8Array.of(0, 0)]);
    assert.deepEqual(statesOf(b!, 0.29).clear, Uint8Array.of(1, 1));
    assert.deepEqual(statesOf(a!, 0.29).clear, Uint8Array.of(0, 0));
    assert.equal(statesOf(limited!).clear, limited!.clear);
    assert.throws(() => statesOf(b!), {
      code: 'optics/weather-series',
      message: /station b has clear shares; say with maxCloudFraction/,
    });
  });

  it('accepts gaps and other columns when told to', () => {
    const text = 'utc,clear,wind\n2026-01-01T00:00Z,1,3\n2026-01-01T01:00Z,1,4\n2026-01-03T00:00Z,0,4\n';
    const [series] = parseWeatherCsv(text, 'sky.csv', { ...A, maxGapH: 48, ignoreColumns: ['wind'] });
    assert.equal(series!.times.length, 3);
  });

  it('names file, line and field, and what would be right', () => {
    const rows = (...lines: string[]) => ['utc,clear', ...lines, ''].join('\n');
    const cases: [string, SeriesOptions, RegExp][] = [
      ['', A, /^sky\.csv: line 1: the file is empty/],
      ['time,clear\n', A, /line 1: there is no column utc among "time", "clear"/],
      ['utc,sky\n', A, /line 1: there is no column of the sky; add one of clear, cloudFraction, cloudPercent/],
      ['utc,clear,cloudFraction\n', A, /columns clear and cloudFraction; leave one/],
      ['utc,clear,clear\n', A, /two columns "clear"/],
      ['utc,clear,wind\n', A, /column "wind" means nothing here; leave it out or name it in ignoreColumns/],
      ['utc,clear\n', {}, /no column station; add it, or give stationId/],
      ['utc,clear,station\n', A, /stationId is given, but the table has a column station/],
      ['utc,clear\n', { ...A, maxCloudFraction: 0.2 }, /maxCloudFraction is given, but the column clear/],
      ['utc,clear\n', A, /line 1: no row follows/],
      [rows('2026-01-01T00:00Z,1'), A, /line 2: station a has one sample/],
      [rows('2026-01-01T00:00Z,1,2'), A, /line 2: there are 3 fields; the header has 2 columns/],
      [rows('2026-01-01T00:00Z,1', '', '2026-01-01T01:00Z,1'), A, /line 3: there are 1 fields/],
      [rows('"2026-01-01T00:00Z,1'), A, /line 2: the quotes do not close/],
      ['station,utc,clear\n"x\ny",2026-01-01T00:00Z,1\nz,2026-01-01,1\n', {}, /line 4: utc is "2026-01-01"/],
      [rows('2026-01-01T00:00,1'), A, /line 2: utc is "2026-01-01T00:00"; it has no time zone; end it with Z/],
      [rows('2026-02-30T00:00Z,1'), A, /line 2: utc is "2026-02-30T00:00Z"; it is a day that no calendar has/],
      [rows('2026-01-01T24:00Z,1'), A, /line 2: utc is "2026-01-01T24:00Z"; it must be like/],
      [rows('yesterday,1'), A, /line 2: utc is "yesterday"; it must be like/],
      [rows(',1'), A, /line 2: utc is ""; it must be like/],
      [
        rows('1767225600000000,1'),
        A,
        /line 2: utc is "1767225600000000", \+057971-.*; give milliseconds, nothing smaller/,
      ],
      [rows('1767225600,1'), A, /line 2: utc is "1767225600", 1970-.*; give milliseconds, not seconds/],
      [rows('99999999999999999999,1'), A, /line 2: utc is "9+"; it must be an instant/],
      [rows('2026-01-01T00:00Z,'), A, /line 2: clear is ""; it must be 0 or 1, or false or true/],
      [rows('2026-01-01T00:00Z,0.5'), A, /line 2: clear is "0.5"/],
      ['utc,cloudFraction\n2026-01-01T00:00Z,37', A, /cloudFraction is "37"; .*; name the column cloudPercent/],
      ['utc,cloudPercent\n2026-01-01T00:00Z,-1', A, /cloudPercent is "-1"; it must be a number from 0 to 100/],
      ['utc,cloudPercent\n2026-01-01T00:00Z,NaN', A, /cloudPercent is "NaN"/],
      ['station,utc,clear\n,2026-01-01T00:00Z,1', {}, /line 2: station is ""; it must name the station/],
      [rows('2026-01-01T00:00Z,1', '2026-01-01T00:00Z,1'), A, /line 3: utc is 2026-.* for station a twice/],
      [rows('2026-01-01T01:00Z,1', '2026-01-01T00:00Z,1'), A, /line 3: utc is .* after 2026-.*; sort the rows by time/],
      [
        rows('2026-01-01T00:00Z,1', '2026-01-01T01:00Z,1', '2026-01-01T02:00Z,1', '2026-01-01T04:00Z,1'),
        A,
        /line 5: utc jumps from 2026-01-01T02.* to 2026-01-01T04.*, 2\.00 h where 1\.00 h is usual; fill the gap/,
      ],
    ];
    for (const [text, options, message] of cases) {
      assert.throws(() => parseWeatherCsv(text, 'sky.csv', options), { code: 'optics/weather-file', message });
    }
    assert.throws(() => parseWeatherCsv('', 'sky.csv', { maxCloudFraction: 20 }), { code: 'optics/parameter' });
    assert.throws(() => parseWeatherCsv('', 'sky.csv', { stationId: '' }), { code: 'optics/parameter' });
  });

  it('either reads every row or refuses the file with a sentence, whatever it is given', () => {
    const piece = fc.constantFrom(
      ...['utc', 'clear', 'station', 'cloudPercent', ',', ',', '\n', '\n', '\r\n', '"', '0', '1', '-', ' ', 'a', '\0'],
      ...[
        '2026-01-01T00:00Z',
        '2026-01-01T01:00Z',
        '2026-01-01T02:00',
        'utc,clear\n',
        '1767225600000',
        '1e5',
        '\ufeff',
      ],
    );
    let read = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.boolean(), (pieces, whole) => {
        const text = whole ? pieces.join('') : `utc,clear\n2026-01-01T00:00Z,1\n2026-01-01T01:00Z,${pieces.join('')}`;
        try {
          const [series] = parseWeatherCsv(text, 'sky.csv', A);
          const rows = text.trimEnd().split(/\r?\n|\r/).length - 1;
          assert.equal(series!.times.length, rows);
          assert.ok(series!.times.every((time, i) => i === 0 || time > series!.times[i - 1]!));
          read++;
        } catch (error) {
          assert.ok(error instanceof OpticsError, String(error));
          assert.match(error.message, /^sky\.csv: line \d+: /);
        }
      }),
      { seed: 5, numRuns: 3000 },
    );
    assert.ok(read > 10, `only ${read} read`);
  });

  it('reads back any series that is written', () => {
    const samples = fc.array(fc.tuple(fc.integer({ min: 1, max: 100_000_000 }), fc.boolean()), { minLength: 2 });
    fc.assert(
      fc.property(samples, fc.boolean(), (steps, asNumber) => {
        let time = Date.UTC(2020, 0, 1);
        const times = steps.map(([step]) => (time += step));
        const lines = steps.map(([, clear], i) => {
          return `${asNumber ? times[i] : new Date(times[i]!).toISOString()},${clear ? 1 : 0}`;
        });
        const [series] = parseWeatherCsv(`utc,clear\n${lines.join('\n')}\n`, 'x', { ...A, maxGapH: 1e4 });
        assert.deepEqual([...series!.times], times);
        assert.deepEqual(
          [...series!.clear],
          steps.map(([, clear]) => Number(clear)),
        );
      }),
      { seed: 6, numRuns: 200 },
    );
  });
});

const timeAt = (bytes: Uint8Array, at: number) =>
  Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(at, true));

describe('parseWeatherParquet', () => {
  const hours = Array.from({ length: 50 }, (_, i) => Date.UTC(2026, 2, 1, i));
  const cloud = hours.map((_, i) => ((i * 37) % 101) / 100);
  const write = (columnData: ColumnSource[], schema?: Parameters<typeof parquetWriteBuffer>[0]['schema']) =>
    parquetWriteBuffer({ columnData, ...(schema && { schema }) });

  it('reads what CSV says, whatever the types', async () => {
    const [csv] = parseWeatherCsv(
      `utc,cloudFraction\n${hours.map((time, i) => `${new Date(time).toISOString()},${cloud[i]}`).join('\n')}`,
      'sky',
      A,
    );
    const fraction: ColumnSource = { name: 'cloudFraction', data: cloud, type: 'DOUBLE' };
    for (const utc of [
      { name: 'utc', data: hours.map((time) => new Date(time)), type: 'TIMESTAMP' },
      { name: 'utc', data: hours.map((time) => new Date(time).toISOString()), type: 'STRING' },
      { name: 'utc', data: hours.map(BigInt), type: 'INT64' },
      { name: 'utc', data: hours, type: 'DOUBLE' },
    ] satisfies ColumnSource[]) {
      assert.deepEqual(await parseWeatherParquet(write([utc, fraction]), 'sky', A), [csv]);
    }
  });

  it('reads the long form with states', async () => {
    const stations = hours.map((_, i) => (i % 2 ? 'odd' : 'even'));
    const states = hours.map((_, i) => i % 3 === 0);
    const csv = parseWeatherCsv(
      `station,utc,clear\n${hours.map((time, i) => `${stations[i]},${time},${states[i]}`).join('\n')}`,
      'sky',
    );
    for (const clear of [
      { name: 'clear', data: states, type: 'BOOLEAN' },
      { name: 'clear', data: states.map(Number), type: 'INT32' },
      { name: 'clear', data: states.map((state) => BigInt(state)), type: 'INT64' },
    ] satisfies ColumnSource[]) {
      const buffer = write([
        { name: 'utc', data: hours.map(BigInt), type: 'INT64' },
        clear,
        { name: 'station', data: stations, type: 'STRING' },
      ]);
      assert.deepEqual(await parseWeatherParquet(buffer, 'sky'), csv);
    }
  });

  it('takes timestamps of any unit that are adjusted to UTC, and no local ones', async () => {
    const states: ColumnSource = { name: 'clear', data: hours.map(() => 1), type: 'INT32' };
    for (const [unit, factor] of [
      ['MILLIS', 1n],
      ['MICROS', 1_000n],
      ['NANOS', 1_000_000n],
    ] as const) {
      const table = (isAdjustedToUTC: boolean) =>
        write(
          [
            { name: 'utc', data: hours.map((time) => BigInt(time) * factor) },
            { name: 'clear', data: states.data },
          ],
          [
            { name: 'root', num_children: 2 },
            {
              name: 'utc',
              type: 'INT64',
              repetition_type: 'REQUIRED',
              logical_type: { type: 'TIMESTAMP', isAdjustedToUTC, unit },
            },
            { name: 'clear', type: 'INT32', repetition_type: 'REQUIRED' },
          ],
        );
      const [series] = await parseWeatherParquet(table(true), 'sky', A);
      assert.deepEqual([...series!.times], hours);
      await assert.rejects(parseWeatherParquet(table(false), 'sky.parquet', A), {
        code: 'optics/weather-file',
        message: /^sky\.parquet: column utc: holds local timestamps without a zone; write it adjusted to UTC/,
      });
    }
  });

  it('names row and field', async () => {
    const utc: ColumnSource = { name: 'utc', data: hours.slice(0, 3).map(BigInt), type: 'INT64' };
    const cases: [ColumnSource[], RegExp][] = [
      [[utc, { name: 'clear', data: [1, null, 0], type: 'INT32' }], /row 2: clear is null/],
      [[utc, { name: 'clear', data: [1, 2, 0], type: 'INT32' }], /row 2: clear is 2/],
      [[utc, { name: 'cloudFraction', data: [0, 0.5, 30], type: 'DOUBLE' }], /row 3: cloudFraction is 30/],
      [[utc, { name: 'sky', data: [1, 1, 0], type: 'INT32' }], /schema: there is no column of the sky/],
      [
        [
          { name: 'utc', data: ['2026-01-01T00:00', '2026-01-01T01:00'], type: 'STRING' },
          { name: 'clear', data: [1, 1], type: 'INT32' },
        ],
        /row 1: utc is "2026-01-01T00:00"; it has no time zone/,
      ],
    ];
    for (const [columns, message] of cases) {
      await assert.rejects(parseWeatherParquet(write(columns), 'sky.parquet', A), {
        code: 'optics/weather-file',
        message,
      });
    }
  });

  it('refuses what is no Parquet, and what is no more', async () => {
    const whole = new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'utc', data: hours.map(BigInt), type: 'INT64', encoding: 'PLAIN' },
          { name: 'clear', data: hours.map(() => 1), type: 'INT32' },
        ],
        codec: 'UNCOMPRESSED',
      }),
    );
    const broken = [new TextEncoder().encode('utc,clear\n'), whole.slice(40)];
    for (let length = 0; length < whole.length; length += 5) broken.push(whole.slice(0, length));
    for (const bytes of broken) {
      await assert.rejects(parseWeatherParquet(bytes.slice().buffer, 'sky.parquet', A), {
        code: 'optics/weather-file',
        message: /^sky\.parquet: the file: is no Parquet table that can be read: /,
      });
    }
    // A bit wrong in a time: Parquet has no checksum here, so that what is left is order, gaps and range.
    const start = whole.findIndex((_, i) => timeAt(whole, i) === hours[0]);
    let refused = 0;
    for (let bit = 8 * start; bit < 8 * (start + 400); bit++) {
      const bytes = whole.slice();
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      try {
        const [series] = await parseWeatherParquet(bytes.buffer, 'sky', A);
        assert.equal(series!.times.length, hours.length);
        assert.ok(series!.times.every((time, i) => Math.abs(time - hours[i]!) <= 2 ** 21));
      } catch (error) {
        assert.ok(error instanceof OpticsError, `bit ${bit}: ${error}`);
        assert.match(error.message, /^sky: row \d+: utc /);
        refused++;
      }
    }
    assert.ok(refused > 50 * 40, `${refused} of 3200 refused`);
  });
});
