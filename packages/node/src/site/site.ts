/** The process of one site: its receiver's end of the link, its key manager, its desk. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Alarm } from '@skykey/distill';
import { Kme, keyLane, relayLane } from '@skykey/kme';
import type { NodeState, RelayState, SiteState } from '@skykey/telemetry';
import { Vault } from '@skykey/vault';
import { loadMission, type SiteConfiguration } from '../configuration.ts';
import { NodeError } from '../error.ts';
import { importCourier } from '../link/courier.ts';
import { Link } from '../link/link.ts';
import { sessionParameters } from '../link/session-parameters.ts';
import { MissionTime } from '../mission-time.ts';
import { operations } from '../operations.ts';
import { createLog } from '../process.ts';
import { listenLocally } from '../wire/http.ts';
import { serveMutualTls } from '../wire/mutual-tls.ts';
import { peerClient } from '../wire/peer-client.ts';
import { Desk, type KeyManagerCall } from './desk.ts';
import { serveDesk } from './desk-server.ts';
import { startReception } from './reception.ts';
import { listenForRelays } from './relay-line.ts';

const TICK_MS = 500;
const KME_PATH = '/skykey/kme/v1';
/** Where sealed messages arrive, on the line between the sites. */
export const HOTLINE_PATH = '/skykey/hotline/v1';
const SHOWN_RELAYS = 20;

export async function runSite(configuration: SiteConfiguration): Promise<{ stop: () => Promise<void> }> {
  const { nodeId: siteId, kme: kmeOptions, peer: peerOptions } = configuration;
  const mission = loadMission(configuration.scenario);
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
  const log = createLog(siteId);
  const time = new MissionTime(Date.parse(mission.live.clock.startUtc));
  const vault = Vault.open({ path: configuration.vault, now: time.ms });
  time.recall(vault);
  importCourier(vault, station.linkId, configuration.courier, time.ms());

  const onWarning = (sentence: string): void => log.warn(sentence);
  const toPeer = peerClient({ port: peerOptions.port, peerId: peerOptions.kmeId, tls: peerOptions.tls, onWarning });
  await toPeer.ready;
  const kme = new Kme({
    kmeId: kmeOptions.kmeId,
    siteId,
    peerKmeId: peerOptions.kmeId,
    peerSiteId: peerOptions.siteId,
    links: mission.stations.map(({ linkId }) => linkId),
    saes: kmeOptions.saes,
    pairs: saePairs(configuration),
    vault,
    peer: { call: async (message) => (await toPeer.post(KME_PATH, message)).body },
    uuid: randomUUID,
    now: time.ms,
  });
  const link = new Link({
    linkId: station.linkId,
    peer: mission.satellite.id,
    vault,
    random: (length) => new Uint8Array(randomBytes(length)),
    pulseRateHz: mission.source.pulseRateHz,
    expectedQber: mission.live.expectedQber.value,
    hardQber: mission.live.hardQber.value,
    missionMs: time.ms,
    route: [mission.satellite.id, siteId],
    onChange: () => changed(),
    onAlarm: (alarm: Alarm) => {
      kme.raiseAlarm(station.linkId, alarm.message);
      followAlarms();
      void kme.flush();
    },
  });
  const sendLane = keyLane(siteId, peerOptions.siteId);
  const receiveLane = keyLane(peerOptions.siteId, siteId);
  const keyManager: KeyManagerCall = async (method, path, body) => {
    const answer = await kme.handle({
      saeId: kmeOptions.deskSaeId,
      method,
      path,
      query: new URLSearchParams(),
      contentType: 'application/json',
      body: new TextEncoder().encode(body ? JSON.stringify(body) : ''),
    });
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
    sendBits: () => (kme.alarms().length ? 0 : vault.available(sendLane) * 8),
    onChange: () => tellDesk(),
  });

  /** What the key manager knows of alarms, the desk must know before anything else leaves. */
  let dropped = false;
  const followAlarms = (): void => {
    const [alarm] = kme.alarms();
    if (alarm && !dropped) {
      const finder = alarm.foundBy === 'this site' ? site.name : peerSite.name;
      desk.drop(
        `${finder} found an alarm on the quantum link ${alarm.link}: ${alarm.reason}. Its undelivered keys are destroyed and nothing leaves. ` +
          'When the cause is gone, the operator reopens the link in the console.',
      );
    }
    if (!alarm && dropped) desk.reopen();
    dropped = alarm !== undefined;
    changed();
  };

  const state = (): NodeState => {
    const counters = vault.counters();
    return {
      kind: 'site',
      nodeId: siteId,
      name: site.name,
      link: link.state(),
      stock: {
        linkBits: vault.available(relayLane(station.linkId)) * 8,
        sendBits: vault.available(sendLane) * 8,
        receiveBits: vault.available(receiveLane) * 8,
        ...counters,
      },
      relays: relayStates(vault),
      kmeUrl: `https://127.0.0.1:${kmeOptions.port}`,
      kmeId: kmeOptions.kmeId,
      journal: vault.journal.list(50),
    } satisfies SiteState;
  };
  const nodeDesk = operations({
    state,
    reopen: async (linkId) => {
      if (linkId !== station.linkId) return false;
      link.reopen();
      kme.reopen(linkId);
      followAlarms();
      await kme.flush();
      return true;
    },
  });
  const changed = (): void => nodeDesk.changed();
  const deskPage = await serveDesk(nodeDesk.server, { siteId, pages: configuration.pages, desk });
  tellDesk = deskPage.changed;

  const onFault = (error: unknown): void => log.error({ reason: (error as Error).message }, 'request failed');
  const peerServer = await serveMutualTls({
    port: peerOptions.listenPort,
    what: 'the line between the key managers',
    tls: peerOptions.tls,
    role: 'kme',
    onFault,
    onWarning,
    answer: async ({ peerId, method, path, body }) => {
      if (peerId !== peerOptions.kmeId || method !== 'POST') return { status: 401 };
      if (path === KME_PATH) {
        const answer = await kme.handlePeer(body);
        followAlarms();
        desk.stockChanged();
        return { status: 200, body: answer };
      }
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
    answer: async ({ peerId, ...request }) => {
      const answer = await kme.handle({ saeId: peerId, ...request });
      desk.stockChanged();
      changed();
      return answer;
    },
  });
  await listenLocally(nodeDesk.server, configuration.operationsPort, siteId);
  followAlarms();
  const stopReception = startReception({
    receiver: configuration.receiver,
    stationId: station.id,
    linkId: station.linkId,
    satellitePort: configuration.satellitePort,
    link,
    parameters: ({ passId, pulses }) =>
      sessionParameters(mission, { sessionId: passId, linkId: station.linkId, pulses }),
    vault,
    time,
    log,
  });
  const stopListening = listenForRelays({
    siteId,
    linkId: station.linkId,
    satellitePort: configuration.satellitePort,
    vault,
    log,
    onRelay: async () => {
      await kme.flush();
      desk.stockChanged();
      changed();
    },
  });
  const ticking = setInterval(() => {
    void kme.flush().then(() => {
      followAlarms();
      desk.stockChanged();
    });
    vault.scrub();
  }, TICK_MS);
  return {
    async stop() {
      clearInterval(ticking);
      stopReception();
      stopListening();
      deskPage.close();
      await Promise.all([peerServer.close(), kmeServer.close(), nodeDesk.close()]);
      toPeer.close();
      vault.close();
    },
  };
}

/** Applications of this site and of the other that may share keys: the two desks, and the ordinary SAEs. */
function saePairs({ kme, peer }: SiteConfiguration): { local: string; remote: string }[] {
  const others = (kmeId: string, desk: string): string[] =>
    kme.saes.filter((sae) => sae.kmeId === kmeId && sae.saeId !== desk).map(({ saeId }) => saeId);
  const pairs = others(kme.kmeId, kme.deskSaeId).flatMap((local) =>
    others(peer.kmeId, kme.peerDeskSaeId).map((remote) => ({ local, remote })),
  );
  return [{ local: kme.deskSaeId, remote: kme.peerDeskSaeId }, ...pairs];
}

function relayStates(vault: Vault): RelayState[] {
  return vault.blocks('relay:', SHOWN_RELAYS).map((block) => ({
    relayId: block.blockId.slice('relay:'.length),
    utcMs: block.changedAtMs,
    route: block.labels.route,
    bits: block.bytes * 8,
    state:
      block.poisoned || block.state === 'discarded'
        ? 'poisoned'
        : block.state === 'released'
          ? 'confirmed'
          : 'announced',
  }));
}
