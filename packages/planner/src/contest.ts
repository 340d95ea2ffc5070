/**
 * One contest: jobs that get in each other's way, directly or through others, of which the most valuable compatible set is
 * wanted. Every job holds some resources (its satellite, its stations) from its start to its release; two jobs that share
 * a resource exclude each other when those times overlap.
 *
 * The bound. Split every value over the job's resources in any way, w_i = sum_r s_ir. A compatible set is, on each
 * resource by itself, a set of disjoint intervals; so its value sum_i w_i = sum_r sum_i s_ir is at most
 * sum_r (best disjoint intervals on r under s_r), and each of those is found exactly by a longest path in order of time.
 * The split is improved by subgradient steps; whatever the split, the bound holds. Because intervals on a line have no
 * integrality gap, the best split gives the linear relaxation with all clique inequalities.
 *
 * The search goes through the jobs in order of start and takes or leaves each. A resource is then described by the time it
 * is free from, and the longest paths from there on bound what can still come.
 */

/** Something that can be done: value 0 or more. */
export interface Job {
  /** Satellite and stations, as numbers from 0; none twice. */
  readonly resources: readonly number[];
  readonly startMs: number;
  /** End with the set-up time behind it: the resources are free from here on. */
  readonly releaseMs: number;
  readonly value: number;
}

export interface ContestResult {
  /** Indices into the jobs, in order of start. */
  readonly chosen: readonly number[];
  readonly value: number;
  /** No compatible set is worth more. */
  readonly bound: number;
  /** Nodes of the search that were spent. */
  readonly nodes: number;
}

/** Jobs in order of start, as the search sees them. */
interface Line {
  /** Positions of the jobs on this resource, in order. */
  readonly at: Int32Array;
  /** For each of them the first place on this line that starts at or after its release. */
  readonly next: Int32Array;
  readonly starts: Float64Array;
  /** Share of each value that is charged here. */
  readonly share: Float64Array;
  /** Best disjoint value from each place to the end. */
  readonly best: Float64Array;
}

const STEPS = { long: 120, short: 40 } as const;
/** Values are compared to this share of the bound: sums of the same numbers in another order differ by rounding. */
const ROUNDING = 1e-12;
/** Larger contests are left to the relaxation: the search would not end, and goes one call deep a job. */
const MOST_SEARCHED = 2000;

/**
 * The most valuable compatible set, or the best found within `nodeLimit` nodes, with a bound; `effort` is how long the split
 * is improved.
 */
export function contest(jobs: readonly Job[], nodeLimit: number, effort: 'long' | 'short'): ContestResult {
  const order = jobs.map((_, i) => i).sort((a, b) => jobs[a]!.startMs - jobs[b]!.startMs || a - b);
  const sorted = order.map((i) => jobs[i]!);
  const lines = linesOf(sorted);
  const found = relax(sorted, lines, STEPS[effort]);
  const tolerance = ROUNDING * found.bound;
  let { bound, value, chosen } = found;
  let nodes = 0;
  if (value < bound - tolerance && jobs.length <= MOST_SEARCHED) {
    const search = new Search(sorted, lines, chosen, value, tolerance, nodeLimit);
    search.run();
    ({ chosen, value } = search);
    nodes = search.nodes;
    if (nodes < nodeLimit) bound = Math.min(bound, value + tolerance);
  }
  return { chosen: chosen.map((at) => order[at]!), value, bound: Math.max(bound, value), nodes };
}

function linesOf(sorted: readonly Job[]): Line[] {
  const places = new Map<number, number[]>();
  for (const [at, job] of sorted.entries()) {
    for (const resource of job.resources) {
      const list = places.get(resource);
      if (list) list.push(at);
      else places.set(resource, [at]);
    }
  }
  return [...places.values()].map((list) => {
    const starts = Float64Array.from(list, (at) => sorted[at]!.startMs);
    return {
      at: Int32Array.from(list),
      starts,
      next: Int32Array.from(list, (at) => firstFrom(starts, sorted[at]!.releaseMs)),
      share: Float64Array.from(list, (at) => sorted[at]!.value / sorted[at]!.resources.length),
      best: new Float64Array(list.length + 1),
    };
  });
}

/** First place in ascending `starts` at or after a time. */
function firstFrom(starts: Float64Array, timeMs: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle]! < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The longest path of one line, from every place to the end; returns the whole. */
function longest({ best, share, next }: Line): number {
  for (let i = share.length - 1; i >= 0; i--) best[i] = Math.max(best[i + 1]!, share[i]! + best[next[i]!]!);
  return best[0]!;
}

/** Improves the split; leaves the lines with the best one found, and gives bound and a compatible set. */
function relax(
  sorted: readonly Job[],
  lines: readonly Line[],
  steps: number,
): { bound: number; value: number; chosen: number[] } {
  const votes = new Float64Array(sorted.length);
  let bound = Number.POSITIVE_INFINITY;
  let { chosen, value } = accept(sorted, (a, b) => sorted[b]!.value - sorted[a]!.value);
  let kept: Float64Array[] = [];
  let pace = 1;
  let stalled = 0;
  for (let step = 0; step < steps; step++) {
    let total = 0;
    for (const line of lines) total += longest(line);
    if (total < bound) {
      bound = total;
      kept = lines.map(({ share }) => share.slice());
      stalled = 0;
    } else if (++stalled === 8) {
      pace /= 2;
      stalled = 0;
    }
    votes.fill(0);
    for (const line of lines) eachTaken(line, (place) => votes[line.at[place]!]!++);
    const mine = accept(sorted, (a, b) => {
      const agreed = votes[b]! / sorted[b]!.resources.length - votes[a]! / sorted[a]!.resources.length;
      return agreed || sorted[b]!.value - sorted[a]!.value;
    });
    if (mine.value > value) ({ chosen, value } = mine);
    // Polyak's step along (taken here - taken on average), which keeps the shares of a job summing to its value.
    let norm = 0;
    for (const [at, job] of sorted.entries()) norm += votes[at]! - votes[at]! ** 2 / job.resources.length;
    if (norm < 1e-9 || bound - value <= ROUNDING * bound) break;
    const length = (pace * (total - value)) / norm;
    for (const line of lines) {
      for (let place = 0; place < line.at.length; place++) {
        const at = line.at[place]!;
        line.share[place]! += (length * votes[at]!) / sorted[at]!.resources.length;
      }
      eachTaken(line, (place) => {
        line.share[place]! -= length;
      });
    }
  }
  for (const [i, line] of lines.entries()) {
    line.share.set(kept[i]!);
    longest(line);
  }
  return { bound, value, chosen };
}

/** Walks the longest path of a line, by the values that `longest` left. */
function eachTaken({ next, best }: Line, visit: (place: number) => void): void {
  for (let i = 0; i < next.length; ) {
    if (best[i]! > best[i + 1]!) {
      visit(i);
      i = next[i]!;
    } else i++;
  }
}

/** Takes jobs in the order given, each that still fits. */
function accept(sorted: readonly Job[], order: (a: number, b: number) => number): { chosen: number[]; value: number } {
  const taken = new Map<number, Job[]>();
  const chosen: number[] = [];
  let value = 0;
  for (const at of sorted.map((_, i) => i).sort(order)) {
    const job = sorted[at]!;
    const free = job.resources.every((r) => taken.get(r)?.every((other) => !overlap(job, other)) ?? true);
    if (!free || job.value <= 0) continue;
    for (const r of job.resources) {
      const list = taken.get(r);
      if (list) list.push(job);
      else taken.set(r, [job]);
    }
    chosen.push(at);
    value += job.value;
  }
  return { chosen: chosen.sort((a, b) => a - b), value };
}

const overlap = (a: Job, b: Job): boolean => a.startMs < b.releaseMs && b.startMs < a.releaseMs;

class Search {
  chosen: number[];
  value: number;
  nodes = 0;
  readonly #jobs: readonly Job[];
  readonly #lines: readonly Line[];
  readonly #tolerance: number;
  readonly #limit: number;
  /** Lines of each job. */
  readonly #linesOf: number[][];
  /** First place of each line that is still free in time. */
  readonly #free: Int32Array;
  /** First place of each line that the search has not passed. */
  readonly #passed: Int32Array;
  readonly #path: number[] = [];

  constructor(
    jobs: readonly Job[],
    lines: readonly Line[],
    chosen: number[],
    value: number,
    tolerance: number,
    limit: number,
  ) {
    this.#jobs = jobs;
    this.#lines = lines;
    this.chosen = chosen;
    this.value = value;
    this.#tolerance = tolerance;
    this.#limit = limit;
    this.#linesOf = jobs.map(() => []);
    for (const [l, line] of lines.entries()) for (const at of line.at) this.#linesOf[at]!.push(l);
    this.#free = new Int32Array(lines.length);
    this.#passed = new Int32Array(lines.length);
  }

  run(): void {
    this.#visit(0, 0);
  }

  /** Decides the job at `at`, the value of those taken so far being `value`. */
  #visit(at: number, value: number): void {
    if (this.nodes >= this.#limit) return;
    this.nodes++;
    if (value > this.value) {
      this.value = value;
      this.chosen = [...this.#path];
    }
    if (at === this.#jobs.length) return;
    let most = value;
    for (let l = 0; l < this.#lines.length; l++) {
      most += this.#lines[l]!.best[Math.max(this.#free[l]!, this.#passed[l]!)]!;
    }
    if (most <= this.value + this.#tolerance) return;

    const mine = this.#linesOf[at]!;
    const fits = mine.every((l) => this.#free[l]! <= this.#passed[l]!);
    if (fits) {
      const before = mine.map((l) => this.#free[l]!);
      for (const l of mine) this.#free[l] = this.#lines[l]!.next[this.#passed[l]!]!;
      for (const l of mine) this.#passed[l]!++;
      this.#path.push(at);
      this.#visit(at + 1, value + this.#jobs[at]!.value);
      this.#path.pop();
      for (const [i, l] of mine.entries()) this.#free[l] = before[i]!;
      for (const l of mine) this.#passed[l]!--;
    }
    for (const l of mine) this.#passed[l]!++;
    this.#visit(at + 1, value);
    for (const l of mine) this.#passed[l]!--;
  }
}
