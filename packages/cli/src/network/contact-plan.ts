/** From a network and the sky over it to what a study needs: contacts with their realisations, and when satellites can talk. */
import { type Contact, steadyContacts, type TalkWindow } from '@skykey/kme';
import { loadScenario, type NetworkFile, type StudyScene, topologyOf } from '@skykey/node';
import { contacts as contactsOf } from '@skykey/planner';
import { CliError } from '../error.ts';

export interface ContactPlanRequest {
  readonly network: NetworkFile;
  readonly realisations: number;
  readonly days: number;
  readonly seed: number;
  readonly onProgress: (fraction: number, what: string) => void;
}

const HOUR_MS = 3_600_000;
const DAY_H = 24;
/** From the last photon to a block at both ends; assumed. */
const DISTIL_MS = 30_000;
/** So long a station still hears the satellite after the light; assumed. */
const FAREWELL_MS = 60_000;
const ISSUE_EVERY_H = 6;
const TARGET_EVERY_H = 2;
/** Eight keys of 256 bits. */
const READY_BITS = 2048;

/** Throws as `contacts` of the planner; CliError for a network that does not fit its scenario. */
export function studyScene({ network, realisations, days, seed, onProgress }: ContactPlanRequest): StudyScene {
  const scenario = loadScenario(network.scenario);
  const known = new Set(
    [...scenario.satellites, ...scenario.stations.map(({ station }) => station)].map(({ id }) => id),
  );
  const stranger = network.nodes.find(({ id, kind }) => kind !== 'ground-segment' && !known.has(id));
  if (stranger) {
    throw new CliError(
      'cli/network',
      `the network has the node ${stranger.id}, which the scenario ${scenario.id} has not; correct one of the two`,
    );
  }
  const startMs = Date.parse(network.startUtc);
  const endMs = startMs + DAY_H * HOUR_MS;
  const all = realisations + days;
  const services = contactsOf({
    ...{ scenario, fromMs: startMs, toMs: endMs, realisations: all, seed, objective: 'fair', blocks: 'pass' },
    onProgress: ({ stage, fraction }) => onProgress(fraction, stage),
  });
  const meetings = services.map(({ satelliteId, stationIds }) => ({ satelliteId, stationId: stationIds[0]! }));
  const { epsSec, epsCor, proof } = scenario.document.protocol;
  const quality = { epsSec: epsSec.value, epsCor: epsCor.value, proof: proof.value };
  const contacts: Contact[] = [
    ...services.map(({ satelliteId, stationIds, startMs: from, endMs: to, bits }) => ({
      link: `${satelliteId}-${stationIds[0]}`,
      ...{ startMs: from, endMs: to, readyMs: Math.ceil(to) + DISTIL_MS, bits },
    })),
    ...network.fibres.flatMap(({ id, bits, everyH }) =>
      steadyContacts(id, { bits, everyMs: everyH * HOUR_MS }, { fromMs: startMs, toMs: endMs }, all),
    ),
  ].filter(({ readyMs }) => readyMs <= endMs);
  const talks = new Map<string, TalkWindow[]>();
  for (const { satelliteId, startMs: from, endMs: to } of services) {
    talks.set(satelliteId, [...(talks.get(satelliteId) ?? []), { startMs: from, endMs: Math.ceil(to) + FAREWELL_MS }]);
  }
  return {
    ...{ network, topology: topologyOf(network, meetings, quality), quality, talks, contacts, realisations },
    ...{ startMs, endMs, issueEveryH: ISSUE_EVERY_H, targetEveryH: TARGET_EVERY_H, readyBits: READY_BITS, seed },
  };
}
