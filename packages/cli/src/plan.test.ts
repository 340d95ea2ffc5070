import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Distribution } from '@skykey/planner';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { planDocument } from './plan/document.ts';
import { skykey } from './test/command.ts';

type Document = ReturnType<typeof planDocument>;

const folder = mkdtempSync(join(tmpdir(), 'skykey-plan-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function printed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await skykey(['plan', ...args], { cwd: folder });
  assert.equal(code, 0, stderr);
  return stdout;
}

const SMALL = ['--scenario', 'intercontinental', '--from', '2016-12-16', '--days', '4', '--realisations', '200'];
const documentOf = async (...args: string[]): Promise<Document> => {
  return JSON.parse(await printed(...SMALL, ...args, '--json')) as Document;
};
const ordered = ({ p5, p25, p50, p75, p95 }: Distribution): boolean =>
  p5 <= p25 && p25 <= p50 && p50 <= p75 && p75 <= p95;

/** A year of hours in which the sky stays as it is for most of a day, clear two thirds of the time. */
const HOURS = Array.from({ length: 8784 }, (_, hour) => Date.UTC(2016, 0, 1) + hour * 3_600_000);
const CLEAR = HOURS.map((_, hour) => ((Math.floor(hour / 17) * 7919) % 3 === 0 ? 0 : 1));

describe('skykey plan', () => {
  it('is the same document for a seed, but for its timing, and another for another', async () => {
    const [one, again, other] = await Promise.all([documentOf(), documentOf(), documentOf('--seed', '2')]);
    const { timing, ...rest } = one;
    const { timing: second, ...same } = again;
    assert.ok(timing.wallS > 0 && second.wallS > 0);
    assert.deepEqual(same, rest);
    assert.notDeepEqual(other.total, one.total);
    assert.equal(one.run, 'intercontinental/plan-2016-12-16T00:00:00Z-2016-12-20T00:00:00Z-200-seed-1');
  });

  it('has intervals per pass, night, month and pair, a schedule with its bound, and what everything is worth', async () => {
    const plan = await documentOf();
    const figures = [
      ...plan.nights,
      ...plan.months,
      ...plan.stations,
      ...plan.satellites,
      ...plan.pairs,
      ...plan.worth!.entries,
    ];
    assert.ok(figures.every(({ bits }) => ordered(bits)));
    const served = plan.passes.filter((pass) => pass.served.length > 0);
    assert.ok(served.length > 0 && served.every(({ bits }) => ordered(bits!)));
    assert.equal(plan.pairs.length, 3);
    assert.deepEqual(plan.worth!.entries.map(({ id }) => id).sort(), ['graz', 'nanshan', 'xinglong']);
    assert.ok(plan.schedule.bound >= plan.schedule.value);
    assert.equal(plan.availability!.pairs.length, 3);
    assert.ok(plan.assumptions.length > 0 && plan.proofGaps.length > 0);
  });

  it('leaves out stations, and says what one more would bring', async () => {
    const plan = await documentOf(
      '--stations',
      'xinglong,graz',
      '--add-station',
      'vienna:like=graz,latitude=48.2,longitude=16.4,altitude=200',
      '--add-satellite',
      'micius-2:like=micius,phase=180,plane=0',
    );
    assert.deepEqual(
      plan.stations.map(({ stationId }) => stationId),
      ['xinglong', 'graz'],
    );
    assert.ok(!plan.assumptions.some((sentence) => sentence.includes('nanshan')));
    const worth = new Map(plan.worth!.entries.map(({ id, bits }) => [id, bits.mean]));
    assert.deepEqual([...worth.keys()].sort(), ['graz', 'micius-2', 'vienna', 'xinglong']);
    assert.ok(worth.get('micius-2')! > 0);
  });

  it('takes a measured sky in place of the climate, or a clear one', async () => {
    const rows = HOURS.map((utcMs, i) => `${new Date(utcMs).toISOString()},${CLEAR[i]}`);
    writeFileSync(join(folder, 'clouds.csv'), `utc,clear\n${rows.join('\n')}\n`);
    const columnData = [
      { name: 'station', data: HOURS.map(() => 'graz'), type: 'STRING' as const },
      { name: 'utc', data: HOURS.map(BigInt), type: 'INT64' as const },
      { name: 'clear', data: CLEAR, type: 'INT32' as const },
    ];
    writeFileSync(join(folder, 'clouds.parquet'), new Uint8Array(parquetWriteBuffer({ columnData })));
    const watched = await documentOf('--weather', 'graz=clouds.csv', '--no-worth');
    const columns = await documentOf('--weather', 'clouds.parquet', '--no-worth');
    assert.deepEqual(columns.total, watched.total);
    assert.equal(watched.worth, null);
    assert.match(watched.notes[0]!, /^weather of graz: clouds\.csv, 8784 samples/);
    const graz = watched.passes.filter(({ stationIds }) => stationIds[0] === 'graz');
    assert.ok(graz.length > 0);
    for (const { clearProbability } of graz)
      assert.ok(Math.abs(clearProbability - 2 / 3) < 0.05, `${clearProbability}`);
    const clear = await documentOf('--clear-sky', '--no-worth');
    assert.ok(clear.passes.every(({ clearProbability }) => clearProbability === 1));
    assert.match(clear.warnings.join(' '), /upper limit/);
    assert.ok(clear.total.mean > watched.total.mean);
  });

  it('plays measured skies as they were, moved within the season, where told', async () => {
    const rows = HOURS.flatMap((utcMs, i) =>
      ['graz', 'nanshan', 'xinglong'].map((id) => `${id},${new Date(utcMs).toISOString()},${100 * (1 - CLEAR[i]!)}`),
    );
    writeFileSync(join(folder, 'sky.csv'), `station,utc,cloudPercent\n${rows.join('\n')}\n`);
    const plan = await documentOf('--weather', 'sky.csv', '--play-weather', '--max-cloud', '0.2', '--no-worth');
    assert.equal(plan.weather, 'measured');
    assert.equal(plan.availability, null);
    assert.match(plan.notes[0]!, /^skies of xinglong: played from sky\.csv, 8784 samples from 2016-01-01/);
    assert.match(plan.warnings.join(' '), /laid over the period in 2\d ways/);
    const odds = plan.passes.map(({ clearProbability }) => clearProbability);
    assert.ok(odds.every((p) => p > 0.4 && p < 0.9));
    const text = await printed(...SMALL, '--weather', 'sky.csv', '--play-weather', '--max-cloud', '0.2');
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  });

  it('prints a table of 80 columns for people, one for programs, and draws', async () => {
    const text = await printed(...SMALL, '--svg', 'plan.svg', '--png', 'plan.png');
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
    for (const title of ['By station', 'Worth: ', 'Schedule', 'Clear skies', 'By night', 'Passes: ']) {
      assert.match(text, new RegExp(`^${title}`, 'm'));
    }
    const svg = readFileSync(join(folder, 'plan.svg'), 'utf8');
    for (const word of ['Secret key over 4 days', 'Xinglong', 'Odds of a clear sky', 'Added up', 'are assumed']) {
      assert.ok(svg.includes(word), word);
    }
    assert.doesNotMatch(svg, /<style|<script|href=|url\(|NaN|undefined/);
    assert.equal(readFileSync(join(folder, 'plan.png')).readUInt32BE(16), 1600);

    const lines = (await printed(...SMALL, '--csv'))
      .trimEnd()
      .split('\r\n')
      .map((line) => line.split(','));
    const [header, ...rows] = lines as [string[], ...string[][]];
    for (const row of rows) assert.equal(row.length, header.length);
    const kinds = new Set(rows.map((row) => row[header.indexOf('figure')]));
    assert.deepEqual([...kinds], ['pass', 'night', 'month', 'station', 'satellite', 'pair', 'total', 'worth']);
  });

  it('makes one block of the period for entangled pairs, and draws what goes into it', async () => {
    const args = [
      '--scenario',
      'entanglement-1120',
      '--from',
      '2016-12-16',
      '--days',
      '8',
      '--realisations',
      '100',
      '--clear-sky',
    ];
    const plan = JSON.parse(await printed(...args, '--json', '--svg', 'pairs.svg')) as Document;
    assert.equal(plan.pairs[0]!.kind, 'entanglement');
    assert.equal(plan.nights.length, 0);
    assert.match(readFileSync(join(folder, 'pairs.svg'), 'utf8'), /one block of the period/);
  });
});
