/** Stations and satellites by the names that people type. */
import type { SatelliteScenario, Scenario, StationScenario } from '@skykey/scenario';
import { CliError } from './error.ts';

/** How many ids a sentence lists before it only counts. */
const LISTED = 12;

export function listed(ids: readonly string[]): string {
  const more = ids.length - LISTED;
  return `${ids.slice(0, LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Ids between commas; refused when one is empty or twice. */
function idsOf(option: string, text: string): string[] {
  const ids = text.split(',').map((id) => id.trim());
  const bad = ids.find((id, i) => id === '' || ids.indexOf(id) !== i);
  if (bad === undefined) return ids;
  throw new CliError('cli/option', `${option} ${text}: give each id once, with a comma between two`);
}

/** @throws CliError `cli/station` for one that the scenario does not have */
export function stationsOf(scenario: Scenario, option: string, text: string | undefined): readonly StationScenario[] {
  if (text === undefined) return scenario.stations;
  return idsOf(option, text).map((id) => {
    const found = scenario.stations.find((station) => station.id === id);
    if (found) return found;
    const ids = scenario.stations.map((station) => station.id);
    throw new CliError('cli/station', `${option} ${id}: the stations of ${scenario.id} are ${listed(ids)}`);
  });
}

/** By ids, or the first so many of a constellation. Throws CliError `cli/satellite`. */
export function satellitesOf(
  scenario: Scenario,
  option: string,
  text: string | undefined,
): readonly SatelliteScenario[] {
  const { satellites } = scenario;
  if (text === undefined) return satellites;
  if (/^\d+$/.test(text)) {
    const count = Number(text);
    if (count >= 1 && count <= satellites.length) return satellites.slice(0, count);
    throw new CliError(
      'cli/satellite',
      `${option} ${text}: ${scenario.id} has ${satellites.length}; give a number from 1 to that, or ids`,
    );
  }
  return idsOf(option, text).map((id) => {
    const found = satellites.find((satellite) => satellite.id === id);
    if (found) return found;
    const ids = satellites.map((satellite) => satellite.id);
    throw new CliError('cli/satellite', `${option} ${id}: the satellites of ${scenario.id} are ${listed(ids)}`);
  });
}

/** The same scenario with these stations and satellites alone; what it declares is cut to them too. */
export function narrowed(
  scenario: Scenario,
  stations: readonly StationScenario[],
  satellites: readonly SatelliteScenario[],
): Scenario {
  const { document, links } = scenario;
  return {
    ...scenario,
    stations,
    satellites,
    links: links.filter((link) => stations.includes(link.station) && satellites.includes(link.satellite)),
    document: {
      ...document,
      stations: document.stations.filter((one) => stations.some((station) => station.document === one)),
      satellites: document.satellites.filter((one) => satellites.some((satellite) => satellite.document === one)),
    },
  };
}
