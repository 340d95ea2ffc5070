/**
 * Which ways a key for two sites takes: k paths that share no node, or no group of nodes that trust makes one, under the
 * rules of a policy, as cheap as can be.
 *
 * Paths that only must not share nodes are a flow. With groups, and with a limit on relays, the problem is NP-complete in
 * general (groups of links: Hu 2003, as cited by Coudert et al., DMTCS 18(3) (2016), and a link is a node in the middle of
 * it; lengths: Itai, Perl and Shiloach, Networks 12, 277 (1982)). Networks are small: the flow is tried first, and where
 * its answer breaks a rule, an exact search takes over that ends within a number of steps and says whether it got there.
 */
import { KmeError } from '../error.ts';
import { disjointFlow } from './paths-flow.ts';
import { cheapestSet } from './paths-search.ts';
import { mayRestOn, type RouteRules } from './policy.ts';
import type { NetworkLink, Topology } from './topology.ts';

export interface PathDemand {
  readonly from: string;
  readonly to: string;
  /** Key wanted: every link of every path pays as much. 0 asks what the network looks like, whatever is in store. */
  readonly bits: number;
  readonly rules: RouteRules;
  readonly nowMs: number;
  /** Cost of a link, a whole number of 0 or more; `linkCost` unless given. */
  readonly cost?: (link: NetworkLink) => number;
  /** Paths that the exact search may look at, 20,000 unless given. */
  readonly stepLimit?: number;
}

export interface Path {
  /** From one end to the other. */
  readonly links: readonly NetworkLink[];
  /** The nodes between which those links are, ends included: they join. */
  readonly stops: readonly string[];
  /** Everybody who will know the key of this path: the stops, and the nodes that virtual links came through. */
  readonly route: readonly string[];
  readonly cost: number;
}

export type PathAnswer =
  | {
      readonly found: true;
      /** As many as the rules demand, disjoint; the cheapest first. */
      readonly paths: readonly Path[];
      readonly cost: number;
      /** Whether no cheaper set exists; false when the search ran out of steps. */
      readonly proved: boolean;
    }
  | { readonly found: false; readonly why: string /** Whether there is none. */; readonly proved: boolean };

const MOST_PATHS = 8;
const STEP_LIMIT = 20_000;

/**
 * A relay first of all: each is a node more to trust. Then scarcity: a link that has just enough costs as much as a relay
 * would, one with plenty next to nothing. In thousandths, so that equal costs are equal.
 */
export const linkCost =
  (bits: number) =>
  ({ stockBits, through = [] }: NetworkLink): number =>
    1000 * (1 + through.length) + (bits > 0 && stockBits > 0 ? Math.ceil(1000 * Math.min(1, bits / stockBits)) : 0);

/**
 * The cheapest set of disjoint paths that keeps every rule, the same for the same network in whatever order it is listed.
 * Epsilons of all links of all paths are added up and held against the rules.
 *
 * @throws KmeError `kme/topology` for an end that is not there, `kme/argument` for a demand that makes no sense.
 */
export function disjointPaths(topology: Topology, demand: PathDemand): PathAnswer {
  const { from, to, bits, rules, stepLimit = STEP_LIMIT } = demand;
  checkDemand(topology, demand);
  const endless = brokenEnd(topology, from, rules) ?? brokenEnd(topology, to, rules);
  if (endless !== undefined) return { found: false, why: endless, proved: true };
  const count = rules.minPaths;
  const usable = usableLinks(topology, demand);
  const costOf = demand.cost ?? linkCost(bits);
  const costs = usable.map((link) => {
    const cost = costOf(link);
    if (Number.isSafeInteger(cost) && cost >= 0) return cost;
    throw new KmeError('kme/argument', `the cost of link ${link.id} is ${cost}; it must be a whole number, 0 or more`);
  });
  const answer = byFlow(topology, demand, usable, costs);
  if ('most' in answer) {
    return { found: false, why: tooFew(demand, answer.most), proved: true };
  }
  if (answer.kept) return { found: true, ...inOrder(answer.paths), proved: true };
  const searched = cheapestSet(topology, demand, usable, costs, { count, bound: answer.bound, stepLimit });
  if (searched.links === null) {
    return {
      found: false,
      why: searched.proved
        ? tooFew(demand, null)
        : `no ${count} disjoint paths from ${from} to ${to} were found within ${stepLimit} steps of the search`,
      proved: searched.proved,
    };
  }
  const paths = searched.links.map((links) =>
    pathOf(
      from,
      links,
      links.reduce((sum, link) => sum + costs[usable.indexOf(link)]!, 0),
    ),
  );
  return { found: true, ...inOrder(paths), proved: searched.proved };
}

function checkDemand(topology: Topology, { from, to, bits, rules }: PathDemand): void {
  topology.node(from);
  topology.node(to);
  const { minPaths, maxRelays } = rules;
  if (from === to) throw new KmeError('kme/argument', `a path from ${from} to itself is asked for; name two nodes`);
  if (!Number.isSafeInteger(bits) || bits < 0) {
    throw new KmeError('kme/argument', `paths for ${bits} bits are asked for; it must be a whole number, 0 or more`);
  }
  if (!Number.isSafeInteger(minPaths) || minPaths < 1 || minPaths > MOST_PATHS) {
    throw new KmeError(
      'kme/argument',
      `${minPaths} paths are asked for; it must be a whole number from 1 to ${MOST_PATHS}`,
    );
  }
  if (!Number.isSafeInteger(maxRelays) || maxRelays < 0) {
    throw new KmeError('kme/argument', `maxRelays is ${maxRelays}; it must be a whole number, 0 or more`);
  }
}

/** Why no key of this node is allowed, whatever the way. */
function brokenEnd(topology: Topology, node: string, rules: RouteRules): string | undefined {
  if (mayHold(topology, node, rules)) return undefined;
  if (rules.denyNodes.includes(node)) return `${node} itself is denied by the policy`;
  const places = topology.jurisdictions([node]).join(', ') || 'a place that nobody told';
  return `${node} stands in ${places}, which the policy does not allow`;
}

function mayHold(
  topology: Topology,
  node: string,
  { denyNodes, allowJurisdictions: allow, denyJurisdictions: deny }: RouteRules,
): boolean {
  if (denyNodes.includes(node)) return false;
  if (allow === null && deny.length === 0) return true;
  const places = topology.jurisdictions([node]);
  return (
    places.length > 0 && places.every((place) => (allow === null || allow.includes(place)) && !deny.includes(place))
  );
}

/** Links whose key could be part of an allowed one, by themselves. */
function usableLinks(topology: Topology, { from, to, bits, rules, nowMs }: PathDemand): NetworkLink[] {
  const may = new Map(topology.nodes.map(({ id }) => [id, mayHold(topology, id, rules)]));
  return topology.links.filter((link) => {
    const { ends, through = [], state, stockBits, oldestAtMs, proof, epsSec, epsCor, simulated } = link;
    const joinsBoth = ends.includes(from) && ends.includes(to);
    return (
      state !== 'alarm' &&
      stockBits >= bits &&
      [...ends, ...through].every((node) => may.get(node)) &&
      !through.includes(from) &&
      !through.includes(to) &&
      (rules.maxAgeMs === null || oldestAtMs === null || nowMs - oldestAtMs <= rules.maxAgeMs) &&
      mayRestOn(rules, proof) &&
      epsSec <= rules.epsSec &&
      epsCor <= rules.epsCor &&
      (rules.simulated || !simulated) &&
      through.length + (joinsBoth ? 0 : 1) <= rules.maxRelays &&
      (rules.routeType !== 'direct' || (joinsBoth && through.length === 0)) &&
      !(rules.routeType === 'relayed' && joinsBoth && through.length === 0)
    );
  });
}

type FlowAnswer =
  | { readonly most: number }
  | { readonly kept: true; readonly paths: Path[] }
  | { readonly kept: false; readonly bound: number };

/** Answers by the flow alone where it can: too few paths even for it, or its paths keep the rules that it does not know. */
function byFlow(
  topology: Topology,
  demand: PathDemand,
  usable: readonly NetworkLink[],
  costs: readonly number[],
): FlowAnswer {
  const { from, to, rules } = demand;
  const vertexOf = new Map<string, number>();
  const vertex = (node: string): number => {
    // An end is a vertex of its own: whoever is alike with it is still another node.
    const name = node === from || node === to ? `end ${node}` : topology.likeness(node, rules.distinct);
    if (!vertexOf.has(name)) vertexOf.set(name, vertexOf.size);
    return vertexOf.get(name)!;
  };
  const [source, target] = [vertex(from), vertex(to)];
  const inside = usable.map(({ ends }) => [vertex(ends[0]), vertex(ends[1])] as const);
  const edges = inside.map((ends, i) => ({ ends, cost: costs[i]! }));
  const flow = disjointFlow(vertexOf.size, edges, source, target, rules.minPaths);
  if (flow.paths.length < rules.minPaths) return { most: flow.paths.length };
  const paths = flow.paths.map((path) => {
    const cost = path.reduce((sum, i) => sum + costs[i]!, 0);
    return pathOf(
      from,
      path.map((i) => usable[i]!),
      cost,
    );
  });
  const kept = paths.every((path) => path.stops.at(-1) === to) && keeps(topology, paths, rules);
  return kept ? { kept, paths } : { kept, bound: flow.cost };
}

/** Throws nothing; a chain of links that do not meet ends before its last node. */
function pathOf(from: string, links: readonly NetworkLink[], cost: number): Path {
  const stops = [from];
  const route = [from];
  for (const { ends, through = [] } of links) {
    const at = stops.at(-1)!;
    if (!ends.includes(at)) break;
    const forward = ends[0] === at;
    const next = forward ? ends[1] : ends[0];
    stops.push(next);
    route.push(...(forward ? through : [...through].reverse()), next);
  }
  return { links, stops, route, cost };
}

/** Whether a set of paths keeps what concerns it as a whole: relays, disjointness, sums of epsilons. */
export function keeps(topology: Topology, paths: readonly Pick<Path, 'route' | 'links'>[], rules: RouteRules): boolean {
  const used = new Set<string>();
  let epsSec = 0;
  let epsCor = 0;
  for (const { route, links } of paths) {
    const between = route.slice(1, -1);
    if (between.length > rules.maxRelays || new Set(route).size < route.length) return false;
    const classes = new Set(between.map((node) => topology.likeness(node, rules.distinct)));
    for (const name of classes) {
      if (used.has(name)) return false;
    }
    for (const name of classes) used.add(name);
    for (const link of links) {
      epsSec += link.epsSec;
      epsCor += link.epsCor;
    }
  }
  return epsSec <= rules.epsSec && epsCor <= rules.epsCor;
}

function inOrder(paths: readonly Path[]): { readonly paths: readonly Path[]; readonly cost: number } {
  const name = ({ links }: Path): string => links.map(({ id }) => id).join(' ');
  const sorted = [...paths].sort((a, b) => a.cost - b.cost || (name(a) < name(b) ? -1 : 1));
  return { paths: sorted, cost: sorted.reduce((sum, { cost }) => sum + cost, 0) };
}

function tooFew({ from, to, bits, rules }: PathDemand, most: number | null): string {
  const { minPaths, maxRelays, distinct } = rules;
  const kind =
    minPaths === 1
      ? 'path'
      : `${minPaths} paths with no node${distinct === 'owner' ? ', group or owner' : ' or trust group'} in common`;
  const instead = most === null || most === 0 || minPaths === 1 ? '' : `; there ${most === 1 ? 'is' : 'are'} ${most}`;
  return (
    `no ${kind} from ${from} to ${to} of at most ${maxRelays} relays ` +
    `with ${bits} bits on every link ${minPaths === 1 ? 'keeps' : 'keep'} the policy${instead}`
  );
}
