import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { parseTle, type Station, walker } from '@skykey/orbit';
import { search } from './passes/search.ts';
import { type Question, sightings } from './passes/sighting.ts';
import { skykey } from './test/command.ts';
import { OMM, summed, TLE } from './test/sets.ts';

interface PassRow {
  readonly satellite: string;
  readonly station: string;
  readonly aosUtc: string;
  readonly tcaUtc: string;
  readonly losUtc: string;
  readonly maxElevationDeg: number;
  readonly minRangeKm: number;
}

const folder = mkdtempSync(join(tmpdir(), 'skykey-passes-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function printed(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await skykey(['passes', ...args], { cwd: folder });
  assert.equal(code, 0, stderr);
  return { stdout, stderr };
}

async function rowsOf(...args: string[]): Promise<PassRow[]> {
  return JSON.parse((await printed(...args, '--json')).stdout) as PassRow[];
}

const seconds = (a: string, b: string): number => Math.abs(Date.parse(a) - Date.parse(b)) / 1000;
const NIGHT = ['--from', '2016-12-19', '--to', '2016-12-20'];
const XINGLONG = ['--latitude', '40.396', '--longitude', '117.578', '--altitude', '900'];

describe('skykey passes', () => {
  it('finds the published pass of Micius over Xinglong, with the agreed members and no other', async () => {
    const rows = await rowsOf('--scenario', 'micius-2016-12-19', '--station', 'xinglong', ...NIGHT);
    const pass = rows.find(({ aosUtc }) => aosUtc.startsWith('2016-12-19T16'))!;
    assert.deepEqual(Object.keys(pass), [
      'satellite',
      'station',
      'aosUtc',
      'tcaUtc',
      'losUtc',
      'durationS',
      'maxElevationDeg',
      'minRangeKm',
      'aosAzimuthDeg',
      'losAzimuthDeg',
      'sunElevationDeg',
      'sunlit',
    ]);
    assert.ok(seconds(pass.aosUtc, '2016-12-19T16:48:44Z') <= 1);
    assert.ok(seconds(pass.tcaUtc, '2016-12-19T16:52:13Z') <= 1);
    assert.ok(seconds(pass.losUtc, '2016-12-19T16:55:41Z') <= 1);
    assert.ok(Math.abs(pass.maxElevationDeg - 47.8) <= 0.1);
    assert.ok(Math.abs(pass.minRangeKm - 645.5) <= 0.5);
  });

  it('takes an instant in any zone for what it is', async () => {
    const days = await rowsOf('--station', 'xinglong', ...NIGHT);
    const zoned = await rowsOf(
      '--station',
      'xinglong',
      '--from',
      '2016-12-19T08:00+08:00',
      '--to',
      '2016-12-20T00:00:00Z',
    );
    assert.deepEqual(zoned, days);
  });

  it('takes elements from TLE and OMM files, over the stations of a scenario or a place of one’s own', async () => {
    const [tle, omm] = [file('sets.tle', TLE), file('sets.json', OMM)];
    const own = await rowsOf('--station', 'xinglong', ...NIGHT);
    const fromTle = await rowsOf('--tle', tle, '--station', 'xinglong', ...NIGHT);
    assert.deepEqual(
      fromTle,
      own.map((row) => ({ ...row, satellite: 'MICIUS' })),
    );
    const fromOmm = await rowsOf('--omm', omm, '--satellite', '41731', '--station', 'xinglong', ...NIGHT);
    assert.equal(fromOmm.length, own.length);
    for (const [i, row] of fromOmm.entries()) assert.ok(seconds(row.tcaUtc, own[i]!.tcaUtc) < 0.01);
    const here = await rowsOf('--tle', tle, ...XINGLONG, ...NIGHT);
    assert.equal(here.length, own.length);
    assert.equal(here[0]!.station, 'here');
    for (const [i, row] of here.entries()) assert.ok(seconds(row.tcaUtc, own[i]!.tcaUtc) < 1);
  });

  it('warns on standard error and in the table of elements more than a week old, and uses older ones if told', async () => {
    const tle = file('old.tle', TLE);
    const at = ['--tle', tle, ...XINGLONG, '--from', '2016-12-29', '--to', '2016-12-30'];
    const { stdout, stderr } = await printed(...at);
    assert.match(stderr, /^skykey: warning: MICIUS: .* 11\.1 days after the epoch/);
    assert.match(stdout, /! MICIUS: 2016-12-30 is 11\.1 days/);
    const late = ['--tle', tle, ...XINGLONG, '--from', '2017-02-01', '--to', '2017-02-02'];
    assert.ok((await rowsOf(...late, '--max-age', '60')).length > 0);
  });

  it('prints a table of 80 columns with the Moon and the light for key', async () => {
    const { stdout, stderr } = await printed(...NIGHT);
    assert.equal(stderr, '');
    const lines = stdout.split('\n');
    for (const line of lines) assert.ok(line.length <= 80, line);
    assert.match(lines[0]!, /rise UTC .*max el.*nearest.*Sun.*Moon.*light/);
    assert.match(stdout, /^xinglong +16:48:44 16:52:14 16:55:41 +47\.8° +645 km -71° 23° 64% +272 s$/m);
    const two = file('two.tle', `${TLE}${TLE.replace('MICIUS', 'A SATELLITE WITH A LONG NAME')}`);
    const several = (await printed('--tle', two, ...NIGHT)).stdout.split('\n');
    for (const line of several) assert.ok(line.length <= 80, line);
  });

  it('says when two stations see a satellite at once', async () => {
    const args = ['--scenario', 'entanglement-1203', '--joint', '--from', '2016-12-19', '--to', '2016-12-20'];
    const joint = JSON.parse((await printed(...args, '--json')).stdout) as {
      stations: string[];
      startUtc: string;
      endUtc: string;
      elevationsDeg: number[];
    }[];
    const alone = await rowsOf(...args.filter((arg) => arg !== '--joint'));
    assert.ok(joint.length > 0);
    for (const { stations, startUtc, endUtc, elevationsDeg } of joint) {
      assert.deepEqual(stations, ['delingha', 'lijiang']);
      for (const station of stations) {
        const within = alone.some((row) => {
          return (
            row.station === station &&
            seconds(row.aosUtc, startUtc) < 900 &&
            row.aosUtc <= endUtc &&
            row.losUtc >= startUtc
          );
        });
        assert.ok(within, `${station} at ${startUtc}`);
      }
      assert.ok(elevationsDeg.every((elevation) => elevation >= 10));
    }
    assert.match((await printed(...args)).stdout, /delingha \+ lijiang 16:53:31 16:55:49/);
  });
});

describe('the search in worker threads', () => {
  const stations = Array.from({ length: 10 }, (_, i): Station => {
    return { id: `s${i}`, name: `s${i}`, latitudeDeg: -60 + 13 * i, longitudeDeg: -170 + 35 * i, altitudeM: 100 };
  });
  const fromMs = Date.UTC(2026, 0, 1);
  const month = { fromMs, toMs: fromMs + 30 * 86_400_000, minElevationDeg: 10, kind: 'passes' } as const;

  it('finds what the search without them finds, and says how far it is', async () => {
    const satellites = walker({
      name: 'walker',
      pattern: 'delta',
      epochMs: fromMs,
      altitudeKm: 500,
      inclinationDeg: 97.4,
      satellites: 12,
      planes: 3,
      phasing: 1,
      ascendingNodeDeg: 0,
    }).map((target, i) => ({ id: `w${i}`, target }));
    const question: Question = { ...month, satellites, stations };
    const heard: number[] = [];
    const found = await search(question, (fraction) => heard.push(fraction));
    const alone = satellites
      .flatMap((_, i) => sightings(question, i).passes)
      .sort((a, b) => a.pass.aosMs - b.pass.aosMs);
    assert.deepEqual(found.passes, alone);
    assert.equal(heard.length, satellites.length);
    assert.equal(heard.at(-1), 1);
  });

  it('passes on what is wrong with an orbit, in its words', async () => {
    const [, one, two] = TLE.split('\n');
    const doomed = parseTle(`DOOMED\n${summed(one!.replace('17957-4', '99999+0'))}\n${two}`);
    const satellites = Array.from({ length: 12 }, (_, i) => ({ id: `d${i}`, target: doomed }));
    await assert.rejects(
      search(
        { ...month, fromMs: doomed.epochMs, toMs: doomed.epochMs + 30 * 86_400_000, satellites, stations },
        () => undefined,
      ),
      { code: 'orbit/propagation', message: /DOOMED/ },
    );
  });

  it('between two satellites are stretches of sight above the air, and stations have no part in them', async () => {
    const args = [
      '--scenario',
      'constellation',
      '--between',
      'qs-1,qs-5',
      '--from',
      '2026-12-01',
      '--to',
      '2026-12-02',
    ];
    const rows = JSON.parse((await printed(...args, '--json')).stdout) as {
      satellites: string[];
      durationS: number;
      startRangeKm: number;
      middleRangeKm: number;
      clipped: { start: boolean; end: boolean };
    }[];
    assert.ok(rows.length > 10);
    // Both 500 to 535 km up, the line 100 km above a round Earth: 2 sqrt(r^2 - 6478^2) = 4,623 to 4,825 km.
    for (const { satellites, durationS, startRangeKm, middleRangeKm, clipped } of rows) {
      assert.deepEqual(satellites, ['qs-1', 'qs-5']);
      assert.ok(durationS > 0 && middleRangeKm < startRangeKm);
      if (!clipped.start) assert.ok(startRangeKm > 4580 && startRangeKm < 4870, `${startRangeKm} km`);
    }
    assert.match((await printed(...args)).stdout, /begin \(UTC\)/);
    const alone = await skykey(['passes', '--scenario', 'constellation', '--between', 'qs-1']);
    assert.equal(alone.code, 2);
    assert.match(alone.stderr, /two satellites/);
  });

  it('says of a stay that the interval cuts that it is cut, and of a long one on which day it ends', async () => {
    const [geo] = (await rowsOf('--scenario', 'geo', '--station', 'matera')) as { clipped?: unknown }[];
    assert.deepEqual(geo!.clipped, { start: true, end: true });
    const whole = await rowsOf(...NIGHT);
    assert.ok(whole.length > 0 && whole.every((row) => !('clipped' in row)));
    const { stdout } = await printed('--scenario', 'earth-moon', '--from', '2026-01-01', '--to', '2026-01-02');
    assert.match(stdout, /tenerife {2}17:15:05 23:40:15 06:08 \+1 .* 10\.0 h/);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
  });
});
