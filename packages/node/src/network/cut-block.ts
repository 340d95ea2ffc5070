/** How both ends cut a block of a quantum link into lanes. */
import { DIRECT, joinCuts, keyLane, peerLane, type Topology } from '@skykey/kme';

export interface BlockCut {
  readonly lane: string;
  readonly from: number;
  readonly to: number;
}

/** So many bytes of a block for the tags of each direction, one part in … and at least …: a hash point and fifteen pads. */
const TAG_PART = 32;
const LEAST_TAG_BYTES = 256;
const GRAIN_BYTES = 16;
/** Nothing is made of less. */
const LEAST_BLOCK_BYTES = 1024;

/** Of a block of so many bits. */
export const bytesOf = (bits: number): number => Math.floor(bits / 8 / GRAIN_BYTES) * GRAIN_BYTES;

/** Whether both ends are sites: then they agree about the places of each block (`holdLinkBlock`). */
export const isBetweenSites = (topology: Topology, link: string): boolean =>
  topology.link(link).ends.every((node) => topology.node(node).kind !== 'satellite');

/**
 * Tags for either direction, then key: all of it for the satellite to lead, since a satellite joins and stations do not;
 * halves where both ends are sites, cut like the block of a join. Empty for a block that is too small to be worth its tags.
 */
export function cutBlock(topology: Topology, link: string, bits: number): readonly BlockCut[] {
  const { ends } = topology.link(link);
  const bytes = bytesOf(bits);
  if (bytes < LEAST_BLOCK_BYTES) return [];
  const [a, b] = ends;
  if (isBetweenSites(topology, link))
    return joinCuts(bytes, ...(a < b ? ([a, b] as const) : ([b, a] as const)), DIRECT);
  const tags = Math.max(LEAST_TAG_BYTES, Math.floor(bytes / TAG_PART / GRAIN_BYTES) * GRAIN_BYTES);
  const satellite = topology.node(a).kind === 'satellite' ? a : b;
  const parts: [string, number][] = [
    [peerLane(a, b), tags],
    [peerLane(b, a), tags],
    [keyLane(satellite, satellite === a ? b : a, DIRECT), bytes - 2 * tags],
  ];
  let at = 0;
  return parts.map(([lane, size]) => {
    const cut = { lane, from: at, to: at + size };
    at = cut.to;
    return cut;
  });
}

/** What a block brings to lanes of key, for a rehearsal. */
export const keyOf = (
  topology: Topology,
  link: string,
  bits: number,
): { readonly lane: string; readonly bytes: number }[] =>
  cutBlock(topology, link, bits)
    .slice(2)
    .map(({ lane, from, to }) => ({ lane, bytes: to - from }));
