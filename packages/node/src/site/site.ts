/** The process of one site: its receiver's end of the link and its desk, in one house with its key manager. */
import { randomBytes } from 'node:crypto';
import type { Alarm } from '@skykey/distill';
import { type AlarmClass, KeyRefusal } from '@skykey/kme';
import type { NodeState } from '@skykey/telemetry';
import type { PoisonReport } from '@skykey/vault';
import { loadMission, type SiteConfiguration } from '../configuration.ts';
import { postLine } from '../desk/post-line.ts';
import { type KeyManagerCall, siteKeys } from '../desk/site-keys.ts';
import { startDesk } from '../desk/start-desk.ts';
import { NodeError } from '../error.ts';
import { KmeMetrics } from '../kme/metrics.ts';
import type { Household, PostAnswer, Resident } from '../kme/resident.ts';
import { startKme } from '../kme/start-kme.ts';
import { importCourier } from '../link/courier.ts';
import { Link } from '../link/link.ts';
import { dialCalls } from '../link/link-service.ts';
import { sessionParameters } from '../link/session-parameters.ts';
import { MissionTime } from '../mission-time.ts';
import { openMissionVault } from '../mission-vault.ts';
import { tellNode } from '../operations.ts';
import { Paced } from '../paced.ts';
import { createLog } from '../process.ts';
import { overwriteFreed } from '../sweep.ts';
import { CallLine, keepLine } from '../wire/call-line.ts';
import { MissionContacts, type PlanContacts } from './mission-contacts.ts';
import { missionNetwork } from './mission-network.ts';
import { startReception } from './reception.ts';
import { readState } from './state.ts';

/** At most this often the desk is told of alarms unasked. */
const ALARMS_MS = 500;
const REDIAL_MS = 500;
/** Where sealed messages arrive, on the line between the sites. */
export const HOTLINE_PATH = '/skykey/hotline/v2';

export interface SiteOptions {
  /** For forecasts; there are none without it. */
  readonly planContacts?: PlanContacts;
}

export async function runSite(
  configuration: SiteConfiguration,
  { planContacts }: SiteOptions = {},
): Promise<{ stop: () => Promise<void> }> {
  overwriteFreed();
  const { nodeId: siteId, kme: kmeOptions, peer: peerOptions } = configuration;
  const mission = loadMission(configuration.scenario);
  const { satellite } = mission;
  const { sites } = mission.live;
  const site = sites.find(({ id }) => id === siteId);
  const peerSite = sites.find(({ id }) => id === peerOptions.siteId);
  const station = mission.stations.find((entry) => entry.siteId === siteId);
  if (!site || !peerSite || !station) {
    throw new NodeError(
      'node/site',
      `the scenario ${mission.id} does not hold both ${siteId} and ${peerOptions.siteId}`,
    );
  }
  const { linkId } = station;
  const log = createLog(siteId);
  const onFault = (error: unknown): void => log.error({ reason: (error as Error).message }, 'request failed');
  const time = new MissionTime(Date.parse(mission.live.clock.startUtc));
  const metrics = new KmeMetrics();
  const watch = { onTransaction: () => metrics.transaction(), onCommit: () => metrics.commit() };
  const { vault: path, keyring } = configuration;
  const vault = await openMissionVault({ path, keyring, now: time.ms, nodeId: siteId, watch });
  await time.recall(vault);
  await importCourier(vault, linkId, configuration.courier, time.ms());

  // The key manager is there before anybody can call, reach or tap this site.
  let household!: Household;
  let isHome = false;
  // Until its pages are served there is nobody to tell.
  let tellOperator = (): void => undefined;
  const closing: (() => Promise<void> | void)[] = [];
  const toSatellite = new CallLine({
    peer: satellite.name,
    handle: async (message) => {
      const answer = await household.hear(message);
      // What it has joined is to be confirmed with the other site.
      void household.round();
      return answer;
    },
  });
  const onAlarm = async ({ message }: Alarm): Promise<PoisonReport> => {
    // The desk first: memory needs no disk.
    void dropDesk(siteId, linkId, message).catch(onFault);
    const report = await household.kme.raiseAlarm(linkId, message);
    void household.round();
    return report;
  };
  const link = await Link.open({
    linkId,
    satelliteId: satellite.id,
    siteId,
    peer: satellite.id,
    vault,
    random: (length) => new Uint8Array(randomBytes(length)),
    pulseRateHz: mission.source.pulseRateHz,
    expectedQber: mission.live.expectedQber.value,
    hardQber: mission.live.hardQber.value,
    missionMs: time.ms,
    onChange: () => tellOperator(),
    onAlarm,
  });
  const keyManager: KeyManagerCall = async (method, path, body) => {
    if (!isHome) return { status: 503, body: '{"message":"the key manager is starting"}' };
    const answer = await household.ask({
      saeId: kmeOptions.deskSaeId,
      method,
      path,
      query: new URLSearchParams(),
      contentType: 'application/json',
      body: new TextEncoder().encode(body ? JSON.stringify(body) : ''),
    });
    return { status: answer.status, body: answer.body ?? '' };
  };
  const { desk, stop: stopDesk } = await startDesk({
    ...{ siteId, ownName: site.name, peerName: peerSite.name, pages: configuration.pages },
    configuration: configuration.desk,
    ownId: kmeOptions.deskSaeId,
    peerId: kmeOptions.peerDeskSaeId,
    conversationId: configuration.conversationId,
    keys: siteKeys(keyManager, kmeOptions.peerDeskSaeId, `via ${satellite.id}`),
    // Before the key manager stands, nobody can be reached: what the desk says then, it says again.
    post: postLine(async (bytes) => isHome && household.post(peerOptions.siteId, HOTLINE_PATH, bytes)),
    // The key manager has poisoned what rests on the link before the desk hears of it.
    quarantine: () => undefined,
    journal: (text) =>
      void vault
        .atomically((tx) => tx.journal.append({ severity: 'warning', text: `desk: ${text}`, utcMs: time.ms() }))
        .catch(() => undefined),
  });

  /**
   * What the key manager knows of alarms, the desk must know before anything else leaves. Errors alone do not tell what made
   * them: where nobody has told more, it is taken for tapping.
   */
  const known = new Set<string>();
  const names = new Map([site, peerSite, satellite].map(({ id, name }) => [id, name]));
  const dropDesk = (foundBy: string, link: string, reason: string, found: AlarmClass = 'tap'): Promise<void> => {
    const alarm = `${foundBy} ${link} ${reason}`;
    if (known.has(alarm)) return Promise.resolve();
    known.add(alarm);
    return desk.alarm({ class: found, foundBy: names.get(foundBy) ?? foundBy, link, reason });
  };
  const alarms = new Paced(
    async () => {
      const standing = await household.kme.alarms();
      for (const alarm of standing) await dropDesk(alarm.foundBy, alarm.link, alarm.reason, alarm.class);
      // Taken back by an operator: the same one may be found again. The desk waits for its approvers.
      if (standing.length === 0) known.clear();
      tellOperator();
    },
    ALARMS_MS,
    onFault,
  );

  /** None, too, when the policy gives the two desks no key. */
  const bitsFor = async (own: string, other: string): Promise<number> => {
    try {
      return (await household.kme.keys.stock(own, other)).bits;
    } catch (error) {
      if (error instanceof KeyRefusal) return 0;
      throw error;
    }
  };
  const state = async (): Promise<NodeState> => {
    const { kmeId, deskSaeId, peerDeskSaeId, port } = kmeOptions;
    const read = await vault.atomically((tx) =>
      readState(tx, { link, satelliteId: satellite.id, siteId, peerSiteId: peerOptions.siteId }),
    );
    await desk.stock(await bitsFor(deskSaeId, peerDeskSaeId), read.stock.receiveBits).catch(onFault);
    return {
      kind: 'site',
      nodeId: siteId,
      name: site.name,
      ...read,
      kmeUrl: `https://127.0.0.1:${port}`,
      kmeId,
    };
  };
  const receive = async (body: Uint8Array): Promise<PostAnswer> => {
    await desk.arrive(body);
    return { status: 200 };
  };
  const resident: Resident = {
    changed: () => tellOperator(),
    heard: () => alarms.now(),
    reopen: (wanted) => (wanted === linkId ? link.reopen() : Promise.resolve()),
    posts: new Map([[HOTLINE_PATH, (_, body) => receive(body)]]),
    async serve(server) {
      const node = tellNode(server, { state, onFault });
      tellOperator = node.changed;
      closing.push(node.close);
    },
  };

  const contacts = planContacts && new MissionContacts(configuration.scenario, mission, planContacts, onFault);
  const running = await startKme({
    ...{
      kmeId: kmeOptions.kmeId,
      processId: siteId,
      shared: false,
      vault,
      metrics,
      log,
      now: time.ms,
      wallMs: Date.now,
    },
    ...{ network: missionNetwork(mission, configuration), policyFile: kmeOptions.policy },
    ...{ staleList: 'warn', identity: undefined, skip: undefined, etsi020: undefined },
    listen: {
      host: '127.0.0.1',
      etsi014: kmeOptions.port,
      etsi004: kmeOptions.etsi004Port,
      peers: peerOptions.listenPort,
      operations: configuration.operationsPort,
    },
    tls: { saes: kmeOptions.tls, kmes: peerOptions.tls },
    nodes: [{ node: satellite.id, link: toSatellite }],
    ...(contacts && { contacts: () => contacts.at(time.ms()) }),
    resident: async (found) => {
      household = found;
      isHome = true;
      // A process that died between the two has dropped its link and not raised the alarm.
      const known = await household.kme.alarms();
      if (link.alarm && !known.some((alarm) => alarm.link === linkId && alarm.foundBy === siteId))
        await link.raiseAlarm(link.alarm);
      await alarms.now();
      return resident;
    },
  });
  const stopReception = startReception({
    receiver: configuration.receiver,
    stationId: station.id,
    linkId,
    satellitePort: configuration.satellitePort,
    link,
    parameters: ({ passId, pulses }) => sessionParameters(mission, { sessionId: passId, linkId, pulses }),
    vault,
    time,
    log,
  });
  const stopLine = keepLine(toSatellite, () => dialCalls(configuration.satellitePort, linkId), {
    onUp: () => void household.round(),
    redialMs: REDIAL_MS,
  });
  return {
    async stop() {
      stopReception();
      stopLine();
      for (const close of closing) await close();
      await stopDesk();
      await running.stop();
      await alarms.stop();
      await vault.close();
    },
  };
}
