import { contest, type Job } from './contest.ts';
import { demand, PlannerError } from './error.ts';
import { type Found, fairest, PROVED } from './fair.ts';

/**
 * Who serves whom when: a satellite has one transmitter and a station one telescope, and both need time to turn to the
 * next. What is proposed may hold several cuts of one pass; they share its satellite, so at most disjoint ones are taken.
 */

/** One way to use a pass or a part of it. */
export interface Proposal {
  readonly id: string;
  /** Satellite and stations that it occupies, by any names; satellites and stations must differ in theirs. */
  readonly resources: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  /** Expected secret bits, 0 or more. */
  readonly value: number;
  /** Whose key it is, for fairness: a station, or a pair. */
  readonly group: string;
}

export interface ScheduleRequest {
  readonly proposals: readonly Proposal[];
  /** Between the end of one service and the start of the next on the same satellite or station. */
  readonly setupS: number;
  /** `total`: most key in all. `fair`: most key for the group that gets least; what that leaves free is filled up. */
  readonly objective: 'total' | 'fair';
  /** Steps that the search may take in all, a million unless given. */
  readonly nodeLimit?: number;
}

export interface Schedule {
  /** Indices into the proposals, in order of start. */
  readonly chosen: readonly number[];
  /** Of the objective: the sum of values, or the least sum of a group. */
  readonly value: number;
  /** No schedule made of these proposals reaches more. */
  readonly bound: number;
  /** (bound - value) / bound; 0 where the schedule is proved best. */
  readonly gap: number;
  readonly optimal: boolean;
  /** Sum of values of the chosen, whatever the objective. */
  readonly total: number;
  /** Proposals of some value that exclude another one of some value. */
  readonly contested: number;
}

/**
 * The schedule with a bound beside it.
 *
 * `total`: proposals fall into contests that do not touch each other; each is solved by `contest`, exactly where the
 * search ends within its nodes, and the bounds add up.
 *
 * `fair`: see `fairest`. Groups without any proposal of value are left out: they get nothing whatever is chosen.
 * @throws PlannerError `planner/parameter`
 */
export function schedule(request: ScheduleRequest): Schedule {
  const { proposals, setupS, objective, nodeLimit = 1_000_000 } = request;
  demand('setupS', setupS, 0, 86_400);
  demand('nodeLimit', nodeLimit, 1, Number.MAX_SAFE_INTEGER, 'whole');
  const numbers = new Map<string, number>();
  const numberOf = (resource: string): number => {
    const known = numbers.get(resource);
    if (known !== undefined) return known;
    numbers.set(resource, numbers.size);
    return numbers.size - 1;
  };
  const jobs = proposals.map((proposal): Job => {
    const { id, resources, startMs, endMs, value } = proposal;
    if (!(startMs < endMs && value >= 0 && Number.isFinite(value) && Number.isFinite(endMs - startMs))) {
      throw new PlannerError(
        'planner/parameter',
        `proposal ${id} from ${startMs} to ${endMs} is worth ${value}; it must start before it ends and be worth 0 or more`,
      );
    }
    return { resources: resources.map(numberOf), startMs, releaseMs: endMs + setupS * 1000, value };
  });
  const worthwhile = jobs.map((_, i) => i).filter((i) => jobs[i]!.value > 0);
  const contests = contestsOf(jobs, worthwhile);
  const contested = contests.reduce((sum, { length }) => sum + (length > 1 ? length : 0), 0);
  const groups = proposals.map(({ group }) => group);
  const found =
    objective === 'total'
      ? solveAll(jobs, contests, (i) => jobs[i]!.value, nodeLimit, 'long')
      : fairest(jobs, groups, worthwhile, (...weighted) => solveAll(jobs, contests, ...weighted, 'short'), nodeLimit);
  const gap = found.bound > 0 ? (found.bound - found.value) / found.bound : 0;
  return {
    chosen: found.chosen.sort((a, b) => jobs[a]!.startMs - jobs[b]!.startMs || a - b),
    value: found.value,
    bound: found.bound,
    gap: gap < PROVED ? 0 : gap,
    optimal: gap < PROVED,
    total: found.chosen.reduce((sum, i) => sum + jobs[i]!.value, 0),
    contested,
  };
}

/** Groups of jobs that touch each other, directly or through others. */
function contestsOf(jobs: readonly Job[], which: readonly number[]): number[][] {
  const parent = new Map(which.map((i) => [i, i]));
  const root = (i: number): number => {
    let at = i;
    while (parent.get(at) !== at) {
      const up = parent.get(parent.get(at)!)!;
      parent.set(at, up);
      at = up;
    }
    return at;
  };
  const open = new Map<number, { last: number; releaseMs: number }>();
  for (const i of [...which].sort((a, b) => jobs[a]!.startMs - jobs[b]!.startMs)) {
    const { resources, startMs, releaseMs } = jobs[i]!;
    for (const resource of resources) {
      const before = open.get(resource);
      const touches = before !== undefined && startMs < before.releaseMs;
      if (touches) parent.set(root(i), root(before.last));
      open.set(resource, { last: i, releaseMs: touches ? Math.max(releaseMs, before.releaseMs) : releaseMs });
    }
  }
  const groups = new Map<number, number[]>();
  for (const i of which) {
    const key = root(i);
    const list = groups.get(key);
    if (list) list.push(i);
    else groups.set(key, [i]);
  }
  return [...groups.values()];
}

function solveAll(
  jobs: readonly Job[],
  contests: readonly number[][],
  values: (i: number) => number,
  nodeLimit: number,
  effort: 'long' | 'short',
): Found {
  const found: Found = { chosen: [], value: 0, bound: 0 };
  let left = nodeLimit;
  let jobsLeft = contests.reduce((sum, { length }) => sum + length, 0);
  for (const all of contests) {
    const members = all.filter((i) => values(i) > 0);
    const among = jobsLeft;
    jobsLeft -= all.length;
    if (members.length === 0) continue;
    if (members.length === 1) {
      const value = values(members[0]!);
      found.chosen.push(members[0]!);
      found.value += value;
      found.bound += value;
      continue;
    }
    // Nodes are shared out by size; what an easy contest does not use is left for the next.
    const share = Math.max(1, Math.floor((left * all.length) / among));
    const result = contest(
      members.map((i) => ({ ...jobs[i]!, value: values(i) })),
      share,
      effort,
    );
    left = Math.max(0, left - result.nodes);
    for (const at of result.chosen) found.chosen.push(members[at]!);
    found.value += result.value;
    found.bound += result.bound;
  }
  return found;
}
