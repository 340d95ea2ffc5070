import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { shippedScenarios } from '@skykey/node';
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
