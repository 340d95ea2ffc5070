import type { Job } from './contest.ts';

/** A schedule as indices into the jobs, its objective, and what no schedule exceeds. */
export interface Found {
  chosen: number[];
  value: number;
  bound: number;
}

/** The best schedule for values other than the jobs' own, with its bound, within some nodes of search. */
export type Solve = (values: (i: number) => number, nodeLimit: number) => Found;

/** A gap below this is rounding. */
export const PROVED = 1e-9;
const ROUNDS = 48;
/** Of more jobs than this every round takes seconds. */
const MANY = 5000;
const ROUNDS_OF_MANY = 16;
/** Exchanges that are tried to lift the poorest group, at most. */
const MOST_EXCHANGES = 2000;

/**
 * The schedule that gives most to the group that gets least. Bound and gap are about that group alone; what it leaves free is
 * filled with whatever fits.
 *
 * The bound: for any weights p_g >= 0 of sum 1 the least group sum is at most sum_g p_g K_g, so at most the bound of the
 * schedule for most key with every value multiplied by the weight of its group. The weights are found by multiplicative
 * updates (the poorest gain weight: Freund and Schapire, Games Econ. Behav. 29:79, 1999). Each round gives a schedule and a
 * bound; the best of either are kept. The schedule is then improved by exchanges, and an exhaustive search closes small
 * problems. `groups` names the group of each job.
 */
export function fairest(
  jobs: readonly Job[],
  groups: readonly string[],
  worthwhile: readonly number[],
  solve: Solve,
  nodeLimit: number,
): Found {
  const names = [...new Set(worthwhile.map((i) => groups[i]!))];
  const best: Found = { chosen: [], value: -1, bound: Number.POSITIVE_INFINITY };
  if (names.length === 0) return { chosen: [], value: 0, bound: 0 };
  const numbers = new Map(names.map((name, g) => [name, g]));
  const groupOf = groups.map((name) => numbers.get(name) ?? -1);
  const byValue = [...worthwhile].sort((a, b) => jobs[b]!.value - jobs[a]!.value || a - b);
  let bestTotal = -1;
  const keep = (board: Board): void => {
    const value = Math.min(...board.got);
    const total = board.got.reduce((sum, x) => sum + x, 0);
    if (value < best.value || (value === best.value && total <= bestTotal)) return;
    best.chosen = [...board.chosen];
    best.value = value;
    bestTotal = total;
  };
  const boardOf = (chosen: readonly number[]): Board => {
    const board = new Board(jobs, groupOf, names.length);
    for (const i of chosen) board.add(i);
    return board;
  };
  // All weight on one group: what it would have if nobody else wanted anything.
  for (const g of names.keys()) {
    const alone = solve((i) => (groupOf[i] === g ? jobs[i]!.value : 0), nodeLimit / names.length);
    best.bound = Math.min(best.bound, alone.bound);
  }
  const scores = names.map(() => 0);
  let weights = names.map(() => 1 / names.length);
  const rounds = worthwhile.length > MANY ? ROUNDS_OF_MANY : ROUNDS;
  for (let round = 0; round < rounds && isOpen(best); round++) {
    const { chosen, bound } = solve((i) => weights[groupOf[i]!]! * jobs[i]!.value, nodeLimit / rounds);
    best.bound = Math.min(best.bound, bound);
    const board = boardOf(chosen);
    const got = [...board.got];
    board.fill(byValue);
    keep(board);
    const scale = Math.max(...got, Number.MIN_VALUE);
    for (const [g, x] of got.entries()) scores[g]! -= x / scale;
    const top = Math.max(...scores);
    const pace = 2 * Math.sqrt(Math.log(names.length + 1) / (round + 1));
    const raw = scores.map((score) => Math.exp((score - top) * pace));
    const sum = raw.reduce((a, b) => a + b, 0);
    weights = raw.map((w) => w / sum);
  }
  if (isOpen(best)) {
    const board = boardOf(best.chosen);
    board.exchange(byValue);
    board.fill(byValue);
    keep(board);
  }
  if (isOpen(best))
    exhaust(jobs, worthwhile, groupOf, names.length, best, (chosen) => keep(boardOf(chosen)), nodeLimit);
  best.bound = Math.max(best.bound, best.value);
  return best;
}

const isOpen = ({ value, bound }: Found): boolean => !(value >= bound * (1 - PROVED));

/** A schedule that can be changed, with what each group has. */
class Board {
  readonly chosen = new Set<number>();
  readonly got: number[];
  readonly #jobs: readonly Job[];
  readonly #groupOf: readonly number[];
  readonly #on = new Map<number, Set<number>>();

  constructor(jobs: readonly Job[], groupOf: readonly number[], groups: number) {
    this.#jobs = jobs;
    this.#groupOf = groupOf;
    this.got = Array.from({ length: groups }, () => 0);
  }

  add(i: number): void {
    this.chosen.add(i);
    this.got[this.#groupOf[i]!]! += this.#jobs[i]!.value;
    for (const r of this.#jobs[i]!.resources) {
      const list = this.#on.get(r);
      if (list) list.add(i);
      else this.#on.set(r, new Set([i]));
    }
  }

  #drop(i: number): void {
    this.chosen.delete(i);
    this.got[this.#groupOf[i]!]! -= this.#jobs[i]!.value;
    for (const r of this.#jobs[i]!.resources) this.#on.get(r)!.delete(i);
  }

  /** Those in the schedule that exclude a job, at most `limit + 1` of them. */
  #rivals(i: number, limit: number): number[] {
    const found: number[] = [];
    for (const r of this.#jobs[i]!.resources) {
      for (const other of this.#on.get(r) ?? []) {
        if (excludes(this.#jobs[i]!, this.#jobs[other]!) && !found.includes(other)) found.push(other);
        if (found.length > limit) return found;
      }
    }
    return found;
  }

  /** Adds whatever still fits, the most valuable first: nobody loses by it. */
  fill(byValue: readonly number[]): void {
    for (const i of byValue) if (!this.chosen.has(i) && this.#rivals(i, 0).length === 0) this.add(i);
  }

  /** Gives the poorest group what others can spare, as long as nobody falls to where it was. */
  exchange(byValue: readonly number[]): void {
    for (let n = 0; n < MOST_EXCHANGES; n++) {
      const least = Math.min(...this.got);
      const poorest = this.got.indexOf(least);
      const lifts = byValue.find((i) => {
        if (this.#groupOf[i] !== poorest || this.chosen.has(i)) return false;
        const rivals = this.#rivals(i, 4);
        if (rivals.length > 4) return false;
        const after = [...this.got];
        after[poorest]! += this.#jobs[i]!.value;
        for (const rival of rivals) after[this.#groupOf[rival]!]! -= this.#jobs[rival]!.value;
        return after.every((x, g) => x > least || (g !== poorest && x === this.got[g]));
      });
      if (lifts === undefined) return;
      for (const rival of this.#rivals(lifts, 4)) this.#drop(rival);
      this.add(lifts);
    }
  }
}

const excludes = (a: Job, b: Job): boolean =>
  a.startMs < b.releaseMs && b.startMs < a.releaseMs && a.resources.some((r) => b.resources.includes(r));

/** Most proposals for which the search for the fairest schedule is worth a try. */
const MOST_EXHAUSTED = 64;

/** Takes or leaves each proposal that excludes another; closes the bound when it gets through. */
function exhaust(
  jobs: readonly Job[],
  worthwhile: readonly number[],
  groupOf: readonly number[],
  groups: number,
  best: Found,
  keep: (chosen: readonly number[]) => void,
  nodeLimit: number,
): void {
  const rivals = new Map(worthwhile.map((i) => [i, worthwhile.filter((j) => j !== i && excludes(jobs[i]!, jobs[j]!))]));
  const torn = worthwhile.filter((i) => rivals.get(i)!.length > 0);
  if (torn.length > MOST_EXHAUSTED) return;
  const sure = worthwhile.filter((i) => rivals.get(i)!.length === 0);
  torn.sort((a, b) => jobs[b]!.value - jobs[a]!.value);
  const got = new Float64Array(groups);
  for (const i of sure) got[groupOf[i]!]! += jobs[i]!.value;
  /** What each group can still get from `torn` at each depth. */
  const rest = Array.from({ length: torn.length + 1 }, () => new Float64Array(groups));
  for (let depth = torn.length - 1; depth >= 0; depth--) {
    rest[depth]!.set(rest[depth + 1]!);
    rest[depth]![groupOf[torn[depth]!]!]! += jobs[torn[depth]!]!.value;
  }
  const path = new Set<number>();
  let nodes = 0;
  const visit = (depth: number): void => {
    if (++nodes > nodeLimit) return;
    let most = Number.POSITIVE_INFINITY;
    for (let g = 0; g < groups; g++) most = Math.min(most, got[g]! + rest[depth]![g]!);
    if (most <= best.value) return;
    if (depth === torn.length) {
      keep([...sure, ...path]);
      return;
    }
    const i = torn[depth]!;
    const g = groupOf[i]!;
    if (rivals.get(i)!.every((rival) => !path.has(rival))) {
      path.add(i);
      got[g]! += jobs[i]!.value;
      visit(depth + 1);
      got[g]! -= jobs[i]!.value;
      path.delete(i);
    }
    visit(depth + 1);
  };
  visit(0);
  if (nodes <= nodeLimit) best.bound = Math.min(best.bound, best.value * (1 + PROVED / 2));
}
