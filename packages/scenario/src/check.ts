/** How the fields of a scenario fit together: what a schema cannot say. */
import { ScenarioError } from './error.ts';
import type {
  LiveDocument,
  ReceiverDocument,
  SatelliteDocument,
  ScenarioDocument,
  StationDocument,
  TransmitterDocument,
} from './schema.ts';

type Refuse = (code: string, problem: string) => never;

/** The lowest shore there is, that of the Dead Sea, m: a station deeper than that would stand under water. */
const LOWEST_SHORE_M = -430;

/**
 * Throws ScenarioError `scenario/satellite`, `scenario/station`, `scenario/site`, `scenario/sea`, `scenario/link`,
 * `scenario/probabilities`, `scenario/intensities`, `scenario/obscuration`, `scenario/walker`, `scenario/sun` or
 * `scenario/clock`: one sentence with file and field.
 */
export function checkDocument(document: ScenarioDocument, where: string): void {
  const refuse: Refuse = (code, problem) => {
    throw new ScenarioError(code, `${where}: ${problem}`);
  };
  const { satellites, stations, live } = document;
  checkIds('scenario/satellite', 'satellites', satellites, refuse);
  checkIds('scenario/station', 'stations', stations, refuse);
  for (const satellite of satellites) {
    checkOrbit(satellite, refuse);
    checkTerminals(`satellites.${satellite.id}`, satellite, refuse);
  }
  for (const station of stations) {
    checkPlace(station, refuse);
    checkSun(station, refuse);
    checkTerminals(`stations.${station.id}`, station, refuse);
  }
  checkLink(document, refuse);
  checkSites(document, refuse);
  if (live) checkClock(live, refuse);
}

function checkIds(code: string, list: string, entries: readonly { readonly id: string }[], refuse: Refuse): void {
  const twice = entries.find(({ id }, i) => entries.findIndex((other) => other.id === id) < i);
  if (twice) refuse(code, `${list}.${twice.id} is there twice; every id must be there once`);
}

function checkOrbit({ id, orbit }: SatelliteDocument, refuse: Refuse): void {
  if (orbit.kind !== 'walker') return;
  const [satellites, planes, phasing] = [orbit.satellites.value, orbit.planes.value, orbit.phasing.value];
  if (satellites % planes !== 0) {
    const rule = `orbit.satellites ${satellites}; every plane must have as many`;
    refuse('scenario/walker', `satellites.${id}.orbit.planes is ${planes} and ${rule}`);
  }
  if (phasing >= planes) {
    refuse('scenario/walker', `satellites.${id}.orbit.phasing is ${phasing}; it must be below the ${planes} planes`);
  }
}

function checkPlace({ id, altitudeM }: StationDocument, refuse: Refuse): void {
  if (altitudeM.value >= LOWEST_SHORE_M) return;
  refuse(
    'scenario/sea',
    `stations.${id}.altitudeM is ${altitudeM.value}, which is under the sea: no land lies lower than the shore of the ` +
      `Dead Sea; it must be ${LOWEST_SHORE_M} or more`,
  );
}

/** Where the Sun's disc begins to show: half its diameter, degrees; nobody looks lower than the horizon. */
const SUN_UP_DEG = -0.27;

function checkSun({ id, window: { sunBelowDeg, sunAvoidanceDeg } }: StationDocument, refuse: Refuse): void {
  if (sunAvoidanceDeg || sunBelowDeg.value <= SUN_UP_DEG) return;
  refuse(
    'scenario/sun',
    `stations.${id}.window.sunBelowDeg is ${sunBelowDeg.value}, which allows light while the Sun is up, but ` +
      'sunAvoidanceDeg is missing; it must say how many degrees from the Sun the telescope may look',
  );
}

function checkTerminals(
  place: string,
  { transmitter, receiver }: { readonly transmitter?: TransmitterDocument; readonly receiver?: ReceiverDocument },
  refuse: Refuse,
): void {
  const obscured = (
    field: string,
    optics: { obscurationDiameterM: { value: number }; diameterM: { value: number } },
  ) => {
    const [hidden, whole] = [optics.obscurationDiameterM.value, optics.diameterM.value];
    if (hidden < whole) return;
    refuse(
      'scenario/obscuration',
      `${place}.${field}.obscurationDiameterM is ${hidden}; it must be smaller than diameterM, ${whole}`,
    );
  };
  if (receiver) obscured('receiver', receiver);
  if (!transmitter) return;
  if (transmitter.beam.kind === 'aperture') obscured('transmitter.beam', transmitter.beam);
  const { source } = transmitter;
  if (source.kind !== 'decoy') return;
  const sum = source.probabilities.value.reduce((total, probability) => total + probability, 0);
  if (Math.abs(sum - 1) > 1e-9) {
    refuse(
      'scenario/probabilities',
      `${place}.transmitter.source.probabilities sum to ${Number(sum.toPrecision(12))}; they must sum to 1`,
    );
  }
  const [signal, decoy, weakest] = source.meanPhotons.value;
  if (!(signal > decoy + weakest && decoy > weakest)) {
    refuse(
      'scenario/intensities',
      `${place}.transmitter.source.meanPhotons are ${signal}, ${decoy}, ${weakest}; they must be signal, decoy, weakest ` +
        'with signal > decoy + weakest and decoy > weakest (Lim et al. 2014)',
    );
  }
}

/** What sends on each kind of link, and what receives. */
function checkLink({ link, satellites, stations }: ScenarioDocument, refuse: Refuse): void {
  const up = link === 'uplink';
  const [senders, receivers] = up ? [stations, satellites] : [satellites, stations];
  const [sending, receiving] = up ? ['stations', 'satellites'] : ['satellites', 'stations'];
  const kind = link === 'entanglement' ? 'pairs' : 'decoy';
  for (const { id, transmitter } of senders) {
    if (!transmitter) {
      refuse('scenario/link', `link is "${link}", but ${sending}.${id}.transmitter is missing; it must be there`);
    } else if (transmitter.source.kind !== kind) {
      const found = `${sending}.${id}.transmitter.source.kind is "${transmitter.source.kind}"`;
      refuse('scenario/link', `link is "${link}", but ${found}; it must be "${kind}"`);
    }
  }
  for (const { id, receiver } of receivers) {
    if (!receiver) {
      refuse('scenario/link', `link is "${link}", but ${receiving}.${id}.receiver is missing; it must be there`);
    }
  }
  if (link === 'entanglement' && stations.length < 2) {
    refuse('scenario/link', `link is "entanglement", but stations has one entry; both photons need a station each`);
  }
  if (!up) return;
  for (const { id, ground } of stations) {
    if (!ground) refuse('scenario/link', `link is "uplink", but stations.${id}.ground is missing; it must be there`);
  }
}

/** Stations and sites belong together in pairs; everything that has an id of its own runs as a process of that name. */
function checkSites({ satellites, stations, live }: ScenarioDocument, refuse: Refuse): void {
  const sites = live?.sites ?? [];
  checkIds('scenario/site', 'live.sites', sites, refuse);
  for (const { id, stationId } of sites) {
    if (satellites.some((satellite) => satellite.id === id)) {
      refuse('scenario/site', `live.sites.${id} has the id of a satellite; it must have its own`);
    }
    const station = stations.find((entry) => entry.id === stationId);
    if (!station) {
      const known = stations.map((entry) => entry.id).join(', ');
      refuse('scenario/site', `live.sites.${id}.stationId is "${stationId}"; it must be a station: ${known}`);
    } else if (station.siteId !== id) {
      const other = station.siteId === undefined ? 'missing' : `"${station.siteId}"`;
      refuse(
        'scenario/site',
        `live.sites.${id}.stationId is "${stationId}", but stations.${stationId}.siteId is ${other}; they must name each other`,
      );
    }
  }
  for (const { id, siteId } of stations) {
    if (siteId === undefined) continue;
    if (!sites.some((site) => site.id === siteId)) {
      const known = sites.length
        ? `it must be a site: ${sites.map((site) => site.id).join(', ')}`
        : 'there are no sites';
      refuse('scenario/station', `stations.${id}.siteId is "${siteId}"; ${known}`);
    }
    if (!sites.some((site) => site.stationId === id)) {
      refuse(
        'scenario/station',
        `stations.${id}.siteId is "${siteId}", but that site has another station; they must name each other`,
      );
    }
  }
}

function checkClock({ clock: { startUtc, endUtc } }: LiveDocument, refuse: Refuse): void {
  if (Date.parse(startUtc) < Date.parse(endUtc)) return;
  refuse('scenario/clock', `live.clock.endUtc is ${endUtc}; it must be later than live.clock.startUtc, ${startUtc}`);
}
