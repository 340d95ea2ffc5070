/**
 * Who is in the network and which links there are: `skykey-network/1`, one file for all its KMEs.
 *
 *     {
 *       "format": "skykey-network/1",
 *       "nodes": [{ "id": "paris", "kind": "site", "jurisdiction": "FR" }, …],
 *       "links": [{ "id": "fibre-7", "ends": ["paris", "lyon"], "proof": "lim2014", "epsSec": 1e-9, "epsCor": 1e-15 }, …],
 *       "kmes": [{ "kmeId": "kme-paris", "siteId": "paris", "peerUrl": "https://kme.paris.example:7414" }, …],
 *       "saes": [{ "saeId": "vpn-paris", "kmeId": "kme-paris" }, …]
 *     }
 */
import { type KmeEntry, KmeError, type NetworkLink, type SaeEntry, Topology } from '@skykey/kme';
import { z } from 'zod';
import { loadConfiguration } from '../configuration.ts';
import { NodeError } from '../error.ts';
import { httpsOrigin } from './configuration.ts';

const SHARE = 'a number from 0 to below 1';
const share = z.number(SHARE).min(0, SHARE).lt(1, SHARE);

const networkFile = z.strictObject({
  format: z.literal('skykey-network/1'),
  nodes: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.enum(['site', 'satellite', 'ground-segment']),
      jurisdiction: z.string().nullable().default(null),
      owner: z.string().optional(),
      trustGroup: z.string().optional(),
      controls: z.array(z.string()).optional(),
    }),
  ),
  links: z.array(
    z.strictObject({
      id: z.string(),
      ends: z.tuple([z.string(), z.string()]),
      proof: z.string(),
      epsSec: share,
      epsCor: share,
      /** Whether its photons are simulated: then its secrecy is, too. */
      simulated: z.boolean().default(false),
      model: z.string().optional(),
      role: z.enum(['transmitter', 'receiver', 'transceiver']).optional(),
    }),
  ),
  kmes: z.array(
    z.strictObject({
      kmeId: z.string(),
      siteId: z.string(),
      /** Where other KMEs reach it; without it, it is of another maker and reached by ETSI GS QKD 020. */
      peerUrl: httpsOrigin.optional(),
    }),
  ),
  saes: z.array(z.strictObject({ saeId: z.string(), kmeId: z.string() })),
});

export interface NetworkDevice {
  readonly link: string;
  readonly model: string;
  readonly role: 'transmitter' | 'receiver' | 'transceiver';
}

export interface NetworkFile {
  readonly topology: Topology;
  readonly kmes: readonly (KmeEntry & { readonly peerUrl?: string | undefined })[];
  readonly saes: readonly SaeEntry[];
  /** What is told of the devices of links. */
  readonly devices: readonly NetworkDevice[];
}

/** Reads and checks the file. Throws NodeError with the file, the field and what would be right. */
export function loadNetwork(file: string): NetworkFile {
  const { nodes, links, kmes, saes } = loadConfiguration(file, networkFile);
  try {
    const topology = new Topology(
      nodes.map(({ owner, trustGroup, controls, ...node }) => ({
        ...node,
        ...(owner !== undefined && { owner }),
        ...(trustGroup !== undefined && { trustGroup }),
        ...(controls && { controls }),
      })),
      // Which links are open and what is in store is known by the nodes and stands in no file.
      links.map(({ model: _model, role: _role, ...link }): NetworkLink => {
        return { ...link, state: 'open', rateBps: 0, stockBits: 0, oldestAtMs: null };
      }),
    );
    for (const { kmeId, siteId } of kmes) {
      if (!topology.has(siteId)) {
        throw new KmeError(
          'kme/topology',
          `the KME ${kmeId} stands at ${siteId}, which is no node: list it in "nodes"`,
        );
      }
    }
    const devices = links.map(({ id, model = 'not told', role = 'transceiver' }) => ({ link: id, model, role }));
    return { topology, kmes, saes, devices };
  } catch (error) {
    if (!(error instanceof KmeError)) throw error;
    throw new NodeError('node/network', `${file}: ${error.message}`, { cause: error });
  }
}
