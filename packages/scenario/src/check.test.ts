import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assumed, read, refused } from './test/micius.ts';

describe('fields that do not fit together are refused', () => {
  it('for intensities and probabilities that no decoy method can use', () => {
    refused(
      (scenario) => {
        scenario.satellites[0].transmitter.source.probabilities.value = [0.1, 0.2, 0.3];
      },
      'scenario/probabilities',
      'micius-2016-12-19.json: satellites.micius.transmitter.source.probabilities sum to 0.6; they must sum to 1',
    );
    refused(
      (scenario) => {
        scenario.satellites[0].transmitter.source.meanPhotons.value = [0.1, 0.8, 0];
      },
      'scenario/intensities',
      /^micius-2016-12-19\.json: satellites\.micius\.transmitter\.source\.meanPhotons are 0\.1, 0\.8, 0; they must be signal, decoy, weakest /,
    );
  });

  it('for stations and sites that do not belong together', () => {
    refused(
      (scenario) => {
        scenario.live.sites[1].stationId = 'moscow';
      },
      'scenario/site',
      'micius-2016-12-19.json: live.sites.moscow.stationId is "moscow"; it must be a station: xinglong, zvenigorod',
    );
    refused(
      (scenario) => {
        scenario.live.sites[1].stationId = 'xinglong';
      },
      'scenario/site',
      'micius-2016-12-19.json: live.sites.moscow.stationId is "xinglong", but stations.xinglong.siteId is "beijing"; they must name each other',
    );
    refused(
      (scenario) => {
        scenario.live.sites.pop();
      },
      'scenario/station',
      'micius-2016-12-19.json: stations.zvenigorod.siteId is "moscow"; it must be a site: beijing',
    );
    refused(
      (scenario) => {
        scenario.stations[1].siteId = 'beijing';
        scenario.live.sites.pop();
      },
      'scenario/station',
      'micius-2016-12-19.json: stations.zvenigorod.siteId is "beijing", but that site has another station; they must name each other',
    );
    refused(
      (scenario) => {
        scenario.stations.push(scenario.stations[0]);
      },
      'scenario/station',
      'micius-2016-12-19.json: stations.xinglong is there twice; every id must be there once',
    );
    refused(
      (scenario) => {
        scenario.satellites[0].id = 'moscow';
      },
      'scenario/site',
      'micius-2016-12-19.json: live.sites.moscow has the id of a satellite; it must have its own',
    );
  });

  it('for a mission that ends before it starts', () => {
    refused(
      (scenario) => {
        scenario.live.clock.endUtc = '2016-12-19T00:00:00Z';
      },
      'scenario/clock',
      'micius-2016-12-19.json: live.clock.endUtc is 2016-12-19T00:00:00Z; it must be later than live.clock.startUtc, 2016-12-19T16:48:40Z',
    );
  });

  it('for a station under the sea', () => {
    refused(
      (scenario) => {
        scenario.stations[1].altitudeM.value = -450;
      },
      'scenario/sea',
      'micius-2016-12-19.json: stations.zvenigorod.altitudeM is -450, which is under the sea: no land lies lower than the shore of the Dead Sea; it must be -430 or more',
    );
    refused(
      (scenario) => {
        scenario.stations[1].altitudeM.value = -501;
      },
      'scenario/field',
      'micius-2016-12-19.json: stations.zvenigorod.altitudeM is -501; it must be a number from -500 to 9000',
    );
  });

  it('for a telescope that its own obscuration covers', () => {
    refused(
      (scenario) => {
        scenario.stations[1].receiver.obscurationDiameterM.value = 0.7;
      },
      'scenario/obscuration',
      'micius-2016-12-19.json: stations.zvenigorod.receiver.obscurationDiameterM is 0.7; it must be smaller than diameterM, 0.6',
    );
    refused(
      (scenario) => {
        scenario.satellites[0].transmitter.beam = {
          kind: 'aperture',
          diameterM: assumed(0.3),
          waistRadiusM: assumed(0.1),
          obscurationDiameterM: assumed(0.3),
        };
      },
      'scenario/obscuration',
      'micius-2016-12-19.json: satellites.micius.transmitter.beam.obscurationDiameterM is 0.3; it must be smaller than diameterM, 0.3',
    );
  });

  it('for a constellation that Walker would not count', () => {
    const walker = (satellites: number, planes: number, phasing: number): void =>
      refused(
        (scenario) => {
          scenario.satellites[0].orbit = {
            kind: 'walker',
            pattern: assumed('delta'),
            epochUtc: assumed('2026-01-01T00:00:00Z'),
            altitudeKm: assumed(600),
            inclinationDeg: assumed(53),
            satellites: assumed(satellites),
            planes: assumed(planes),
            phasing: assumed(phasing),
            ascendingNodeDeg: assumed(0),
          };
        },
        'scenario/walker',
        /^micius-2016-12-19\.json: satellites\.micius\.orbit\.(planes is 4 and orbit\.satellites 10; every plane must have as many|phasing is 5; it must be below the 5 planes)$/,
      );
    walker(10, 4, 1);
    walker(10, 5, 5);
  });

  it('for a link whose ends lack what it takes', () => {
    refused(
      (scenario) => {
        delete scenario.stations[1].receiver;
      },
      'scenario/link',
      'micius-2016-12-19.json: link is "downlink", but stations.zvenigorod.receiver is missing; it must be there',
    );
    refused(
      (scenario) => {
        scenario.link = 'uplink';
      },
      'scenario/link',
      'micius-2016-12-19.json: link is "uplink", but stations.xinglong.transmitter is missing; it must be there',
    );
    refused(
      (scenario) => {
        scenario.link = 'uplink';
        for (const station of scenario.stations) station.transmitter = scenario.satellites[0].transmitter;
        scenario.satellites[0].receiver = scenario.stations[0].receiver;
      },
      'scenario/link',
      'micius-2016-12-19.json: link is "uplink", but stations.xinglong.ground is missing; it must be there',
    );
    refused(
      (scenario) => {
        scenario.link = 'entanglement';
      },
      'scenario/link',
      'micius-2016-12-19.json: link is "entanglement", but satellites.micius.transmitter.source.kind is "decoy"; it must be "pairs"',
    );
    refused(
      (scenario) => {
        scenario.link = 'entanglement';
        scenario.satellites[0].transmitter.source = {
          kind: 'pairs',
          pairRateHz: assumed(5.9e6),
          visibility: assumed(0.9),
        };
        scenario.stations.pop();
      },
      'scenario/link',
      'micius-2016-12-19.json: link is "entanglement", but stations has one entry; both photons need a station each',
    );
  });

  it('for light by day that comes with no word about the Sun', () => {
    for (const sunBelowDeg of [90, 0, -0.2]) {
      refused(
        ({ stations }) => {
          stations[1].window.sunBelowDeg.value = sunBelowDeg;
        },
        'scenario/sun',
        `micius-2016-12-19.json: stations.zvenigorod.window.sunBelowDeg is ${sunBelowDeg}, which allows light while the ` +
          'Sun is up, but sunAvoidanceDeg is missing; it must say how many degrees from the Sun the telescope may look',
      );
    }
    read(({ stations }) => {
      stations[1].window.sunBelowDeg.value = -0.3;
    });
    const allowed = (degrees: number) =>
      read(({ stations }) => {
        stations[1].window.sunBelowDeg.value = 90;
        stations[1].window.sunAvoidanceDeg = assumed(degrees);
      });
    allowed(0.3);
    for (const degrees of [0.2, 181]) {
      assert.throws(() => allowed(degrees), { message: /sunAvoidanceDeg.*a number from 0\.3 to 180/ });
    }
  });

  it('for sites that are named and not there', () => {
    refused(
      (scenario) => {
        delete scenario.live;
      },
      'scenario/station',
      'micius-2016-12-19.json: stations.xinglong.siteId is "beijing"; there are no sites',
    );
    refused(
      (scenario) => {
        delete scenario.stations[0].siteId;
      },
      'scenario/site',
      'micius-2016-12-19.json: live.sites.beijing.stationId is "xinglong", but stations.xinglong.siteId is missing; they must name each other',
    );
  });
});
