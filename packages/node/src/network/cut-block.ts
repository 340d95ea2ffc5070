/** How both ends cut a block of a quantum link into lanes. */
import { keyLane, peerLane, type Topology } from '@skykey/kme';

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

/**
 * Tags for either direction, then key: all of it for the satellite to lead, since a satellite joins and stations do not;
 * halves where both ends are sites. Empty for a block that is too small to be worth its tags.
 */
export function cutBlock(topology: Topology, link: string, bits: number): readonly BlockCut[] {
  const { ends } = topology.link(link);
  const bytes = Math.floor(bits / 8 / GRAIN_BYTES) * GRAIN_BYTES;
  if (bytes < LEAST_BLOCK_BYTES) return [];
  const [a, b] = ends;
  const tags = Math.max(LEAST_TAG_BYTES, Math.floor(bytes / TAG_PART / GRAIN_BYTES) * GRAIN_BYTES);
  const satellite = ends.find((node) => topology.node(node).kind === 'satellite');
  const keys = bytes - 2 * tags;
  const half = Math.floor(keys / 2 / GRAIN_BYTES) * GRAIN_BYTES;
  const parts: [string, number][] = [
    [peerLane(a, b), tags],
    [peerLane(b, a), tags],
    ...(satellite === undefined
      ? ([
          [keyLane(a, b, 'direct'), half],
          [keyLane(b, a, 'direct'), half],
        ] as [string, number][])
      : ([[keyLane(satellite, satellite === a ? b : a, 'direct'), keys]] as [string, number][])),
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
