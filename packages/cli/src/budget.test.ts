import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { shippedScenarios } from '@skykey/node';
import type { betweenDocument } from './budget/between-document.ts';
import type { budgetDocument } from './budget/document.ts';
import { skykey } from './test/command.ts';

type Document = ReturnType<typeof budgetDocument>;

const folder = mkdtempSync(join(tmpdir(), 'skykey-budget-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function printed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await skykey(['budget', ...args], { cwd: folder });
  assert.equal(code, 0, stderr);
  return stdout;
}

const documentOf = async (...args: string[]): Promise<Document> =>
  JSON.parse(await printed(...args, '--json')) as Document;
const about = (a: number, b: number, tolerance: number): void => {
  assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b} ± ${tolerance}`);
};

describe('skykey budget of every shipped scenario', { concurrency: 2 }, () => {
  for (const scenario of shippedScenarios()) {
    it(scenario, async () => {
      const document = await documentOf('--scenario', scenario);
      assert.equal(document.links.length, document.kind === 'entanglement' ? 2 : 1);
      assert.ok(document.run.startsWith(`${scenario}/`));
      assert.ok(document.assumed.length > 0 && document.assumed.length <= document.inputs);
      for (const { rows, station } of document.links) {
        assert.ok(rows.length > 50, `${rows.length} rows`);
        assert.ok(document.assumed.some((sentence) => sentence.startsWith(`stations.${station}.`)));
        for (const { model, background, noisePerGate, elevationDeg } of rows) {
          about(
            model!.terms.reduce((sum, { lossDb }) => sum + lossDb, 0),
            model!.totalDb,
            0.005,
          );
          assert.ok(model!.terms.every(({ lossDb, source }) => lossDb >= 0 && source.length > 3));
          assert.ok(background!.radiance > 0 && noisePerGate! > 0 && elevationDeg > 0);
        }
      }
      if (document.kind !== 'entanglement') return;
      const [one, other] = document.links;
      for (const [i, row] of one!.rows.entries()) {
        assert.equal(row.utc, other!.rows[i]!.utc);
        about(row.bothArmsDb!, row.model!.totalDb + other!.rows[i]!.model!.totalDb, 0.002);
      }
    });
  }
});

describe('skykey budget', () => {
  it('holds the published pass against the measured curve, within 3 dB everywhere', async () => {
    const { links, run } = await documentOf('--scenario', 'micius-2016-12-19', '--station', 'xinglong', '--step', '10');
    assert.equal(run, 'micius-2016-12-19/micius-beijing-20161219t165214z');
    const [{ flown, rows }] = links as [Document['links'][number]];
    assert.equal(flown, 'measured');
    assert.equal(rows.length, 29);
    for (const { model, measured, measuredLessModelDb } of rows) {
      about(measuredLessModelDb!, measured!.totalDb - model!.totalDb, 0.002);
      assert.ok(Math.abs(measuredLessModelDb!) <= 3);
    }
  });

  it('is one moment or one geometry on request, and finds the pass that it is asked for', async () => {
    const first = await documentOf('--pass', '1');
    const second = await documentOf('--pass', '2');
    assert.ok(second.startUtc! > first.endUtc!);
    const later = await documentOf('--from', first.endUtc!);
    assert.equal(later.run, second.run);

    const moment = await documentOf('--at', '2016-12-19T16:52:13Z');
    const [{ link, rows }] = moment.links as [Document['links'][number]];
    assert.equal(link, 'micius-beijing');
    assert.equal(rows.length, 1);
    about(rows[0]!.elevationDeg, 47.8, 0.1);

    const geometry = await documentOf('--station', 'xinglong', '--range-km', '1200', '--elevation', '20');
    const row = geometry.links[0]!.rows[0]!;
    assert.equal(row.utc, null);
    about(row.model!.terms.find(({ name }) => name === 'beam spread')!.lossDb, 21.6, 0.05);
  });

  it('prints a table for people with every source and every assumed input, 80 columns wide', async () => {
    const text = await printed('--scenario', 'entanglement-1120');
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
    assert.match(text, /^Both arms together$/m);
    assert.match(text, /^ {2}beam spread: /m);
    const [, assumed, inputs] = /Assumed are (\d+) of (\d+) inputs/.exec(text)!;
    assert.equal((text.match(/^ {2}(satellites|stations)\..* = /gm) ?? []).length, Number(assumed));
    assert.ok(Number(inputs) > Number(assumed));
  });

  it('writes a table for programs: units in the header, run and version in every row', async () => {
    const text = await printed('--scenario', 'entanglement-1203', '--csv');
    const [header, ...rows] = text
      .trimEnd()
      .split('\r\n')
      .map((line) => line.split(','));
    assert.deepEqual(header!.slice(0, 6), ['run', 'skykey version', 'link', 'utc', 'elapsed (s)', 'range (km)']);
    for (const column of header!.slice(4)) assert.match(column, /\(.+\)$/);
    assert.equal(new Set(rows.map(([run]) => run)).size, 1);
    assert.deepEqual([...new Set(rows.map(([, , link]) => link))], ['micius-delingha', 'micius-lijiang']);
    for (const row of rows) assert.equal(row.length, header!.length);
    const at = (name: string): number => header!.indexOf(name);
    const sum = ['model total (dB)', 'both arms (dB)'].map(at) as [number, number];
    const half = rows.length / 2;
    for (let i = 0; i < half; i++) {
      about(Number(rows[i]![sum[0]]) + Number(rows[i + half]![sum[0]]), Number(rows[i]![sum[1]]), 0.002);
    }
  });

  it('draws an SVG that stands alone and a PNG of twice its size', async () => {
    await printed('--svg', 'budget.svg', '--png', 'budget.png');
    const svg = readFileSync(join(folder, 'budget.svg'), 'utf8');
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="800" /);
    for (const word of [
      'Link budget, Micius to Xinglong',
      'beam spread',
      'measured',
      'Elevation, degrees',
      'are assumed',
    ]) {
      assert.ok(svg.includes(word), word);
    }
    assert.doesNotMatch(svg, /<style|<script|href=|url\(/);
    assert.doesNotMatch(svg, /NaN|undefined/);
    const png = readFileSync(join(folder, 'budget.png'));
    assert.equal(png.subarray(1, 4).toString('latin1'), 'PNG');
    assert.equal(png.readUInt32BE(16), 1600);
  });
});

describe('skykey budget --between', () => {
  type Between = ReturnType<typeof betweenDocument>;
  const pair = (ids: string) => ['--scenario', 'inter-satellite', '--between', ids];
  const between = async (...args: string[]): Promise<Between> =>
    JSON.parse(await printed(...args, '--json')) as Between;
  const LOSSES = ['transmitter', 'beam spread', 'pointing', 'field of view', 'receiver optics'];

  it('is the next stretch in which two satellites see each other, the same both ways', async () => {
    const there = await between(...pair('pair-1,pair-2'));
    const back = await between(...pair('pair-2,pair-1'));
    assert.equal(there.kind, 'inter-satellite');
    assert.deepEqual([there.from, there.to, there.grazingHeightKm], ['pair-1', 'pair-2', 100]);
    assert.match(there.run, /^inter-satellite\/pair-1-pair-2-20261201t\d{6}z$/);
    // The windows of one are those of the other, and so are ranges and losses.
    about(Date.parse(there.startUtc!), Date.parse(back.startUtc!), 1);
    const [one, other] = [there.links[0]!.rows, back.links[0]!.rows];
    assert.equal(one.length, other.length);
    for (const [i, { model, rangeKm, grazingHeightKm, lightTime, sky, background, noisePerGate }] of one.entries()) {
      assert.deepEqual(
        model.terms.map(({ name }) => name),
        LOSSES,
      );
      about(model.totalDb, other[i]!.model.totalDb, 0.002);
      assert.ok(grazingHeightKm! > 99.9);
      about(lightTime!.delayMs, rangeKm / 299.792458, 0.001);
      assert.equal(sky!.behind, 'sky');
      assert.ok(background!.radiance > 0 && noisePerGate! > 0);
    }
    // A 10 urad spot over 0.3 m.
    const nearest = one.reduce((a, b) => (b.rangeKm < a.rangeKm ? b : a));
    const spread = nearest.model.terms.find(({ name }) => name === 'beam spread')!;
    about(spread.lossDb, 20 * Math.log10((10e-6 * nearest.rangeKm * 1000) / 0.3), 0.001);
    assert.ok(there.assumed.every((sentence) => /^satellites\.pair\.(orbit|transmitter|receiver)\./.test(sentence)));
    assert.match(there.warnings.join(), /zodiacal light and stars alone/);
  });

  it('goes to the n-th stretch, higher over the Earth, to one moment or one range on request', async () => {
    const first = await between(...pair('pair-1,pair-2'));
    const second = await between(...pair('pair-1,pair-2'), '--pass', '2');
    assert.ok(second.startUtc! > first.endUtc!);
    assert.equal((await between(...pair('pair-1,pair-2'), '--from', first.endUtc!)).run, second.run);
    const high = await between(...pair('pair-1,pair-2'), '--grazing', '400');
    assert.ok(high.startUtc! > first.startUtc! && high.endUtc! < first.endUtc!);
    const at = first.links[0]!.rows[20]!;
    const moment = await between(...pair('pair-1,pair-2'), '--at', at.utc!);
    about(moment.links[0]!.rows[0]!.rangeKm, at.rangeKm, 0.02);
    const range = await between(...pair('pair-1,pair-2'), '--range-km', String(at.rangeKm));
    about(range.links[0]!.rows[0]!.model.totalDb, at.model.totalDb, 0.001);
    assert.equal(range.links[0]!.rows[0]!.utc, null);
    assert.deepEqual(range.warnings, []);
  });

  it('prints a table for people, one for programs, and a picture', async () => {
    const text = await printed(...pair('pair-1,pair-2'), '--svg', 'between.svg', '--png', 'between.png');
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
    assert.match(text, /^Pair \(synthetic orbit\) 1 to Pair \(synthetic orbit\) 2, 848\.6 nm$/m);
    const svg = readFileSync(join(folder, 'between.svg'), 'utf8');
    for (const word of ['beam spread', 'Range, km', 'Height of the line of sight over the Earth, km']) {
      assert.ok(svg.includes(word), word);
    }
    assert.doesNotMatch(svg, /NaN|undefined/);
    assert.equal(readFileSync(join(folder, 'between.png')).readUInt32BE(16), 1600);
    const [header, ...rows] = (await printed(...pair('pair-1,pair-2'), '--csv'))
      .trimEnd()
      .split('\r\n')
      .map((line) => line.split(','));
    for (const column of header!.slice(4)) assert.match(column, /\(.+\)$/);
    for (const row of rows) assert.equal(row.length, header!.length);
    const column = (name: string, row: readonly string[]): number => Number(row[header!.indexOf(name)]);
    for (const row of rows) {
      const sum = LOSSES.reduce((total, name) => total + column(`${name} (dB)`, row), 0);
      about(sum, column('model total (dB)', row), 0.005);
    }
  });

  it('refuses what cannot be, in one sentence', async () => {
    for (const [args, expected] of [
      [pair('pair-1,pair-1'), /--between pair-1,pair-1: give each id once/],
      [pair('pair-1'), /takes two satellites/],
      [pair('pair-1,pair-3'), /--between pair-3: the satellites of inter-satellite are pair-1, pair-2/],
      [['--scenario', 'constellation', '--between', 'qs-1,qs-2'], /satellites\.qs\.receiver is missing/],
      [[...pair('pair-1,pair-2'), '--at', '2026-12-01T00:00:00Z'], /the Earth stands between/],
      [[...pair('pair-1,pair-2'), '--grazing', '900'], /see each other 0 times/],
      [[...pair('pair-1,pair-2'), '--grazing', '-1'], /grazingHeightKm is -1/],
      [[...pair('pair-1,pair-2'), '--station', 'graz'], /--between with --station/],
      [[...pair('pair-1,pair-2'), '--pass', '0'], /counted from 1/],
      [[...pair('pair-1,pair-2'), '--range-km', '0'], /rangeKm/],
      [['--grazing', '50'], /--grazing is for two satellites/],
    ] as const) {
      const { code, stdout, stderr } = await skykey(['budget', ...args], { cwd: folder });
      assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
      assert.equal(stdout, '');
      assert.match(stderr, /^skykey: [^\n]+\n$/);
      assert.match(stderr, expected);
    }
  });
});
