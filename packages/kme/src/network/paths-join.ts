/** Who joins what, in which order, so that paths over several links become key of their two ends. */
import type { Path } from './paths.ts';
import type { Topology } from './topology.ts';

/** A key that can be joined: of a link, or one that an earlier step has made. */
export type KeySource = { readonly link: string } | { readonly step: number };

/** `node` announces the exclusive or of the two keys that it shares, and its neighbours have one in common. */
export interface JoinStep {
  readonly node: string;
  readonly left: KeySource;
  readonly right: KeySource;
  /** Who shares the key that comes of it. */
  readonly ends: readonly [string, string];
  /** Everybody between them, in order: they all know it. */
  readonly through: readonly string[];
  /** Place of the path in the plan. */
  readonly path: number;
}

export interface JoinPlan {
  readonly from: string;
  readonly to: string;
  /** Key that comes of it at both ends. Every link of every path pays as much, and is used by one path only. */
  readonly bits: number;
  /** In an order in which they can be taken; those of different paths do not wait for each other. */
  readonly steps: readonly JoinStep[];
  /** What each path gives in the end. More than one: the key is the exclusive or of all. */
  readonly shares: readonly KeySource[];
  /** End points included, as in the labels of the key. */
  readonly routes: readonly (readonly string[])[];
  readonly pays: readonly { readonly link: string; readonly bits: number }[];
  /** Places of all nodes that know a share, ends included; empty when one of them is not told. */
  readonly jurisdictions: readonly string[];
}

/**
 * The joins of disjoint paths between the same two ends, as `disjointPaths` finds them. Satellites go first, each as soon
 * as it has both its keys: what they announce can be carried on the ground. Then nodes on the ground in order of the path.
 */
export function joinPlan(topology: Topology, paths: readonly Path[], bits: number): JoinPlan {
  const steps: JoinStep[] = [];
  const shares = paths.map((path, i) => joinPath(topology, path, i, steps));
  const { stops } = paths[0]!;
  return {
    from: stops[0]!,
    to: stops.at(-1)!,
    bits,
    steps,
    shares,
    routes: paths.map(({ route }) => route),
    pays: paths.flatMap(({ links }) => links.map(({ id }) => ({ link: id, bits }))),
    jurisdictions: topology.jurisdictions(paths.flatMap(({ route }) => route)),
  };
}

/** A stretch of a path whose key its two ends share. */
interface Stretch {
  readonly source: KeySource;
  readonly ends: readonly [string, string];
  readonly through: readonly string[];
}

function joinPath(topology: Topology, { links, stops, route }: Path, path: number, steps: JoinStep[]): KeySource {
  let stretches = links.map((link, i): Stretch => {
    const ends = [stops[i]!, stops[i + 1]!] as const;
    return {
      source: { link: link.id },
      ends,
      through: route.slice(route.indexOf(ends[0]) + 1, route.indexOf(ends[1])),
    };
  });
  const middle = stops.slice(1, -1);
  const carries = (node: string): boolean => topology.node(node).kind === 'satellite';
  for (const node of [...middle.filter(carries), ...middle.filter((other) => !carries(other))]) {
    const at = stretches.findIndex(({ ends }) => ends[1] === node);
    const [left, right] = [stretches[at]!, stretches[at + 1]!];
    const ends = [left.ends[0], right.ends[1]] as const;
    const through = [...left.through, node, ...right.through];
    const source = { step: steps.length };
    steps.push({ node, left: left.source, right: right.source, ends, through, path });
    stretches = stretches.toSpliced(at, 2, { source, ends, through });
  }
  return stretches[0]!.source;
}
