/** The quantum side of a site: follows its receiver, and makes a session of every pass with light in it. */
import type { SessionParameters } from '@skykey/distill';
import type { Vault } from '@skykey/vault';
import type { Logger } from 'pino';
import { isGone, type Link } from '../link/link.ts';
import { dialSession } from '../link/link-service.ts';
import type { MissionTime } from '../mission-time.ts';
import { type DetectionStream, openReceiver, type PassAnnouncement, type ReceiverDevice } from '../wire/devices.ts';

const RECONNECT_MS = 500;

export interface ReceptionOptions {
  readonly receiver: { readonly port: number; readonly token: string };
  readonly stationId: string;
  readonly linkId: string;
  /** Where the satellite listens. */
  readonly satellitePort: number;
  readonly link: Link;
  readonly parameters: (pass: PassAnnouncement) => SessionParameters;
  readonly vault: Vault;
  readonly time: MissionTime;
  readonly log: Logger;
}

/** Runs until the returned function is called; a receiver that goes away is found again. */
export function startReception(options: ReceptionOptions): () => void {
  const { link, vault, time, log } = options;
  let stopped = false;
  let device: ReceiverDevice | undefined;

  const follow = async (): Promise<void> => {
    while (!stopped) {
      try {
        device = await openReceiver(options.receiver.port, options.stationId, options.receiver.token);
        time.follow(device.missionMs);
        for (;;) {
          const { pass, chunks } = await device.nextPass();
          await use(pass, chunks);
          chunks.discard();
        }
      } catch (error) {
        log.warn({ reason: (error as Error).message }, 'receiver lost');
        device?.close();
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      }
    }
  };

  const use = async (pass: PassAnnouncement, chunks: DetectionStream): Promise<void> => {
    const { passId } = pass;
    if (link.dropped) {
      const text = `the pass ${passId} was not used: the link is dropped`;
      await vault.atomically((tx) => tx.journal.append({ severity: 'warning', text, utcMs: time.ms() }));
      return;
    }
    try {
      const channel = await dialSession(options.satellitePort, options.linkId, passId);
      try {
        const report = await link.runStation(options.parameters(pass), channel, chunks);
        log.info({ passId, verdict: report.verdict, secretBits: report.secretBits }, 'session ended');
      } finally {
        channel.close();
      }
      await time.remember(vault);
    } catch (error) {
      if (!isGone(error)) log.error({ passId, reason: (error as Error).message }, 'session failed');
    }
  };

  void follow();
  return () => {
    stopped = true;
    device?.close();
  };
}
