/** What this KME shows to an SDN controller (ETSI GS QKD 015): its links, ways and pairs, as far as it knows them. */
import type { ApplicationView, LinkAlarm, LinkView, NetworkView, Policy, VirtualLinkView } from '@skykey/kme';
import type { NetworkFile } from './network-file.ts';
import type { KeyOutlook } from './outlook.ts';

export interface SdnScene {
  readonly siteId: string;
  readonly version: string;
  readonly network: NetworkFile;
  readonly policy: Policy;
  readonly alarms: readonly LinkAlarm[];
  readonly stock: readonly { readonly peer: string; readonly way: string; readonly bits: number }[];
  /** Key of quantum links that nobody has used, bits. */
  readonly links: Readonly<Record<string, number>>;
  /** What is expected to come. */
  readonly outlook: Pick<KeyOutlook, 'linkRateBps' | 'wayRateBps' | 'ways'>;
  /** Since when pairs can share keys: the start of this process. */
  readonly sinceMs: number;
}

/**
 * Rates are those of the plan of contacts, 0 where there is none: a KME sees key that has come, not what a link makes. The
 * effective rate is what applications of this site can have of it, after tags and the other direction's half. Interfaces
 * are numbered in the order of their links.
 */
export function sdnView(scene: SdnScene): NetworkView {
  const { siteId, version, network, policy, alarms, stock, outlook, sinceMs } = scene;
  const { topology, devices, saes, kmes } = network;
  const own = topology.links.filter(({ ends }) => ends.includes(siteId));
  const alarmOf = (links: readonly string[]): { alarm?: { reason: string } } => {
    const found = alarms.find(({ link }) => links.includes(link));
    return found ? { alarm: { reason: found.reason } } : {};
  };
  const ratesOf = (made: number, left: number) => ({ keyRateBps: made, effectiveRateBps: left, consumptionBps: 0 });
  const bitsOf = (peer: string, way: string): number =>
    stock.find((entry) => entry.peer === peer && entry.way === way)?.bits ?? 0;
  const links = own.map(({ id, ends }, i): LinkView => {
    const remote = ends.find((end) => end !== siteId)!;
    const alarm = alarmOf([id]);
    const state = alarm.alarm ? 'off' : (scene.links[id] ?? 0) > 0 ? 'passive' : 'pending';
    const role = devices.find(({ link }) => link === id)!.role;
    const rates = ratesOf(outlook.linkRateBps(id), outlook.wayRateBps(remote, 'direct'));
    return { id, remote, state, ...alarm, enabled: true, interface: i + 1, role, ...rates };
  });
  // Those that have had key, and those that are to have some.
  const ways = new Map(
    [...stock, ...outlook.ways()].map(({ peer, way }) => [virtualId(siteId, peer, way), { peer, way }]),
  );
  const virtualLinks = [...ways]
    .filter(([, { way }]) => way !== 'direct')
    .map(([id, { peer, way }]): VirtualLinkView => {
      const rate = outlook.wayRateBps(peer, way);
      const hops = [...new Set(way.split('+').map((path) => path.split('.')[0]!))].filter((hop) => hop !== 'direct');
      return {
        id,
        remote: peer,
        state: bitsOf(peer, way) > 0 ? 'passive' : 'pending',
        nextHops: hops,
        ...ratesOf(rate, rate),
      };
    });
  const siteOf = new Map(saes.map(({ saeId, kmeId }) => [saeId, kmes.find((kme) => kme.kmeId === kmeId)!.siteId]));
  const applications = policy.pairs.flatMap((pair): ApplicationView[] => {
    const server = pair.find((sae) => siteOf.get(sae) === siteId);
    const client = pair.find((sae) => sae !== server);
    if (server === undefined || client === undefined) return [];
    const remote = siteOf.get(client) ?? siteId;
    const backing = [
      ...links.filter((link) => link.remote === remote).map(({ id }) => id),
      ...virtualLinks.filter((link) => link.remote === remote).map(({ id }) => id),
    ];
    return [
      {
        ...{ id: pair.join(' '), kind: 'client', state: 'on', server, clients: [client], remote, links: backing },
        ...{ priority: 0, createdAtMs: sinceMs, quality: {}, statistics: [] },
      },
    ];
  });
  const node = topology.node(siteId);
  return {
    node: { id: siteId, state: 'operating', version, location: node.jurisdiction ?? 'not told' },
    interfaces: own.map(({ id }, i) => {
      const { model, role } = devices.find(({ link }) => link === id)!;
      return { number: i + 1, state: 'enabled', model, technology: 'DV-QKD', role };
    }),
    links,
    virtualLinks,
    applications,
  };
}

const virtualId = (a: string, b: string, way: string): string => [...[a, b].sort(), way].join('/');
