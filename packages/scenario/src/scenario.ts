import { readDocument } from './document.ts';
import { ScenarioError } from './error.ts';
import { withLine } from './line.ts';
import { type LinkParts, linkParts } from './link.ts';
import type { LinkScenario, Scenario, StationScenario } from './model.ts';
import { satellitesOf } from './satellites.ts';
import type { StationDocument } from './schema.ts';

/**
 * Reads a scenario from its text. `where` names the file in messages; `readText` fetches a file that stands beside it
 * (loss curves). Throws ScenarioError (`readDocument`, `satellitesOf`, `linkParts`), for orbital elements OrbitError: one
 * sentence that names the file, the line and the field.
 */
export function readScenario(text: string, where: string, readText: (name: string) => string): Scenario {
  try {
    return read(text, where, readText);
  } catch (error) {
    throw withLine(error, text, where);
  }
}

function read(text: string, where: string, readText: (name: string) => string): Scenario {
  const document = readDocument(text, where);
  const satellites = satellitesOf(document.satellites, where);
  const stations = document.stations.map(stationOf);
  const parts = new Map<string, LinkParts>();
  const partsOf = (satellite: (typeof satellites)[number], station: StationScenario): LinkParts => {
    const key = `${satellite.document.id} ${station.id}`;
    const found = parts.get(key) ?? linkParts(document.link, satellite.document, station.document, where, readText);
    parts.set(key, found);
    return found;
  };
  const links = satellites.flatMap((satellite) =>
    stations.map(
      (station): LinkScenario => ({
        id: `${satellite.id}-${station.siteId ?? station.id}`,
        satellite,
        station,
        ...partsOf(satellite, station),
      }),
    ),
  );
  checkLinkIds(links, where);
  return {
    id: document.id,
    title: document.title,
    kind: document.link,
    satellites,
    stations,
    links,
    weatherCorrelationKm: document.weatherCorrelationKm.value,
    document,
  };
}

function stationOf(document: StationDocument): StationScenario {
  const latitudeDeg = document.latitudeDeg.value;
  const longitudeDeg = document.longitudeDeg.value;
  const { window, weather } = document;
  return {
    id: document.id,
    siteId: document.siteId ?? null,
    station: { id: document.id, name: document.name, latitudeDeg, longitudeDeg, altitudeM: document.altitudeM.value },
    window: {
      maxRangeKm: window.maxRangeKm.value,
      minElevationDeg: window.minElevationDeg.value,
      sunBelowDeg: window.sunBelowDeg.value,
    },
    climate: weather
      ? {
          stationId: document.id,
          latitudeDeg,
          longitudeDeg,
          clearFraction: weather.clearFraction.value,
          correlationH: weather.correlationH.value,
          source: weather.clearFraction.source,
        }
      : null,
    document,
  };
}

/** Passes are named after their link, for ever: a name that means two links would mean two passes. */
function checkLinkIds(links: readonly LinkScenario[], where: string): void {
  const owners = new Map<string, LinkScenario>();
  for (const link of links) {
    const other = owners.get(link.id);
    if (other) {
      const name = ({ satellite, station }: LinkScenario): string => `${satellite.id} with ${station.id}`;
      throw new ScenarioError(
        'scenario/link',
        `${where}: the links of ${name(other)} and of ${name(link)} would both be called ${link.id}; one of the ids must be another`,
      );
    }
    owners.set(link.id, link);
  }
}
