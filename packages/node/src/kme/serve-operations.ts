/** The operations of a key manager: its readings and switches behind `operations.ts`, on loopback. */
import type { Kme, SdnEvents, SdnNode } from '@skykey/kme';
import type { Vault } from '@skykey/vault';
import type { Logger } from 'pino';
import { listenLocally } from '../wire/http.ts';
import type { Doors } from './doors.ts';
import type { KmeMetrics } from './metrics.ts';
import type { NetworkFile } from './network-file.ts';
import { kmeOperations } from './operations.ts';
import type { PeerState } from './peer-kmes.ts';
import type { Check } from './readiness.ts';
import { readJournal, type Stock } from './readings.ts';
import type { Resident } from './resident.ts';

const JOURNAL_ENTRIES = 50;

export interface OperationsScene {
  readonly kme: Kme;
  readonly vault: Vault;
  readonly network: NetworkFile;
  readonly doors: Doors;
  readonly port: number;
  readonly version: string;
  readonly sinceMs: number;
  readonly metrics: KmeMetrics;
  readonly events: SdnEvents;
  readonly resident: Resident | undefined;
  readonly log: Logger;
  readonly node: () => SdnNode;
  readonly peers: () => readonly PeerState[];
  readonly stock: () => Promise<Stock>;
  readonly waiting: () => ReadonlyMap<string, string>;
  readonly readiness: () => Promise<Check[]>;
  readonly round: () => Promise<void>;
}

/** Throws NodeError for a port in use. */
export async function serveOperations(scene: OperationsScene): Promise<void> {
  const { kme, vault, network, doors, metrics, events, resident, log, node, peers, stock, readiness, round } = scene;
  const { kmeId, siteId } = kme.registry;
  const isOwn = (link: string): boolean =>
    network.topology.links.some(({ id, ends }) => id === link && ends.includes(siteId));
  const operations = kmeOperations({
    ...{ log, events, node, readiness, contentType: metrics.registry.contentType },
    metrics: async () => {
      const { counters, ...read } = await stock();
      const ready = (await readiness()).every(({ ok }) => ok);
      const { voidedKeys, poisonedBits } = counters;
      return metrics.text({ ...read, peers: [...peers()], voidedKeys, poisonedBits, ready });
    },
    state: async () => ({
      ...{ kmeId, siteId, version: scene.version, sinceMs: scene.sinceMs, ports: doors.ports, peers: peers() },
      ...(await stock()),
      waiting: Object.fromEntries(scene.waiting()),
      journal: await readJournal(vault, JOURNAL_ENTRIES),
    }),
    alarms: () => kme.alarms(),
    raiseAlarm: async (link, reason, found) => {
      if (!isOwn(link)) return null;
      const report = await kme.raiseAlarm(link, reason, found);
      await round();
      return report;
    },
    reopen: async (link) => {
      if (!isOwn(link)) return null;
      await resident?.reopen(link);
      const had = await kme.reopen(link);
      await round();
      await resident?.heard();
      // A device of this site may have dropped its link where the key manager knew of nothing.
      return had || resident ? 'reopened' : 'none';
    },
    rotate: () => vault.rotate(),
  });
  await resident?.serve(operations.server);
  const port = await listenLocally(operations.server, scene.port, 'the operations of the key manager');
  doors.add('operations', port, operations);
}
