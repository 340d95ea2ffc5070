import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LinkScenario } from './model.ts';
import { assumed, type Change, MICIUS, read, refused, uplink } from './test/micius.ts';

const names = (links: readonly LinkScenario[]): string[] => links.map(({ id }) => id);

describe('the shipped scenario', () => {
  it('is the published pass: two cities, one satellite, the published source', () => {
    assert.equal(MICIUS.id, 'micius-2016-12-19');
    assert.equal(MICIUS.kind, 'downlink');
    assert.deepEqual(
      MICIUS.stations.map(({ id, siteId }) => [id, siteId]),
      [
        ['xinglong', 'beijing'],
        ['zvenigorod', 'moscow'],
      ],
    );
    assert.deepEqual(names(MICIUS.links), ['micius-beijing', 'micius-moscow']);
    assert.deepEqual(MICIUS.links[0]!.source, {
      kind: 'decoy',
      pulseRateHz: 1e8,
      intensities: [
        { name: 'signal', meanPhotons: 0.8, probability: 0.5 },
        { name: 'decoy', meanPhotons: 0.1, probability: 0.25 },
        { name: 'vacuum', meanPhotons: 0, probability: 0.25 },
      ],
      basisXProbability: 0.5,
    });
    const [{ target, synthetic } = MICIUS.satellites[0]!] = MICIUS.satellites;
    assert.ok(target.kind === 'sgp4' && target.noradId === 41731);
    assert.equal(target.name, 'Micius');
    assert.equal(synthetic, false);
  });
});

const pairs: Change = (scenario) => {
  scenario.link = 'entanglement';
  scenario.satellites[0].transmitter.source = {
    kind: 'pairs',
    pairRateHz: assumed(5.9e6),
    visibility: assumed(0.9),
  };
};

describe('the other kinds of link', () => {
  it('pairs: one source, two receivers, no clock of pulses', () => {
    const { links, kind } = read(pairs);
    assert.equal(kind, 'entanglement');
    for (const link of links) assert.deepEqual(link.source, { kind: 'pairs', pairRateHz: 5.9e6, visibility: 0.9 });
  });

  it('pairs: judges receivers as the engine does', () => {
    refused(
      (scenario) => {
        pairs(scenario);
        scenario.stations[1].receiver.gateNs.value = 100;
      },
      'scenario/photons',
      /^micius-2016-12-19\.json: stations\.zvenigorod\.receiver: gateNs is 100; /,
    );
  });

  it('up: the station sends, the satellite receives', () => {
    const { links } = read(uplink);
    assert.deepEqual(names(links), ['micius-beijing', 'micius-moscow']);
    for (const { direction, optics, source, transmitterDocument } of links) {
      assert.equal(direction, 'up');
      assert.equal(optics.direction, 'up');
      assert.equal(optics.receiver.diameterM, 0.3);
      assert.equal(source.kind, 'decoy');
      assert.equal(transmitterDocument.wavelengthNm.value, 848.6);
    }
  });
});

describe('weather', () => {
  const { clearFraction } = { clearFraction: [0.6, 0.6, 0.5, 0.5, 0.4, 0.3, 0.2, null, 0.4, 0.6, 0.6, 0.6] };

  it('becomes the climate of the station; months may lack data', () => {
    const [here, there] = read((scenario) => {
      scenario.stations[0].weather = { clearFraction: assumed(clearFraction), correlationH: assumed(9) };
    }).stations;
    assert.deepEqual(here!.climate, {
      stationId: 'xinglong',
      latitudeDeg: 40.39587,
      longitudeDeg: 117.57746,
      clearFraction,
      correlationH: 9,
      source: 'for this test',
    });
    assert.equal(there!.climate, null);
  });

  it('is refused with eleven months, or with a share above one', () => {
    const sentence = 'a list of twelve numbers from 0 to 1, null for a month without data';
    refused(
      (scenario) => {
        scenario.stations[0].weather = { clearFraction: assumed(clearFraction.slice(1)), correlationH: assumed(9) };
      },
      'scenario/field',
      `micius-2016-12-19.json: stations.xinglong.weather.clearFraction is a list of 11; it must be ${sentence}`,
    );
    refused(
      (scenario) => {
        scenario.stations[0].weather = {
          clearFraction: assumed([7, ...clearFraction.slice(1)]),
          correlationH: assumed(9),
        };
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.xinglong.weather.clearFraction[0] is 7; it must be a number from 0 to 1',
    );
  });
});
