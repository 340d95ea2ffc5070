/** The process of a satellite: sessions with its stations, and the trusted relay between them. */
import { randomBytes } from 'node:crypto';
import type { Alarm } from '@skykey/distill';
import type { NodeState, RelayState } from '@skykey/telemetry';
import { Vault } from '@skykey/vault';
import { loadMission, type SatelliteConfiguration } from '../configuration.ts';
import { importCourier } from '../link/courier.ts';
import { isGone, Link } from '../link/link.ts';
import { serveLinks } from '../link/link-service.ts';
import { sessionParameters } from '../link/session-parameters.ts';
import { MissionTime } from '../mission-time.ts';
import { operations } from '../operations.ts';
import { createLog } from '../process.ts';
import { openTransmitter, type PassAnnouncement, type TransmitterDevice } from '../wire/devices.ts';
import type { FrameSocket } from '../wire/frames.ts';
import { listenLocally } from '../wire/http.ts';
import { SatelliteRelay } from './satellite-relay.ts';

/** How long a station's connection waits for the transmitter to announce its pass, ms. */
const ANNOUNCE_LIMIT_MS = 15_000;
const TICK_MS = 1000;
const RECONNECT_MS = 500;

export async function runSatellite(configuration: SatelliteConfiguration): Promise<{ stop: () => Promise<void> }> {
  const mission = loadMission(configuration.scenario);
  const log = createLog(configuration.nodeId);
  const time = new MissionTime(Date.parse(mission.live.clock.startUtc));
  const vault = Vault.open({ path: configuration.vault, now: time.ms });
  time.recall(vault);
  for (const [linkId, file] of Object.entries(configuration.couriers)) importCourier(vault, linkId, file, time.ms());

  const links = new Map<string, Link>();
  const onAlarm = (linkId: string, alarm: Alarm): void => {
    const { bits } = vault.poison(linkId, alarm.message);
    vault.journal.append({
      severity: 'alarm',
      text: `${linkId}: ${alarm.message}. ${bits} undelivered bits were poisoned`,
      utcMs: time.ms(),
    });
  };
  for (const station of mission.stations) {
    links.set(
      station.linkId,
      new Link({
        linkId: station.linkId,
        peer: station.siteId,
        vault,
        random: (length) => new Uint8Array(randomBytes(length)),
        pulseRateHz: mission.source.pulseRateHz,
        expectedQber: mission.live.expectedQber.value,
        hardQber: mission.live.hardQber.value,
        missionMs: time.ms,
        route: [mission.satellite.id, station.siteId],
        onChange: () => changed(),
        onAlarm: (alarm) => onAlarm(station.linkId, alarm),
      }),
    );
  }
  const relay = new SatelliteRelay({
    vault,
    stations: mission.stations,
    satelliteId: mission.satellite.id,
    missionMs: time.ms,
    onChange: () => changed(),
  });
  const state = (): NodeState => ({
    kind: 'satellite',
    nodeId: configuration.nodeId,
    name: mission.satellite.name,
    links: [...links.values()].map((link) => link.state()),
    relays: relay.states() satisfies RelayState[],
    journal: vault.journal.list(50),
  });
  const desk = operations({
    state,
    reopen: async (linkId) => {
      const link = links.get(linkId);
      link?.reopen();
      return link !== undefined;
    },
  });
  const changed = (): void => desk.changed();

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

  /** Not while a session runs: both take pads of its link, and one of the two would fail. Its end comes here again. */
  const announceRelays = (): void => {
    if ([...links.values()].every((link) => link.state().state !== 'session')) relay.announce();
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
      time.remember(vault);
      announceRelays();
    } catch (error) {
      if (!isGone(error)) log.error({ linkId, sessionId, reason: (error as Error).message }, 'session failed');
    }
  };

  const service = await serveLinks(configuration.linkPort, {
    session,
    relay: (channel, linkId) => relay.serve(channel, linkId),
  });
  await listenLocally(desk.server, configuration.operationsPort, configuration.nodeId);
  void follow();
  announceRelays();
  const ticking = setInterval(() => vault.scrub(), TICK_MS);
  return {
    async stop() {
      stopped = true;
      clearInterval(ticking);
      service.close();
      device?.close();
      await desk.close();
      vault.close();
    },
  };
}
