import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { greatCircleKm } from '@skykey/optics';
import { look } from '@skykey/orbit';
import { assumptions, declaredParameters, readScenario, type Scenario } from './index.ts';

const DATA = new URL('../data/', import.meta.url);
const FILES = readdirSync(DATA).filter((name) => name.endsWith('.json'));
const read = (name: string): Scenario =>
  readScenario(readFileSync(new URL(name, DATA), 'utf8'), name, (file) => readFileSync(new URL(file, DATA), 'utf8'));

describe('the shipped scenarios', () => {
  it('are the missions of the field', () => {
    for (const id of [
      'micius-2016-12-19',
      'micius-2018',
      'intercontinental',
      'jinan-1',
      'zvenigorod-2021',
      'tiangong-2',
      'entanglement-1203',
      'entanglement-1120',
      'uplink-q3sat',
      'geo',
      'earth-moon',
      'constellation',
      'inter-satellite',
    ]) {
      assert.ok(FILES.includes(`${id}.json`), id);
    }
  });

  for (const file of FILES) {
    describe(file, () => {
      const scenario = read(file);

      it('bears the name of its file and says what is assumed', () => {
        assert.equal(`${scenario.id}.json`, file);
        const declared = declaredParameters(scenario.document);
        assert.ok(declared.some(({ basis }) => basis === 'published'));
        assert.ok(assumptions(scenario.document).length > 0);
        assert.ok(declared.every(({ source }) => source.length >= 4));
      });

      it('has a budget for every link somewhere in its window', () => {
        for (const { model, satellite, station } of scenario.links) {
          const epochMs = satellite.target.kind === 'sgp4' ? satellite.target.epochMs : Date.parse('2026-03-01T00:00Z');
          let usable = 0;
          for (let minute = 0; minute < 4 * 1440; minute++) {
            const at = look(satellite.target, station.station, epochMs + minute * 60_000);
            const { maxRangeKm, minElevationDeg } = station.window;
            if (at.rangeKm > maxRangeKm || at.elevationDeg < minElevationDeg || !model.covers(at)) continue;
            const { terms, totalDb, transmittance } = model.loss(at);
            assert.ok(terms.length >= 5 && terms.every(({ lossDb, source }) => lossDb >= 0 && source !== ''));
            assert.ok(totalDb > 10 && totalDb < 110, `${totalDb} dB`);
            assert.ok(Math.abs(transmittance / 10 ** (-totalDb / 10) - 1) < 1e-12);
            if (++usable === 10) break;
          }
          assert.ok(usable > 0, `${satellite.id} never comes into the window of ${station.id}`);
        }
      });
    });
  }

  it('stand where the published distances say', () => {
    for (const [id, km] of [
      ['entanglement-1203', 1203],
      ['entanglement-1120', 1120],
    ] as const) {
      const [one, other] = read(`${id}.json`).stations.map(({ station }) => station);
      assert.ok(Math.abs(greatCircleKm(one!, other!) / km - 1) < 0.01);
    }
  });
});
