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
import { frameRotationRad } from '@skykey/scenario';
import { reportOf } from './tags/summary.ts';
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

  it('lets the frames turn on request: errors as sin², which compensation takes away', async () => {
    const options = { station: 'zvenigorod', from: '2016-12-20T20:00:00Z', seconds: 3, settings: true } as const;
    const errorRate = async (out: string, frames?: string): Promise<number> => {
      write({ ...options, out, ...(frames ? { frames } : {}) });
      const { bit, basis, detector } = await rowsOf(out);
      const sifted = basis!.map((_, i) => i).filter((i) => basis![i] === detector![i]! >> 1);
      assert.ok(sifted.length > 500);
      return sifted.filter((i) => bit![i] !== (detector![i]! & 1)).length / sifted.length;
    };
    const aligned = await errorRate('aligned.parquet');
    const free = await errorRate('free.parquet', 'free');
    const compensated = await errorRate('compensated.parquet', 'compensated');
    const { satellites, stations } = loadScenario('micius-2016-12-19');
    const { station } = stations.find(({ id }) => id === options.station)!;
    const { startUtc, assumptions } = write({ ...options, out: 'free.parquet', frames: 'free' });
    const turned = Math.sin(frameRotationRad(satellites[0]!.target, station, Date.parse(startUtc) + 1500)) ** 2;
    assert.ok(turned > 0.5, `${turned}`);
    assert.ok(Math.abs(free - (aligned + turned * (1 - 2 * aligned))) < 0.05, `${free}, turned ${turned}`);
    assert.ok(Math.abs(compensated - aligned) < 0.02, `${compensated} against ${aligned}`);
    assert.match(assumptions.join('\n'), /frames turn .* nothing is done about it$/);
    const beside = write({ ...options, out: 'compensated.parquet', frames: 'compensated' });
    assert.match(beside.assumptions.join('\n'), /in steps of 0.5°, 50 ms late and off by 0.3°/);
    assert.equal((await readRecording(path('free.parquet'), {})).metadata.frames, 'free');
  });

  it('lets the light fade on request, the same for a seed, and more than counts by chance do', async () => {
    const written = write({ out: 'fading.parquet', seconds: 6, fading: true });
    const once = bytesOf('fading.parquet');
    write({ out: 'fading.parquet', seconds: 6, fading: true });
    assert.deepEqual(bytesOf('fading.parquet'), once);
    const { assumptions } = write({ out: 'steady.parquet', seconds: 6 });
    assert.match(written.assumptions[0]!, /^the light fades in steps of 1 ms/);
    assert.match(assumptions[0]!, /^the light is steady over bins of 0.1 s/);
    // Variance over mean of the counts in 10 ms, over each half second alone, in which the range hardly changes.
    const dispersion = async (name: string): Promise<number> => {
      const counts = new Float64Array(600);
      const { time_ps } = await rowsOf(name);
      for (const time of time_ps!) counts[Math.min(599, Math.floor((time - time_ps![0]!) / 1e10))]!++;
      let sum = 0;
      for (let from = 0; from < 600; from += 50) {
        const here = counts.subarray(from, from + 50);
        const mean = here.reduce((all, count) => all + count, 0) / 50;
        sum += here.reduce((all, count) => all + (count - mean) ** 2, 0) / 49 / mean;
      }
      return sum / 12;
    };
    // 29 counts in 10 ms; of the 3.6 % by which pointing varies at any one moment 57 % are left over 10 ms.
    const [faded, steady] = [await dispersion('fading.parquet'), await dispersion('steady.parquet')];
    assert.ok(Math.abs(steady - 1) < 0.2, `${steady}`);
    assert.ok(Math.abs(faded - 1.6) < 0.3, `${faded}`);
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
      [{ out: 'x.dat', frames: 'half' }, /--frames half: there are free and compensated/],
      [{ out: 'x.dat', frames: 'toString' }, /--frames toString/],
      [{ out: 'x.dat', scenario: 'entanglement-1203', frames: 'free' }, /--frames: entangled pairs/],
      [{ out: 'x.dat', scenario: 'entanglement-1203', fading: true }, /--fading: entangled pairs/],
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

  it('keep it after more roll-over markers than are read at once', async () => {
    const day = new TagWriter({ originS: 65_333 }).write(ten);
    const marker = day.slice(0, 8);
    marker[4] = marker[4]! | 0x10;
    const markers = 150_000;
    const bytes = new Uint8Array(8 * markers + day.length);
    for (let at = 0; at < 8 * markers; at += 8) bytes.set(marker, at);
    bytes.set(day, 8 * markers);
    writeFileSync(path('marked.dat'), bytes);
    const read = await readRecording(path('marked.dat'), { to: path('unmarked.dat') });
    assert.deepEqual([read.originS, read.rollOverMarkers, read.tags], [65_333, markers, 10]);
    assert.deepEqual(bytesOf('unmarked.dat'), Buffer.from(day));
  });

  it('count from another second on request', async () => {
    writeFileSync(path('early.dat'), new TagWriter({ originS: 3500 }).write(ten));
    assert.equal((await readRecording(path('early.dat'), {})).firstPs, 3500e12);
    const { originS, firstPs } = await readRecording(path('early.dat'), { origin: 3500, to: path('late.parquet') });
    assert.deepEqual([originS, firstPs], [3500, 0]);
    for (const [name, origin] of [
      ['early.dat', 70_369],
      ['early.dat', 0.5],
      ['late.parquet', 3500],
    ] as const) {
      await assert.rejects(readRecording(path(name), { origin }), { name: 'CliError', message: /--origin/ });
    }
  });

  it('say how many records name detectors that there are none of', async () => {
    const bytes = new TagWriter().write(ten);
    bytes[4] = bytes[4]! | 0x80;
    writeFileSync(path('more.dat'), bytes);
    const document = await readRecording(path('more.dat'), {});
    assert.deepEqual([document.otherDetectors, document.tags, document.fault], [1, 10, null]);
    assert.match(reportOf(document), /left out +detectors beyond the four; records that name one: 1$/m);
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
  });

  it('keep the tags of a table that has lost its end, and refuse one that has lost all but its beginning', async () => {
    const whole = await converted(new TagWriter({ originS: 65_333 }).write(ten));
    writeFileSync(path('cut.parquet'), whole.subarray(0, -3));
    const document = await readRecording(path('cut.parquet'), { to: path('kept.parquet') });
    assert.deepEqual([document.fault?.kind, document.tags, document.written?.tags], ['cut', 10, 10]);
    assert.equal(document.originS, 65_333);
    assert.deepEqual(bytesOf('kept.parquet'), whole);
    writeFileSync(path('cut.parquet'), whole.subarray(0, 60));
    await assert.rejects(readRecording(path('cut.parquet'), {}), {
      code: 'photons/tags',
      message: /^byte 60: the Parquet/,
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
