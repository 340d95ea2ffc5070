import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadScenario } from '@skykey/node';
import { lightTime } from '@skykey/orbit';
import { openTagTable, type TagGroup, type Tags, TagWriter } from '@skykey/photons';
import { readRecording, type TagsWriteOptions, writeRecording } from './tags.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-tags-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const path = (name: string): string => join(folder, name);
const bytesOf = (name: string): Buffer => readFileSync(path(name));
const write = (options: Partial<TagsWriteOptions> & { readonly out: string }) =>
  writeRecording({ scenario: 'micius-2016-12-19', seed: 7, seconds: 2, ...options, out: path(options.out) });

async function rowsOf(name: string): Promise<Record<string, number[]>> {
  const bytes = bytesOf(name);
  const slice = (from: number, to?: number): ArrayBuffer => new Uint8Array(bytes).slice(from, to).buffer;
  const groups: TagGroup[] = [];
  for await (const group of (await openTagTable({ byteLength: bytes.length, slice })).groups()) groups.push(group);
  const names = Object.keys(groups[0]!.columns) as (keyof TagGroup['columns'])[];
  return Object.fromEntries(names.map((one) => [one, groups.flatMap(({ columns }) => [...columns[one]!])]));
}

/** Ten tags, a microsecond apart. */
const ten: Tags = {
  timePs: Float64Array.from({ length: 10 }, (_, i) => i * 1e6),
  detector: Uint8Array.from({ length: 10 }, (_, i) => i % 4),
};

describe('skykey tags write', () => {
  it('plays the same pass for a seed, and another for another', () => {
    const { files, passId, durationS } = write({ out: 'one.dat' });
    assert.equal(passId, 'micius-beijing-20161219t165214z');
    assert.equal(durationS, 2);
    assert.equal(files[0]!.station, 'xinglong');
    assert.equal(files[0]!.bytes, files[0]!.tags * 8);
    assert.equal(statSync(path('one.dat')).size, files[0]!.bytes);
    assert.ok(files[0]!.tags > 3000 && files[0]!.tags < 12_000, `${files[0]!.tags} tags`);
    write({ out: 'again.dat' });
    write({ out: 'other.dat', seed: 8 });
    assert.deepEqual(bytesOf('again.dat'), bytesOf('one.dat'));
    assert.notDeepEqual(bytesOf('other.dat'), bytesOf('one.dat'));
    assert.ok(!existsSync(path('one.dat.part')));
  });

  it('has light time and Doppler in every tag, settings and truth beside it', async () => {
    write({ out: 'all.parquet', settings: true, truth: path('truth.parquet') });
    const rows = await rowsOf('all.parquet');
    const truth = await rowsOf('truth.parquet');
    assert.deepEqual(truth.time_ps, rows.time_ps);
    assert.ok(truth.cause!.some((cause) => cause === 0) && truth.cause!.some((cause) => cause === 1));
    const { satellites, stations } = loadScenario('micius-2016-12-19');
    const xinglong = stations.find(({ id }) => id === 'xinglong')!;
    const startMs = Date.parse('2016-12-19T16:49:57.600Z');
    for (const [i, here] of rows.time_ps!.entries()) {
      if (i % 200 !== 0) continue;
      const sentPs = rows.slot![i]! * 1e4 + rows.offset_ps![i]!;
      const { delayS } = lightTime(satellites[0]!.target, xinglong.station, startMs + here / 1e9, 'down');
      // An instant in ms is good to a quarter of a microsecond, in which the path changes by some ps.
      assert.ok(Math.abs(here - sentPs - delayS * 1e12) < 100, `${here - sentPs - delayS * 1e12} ps`);
    }
    // Sifted bits agree but for the errors of the link.
    const sifted = rows.bit!.map((_, i) => i).filter((i) => rows.basis![i] === rows.detector![i]! >> 1);
    const wrong = sifted.filter((i) => rows.bit![i] !== (rows.detector![i]! & 1)).length;
    assert.ok(sifted.length > 1000 && wrong / sifted.length < 0.05, `${wrong} of ${sifted.length}`);
  });

  it('writes entangled pairs as two stations record them', async () => {
    const { files } = write({ out: 'pairs.dat', scenario: 'entanglement-1203' });
    assert.deepEqual(
      files.map(({ station, file }) => [station, file]),
      [
        ['delingha', path('pairs-delingha.dat')],
        ['lijiang', path('pairs-lijiang.dat')],
      ],
    );
    for (const { file, tags } of files) {
      const document = await readRecording(file, {});
      assert.deepEqual([document.tags, document.fault], [tags, null]);
      assert.ok(Math.abs(document.spanS - 2) < 0.02);
    }
  });

  it('refuses what makes no sense, and leaves nothing behind', () => {
    for (const [options, message] of [
      [{ out: 'x.dat', format: 'csv' }, /--format csv/],
      [{ out: 'x.dat', settings: true }, /--settings/],
      [{ out: 'x.dat', seconds: 0 }, /--seconds 0/],
      [{ out: 'x.dat', layout: 'upside-down' }, /--layout/],
      [{ out: 'x.dat', timeBits: 12 }, /--time-bits/],
      [{ out: 'x.dat', station: 'nowhere' }, /--station nowhere/],
      [{ out: 'no/such/folder.dat' }, /--out .*cannot be written/],
      [{ out: 'x.parquet', scenario: 'entanglement-1203', settings: true }, /--settings/],
    ] as const) {
      assert.throws(() => write(options), { name: 'CliError', message });
    }
    assert.ok(!existsSync(path('x.dat')) && !existsSync(path('x.dat.part')));
  });
});

describe('skykey tags read and convert', () => {
  it('count, and go to Parquet and back without loss', async () => {
    const { files } = write({ out: 'there.dat' });
    const read = await readRecording(path('there.dat'), {});
    assert.equal(read.tags, files[0]!.tags);
    assert.equal(
      read.counts.reduce((sum, count) => sum + count, 0),
      read.tags,
    );
    await readRecording(path('there.dat'), { to: path('there.parquet') });
    const text = await readRecording(path('there.parquet'), { to: path('there.txt'), toLayout: 'hexadecimal' });
    assert.equal(text.format, 'parquet');
    const back = await readRecording(path('there.txt'), { to: path('back.dat'), toDetectors: '3,1,2,0' });
    assert.equal(back.bits?.layout, 'hexadecimal');
    const wired = await readRecording(path('back.dat'), { detectors: '3,1,2,0', to: path('wired.dat') });
    assert.deepEqual(bytesOf('wired.dat'), bytesOf('there.dat'));
    for (const document of [text, back, wired]) {
      assert.deepEqual([document.tags, document.counts, document.spanS], [read.tags, read.counts, read.spanS]);
    }
  });

  it('keep the time of day of a recording', async () => {
    writeFileSync(path('day.dat'), new TagWriter({ originS: 65_333 }).write(ten));
    const read = await readRecording(path('day.dat'), { to: path('day.parquet') });
    assert.equal(read.originS, 65_333);
    const back = await readRecording(path('day.parquet'), { to: path('day2.dat') });
    assert.equal(back.originS, 65_333);
    assert.deepEqual(bytesOf('day2.dat'), bytesOf('day.dat'));
  });

  it('name the byte of a fault, and keep what was before it', async () => {
    const good = new TagWriter().write(ten);
    const turned = good.slice();
    turned.set(good.subarray(40, 48), 48);
    turned.set(good.subarray(48, 56), 40);
    const silent = good.slice();
    silent[36] = silent[36]! & 0xf0;
    for (const [name, bytes, byteOffset, kind, kept] of [
      ['cut.dat', good.subarray(0, 43), 40, 'cut', 5],
      ['turned.dat', turned, 48, 'order', 6],
      ['silent.dat', silent, 32, 'channel', 4],
    ] as const) {
      writeFileSync(path(name), bytes);
      const document = await readRecording(path(name), { to: path('kept.dat') });
      assert.deepEqual([document.fault?.byteOffset, document.fault?.kind, document.tags], [byteOffset, kind, kept]);
      assert.equal(document.written?.tags, kept);
      assert.deepEqual(bytesOf('kept.dat'), Buffer.from(bytes.subarray(0, kept * 8)));
    }
    writeFileSync(path('cut.parquet'), (await converted(good)).subarray(0, -3));
    await assert.rejects(readRecording(path('cut.parquet'), {}), {
      code: 'photons/tags',
      message: /^byte \d+: the Parquet/,
    });
  });

  async function converted(bytes: Uint8Array): Promise<Buffer> {
    writeFileSync(path('from.dat'), bytes);
    await readRecording(path('from.dat'), { to: path('to.parquet') });
    return bytesOf('to.parquet');
  }

  it('end with 2 on a fault, with the sentence on standard error and the document on standard output', () => {
    writeFileSync(path('short.dat'), new TagWriter().write(ten).subarray(0, 43));
    const module = fileURLToPath(new URL('tags.ts', import.meta.url));
    const code = `import { tagsRead } from ${JSON.stringify(module)}; await tagsRead(process.argv[1], { json: true });`;
    const run = (file: string) =>
      spawnSync(process.execPath, ['--input-type=module', '-e', code, path(file)], { encoding: 'utf8' });
    const faulty = run('short.dat');
    assert.equal(faulty.status, 2);
    assert.match(faulty.stderr, /short\.dat, byte 40: the file ends after 3 of the 8 bytes.*5 tags before it are good/);
    assert.equal((JSON.parse(faulty.stdout) as { tags: number }).tags, 5);
  });

  it('refuse files that are not there, no tags, or the same', async () => {
    writeFileSync(path('ten.dat'), new TagWriter().write(ten));
    for (const [file, options, message] of [
      ['nowhere.dat', {}, /there is no such file/],
      ['.', {}, /not a file/],
      ['ten.dat', { to: path('ten.dat') }, /is the file that is read/],
      ['ten.dat', { toLayout: 'hexadecimal' }, /give --to/],
      ['ten.dat', { detectors: '0,1,2' }, /--detectors 0,1,2/],
    ] as const) {
      await assert.rejects(readRecording(path(file), options), { name: 'CliError', message });
    }
    assert.equal((await readRecording(path('ten.dat'), {})).tags, 10);
    writeFileSync(path('empty.dat'), '');
    const empty = await readRecording(path('empty.dat'), {});
    assert.deepEqual([empty.tags, empty.interArrival, empty.fault], [0, null, null]);
  });
});
