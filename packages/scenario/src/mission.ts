import { ScenarioError } from './error.ts';
import type { Mission, MissionStation, Scenario } from './model.ts';

/**
 * The scenario as something that runs with all its processes. Throws ScenarioError `scenario/mission`: one sentence that
 * says what it lacks.
 */
export function missionOf(scenario: Scenario): Mission {
  const refuse = (problem: string): never => {
    throw new ScenarioError(
      'scenario/mission',
      `the scenario ${scenario.id} can be planned with, but not be flown: ${problem}`,
    );
  };
  const { live } = scenario.document;
  if (!live) return refuse('it has no live part, which says which sites there are and when the mission begins');
  const [satellite, ...others] = scenario.satellites;
  if (!satellite || others.length > 0) {
    return refuse(`it has ${scenario.satellites.length} satellites; a mission has one`);
  }
  const stations = scenario.links.map((link): MissionStation => {
    const { station, receiver, detectorEfficiency, channel } = link;
    const siteId = station.siteId ?? refuse(`stations.${station.id} has no siteId; every station of a mission has one`);
    return { ...station, siteId, linkId: link.id, link, receiver, detectorEfficiency, channel };
  });
  const { source, direction } = stations[0]!.link;
  if (direction !== 'down' || source.kind !== 'decoy') {
    return refuse(`its link is "${scenario.kind}"; a mission has a downlink with a decoy source`);
  }
  return {
    id: scenario.id,
    title: scenario.title,
    satellite,
    source,
    stations,
    live,
    scenario,
    document: scenario.document,
  };
}
