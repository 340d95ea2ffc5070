/** The process of a satellite: sessions with its stations, and the trusted relay between them. */
import { randomBytes } from 'node:crypto';
import type { NodeState } from '@skykey/telemetry';
import { loadMission, type SatelliteConfiguration } from '../configuration.ts';
import { importCourier } from '../link/courier.ts';
import { isGone, Link } from '../link/link.ts';
import { serveLinks } from '../link/link-service.ts';
import { sessionParameters } from '../link/session-parameters.ts';
import { MissionTime } from '../mission-time.ts';
import { openMissionVault, tendVault } from '../mission-vault.ts';
import { operations } from '../operations.ts';
import { createLog } from '../process.ts';
import { CallLine } from '../wire/call-line.ts';
import { openTransmitter, type PassAnnouncement, type TransmitterDevice } from '../wire/devices.ts';
import type { FrameSocket } from '../wire/frames.ts';
import { listenLocally } from '../wire/http.ts';
import { Relaying } from './relaying.ts';

/** How long a station's connection waits for the transmitter to announce its pass, ms. */
const ANNOUNCE_LIMIT_MS = 15_000;
const RECONNECT_MS = 500;
const SHOWN_ENTRIES = 50;

export async function runSatellite(configuration: SatelliteConfiguration): Promise<{ stop: () => Promise<void> }> {
  const mission = loadMission(configuration.scenario);
  const log = createLog(configuration.nodeId);
  const time = new MissionTime(Date.parse(mission.live.clock.startUtc));
  const { vault: path, keyring } = configuration;
  const { satellite, stations } = mission;
  const vault = await openMissionVault({ path, keyring, now: time.ms, nodeId: satellite.id });
  await time.recall(vault);
  for (const [linkId, file] of Object.entries(configuration.couriers)) {
    await importCourier(vault, linkId, file, time.ms());
  }
  const onFault = (error: unknown): void => log.error({ reason: (error as Error).message }, 'request failed');

  // Until the desk is there, there is nobody to tell.
  let changed = (): void => undefined;
  const lines = new Map(
    stations.map(({ linkId, siteId }) => [
      linkId,
      new CallLine({ peer: siteId, handle: (message) => relaying.handle(message) }),
    ]),
  );
  const relaying = new Relaying({
    vault,
    satelliteId: satellite.id,
    sites: stations
      .filter(({ siteId }, i) => stations.findIndex((other) => other.siteId === siteId) === i)
      .map(({ siteId, linkId }) => ({ siteId, line: lines.get(linkId)! })),
    missionMs: time.ms,
    onChange: () => changed(),
    onFault,
  });
  const links = new Map<string, Link>();
  for (const { linkId, siteId } of stations) {
    const link = await Link.open({
      linkId,
      satelliteId: satellite.id,
      siteId,
      peer: siteId,
      vault,
      random: (length) => new Uint8Array(randomBytes(length)),
      pulseRateHz: mission.source.pulseRateHz,
      expectedQber: mission.live.expectedQber.value,
      hardQber: mission.live.hardQber.value,
      missionMs: time.ms,
      onChange: () => changed(),
      onAlarm: ({ message }) => relaying.raiseAlarm(linkId, message),
    });
    links.set(linkId, link);
  }
  const desk = operations({
    onFault,
    state: () =>
      vault.atomically(async (tx): Promise<NodeState> => {
        const states = [];
        for (const link of links.values()) states.push(await link.state(tx));
        return {
          kind: 'satellite',
          nodeId: configuration.nodeId,
          name: satellite.name,
          links: states,
          relays: await relaying.states(tx),
          journal: await tx.journal.list(SHOWN_ENTRIES),
        };
      }),
    reopen: async (linkId) => {
      const link = links.get(linkId);
      await link?.reopen();
      if (link) await relaying.reopen(linkId);
      return link !== undefined;
    },
  });
  changed = desk.changed;

  const announced = new Map<string, PassAnnouncement>();
  let wake: (() => void) | undefined;
  let device: TransmitterDevice | undefined;
  let stopped = false;

  /** Follows the transmitter for as long as this process lives; a sky that restarts is found again. */
  const follow = async (): Promise<void> => {
    while (!stopped) {
      try {
        device = await openTransmitter(
          configuration.transmitter.port,
          mission.satellite.id,
          configuration.transmitter.token,
        );
        time.follow(device.missionMs);
        for (;;) {
          const pass = await device.nextPass();
          announced.set(pass.passId, pass);
          for (const passId of [...announced.keys()].slice(0, -8)) announced.delete(passId);
          wake?.();
        }
      } catch (error) {
        log.warn({ reason: (error as Error).message }, 'transmitter lost');
        device?.close();
        device = undefined;
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      }
    }
  };

  const announcement = async (passId: string): Promise<PassAnnouncement | undefined> => {
    const deadline = Date.now() + ANNOUNCE_LIMIT_MS;
    while (!announced.has(passId) && Date.now() < deadline) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return announced.get(passId);
  };

  const session = async (channel: FrameSocket, linkId: string, sessionId: string): Promise<void> => {
    const link = links.get(linkId);
    if (!link || link.dropped) return;
    const pass = await announcement(sessionId);
    const transmitter = device;
    if (!pass || pass.linkId !== linkId || !transmitter) return;
    if (link.running !== null) {
      log.warn({ linkId, sessionId, running: link.running }, 'session refused: one of this link is running');
      return;
    }
    try {
      const report = await link.runSatellite(
        sessionParameters(mission, { sessionId, linkId, pulses: pass.pulses }),
        channel,
        (slots) => transmitter.emissions(sessionId, slots),
      );
      log.info({ linkId, sessionId, verdict: report.verdict, secretBits: report.secretBits }, 'session ended');
      await time.remember(vault);
      relaying.wake();
    } catch (error) {
      if (!isGone(error)) log.error({ linkId, sessionId, reason: (error as Error).message }, 'session failed');
    }
  };

  const calls = async (channel: FrameSocket, linkId: string): Promise<void> => {
    const line = lines.get(linkId);
    if (!line) return;
    const ended = line.attach(channel);
    relaying.wake();
    await ended;
  };

  const service = await serveLinks(configuration.linkPort, { session, calls });
  await listenLocally(desk.server, configuration.operationsPort, configuration.nodeId);
  // A process that died between the two has dropped its link and not raised the alarm.
  for (const [linkId, link] of links) {
    if (link.alarm && !(await relaying.hasRaised(linkId))) await link.raiseAlarm(link.alarm);
  }
  void follow();
  relaying.wake();
  const stopTending = tendVault(vault, log);
  return {
    async stop() {
      stopped = true;
      stopTending();
      service.close();
      device?.close();
      await relaying.stop();
      await desk.close();
      await vault.close();
    },
  };
}
