/** What is in the vault of a KME, read for metrics, the model of SDN controllers and the operator. */
import { DIRECT, type Kme, keyLane, keyLanes, type LinkAlarm, type Topology } from '@skykey/kme';
import type { Counters, JournalEntry, Vault } from '@skykey/vault';

export interface Stock {
  readonly stock: readonly { readonly peer: string; readonly way: string; readonly bits: number }[];
  readonly pads: readonly { readonly peer: string; readonly left: number }[];
  /** Key of the quantum links of this site that nobody has used, bits. */
  readonly links: Readonly<Record<string, number>>;
  readonly alarms: readonly LinkAlarm[];
  readonly counters: Counters;
}

/** `sites`: the other ones. */
export async function readStock(vault: Vault, kme: Kme, sites: readonly string[], topology: Topology): Promise<Stock> {
  const { siteId } = kme.registry;
  const stock: { peer: string; way: string; bits: number }[] = [];
  const pads: { peer: string; left: number }[] = [];
  for (const peer of sites) {
    await vault
      .atomically(async (tx) => {
        const prefix = keyLanes(siteId, peer);
        const found: typeof stock = [];
        for (const lane of await tx.lanes(prefix)) {
          found.push({ peer, way: lane.slice(prefix.length), bits: (await tx.available(lane)) * 8 });
        }
        const left = (await kme.exchange.peer(peer)?.padsLeft(tx)) ?? 0;
        return { found, left };
      }, peer)
      .then(({ found, left }) => {
        stock.push(...found);
        pads.push({ peer, left });
      });
  }
  const [links, alarms, counters] = await Promise.all([
    readLinks(vault, siteId, topology),
    kme.alarms(),
    vault.atomically((tx) => tx.counters()),
  ]);
  return { stock, pads, links, alarms, counters };
}

export function readJournal(vault: Vault, most: number): Promise<JournalEntry[]> {
  return vault.atomically((tx) => tx.journal.list(most));
}

/** Whichever end leads it: bits by link. */
export function readLinks(vault: Vault, siteId: string, topology: Topology): Promise<Record<string, number>> {
  const own = topology.links.filter(({ ends, through = [] }) => ends.includes(siteId) && through.length === 0);
  return vault.atomically(async (tx) => {
    const bits: Record<string, number> = {};
    for (const { id, ends } of own) {
      const [a, b] = ends;
      bits[id] = ((await tx.available(keyLane(a, b, DIRECT))) + (await tx.available(keyLane(b, a, DIRECT)))) * 8;
    }
    return bits;
  });
}
