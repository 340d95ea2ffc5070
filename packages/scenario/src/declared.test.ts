import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assumptions, declaredParameters } from './declared.ts';
import { MICIUS, MICIUS_TEXT, read } from './test/micius.ts';

describe('declaredParameters', () => {
  it('names the source of every number in it', () => {
    const declared = declaredParameters(MICIUS.document);
    const paths = declared.map(({ path }) => path);
    assert.equal(new Set(paths).size, paths.length);
    for (const { path, basis, source } of declared) {
      assert.ok(basis === 'published' || basis === 'assumed', path);
      assert.ok(source.length >= 3, path);
    }
    // Whatever is a number in the file is a declared parameter, but for the two speeds of the demonstration's clock.
    const bare: string[] = [];
    const walk = (value: unknown, path: string): void => {
      if (typeof value === 'number') bare.push(path);
      if (typeof value !== 'object' || value === null || 'basis' in value) return;
      for (const [key, item] of Object.entries(value)) walk(item, `${path}.${key}`);
    };
    walk(JSON.parse(MICIUS_TEXT), '');
    assert.deepEqual(bare, ['.live.clock.passSpeed', '.live.clock.gapSpeed', '.live.clock.laterGapSpeed']);
  });

  it('shows each parameter with its value as the file has it, stations by their ids', () => {
    const declared = new Map(declaredParameters(MICIUS.document).map((parameter) => [parameter.path, parameter]));
    assert.deepEqual(declared.get('stations.xinglong.receiver.deadTimeNs'), {
      path: 'stations.xinglong.receiver.deadTimeNs',
      value: '50',
      basis: 'assumed',
      source: 'not printed; typical of the silicon detectors in use',
    });
    assert.equal(declared.get('satellites.micius.transmitter.source.meanPhotons')?.value, '0.8 / 0.1 / 0');
    assert.equal(declared.get('stations.zvenigorod.air.turbulence.windMS')?.value, '21');
    assert.equal(declared.get('protocol.epsSec')?.value, '1e-9');
  });
});

describe('assumptions', () => {
  const pathsOf = (sentences: string[]): string[] => sentences.map((text) => text.slice(0, text.indexOf(' = ')));
  const assumed = declaredParameters(MICIUS.document)
    .filter(({ basis }) => basis === 'assumed')
    .map(({ path }) => path);

  it('lists what was assumed, all of it and nothing else', () => {
    assert.deepEqual(pathsOf(assumptions(MICIUS.document)), assumed);
    assert.ok(assumed.length > 0 && assumed.length < declaredParameters(MICIUS.document).length);
  });

  it('leaves the other station out when asked for one', () => {
    for (const [one, other] of [
      ['xinglong', 'zvenigorod'],
      ['zvenigorod', 'xinglong'],
    ] as const) {
      const listed = pathsOf(assumptions(MICIUS.document, { stationId: one }));
      assert.deepEqual(
        listed,
        assumed.filter((path) => !path.startsWith(`stations.${other}.`)),
      );
      assert.ok(listed.some((path) => path.startsWith(`stations.${one}.`)));
    }
  });

  it('says value and reason', () => {
    assert.ok(assumptions(MICIUS.document).includes('stations.xinglong.window.sunBelowDeg = -18: astronomical night'));
  });

  it('tells stations apart whose ids begin alike', () => {
    const { document } = read((scenario) => {
      scenario.stations[1].id = 'xinglong-2';
      scenario.live.sites[1].stationId = 'xinglong-2';
    });
    assert.ok(
      assumptions(document, { stationId: 'xinglong' }).every((text) => !text.startsWith('stations.xinglong-2')),
    );
  });
});
