/** Who joins what, in which order, so that paths over several links become key of their two ends. */
import { wayOf } from '../lanes.ts';
import type { RelayPlan } from '../relay/exchange.ts';
import type { Path } from './paths.ts';
import type { Topology } from './topology.ts';

/** A key that can be joined: of a link, or one that an earlier step has made. */
export type KeySource = ({ readonly link: string } | { readonly step: number }) & {
  /** Everybody who knows it, in order; the first and the last share it. */
  readonly route: readonly string[];
};

/** `node` announces the exclusive or of the two keys that it shares, and its neighbours have one in common. */
export interface JoinStep {
  readonly node: string;
  /** Ends at `node`. */
  readonly left: KeySource;
  /** Begins at `node`. */
  readonly right: KeySource;
  /** The route of what comes of it. */
  readonly makes: readonly string[];
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

/** The same joins for another amount of key. */
export const planFor = (plan: JoinPlan, bits: number): JoinPlan => ({
  ...plan,
  bits,
  pays: plan.pays.map(({ link }) => ({ link, bits })),
});

function joinPath(topology: Topology, { links, stops, route }: Path, path: number, steps: JoinStep[]): KeySource {
  let stretches = links.map(({ id }, i): KeySource => {
    const [left, right] = [route.indexOf(stops[i]!), route.indexOf(stops[i + 1]!)];
    return { link: id, route: route.slice(left, right + 1) };
  });
  const middle = stops.slice(1, -1);
  const carries = (node: string): boolean => topology.node(node).kind === 'satellite';
  for (const node of [...middle.filter(carries), ...middle.filter((other) => !carries(other))]) {
    const at = stretches.findIndex((stretch) => stretch.route.at(-1) === node);
    const [left, right] = [stretches[at]!, stretches[at + 1]!];
    const makes = [...left.route, ...right.route.slice(1)];
    const made = { step: steps.length, route: makes };
    steps.push({ node, left, right, makes, path });
    stretches = stretches.toSpliced(at, 2, made);
  }
  return stretches[0]!;
}

/**
 * The part that one node has in plans: what it joins, each join once, and what it combines when it is an end. Plans of
 * links that hold key already (`through`) need no join of theirs again.
 */
export function relayPlanOf(node: string, plans: readonly JoinPlan[], targetBytes: number): RelayPlan {
  const joins = new Map<string, RelayPlan['joins'][number]>();
  const combinations = new Map<string, RelayPlan['combinations'][number]>();
  for (const { steps, shares, from, to } of plans) {
    for (const { left, right } of steps.filter((step) => step.node === node)) {
      const ends = [
        { node: left.route[0]!, way: wayOf([left.route]) },
        { node: right.route.at(-1)!, way: wayOf([right.route]) },
      ].sort((a, b) => (a.node < b.node ? -1 : 1));
      joins.set(JSON.stringify(ends), { left: ends[0]!, right: ends[1]! });
    }
    if (shares.length > 1 && (node === from || node === to)) {
      const peer = node === from ? to : from;
      const ways = shares.map(({ route }) => wayOf([route])).sort();
      combinations.set(JSON.stringify([peer, ways]), { peer, ways, targetBytes });
    }
  }
  return { joins: [...joins.values()], combinations: [...combinations.values()] };
}
