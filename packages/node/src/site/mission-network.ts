/** A mission as a network of key managers: its satellite, its sites, its links. */
import { type NetworkLink, Topology } from '@skykey/kme';
import type { Mission } from '@skykey/scenario';
import type { SiteConfiguration } from '../configuration.ts';
import type { NetworkFile } from '../kme/network-file.ts';

/** As it is seen from one of its two sites. */
export function missionNetwork(
  mission: Mission,
  { nodeId, kme, peer }: Pick<SiteConfiguration, 'nodeId' | 'kme' | 'peer'>,
): NetworkFile {
  const { satellite, stations, live, document } = mission;
  const { epsSec, epsCor, proof } = document.protocol;
  const node = (id: string, kind: 'site' | 'satellite') => ({ id, kind, jurisdiction: null });
  return {
    topology: new Topology(
      [node(satellite.id, 'satellite'), ...live.sites.map(({ id }) => node(id, 'site'))],
      stations.map(({ linkId, siteId }): NetworkLink => {
        const quality = { proof: proof.value, epsSec: epsSec.value, epsCor: epsCor.value, simulated: true };
        const store = { state: 'open', rateBps: 0, stockBits: 0, oldestAtMs: null } as const;
        return { id: linkId, ends: [satellite.id, siteId], ...quality, ...store };
      }),
    ),
    kmes: [
      { kmeId: kme.kmeId, siteId: nodeId },
      { kmeId: peer.kmeId, siteId: peer.siteId, peerUrl: `https://127.0.0.1:${peer.port}` },
    ],
    saes: kme.saes,
    devices: stations.map(({ linkId, station }) => ({
      link: linkId,
      model: `${station.name}, simulated`,
      role: 'receiver',
    })),
  };
}
