import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { TagTableWriter } from '@skykey/photons';
import fc from 'fast-check';
import { openDetections } from './detections.ts';
import { readLink } from './link-document.ts';
import { Laboratory } from './test/laboratory.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-detections-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const lab = new Laboratory(folder);
const PULSES = 300_000;
const link = readLink(lab.link('link.json', { pulses: PULSES }));

interface Clicks {
  slot: number[];
  detector: number[];
  until: number;
}

async function read(name: string): Promise<Clicks & { warnings: readonly string[] }> {
  const { chunks, warnings, close } = await openDetections(lab.path(name), link);
  assert(typeof chunks !== 'function');
  const all: Clicks = { slot: [], detector: [], until: 0 };
  try {
    for await (const { slot, detector, untilSlot } of chunks) {
      assert(untilSlot >= all.until);
      for (const at of slot) assert(at >= all.until && at < untilSlot, 'a chunk says up to where it is complete');
      all.slot.push(...slot);
      all.detector.push(...detector);
      all.until = untilSlot;
    }
  } finally {
    close();
  }
  return { ...all, warnings };
}

const table = (rows: readonly (readonly [number, number])[], until: number | string = PULSES): string =>
  `slot,detector\n${rows.map((row) => `${row.join(',')}\n`).join('')}until,${until}\n`;

test('a table of slots, in pieces, with either end of line', async () => {
  const rows = Array.from({ length: 140_000 }, (_, i) => [2 * i, i % 4] as const);
  lab.write('long.slots', table(rows));
  const { slot, detector, until } = await read('long.slots');
  assert.deepEqual(
    slot.map((at, i) => [at, detector[i]]),
    rows,
  );
  assert.equal(until, PULSES);
  lab.write(
    'crlf.slots',
    table([
      [5, 0],
      [5, 3],
      [299_999, 1],
    ]).replaceAll('\n', '\r\n'),
  );
  assert.deepEqual((await read('crlf.slots')).slot, [5, 5, 299_999]);
  lab.write('empty.slots', table([], 7));
  assert.deepEqual(await read('empty.slots'), { slot: [], detector: [], until: 7, warnings: [] });
});

test('every place where a table may end early is an end that is told', async () => {
  const text = table([
    [5, 0],
    [70, 3],
  ]);
  for (let length = 'slot,detector'.length; length < text.length; length++) {
    lab.write('cut.slots', text.slice(0, length));
    await assert.rejects(
      read('cut.slots'),
      new RegExp(`line \\d, byte \\d+: (the file ends at byte ${length}|the table ends without)`),
    );
  }
});

test('a line that means nothing is named', async () => {
  for (const [text, pattern] of [
    [table([[5, 4]]), /line 2, byte 14: this is neither/],
    [table([[-1, 0]]), /line 2/],
    [table([[1.5, 0]]), /line 2/],
    [table([[PULSES, 0]]), /slot 300000 has a click, and the block of the link has 300000 pulses/],
    [table([], PULSES + 1), /watched up to 300001, and the block/],
    [table([[9, 0]], 9), /slot 9 has a click, and slots were watched up to 9 only/],
    [`${table([])}5,0\n`, /something follows the line/],
    ['slot,detector,more\n', /the first line is not slot,detector/],
    [`slot,detector\n${'1'.repeat(200)}\n`, /too long/],
    [
      table([
        [20_000, 0],
        [3, 1],
      ]),
      /slot 3 comes after slot 20000/,
    ],
  ] as const) {
    lab.write('wrong.slots', text);
    await assert.rejects(read('wrong.slots'), pattern);
  }
});

test('clicks that jitter turned round are put into order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(PULSES - 9000), fc.nat(3), fc.nat(4000))), async (clicks) => {
      const late = [...clicks].sort(([a, , j], [b, , k]) => a + j - (b + k));
      lab.write('jitter.slots', table(late.map(([slot, detector]) => [slot, detector])));
      const { slot, detector } = await read('jitter.slots');
      const sorted = (rows: number[][]): string[] => rows.map(([a, b]) => `${String(a).padStart(9)} ${b}`).sort();
      assert.deepEqual(sorted(slot.map((at, i) => [at, detector[i]!])), sorted(clicks.map(([a, b]) => [a, b])));
      for (let i = 1; i < slot.length; i++) assert(slot[i]! >= slot[i - 1]!);
    }),
    { numRuns: 40 },
  );
});

test('a Parquet table with slots: gated by time alone, clicks outside the block left out', async () => {
  const columns = ['time_ps', 'detector', 'slot', 'offset_ps'] as const;
  const write = (metadata: Record<string, string>, flip = 0): void => {
    const writer = new TagTableWriter({ columns, metadata });
    const slots = [-1, 4, 5, 5, 6, 9, PULSES];
    const data = {
      time_ps: Float64Array.from(slots, (at) => (at + 1) * 1e6),
      detector: Uint8Array.of(0, 1, 2, 0, 3, 1, 1).map((one) => one ^ flip),
      slot: Float64Array.from(slots),
      offset_ps: Int16Array.of(0, 500, 0, -500, 501, -501, 0),
    };
    writeFileSync(lab.path('tags.parquet'), Buffer.concat([writer.write(data), writer.end()]), { mode: 0o600 });
  };
  write({});
  assert.deepEqual(await read('tags.parquet'), { slot: [4, 5, 5], detector: [1, 2, 0], until: PULSES, warnings: [] });
  // Which clicks count does not depend on a bit (P10).
  write({}, 1);
  assert.deepEqual((await read('tags.parquet')).slot, [4, 5, 5]);
  write({ scenario: 'somewhere', pulses: '20' });
  const { until, warnings } = await read('tags.parquet');
  assert.equal(until, 20);
  assert.match(warnings.join(), /simulated/);
  write({ pulses: 'many' });
  await assert.rejects(read('tags.parquet'), /pulses is "many" in its metadata/);
  const alone = new TagTableWriter({ columns: ['time_ps', 'detector'], metadata: {} });
  lab.write('alone.parquet', Buffer.from(alone.end()));
  await assert.rejects(
    read('alone.parquet'),
    /has time tags without slots, and .*alone\.parquet\.timing\.json is not there/,
  );
  const truth = new TagTableWriter({ columns: ['time_ps', 'cause'], metadata: {} });
  lab.write('truth.parquet', Buffer.from(truth.end()));
  await assert.rejects(read('truth.parquet'), /has the columns time_ps, cause; detector is needed/);
  write({});
  await assert.rejects(openDetections(lab.path('tags.parquet'), link, 'any.json'), /slots are in .* already; leave/);
});

test('a file that others may read gets a warning', { skip: process.platform === 'win32' }, async () => {
  writeFileSync(lab.path('open.slots'), table([]), { mode: 0o644 });
  assert.match((await read('open.slots')).warnings.join(), /may be read by others/);
});
