/**
 * The cheapest set of disjoint paths, exactly: single paths in order of cost (best first, with the cost of the way that is
 * left as the estimate), and with each that turns up the cheapest set it is the dearest member of. A path whose nodes
 * include all those of a cheaper one is in no set that the cheaper one could not be in, and is not followed.
 */
import type { RouteRules } from './policy.ts';
import type { NetworkLink, Topology } from './topology.ts';

/** A way from one end so far; of classes one bit each. */
interface Way {
  readonly at: number;
  readonly links: readonly number[];
  readonly nodes: bigint;
  readonly classes: bigint;
  readonly relays: number;
  readonly epsSec: number;
  readonly epsCor: number;
  readonly cost: number;
  /** Cost with the least that can follow. */
  readonly least: number;
}

interface Step {
  readonly link: number;
  readonly to: number;
  readonly nodes: bigint;
  readonly classes: bigint;
  readonly relays: number;
}

interface Wanted {
  readonly count: number;
  /** No set is cheaper. */
  readonly bound: number;
  readonly stepLimit: number;
}

/** Null with `proved`: there is no such set. Without it: none was found in time, or a cheaper one may exist. */
export function cheapestSet(
  topology: Topology,
  { from, to, rules }: { readonly from: string; readonly to: string; readonly rules: RouteRules },
  usable: readonly NetworkLink[],
  costs: readonly number[],
  wanted: Wanted,
): { readonly links: readonly (readonly NetworkLink[])[] | null; readonly proved: boolean } {
  const names = topology.nodes.map(({ id }) => id);
  const index = new Map(names.map((id, i) => [id, i]));
  const [source, target] = [index.get(from)!, index.get(to)!];
  const steps = stepsOf(topology, usable, names, { source, target, distinct: rules.distinct });
  const left = costsTo(target, steps, costs);
  const queue = new Queue();
  const start = { at: source, links: [], nodes: 1n << BigInt(source), classes: 0n, relays: 0, epsSec: 0, epsCor: 0 };
  if (left[source]! < Number.POSITIVE_INFINITY) queue.push({ ...start, cost: 0, least: left[source]! });
  const sets = new Sets(rules, wanted);
  while (!sets.exhausted) {
    const way = queue.pop();
    if (way === undefined || sets.settledBy(way.least)) return { links: chosen(sets, usable), proved: true };
    sets.step();
    if (sets.covers(way)) continue;
    if (way.at === target) {
      sets.add(way);
      continue;
    }
    for (const { link, to: next, nodes, classes, relays } of steps[way.at]!) {
      if ((way.nodes & nodes) !== 0n || left[next] === Number.POSITIVE_INFINITY) continue;
      const cost = way.cost + costs[link]!;
      const further: Way = {
        at: next,
        links: [...way.links, link],
        nodes: way.nodes | nodes,
        classes: way.classes | classes,
        relays: way.relays + relays,
        epsSec: way.epsSec + usable[link]!.epsSec,
        epsCor: way.epsCor + usable[link]!.epsCor,
        cost,
        least: cost + left[next]!,
      };
      if (further.relays > rules.maxRelays || further.epsSec > rules.epsSec || further.epsCor > rules.epsCor) continue;
      if (!sets.covers(further)) queue.push(further);
    }
  }
  return { links: chosen(sets, usable), proved: false };
}

const chosen = ({ best }: Sets, usable: readonly NetworkLink[]): NetworkLink[][] | null =>
  best?.map(({ links }) => links.map((i) => usable[i]!)) ?? null;

/** Where a link leads from each node, and whom it adds. */
function stepsOf(
  topology: Topology,
  usable: readonly NetworkLink[],
  names: readonly string[],
  { source, target, distinct }: { source: number; target: number; distinct: 'group' | 'owner' },
): Step[][] {
  const index = new Map(names.map((id, i) => [id, i]));
  const classIndex = new Map<string, number>();
  const classBit = (node: string): bigint => {
    const name = topology.likeness(node, distinct);
    if (!classIndex.has(name)) classIndex.set(name, classIndex.size);
    return 1n << BigInt(classIndex.get(name)!);
  };
  const steps: Step[][] = names.map(() => []);
  for (const [link, { ends, through = [] }] of usable.entries()) {
    for (const [here, there] of [ends, [ends[1], ends[0]] as const]) {
      const to = index.get(there)!;
      if (to === source || index.get(here) === target) continue;
      const between = to === target ? through : [...through, there];
      steps[index.get(here)!]!.push({
        link,
        to,
        nodes: [...through, there].reduce((bits, node) => bits | (1n << BigInt(index.get(node)!)), 0n),
        classes: between.reduce((bits, node) => bits | classBit(node), 0n),
        relays: between.length,
      });
    }
  }
  return steps;
}

/** Least cost from every node to the target, by rounds (Bellman and Ford). */
function costsTo(target: number, steps: readonly (readonly Step[])[], costs: readonly number[]): Float64Array {
  const left = new Float64Array(steps.length).fill(Number.POSITIVE_INFINITY);
  left[target] = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (const [here, out] of steps.entries()) {
      for (const { link, to } of out) {
        const cost = costs[link]! + left[to]!;
        if (cost < left[here]!) {
          left[here] = cost;
          changed = true;
        }
      }
    }
  }
  return left;
}

/** Complete paths in order of cost, and the best set of them. */
class Sets {
  readonly #limits: { readonly epsSec: number; readonly epsCor: number };
  readonly #wanted: Wanted;
  readonly #paths: Way[] = [];
  #steps = 0;
  #cost = Number.POSITIVE_INFINITY;
  best: readonly Way[] | null = null;

  constructor(limits: { readonly epsSec: number; readonly epsCor: number }, wanted: Wanted) {
    this.#limits = limits;
    this.#wanted = wanted;
  }

  get exhausted(): boolean {
    return this.#steps >= this.#wanted.stepLimit;
  }

  step(): void {
    this.#steps++;
  }

  /** Whether no set with a path of this cost or more is better than the best that is known. */
  settledBy(cost: number): boolean {
    const others = (this.#wanted.count - 1) * (this.#paths[0]?.cost ?? cost);
    return this.#cost <= Math.max(this.#wanted.bound, cost + others);
  }

  covers({ classes, epsSec, epsCor }: Way): boolean {
    return this.#paths.some(
      (path) =>
        path.classes !== 0n &&
        (classes & path.classes) === path.classes &&
        path.epsSec <= epsSec &&
        path.epsCor <= epsCor,
    );
  }

  add(path: Way): void {
    this.#extend([path], path, 0);
    this.#paths.push(path);
  }

  /** `sum`: what the members of the set have used up together. */
  #extend(set: readonly Way[], sum: Pick<Way, 'classes' | 'epsSec' | 'epsCor' | 'cost'>, from: number): void {
    const missing = this.#wanted.count - set.length;
    if (missing === 0) {
      if (sum.cost < this.#cost) {
        this.#cost = sum.cost;
        this.best = set;
      }
      return;
    }
    for (let i = from; i + missing <= this.#paths.length && !this.exhausted; i++) {
      const path = this.#paths[i]!;
      if (sum.cost + missing * path.cost >= this.#cost) return;
      this.#steps++;
      const epsSec = sum.epsSec + path.epsSec;
      const epsCor = sum.epsCor + path.epsCor;
      if ((sum.classes & path.classes) !== 0n || epsSec > this.#limits.epsSec || epsCor > this.#limits.epsCor) continue;
      this.#extend(
        [...set, path],
        { classes: sum.classes | path.classes, epsSec, epsCor, cost: sum.cost + path.cost },
        i + 1,
      );
    }
  }
}

/** A binary heap: cheapest first, then fewest relays, then the links listed first. */
class Queue {
  readonly #heap: Way[] = [];

  push(way: Way): void {
    const heap = this.#heap;
    let at = heap.push(way) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (order(heap[up]!, way) <= 0) break;
      heap[at] = heap[up]!;
      at = up;
    }
    heap[at] = way;
  }

  pop(): Way | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && order(heap[down + 1]!, heap[down]!) < 0) down++;
      if (order(last, heap[down]!) <= 0) break;
      heap[at] = heap[down]!;
      at = down;
    }
    heap[at] = last;
    return top;
  }
}

function order(a: Way, b: Way): number {
  if (a.least !== b.least) return a.least - b.least;
  if (a.relays !== b.relays) return a.relays - b.relays;
  const n = Math.min(a.links.length, b.links.length);
  for (let i = 0; i < n; i++) {
    if (a.links[i] !== b.links[i]) return a.links[i]! - b.links[i]!;
  }
  return a.links.length - b.links.length;
}
