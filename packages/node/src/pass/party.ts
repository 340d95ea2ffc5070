/**
 * One party of `skykey pass`, a process of its own: its device, its vault, its end of the link, and nothing of the
 * other side's. Started by the harness in pass.ts, which speaks to it over the process channel.
 */
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { SessionReport } from '@skykey/distill';
import { DIRECT, keyLane } from '@skykey/kme';
import type { Vault } from '@skykey/vault';
import { loadMission } from '../configuration.ts';
import { importCourier } from '../link/courier.ts';
import { Link } from '../link/link.ts';
import { sessionParameters } from '../link/session-parameters.ts';
import { MissionTime } from '../mission-time.ts';
import { openMissionVault } from '../mission-vault.ts';
import { openReceiver, openTransmitter } from '../wire/devices.ts';
import { dial, FrameSocket } from '../wire/frames.ts';

export interface PartyStart {
  readonly role: 'satellite' | 'station';
  readonly scenario: string;
  readonly stationId: string;
  readonly devicePort: number;
  readonly token: string;
  readonly vault: string;
  readonly keyring: string;
  readonly courier: string;
  /** Null draws cryptographic randomness; a seed makes the run reproducible, and its key worthless. */
  readonly seed: number | null;
  /** For the station: where the satellite listens. */
  readonly linkPort?: number;
  /** The harness compares keys by a keyed digest under a key that only it and the two parties hold. */
  readonly comparisonKey: string;
}

export type PartyMessage =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'stage'; readonly stage: string }
  | {
      readonly type: 'done';
      readonly report: SessionReport;
      readonly keyDigest: string | null;
      readonly maxRssBytes: number;
    }
  | { readonly type: 'failed'; readonly reason: string };

const tell = (message: PartyMessage): void => void process.send?.(message);

async function run(start: PartyStart): Promise<void> {
  const mission = loadMission(start.scenario);
  const station = mission.stations.find(({ id }) => id === start.stationId)!;
  const random = start.seed === null ? (n: number): Uint8Array => randomBytes(n) : reproducible(start.seed, start.role);
  const time = new MissionTime(Date.parse(mission.live.clock.startUtc));
  const vault = await openMissionVault({ path: start.vault, keyring: start.keyring, now: time.ms, nodeId: start.role });
  await importCourier(vault, station.linkId, start.courier, time.ms());
  let told = '';
  const ends = { linkId: station.linkId, satelliteId: mission.satellite.id, siteId: station.siteId };
  const link = await Link.open({
    ...ends,
    peer: start.role === 'satellite' ? station.siteId : mission.satellite.id,
    vault,
    random,
    pulseRateHz: mission.source.pulseRateHz,
    expectedQber: mission.live.expectedQber.value,
    hardQber: mission.live.hardQber.value,
    missionMs: time.ms,
    onChange: () => {
      const { stage } = link;
      if (stage && stage !== told) tell({ type: 'stage', stage });
      told = stage ?? told;
    },
    onAlarm: ({ message }) => vault.atomically((tx) => tx.poison(station.linkId, message)),
  });
  const parameters = (pass: { passId: string; pulses: number }) =>
    sessionParameters(mission, { sessionId: pass.passId, linkId: station.linkId, pulses: pass.pulses });
  let report: SessionReport;
  if (start.role === 'satellite') {
    const device = await openTransmitter(start.devicePort, mission.satellite.id, start.token);
    time.follow(device.missionMs);
    const channel = new Promise<FrameSocket>((resolve) => {
      const server = createServer((socket) => {
        resolve(new FrameSocket(socket));
        server.close();
      });
      server.listen({ port: 0, host: '127.0.0.1' }, () =>
        tell({ type: 'listening', port: (server.address() as { port: number }).port }),
      );
    });
    const pass = await device.nextPass();
    report = await link.runSatellite(parameters(pass), await channel, (slots) => device.emissions(pass.passId, slots));
  } else {
    const device = await openReceiver(start.devicePort, station.id, start.token);
    time.follow(device.missionMs);
    const { pass, chunks } = await device.nextPass();
    const channel = await dial(start.linkPort!, 'the satellite');
    report = await link.runStation(parameters(pass), channel, chunks);
  }
  const lane = keyLane(ends.satelliteId, ends.siteId, DIRECT);
  tell({
    type: 'done',
    report,
    keyDigest: report.verdict === 'accepted' ? await keyDigest(vault, lane, start.comparisonKey) : null,
    maxRssBytes: process.resourceUsage().maxRSS * 1024,
  });
}

async function keyDigest(vault: Vault, lane: string, comparisonKey: string): Promise<string> {
  const key = await vault.atomically(async (tx) => tx.take(await tx.reserve(lane, await tx.available(lane))));
  const digest = key.open((bytes) => createHmac('sha256', comparisonKey).update(bytes).digest('hex'));
  key.wipe();
  return digest;
}

/** A key stream from seed and role. For reproducible runs only: whoever knows the seed knows every key of the run. */
function reproducible(seed: number, role: string): (length: number) => Uint8Array {
  const key = createHash('sha256').update(`skykey pass ${seed} ${role}`).digest();
  const stream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return (length) => new Uint8Array(stream.update(Buffer.alloc(length)));
}

process.once('message', (start: PartyStart) => {
  run(start)
    .catch((error: Error) => tell({ type: 'failed', reason: error.message }))
    .finally(() => process.disconnect());
});
process.once('disconnect', () => process.exit(0));
