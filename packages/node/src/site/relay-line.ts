/** The line on which a site hears of relays: takes what the satellite announces, and acknowledges it. */
import { acceptRelay, KmeError } from '@skykey/kme';
import type { Vault } from '@skykey/vault';
import type { Logger } from 'pino';
import { dialRelay } from '../link/link-service.ts';
import type { FrameSocket } from '../wire/frames.ts';

const RECONNECT_MS = 500;
/** Until what stands in the way of an announcement may have gone. */
const NOT_YET_MS = 5000;

export interface RelayLineOptions {
  readonly siteId: string;
  readonly linkId: string;
  /** Where the satellite listens. */
  readonly satellitePort: number;
  readonly vault: Vault;
  readonly log: Logger;
  /** A relay was taken: the other site must confirm that it holds the same. */
  readonly onRelay: () => Promise<void>;
}

/** Runs until the returned function is called; a satellite that goes away is found again. */
export function listenForRelays(options: RelayLineOptions): () => void {
  const { vault, siteId, linkId, log } = options;
  let stopped = false;
  let channel: FrameSocket | undefined;

  const hear = async (line: FrameSocket): Promise<never> => {
    for (;;) {
      const announcement = await line.receive();
      if (!announcement.length) {
        // The satellite asks whether we are still there.
        await line.send(announcement);
        continue;
      }
      const { acknowledgement, relayId, news, reason } = acceptRelay({
        vault,
        stationId: siteId,
        linkId,
        announcement,
      });
      log.info({ relayId, news, reason }, 'relay announcement');
      await line.send(acknowledgement);
      await options.onRelay();
    }
  };

  const listen = async (): Promise<void> => {
    while (!stopped) {
      let restMs = RECONNECT_MS;
      try {
        channel = await dialRelay(options.satellitePort, linkId);
        await hear(channel);
      } catch (error) {
        // Not yet: our own block is released by the next session, and the satellite sends again. Forged: ignored alike.
        if (error instanceof KmeError) {
          log.warn({ reason: error.message }, 'relay announcement not taken');
          restMs = NOT_YET_MS;
        }
      }
      channel?.close();
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
  };

  void listen();
  return () => {
    stopped = true;
    channel?.close();
  };
}
