/** The process of one site: its receiver's end of the link and its desk, in one house with its key manager. */
import { randomBytes } from 'node:crypto';
import type { Alarm } from '@skykey/distill';
import { KeyRefusal } from '@skykey/kme';
import type { NodeState } from '@skykey/telemetry';
import type { PoisonReport } from '@skykey/vault';
import { loadMission, type SiteConfiguration } from '../configuration.ts';
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
import { CallLine, keepLine } from '../wire/call-line.ts';
import { Desk, type KeyManagerCall } from './desk.ts';
import { serveDesk } from './desk-server.ts';
import { MissionContacts, type PlanContacts } from './mission-contacts.ts';
import { missionNetwork } from './mission-network.ts';
import { startReception } from './reception.ts';
import { readState } from './state.ts';

/** At most this often the desk is told of alarms unasked. */
const ALARMS_MS = 500;
const REDIAL_MS = 500;
/** Where sealed messages arrive, on the line between the sites. */
export const HOTLINE_PATH = '/skykey/hotline/v1';

export interface SiteOptions {
  /** For forecasts; there are none without it. */
  readonly planContacts?: PlanContacts;
}

export async function runSite(
  configuration: SiteConfiguration,
  { planContacts }: SiteOptions = {},
): Promise<{ stop: () => Promise<void> }> {
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
  // Until its pages are served there is nobody to tell.
  let tellDesk = (): void => undefined;
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
    alarmsRaised++;
    dropDesk(siteId, linkId, message);
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
  const desk = new Desk({
    siteId,
    name: site.name,
    peerName: peerSite.name,
    self: { deskId: kmeOptions.deskSaeId, accepts: site.accepts },
    peer: { deskId: kmeOptions.peerDeskSaeId, accepts: peerSite.accepts },
    peerSaeId: kmeOptions.peerDeskSaeId,
    suite: site.suite,
    conversationId: configuration.conversationId,
    vault,
    keyManager,
    carry: async (envelope) => {
      const { status, body } = await household.post(peerOptions.siteId, HOTLINE_PATH, envelope);
      if (status !== 200)
        throw new NodeError('node/refused', `${peerSite.name} refused the message: ${new TextDecoder().decode(body)}`);
    },
    missionMs: time.ms,
    onChange: () => tellDesk(),
  });

  /** What the key manager knows of alarms, the desk must know before anything else leaves. */
  let dropped = false;
  let alarmsRaised = 0;
  const names = new Map([site, peerSite, satellite].map(({ id, name }) => [id, name]));
  const dropDesk = (foundBy: string, onLink: string, reason: string): void => {
    if (dropped) return;
    dropped = true;
    desk.drop(
      `${names.get(foundBy) ?? foundBy} found an alarm on the quantum link ${onLink}: ${reason}. Its undelivered keys are destroyed and nothing leaves. ` +
        'When the cause is gone, the operator reopens the link in the console.',
    );
  };
  const alarms = new Paced(
    async () => {
      const before = alarmsRaised;
      const [alarm] = await household.kme.alarms();
      if (alarm) dropDesk(alarm.foundBy, alarm.link, alarm.reason);
      // An alarm that this site has raised since is not among them.
      else if (dropped && before === alarmsRaised) {
        dropped = false;
        desk.reopen();
      }
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
    desk.stocked(await bitsFor(deskSaeId, peerDeskSaeId));
    return vault.atomically(async (tx) => ({
      kind: 'site',
      nodeId: siteId,
      name: site.name,
      ...(await readState(tx, { link, satelliteId: satellite.id, siteId, peerSiteId: peerOptions.siteId })),
      kmeUrl: `https://127.0.0.1:${port}`,
      kmeId,
    }));
  };
  const receive = async (body: Uint8Array): Promise<PostAnswer> => {
    try {
      await desk.receive(body);
      return { status: 200 };
    } catch (error) {
      return { status: 409, body: (error as Error).message };
    }
  };
  const resident: Resident = {
    changed: () => tellOperator(),
    heard: () => alarms.now(),
    reopen: (wanted) => (wanted === linkId ? link.reopen() : Promise.resolve()),
    posts: new Map([[HOTLINE_PATH, (_, body) => receive(body)]]),
    async serve(server) {
      const node = tellNode(server, { state, onFault });
      tellOperator = node.changed;
      const page = await serveDesk(server, { siteId, pages: configuration.pages, desk });
      tellDesk = page.changed;
      closing.push(page.close, node.close);
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
      await running.stop();
      await alarms.stop();
      await vault.close();
    },
  };
}
