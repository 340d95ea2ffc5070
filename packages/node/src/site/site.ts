/** The process of one site: its receiver's end of the link, its key manager, its desk. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Alarm } from '@skykey/distill';
import { KeyRefusal, Kme } from '@skykey/kme';
import type { NodeState } from '@skykey/telemetry';
import type { PoisonReport } from '@skykey/vault';
import { loadMission, type SiteConfiguration } from '../configuration.ts';
import { NodeError } from '../error.ts';
import { loadPolicy } from '../kme/live-policy.ts';
import { importCourier } from '../link/courier.ts';
import { Link } from '../link/link.ts';
import { dialCalls } from '../link/link-service.ts';
import { sessionParameters } from '../link/session-parameters.ts';
import { MissionTime } from '../mission-time.ts';
import { openMissionVault, tendVault } from '../mission-vault.ts';
import { operations } from '../operations.ts';
import { Paced } from '../paced.ts';
import { createLog } from '../process.ts';
import { CallLine, keepLine, MAX_CALL_BYTES } from '../wire/call-line.ts';
import { listenLocally } from '../wire/http.ts';
import { serveMutualTls } from '../wire/mutual-tls.ts';
import { peerClient } from '../wire/peer-client.ts';
import { Desk, type KeyManagerCall } from './desk.ts';
import { serveDesk } from './desk-server.ts';
import { startReception } from './reception.ts';
import { readState } from './state.ts';

const TICK_MS = 500;
const REDIAL_MS = 500;
/** Room in a request for each key ID with whatever members a client adds, bytes. */
const BODY_PER_KEY_ID = 1024;
const KME_PATH = '/skykey/kme/v1';
/** Where sealed messages arrive, on the line between the sites. */
export const HOTLINE_PATH = '/skykey/hotline/v1';

export async function runSite(configuration: SiteConfiguration): Promise<{ stop: () => Promise<void> }> {
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
  const policy = loadPolicy(kmeOptions.policy);
  const log = createLog(siteId);
  const onFault = (error: unknown): void => log.error({ reason: (error as Error).message }, 'request failed');
  const onWarning = (sentence: string): void => log.warn(sentence);
  const time = new MissionTime(Date.parse(mission.live.clock.startUtc));
  const { vault: path, keyring } = configuration;
  const vault = await openMissionVault({ path, keyring, now: time.ms, nodeId: siteId });
  await time.recall(vault);
  await importCourier(vault, linkId, configuration.courier, time.ms());

  const toPeer = peerClient({
    ...{ port: peerOptions.port, peerId: peerOptions.kmeId, tls: peerOptions.tls, onWarning },
    maxAnswerBytes: MAX_CALL_BYTES,
  });
  await toPeer.ready;
  const toSatellite = new CallLine({
    peer: satellite.name,
    handle: async (message) => {
      const answer = await heard(message);
      // What it has joined is to be confirmed with the other site.
      void flush().catch(onFault);
      return answer;
    },
  });
  const kme = new Kme({
    kmeId: kmeOptions.kmeId,
    kmes: [
      { kmeId: kmeOptions.kmeId, siteId },
      { kmeId: peerOptions.kmeId, siteId: peerOptions.siteId },
    ],
    saes: kmeOptions.saes,
    policy,
    peers: [
      {
        node: peerOptions.siteId,
        link: { call: async (message) => (await toPeer.post(KME_PATH, message)).body },
      },
      { node: satellite.id, link: toSatellite },
    ],
    vault,
    uuid: randomUUID,
    random: (length) => new Uint8Array(randomBytes(length)),
    now: time.ms,
    onChange: () => changed(),
  });
  const onAlarm = async ({ message }: Alarm): Promise<PoisonReport> => {
    // The desk first: memory needs no disk.
    alarmsRaised++;
    dropDesk(siteId, linkId, message);
    const report = await kme.raiseAlarm(linkId, message);
    void flush().catch(onFault);
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
    onChange: () => changed(),
    onAlarm,
  });
  const keyManager: KeyManagerCall = async (method, path, body) => {
    const answer = await kme.handle({
      saeId: kmeOptions.deskSaeId,
      method,
      path,
      query: new URLSearchParams(),
      contentType: 'application/json',
      body: new TextEncoder().encode(body ? JSON.stringify(body) : ''),
    });
    changed();
    return { status: answer.status, body: answer.body ?? '' };
  };
  // Until the desk's page is served there is nobody to tell.
  let tellDesk = (): void => undefined;
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
      const { status, body } = await toPeer.post(HOTLINE_PATH, envelope);
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
      const [alarm] = await kme.alarms();
      if (alarm) dropDesk(alarm.foundBy, alarm.link, alarm.reason);
      // An alarm that this site has raised since is not among them.
      else if (dropped && before === alarmsRaised) {
        dropped = false;
        desk.reopen();
      }
      changed();
    },
    TICK_MS,
    onFault,
  );
  const flush = async (): Promise<void> => {
    await kme.flush();
    await alarms.now();
  };
  /** Another node has said something: an alarm, or key to be confirmed. */
  const heard = async (message: Uint8Array): Promise<Uint8Array> => {
    const answer = await kme.handlePeer(message);
    await alarms.now();
    return answer;
  };

  /** None, too, when the policy gives the two desks no key. */
  const bitsFor = async (own: string, other: string): Promise<number> => {
    try {
      return (await kme.keys.stock(own, other)).bits;
    } catch (error) {
      if (error instanceof KeyRefusal) return 0;
      throw error;
    }
  };
  const nodeDesk = operations({
    onFault,
    state: async (): Promise<NodeState> => {
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
    },
    reopen: async (wanted) => {
      if (wanted !== linkId) return false;
      await link.reopen();
      await kme.reopen(linkId);
      await flush();
      return true;
    },
  });
  const changed = (): void => nodeDesk.changed();
  const deskPage = await serveDesk(nodeDesk.server, { siteId, pages: configuration.pages, desk });
  tellDesk = deskPage.changed;

  const peerServer = await serveMutualTls({
    port: peerOptions.listenPort,
    what: 'the line between the key managers',
    tls: peerOptions.tls,
    role: 'kme',
    onFault,
    onWarning,
    bodyLimit: (_, path) => (path === KME_PATH ? MAX_CALL_BYTES : undefined),
    answer: async ({ peerId, method, path, body }) => {
      if (peerId !== peerOptions.kmeId || method !== 'POST') return { status: 401 };
      if (path === KME_PATH) return { status: 200, body: await heard(body) };
      if (path !== HOTLINE_PATH) return { status: 404 };
      try {
        await desk.receive(body);
        return { status: 200 };
      } catch (error) {
        return { status: 409, body: (error as Error).message };
      }
    },
  });
  const kmeServer = await serveMutualTls({
    port: kmeOptions.port,
    what: `the key manager of ${site.name}`,
    tls: kmeOptions.tls,
    role: 'sae',
    onFault,
    onWarning,
    bodyLimit: () => kme.limits.maxKeyPerRequest * BODY_PER_KEY_ID,
    answer: async ({ peerId, ...request }) => {
      const answer = await kme.handle({ saeId: peerId, ...request });
      changed();
      return answer;
    },
  });
  await listenLocally(nodeDesk.server, configuration.operationsPort, siteId);
  // A process that died between the two has dropped its link and not raised the alarm.
  const known = await kme.alarms();
  if (link.alarm && !known.some((alarm) => alarm.link === linkId && alarm.foundBy === siteId)) {
    await link.raiseAlarm(link.alarm);
  }
  await alarms.now();
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
    onUp: () => void flush().catch(onFault),
    redialMs: REDIAL_MS,
  });
  const stopTending = tendVault(vault, log);
  const ticking = setInterval(() => void flush().catch(onFault), TICK_MS);
  return {
    async stop() {
      clearInterval(ticking);
      stopTending();
      stopReception();
      stopLine();
      deskPage.close();
      await Promise.all([peerServer.close(), kmeServer.close(), nodeDesk.close(), alarms.stop()]);
      toPeer.close();
      await vault.close();
    },
  };
}
