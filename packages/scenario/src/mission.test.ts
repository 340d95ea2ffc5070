import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { missionOf } from './mission.ts';
import { assumed, type Change, MICIUS, read } from './test/micius.ts';

describe('missionOf', () => {
  it('has the satellite, the source and a site for every station', () => {
    const mission = missionOf(MICIUS);
    assert.equal(mission.satellite, MICIUS.satellites[0]);
    assert.equal(mission.source.pulseRateHz, 1e8);
    assert.deepEqual(
      mission.stations.map(({ id, siteId, linkId }) => [id, siteId, linkId]),
      [
        ['xinglong', 'beijing', 'micius-beijing'],
        ['zvenigorod', 'moscow', 'micius-moscow'],
      ],
    );
    for (const [i, station] of mission.stations.entries()) {
      assert.equal(station.link, MICIUS.links[i]);
      assert.equal(station.channel, MICIUS.links[i]!.channel);
    }
    assert.equal(mission.live.clock.startUtc, '2016-12-19T16:48:40Z');
  });

  it('says what a scenario lacks to be flown', () => {
    const lacks = (change: Change, problem: string): void =>
      assert.throws(() => missionOf(read(change)), {
        code: 'scenario/mission',
        message: `the scenario micius-2016-12-19 can be planned with, but not be flown: ${problem}`,
      });
    lacks((scenario) => {
      delete scenario.live;
      for (const station of scenario.stations) delete station.siteId;
    }, 'it has no live part, which says which sites there are and when the mission begins');
    lacks((scenario) => {
      scenario.satellites.push({ ...scenario.satellites[0], id: 'other' });
    }, 'it has 2 satellites; a mission has one');
    lacks((scenario) => {
      scenario.live.sites.pop();
      delete scenario.stations[1].siteId;
    }, 'stations.zvenigorod has no siteId; every station of a mission has one');
    lacks((scenario) => {
      scenario.link = 'entanglement';
      scenario.satellites[0].transmitter.source = {
        kind: 'pairs',
        pairRateHz: assumed(5.9e6),
        visibility: assumed(0.9),
      };
    }, 'its link is "entanglement"; a mission has a downlink with a decoy source');
  });
});
