/** What a site tells of its link, its stock of key and the relays, read from its vault. */
import { DIRECT, keyLane, keyLanes } from '@skykey/kme';
import type { RelayState, SiteState } from '@skykey/telemetry';
import type { VaultTransaction } from '@skykey/vault';
import type { Link } from '../link/link.ts';

const SHOWN_RELAYS = 20;
const SHOWN_ENTRIES = 50;
/** Blocks that a node between two ends has joined, `join:<node>:<id>`. */
const JOINED = 'join:';

export async function readState(
  tx: VaultTransaction,
  names: { readonly link: Link; readonly satelliteId: string; readonly siteId: string; readonly peerSiteId: string },
): Promise<Pick<SiteState, 'link' | 'stock' | 'relays' | 'journal'>> {
  const { link, satelliteId, siteId, peerSiteId } = names;
  return {
    link: await link.state(tx),
    stock: {
      linkBits: (await tx.available(keyLane(satelliteId, siteId, DIRECT))) * 8,
      sendBits: await bitsOf(tx, keyLanes(siteId, peerSiteId)),
      receiveBits: await bitsOf(tx, keyLanes(peerSiteId, siteId)),
      ...(await tx.counters()),
    },
    relays: await relays(tx),
    journal: await tx.journal.list(SHOWN_ENTRIES),
  };
}

async function bitsOf(tx: VaultTransaction, lanes: string): Promise<number> {
  let bytes = 0;
  for (const lane of await tx.lanes(lanes)) bytes += await tx.available(lane);
  return bytes * 8;
}

async function relays(tx: VaultTransaction): Promise<RelayState[]> {
  return (await tx.blocks(JOINED, SHOWN_RELAYS)).map(({ blockId, state, poisoned, changedAtMs, labels, bytes }) => ({
    relayId: blockId.slice(blockId.lastIndexOf(':') + 1),
    utcMs: changedAtMs,
    route: labels.routes[0] ?? [],
    bits: bytes * 8,
    state: poisoned || state === 'discarded' ? 'poisoned' : state === 'released' ? 'confirmed' : 'announced',
  }));
}
