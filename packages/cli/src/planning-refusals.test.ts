import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ScenarioDocument } from '@skykey/scenario';
import { skykey } from './test/command.ts';
import { summed, TLE } from './test/sets.ts';

type Editable<T> = T extends object ? { -readonly [K in keyof T]: Editable<T[K]> } : T;

describe('planning on bad input ends with exit 2 and one sentence', { concurrency: 2 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-planning-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'a-folder'));

  async function refused(args: string[], ...expected: RegExp[]): Promise<void> {
    const { code, stdout, stderr } = await skykey(args, { cwd: folder });
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.equal(stdout, '');
    assert.match(stderr, /^skykey: [^\n]+\n$/, 'one sentence');
    for (const pattern of expected) assert.match(stderr, pattern);
  }

  function written(name: string, content: string): string {
    writeFileSync(join(folder, name), content);
    return name;
  }

  function edited(name: string, edit: (document: Editable<ScenarioDocument>) => void): string {
    const shipped = fileURLToPath(new URL('../../scenario/data/intercontinental.json', import.meta.url));
    const document = JSON.parse(readFileSync(shipped, 'utf8')) as Editable<ScenarioDocument>;
    edit(document);
    return written(name, JSON.stringify(document));
  }

  const [name, one, two] = TLE.trimEnd().split('\n') as [string, string, string];
  const VIENNA = ['--latitude', '48.2', '--longitude', '16.4', '--from', '2016-12-19'];

  it('elements with a wrong checksum: file, line and field', () => {
    const file = written('checksum.tle', `${TLE}${name}\n${one}\n${two.slice(0, 68)}4\n`);
    return refused(['passes', '--tle', file, ...VIENNA], /checksum\.tle: line 6, checksum/, /4/);
  });

  it('elements whose epoch lies in the future', () => {
    const file = written('future.tle', `${name}\n${summed(`${one.slice(0, 18)}54${one.slice(20)}`)}\n${two}\n`);
    const args = ['passes', '--tle', file, '--latitude', '48.2', '--longitude', '16.4', '--from', '2054-12-19'];
    return refused(args, /MICIUS: the epoch of the elements, 2054-12-19, is .* after the present/);
  });

  it('elements older than 30 days, unless told', () => {
    const file = written('old.tle', TLE);
    const args = ['passes', '--tle', file, '--latitude', '48.2', '--longitude', '16.4', '--from', '2017-02-01'];
    return refused(args, /MICIUS: 2017-02-04 is 47\.1 days/, /at most 30 days/, /--max-age/);
  });

  it('a month of planning too far from the elements', () =>
    refused(['plan', '--from', '2017-03-01', '--days', '2'], /Micius/, /--max-age/));

  it('a station under the sea, in a scenario or as a place', async () => {
    const file = edited('sea.json', ({ stations }) => {
      stations[0]!.altitudeM.value = -3000;
    });
    await refused(['passes', '--scenario', file], /sea\.json/, /stations\.xinglong\.altitudeM/, /-3000/);
    await refused(['passes', ...VIENNA, '--altitude', '-3000'], /altitudeM is -3000/);
  });

  it('a wavelength that no model covers', () => {
    const file = edited('ultraviolet.json', ({ satellites }) => {
      satellites[0]!.transmitter!.wavelengthNm.value = 250;
    });
    return refused(['budget', '--scenario', file], /ultraviolet\.json/, /micius\.transmitter\.wavelengthNm/, /250/);
  });

  it('a month without weather data, and a station without any', async () => {
    const file = edited('december.json', ({ stations }) => {
      stations[1]!.weather!.clearFraction.value[11] = null;
    });
    await refused(
      ['plan', '--scenario', file, '--from', '2016-12-18', '--days', '2'],
      /december\.json: (line \d+: )?stations\.nanshan\.weather: station nanshan/,
      /no weather data for December/,
      /--weather FILE/,
    );
    await refused(
      ['plan', '--scenario', 'micius-2016-12-19', '--days', '2'],
      /stations\.xinglong\.weather/,
      /clearFraction/,
      /--weather FILE/,
    );
  });

  it('a measured sky that is none, or of a station that is not there', async () => {
    const late = written('late.csv', 'utc,clear\n2016-12-01T00:00:00Z,1\n2016-12-01T01:00:00,0\n');
    await refused(['plan', '--weather', `graz=${late}`], /late\.csv: line 3: utc/, /time zone/);
    const rows = Array.from({ length: 50 }, (_, h) => `${new Date(Date.UTC(2016, 11, 1, h)).toISOString()},${h % 2}`);
    const series = written('rome.csv', `utc,clear\n${rows.join('\n')}\n`);
    await refused(['plan', '--weather', `graz=${series}`, '--play-weather'], /no series for the station xinglong/);
    await refused(['plan', '--weather', `graz=${series}`, '--clear-sky'], /--clear-sky and --weather/);
    await refused(['plan', '--weather', `rome=${series}`], /rome/, /xinglong, nanshan, graz/);
  });

  it('a station, a satellite or a candidate that nobody knows', async () => {
    await refused(['budget', '--station', 'atlantis'], /--station atlantis/, /xinglong, zvenigorod/);
    await refused(['passes', '--satellite', 'sputnik'], /--satellite sputnik/, /micius/);
    await refused(['plan', '--stations', 'xinglong,atlantis'], /--stations atlantis/);
    await refused(['plan', '--satellites', '2'], /--satellites 2/, /has 1/);
    await refused(
      ['plan', '--days', '1', '--add-station', 'vienna:like=graz,latitude=48'],
      /longitude is missing/,
      /for example/,
    );
    const file = written('one.tle', TLE);
    await refused(['passes', '--tle', file, ...VIENNA, '--satellite', 'ISS'], /one\.tle/, /MICIUS/);
  });

  it('an interval that is reversed, a day that no calendar has, a moment below the horizon', async () => {
    await refused(['passes', '--from', '2016-12-21', '--to', '2016-12-20'], /--to 2016-12-20.*--from 2016-12-21/);
    await refused(['budget', '--from', '2016-02-30'], /--from 2016-02-30/);
    await refused(['budget', '--at', '2016-12-19T00:00:00Z'], /under the horizon/, /skykey passes/);
    await refused(['passes', '--min-elevation', '90'], /minElevationDeg/);
  });

  it('a file that is not there, a folder in place of one, a place that cannot be written', async () => {
    await refused(['passes', '--tle', 'nowhere.tle', ...VIENNA], /--tle nowhere\.tle/, /no such file/);
    await refused(['passes', '--omm', 'a-folder', ...VIENNA], /--omm a-folder/, /folder, not a file/);
    await refused(['plan', '--weather', 'graz=a-folder'], /--weather a-folder/, /folder/);
    await refused(['budget', '--svg', 'nowhere/budget.svg'], /--svg/, /cannot be written/);
  });

  it('options that contradict each other', async () => {
    await refused(['budget', '--json', '--csv'], /--json and --csv/);
    await refused(['budget', '--at', '2016-12-19T16:52:13Z', '--pass', '2'], /one of the three/);
    await refused(['budget', '--at', '2016-12-19T16:52:13Z', '--png', 'x.png'], /draw a pass/);
    await refused(['passes', '--latitude', '48'], /--longitude/);
    await refused(['plan', '--objective', 'best'], /total or fair/);
  });

  it('a table that does not say whose sky it is, or says too little of it', async () => {
    const two = written('two.csv', 'utc,clear\n2016-12-01T00:00:00Z,1\n2016-12-01T01:00:00Z,0\n');
    await refused(['plan', '--weather', two], /two\.csv: line 1/, /--weather STATION=two\.csv/);
    await refused(['plan', '--weather', `graz=${two}`], /station graz/, /half of one month/, /two\.csv/);
  });

  it('options that would have no effect', async () => {
    await refused(['passes', '--grazing', '5'], /--grazing 5 without --between/);
    const between = ['passes', '--scenario', 'constellation', '--between', 'qs-1,qs-5'];
    await refused([...between, '--min-elevation', '30'], /--between with --min-elevation/);
    const iss = written('iss.tle', TLE);
    const twice = ['passes', '--tle', iss, '--from', '2016-12-19', '--between', 'MICIUS,MICIUS'];
    await refused(twice, /MICIUS,MICIUS: give two satellites/);
    await refused(['passes', '--altitude', '500'], /--latitude and --longitude/);
    await refused(['plan', '--max-cloud', '0.3'], /--max-cloud 0\.3/, /--weather FILE/);
    await refused(['plan', '--weather-correlation', '5'], /--weather-correlation 5/, /--weather FILE/);
    const vienna = 'vienna:like=graz,latitude=48.2,longitude=16.4,altitude=200';
    await refused(['plan', '--no-worth', '--add-station', vienna], /--no-worth with --add-station/);
  });

  it('figures out of their range, by the name of the option', async () => {
    await refused(['passes', '--max-age', '-1'], /--max-age -1/);
    await refused(['plan', '--setup', '-5'], /--setup -5/, /0 to 86400/);
    await refused(
      ['plan', '--add-station', 'vienna:like=graz,latitude=0x10,longitude=16.4,altitude=200'],
      /latitude is 0x10; it must be a number/,
    );
  });

  it('a folder for drawings that is not there, before the plan is made', () =>
    refused(['plan', '--days', '3000', '--max-age', '9999', '--png', 'nowhere/plan.png'], /--png/, /no such file/));

  it('a scenario that says nothing about weather is named once', async () => {
    const { stderr } = await skykey(['plan', '--scenario', 'jinan-1', '--days', '1'], { cwd: folder });
    assert.equal(stderr.match(/jinan-1/g)?.length, 1, stderr);
  });
});
