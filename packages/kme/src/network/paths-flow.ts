/**
 * Disjoint paths as a flow of least cost: Suurballe, Networks 4, 125 (1974), by successive shortest paths through nodes
 * split in two. A trust group is one vertex here, entered at one node and left at another: that is a relaxation, so that
 * its optimum is a bound, and the answer itself where no path makes use of it.
 */

export interface FlowEdge {
  /** Vertices, 0 to `vertices - 1`. */
  readonly ends: readonly [number, number];
  /** A whole number, 0 or more. */
  readonly cost: number;
}

export interface Flow {
  /** Edges of each path in order, from source to target; by total cost. */
  readonly paths: readonly (readonly number[])[];
  readonly cost: number;
}

/**
 * The `count` vertex-disjoint paths of least cost, or as many as there are. Every edge is used at most once, and of equal
 * paths those over edges listed first.
 */
export function disjointFlow(
  vertices: number,
  edges: readonly FlowEdge[],
  source: number,
  target: number,
  count: number,
): Flow {
  const network = new Residual(vertices, edges, source, target);
  let cost = 0;
  let found = 0;
  for (; found < count; found++) {
    const more = network.augment();
    if (more === null) break;
    cost += more;
  }
  return { paths: network.paths(found), cost };
}

/** Arcs in pairs: arc `i` and its way back `i ^ 1`. Vertex `v` is entered at `2 v` and left at `2 v + 1`. */
class Residual {
  readonly #nodes: number;
  readonly #source: number;
  readonly #target: number;
  readonly #to: number[] = [];
  readonly #room: number[] = [];
  readonly #cost: number[] = [];
  readonly #edge: number[] = [];
  readonly #out: number[][];

  constructor(vertices: number, edges: readonly FlowEdge[], source: number, target: number) {
    this.#nodes = 2 * vertices;
    this.#source = 2 * source + 1;
    this.#target = 2 * target;
    this.#out = Array.from({ length: this.#nodes }, () => []);
    for (let v = 0; v < vertices; v++) {
      if (v !== source && v !== target) this.#arc(2 * v, 2 * v + 1, 0, -1);
    }
    for (const [edge, { ends, cost }] of edges.entries()) {
      const [a, b] = ends;
      if (a === b) continue;
      // Both directions; a cheapest flow never uses both, since taking them out costs nothing.
      if (b !== source && a !== target) this.#arc(2 * a + 1, 2 * b, cost, edge);
      if (a !== source && b !== target) this.#arc(2 * b + 1, 2 * a, cost, edge);
    }
  }

  #arc(from: number, to: number, cost: number, edge: number): void {
    this.#out[from]!.push(this.#to.length);
    this.#to.push(to);
    this.#room.push(1);
    this.#cost.push(cost);
    this.#edge.push(edge);
    this.#out[to]!.push(this.#to.length);
    this.#to.push(from);
    this.#room.push(0);
    this.#cost.push(-cost);
    this.#edge.push(edge);
  }

  /** One more unit by the cheapest way (Bellman and Ford, with a queue: ways back cost less than nothing); its cost. */
  augment(): number | null {
    const best = new Float64Array(this.#nodes).fill(Number.POSITIVE_INFINITY);
    const by = new Int32Array(this.#nodes).fill(-1);
    const queue = [this.#source];
    const queued = new Uint8Array(this.#nodes);
    best[this.#source] = 0;
    for (let at = 0; at < queue.length; at++) {
      const node = queue[at]!;
      queued[node] = 0;
      for (const arc of this.#out[node]!) {
        const to = this.#to[arc]!;
        const cost = best[node]! + this.#cost[arc]!;
        if (this.#room[arc] === 0 || cost >= best[to]!) continue;
        best[to] = cost;
        by[to] = arc;
        if (queued[to] === 0) {
          queued[to] = 1;
          queue.push(to);
        }
      }
    }
    if (by[this.#target] === -1) return null;
    for (let node = this.#target; node !== this.#source; ) {
      const arc = by[node]!;
      this.#room[arc]!--;
      this.#room[arc ^ 1]!++;
      node = this.#to[arc ^ 1]!;
    }
    return best[this.#target]!;
  }

  paths(count: number): number[][] {
    const paths = Array.from({ length: count }, () => {
      const path: number[] = [];
      for (let node = this.#source; node !== this.#target; ) {
        const arc = this.#out[node]!.find((a) => (a & 1) === 0 && this.#room[a] === 0)!;
        // Taken, so that the next path leaves the source by another arc.
        this.#room[arc] = 1;
        if (this.#edge[arc] !== -1) path.push(this.#edge[arc]!);
        node = this.#to[arc]!;
      }
      return path;
    });
    return paths;
  }
}
