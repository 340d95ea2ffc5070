/**
 * What all plans of a network bring together: the rules by which nodes join and combine, played on amounts alone, contact by
 * contact, once in every realisation. A forecast of one pair (`Forecaster`) has every link for itself; where several plans
 * want the key of one link, the first in the list takes what there is, and only a rehearsal of all of them knows what is
 * left for the others, and what the tags, the halves by direction and the least sizes of blocks cost on the way.
 *
 * It does not know of demand (key that applications take from a lane that is to be joined as well), of alarms to come, nor of
 * messages that cannot get through when a block is ready.
 */
import { KmeError } from '../error.ts';
import { keyLane, wayOf } from '../lanes.ts';
import { MAX_JOIN_BYTES } from '../peer/message.ts';
import { LEAST_COMBINED_BYTES } from '../relay/combine.ts';
import { joinCuts } from '../relay/confirm.ts';
import { JOIN_GRAIN_BYTES, LEAST_JOIN_BYTES } from '../relay/join.ts';
import type { Contact } from './forecast-supply.ts';
import type { JoinPlan } from './paths-join.ts';

export interface RehearsalScene {
  /** In the order in which nodes have them. */
  readonly plans: readonly JoinPlan[];
  /** Nodes in the order in which they act; those that are not listed do nothing. */
  readonly nodes: readonly string[];
  /** Bytes in the lanes of key now. */
  readonly stock: ReadonlyMap<string, number>;
  readonly contacts: readonly Contact[];
  /** Bytes that a block of so many bits of a quantum link brings to which lanes of key. */
  readonly cut: (link: string, bits: number) => readonly { readonly lane: string; readonly bytes: number }[];
  /** What waits of a combination at most, bytes (`RelayPlan`). */
  readonly targetBytes: number;
  readonly nowMs: number;
}

/** When one wants to know what has come, ascending. */
export type Moments = readonly number[];

/** By goal and moment: bits that have come since now, in every realisation. */
export type Rehearsed = readonly (readonly Float64Array[])[];

interface Join {
  readonly left: number;
  readonly right: number;
  readonly ends: readonly [string, string];
  readonly way: string;
  /** Lanes that a joined block fills, by `joinCuts` less those of tags. */
  readonly fills: readonly [number, number];
}

interface Combination {
  readonly parts: readonly number[];
  readonly whole: number;
}

/** The lanes in which the key of a plan lies in the end, one for either direction. */
export function lanesOf({ from, to, shares }: JoinPlan): readonly [string, string] {
  const way = shares
    .map(({ route }) => wayOf([route]))
    .sort()
    .join('+');
  return [keyLane(from, to, way), keyLane(to, from, way)];
}

/**
 * Plays the scene up to the last of `momentsMs`. A goal is a set of lanes; what counts is what came into them, whether it is
 * still there or not. Throws KmeError `kme/argument` for contacts with different numbers of realisations.
 */
export function rehearse(scene: RehearsalScene, goals: readonly (readonly string[])[], momentsMs: Moments): Rehearsed {
  const { plans, nodes, stock, targetBytes, nowMs, cut } = scene;
  const lastMs = momentsMs.at(-1) ?? nowMs;
  const contacts = scene.contacts
    .filter(({ readyMs }) => readyMs > nowMs && readyMs <= lastMs)
    .sort((a, b) => a.readyMs - b.readyMs);
  const realisations = scene.contacts[0]?.bits.length ?? 1;
  if (scene.contacts.some(({ bits }) => bits.length !== realisations)) {
    throw new KmeError('kme/argument', 'contacts have different numbers of realisations; all of a plan have as many');
  }
  const places = new Map<string, number>();
  const lane = (name: string): number => {
    if (!places.has(name)) places.set(name, places.size);
    return places.get(name)!;
  };
  for (const name of stock.keys()) lane(name);
  const work = nodes.map((node) => ({
    ...{ node, joins: joinsOf(node, plans, lane), combinations: combinationsOf(node, plans, lane) },
  }));
  const wanted = goals.map((names) => names.map(lane));
  const out = goals.map(() => momentsMs.map(() => new Float64Array(realisations)));
  for (let r = 0; r < realisations; r++) {
    const free = new Float64Array(places.size);
    const came = new Float64Array(places.size);
    for (const [name, bytes] of stock) free[lane(name)] = bytes;
    settle(work, free, came, targetBytes);
    let next = 0;
    for (const [at, momentMs] of momentsMs.entries()) {
      for (; next < contacts.length && contacts[next]!.readyMs <= momentMs; next++) {
        const { link, bits } = contacts[next]!;
        for (const part of cut(link, bits[r]!)) {
          const place = places.get(part.lane);
          if (place === undefined) continue;
          free[place]! += part.bytes;
          came[place]! += part.bytes;
        }
        settle(work, free, came, targetBytes);
      }
      for (const [goal, lanes] of wanted.entries()) {
        out[goal]![at]![r] = lanes.reduce((sum, place) => sum + came[place]! * 8, 0);
      }
    }
  }
  return out;
}

/** Each join once, as `relayPlanOf` has them. */
function joinsOf(node: string, plans: readonly JoinPlan[], lane: (name: string) => number): Join[] {
  const joins = new Map<string, Join>();
  for (const { left, right, makes } of plans.flatMap(({ steps }) => steps.filter((step) => step.node === node))) {
    const ends = [makes[0]!, makes.at(-1)!].sort() as [string, string];
    const way = wayOf([makes]);
    const name = [left, right].map(({ route }) =>
      JSON.stringify([route[0] === node ? route.at(-1) : route[0], wayOf([route])]),
    );
    joins.set(name.sort().join(), {
      left: lane(keyLane(node, makes[0]!, wayOf([left.route]))),
      right: lane(keyLane(node, makes.at(-1)!, wayOf([right.route]))),
      ends,
      way,
      fills: [lane(keyLane(ends[0], ends[1], way)), lane(keyLane(ends[1], ends[0], way))],
    });
  }
  return [...joins.values()];
}

function combinationsOf(node: string, plans: readonly JoinPlan[], lane: (name: string) => number): Combination[] {
  const found = new Map<string, Combination>();
  for (const plan of plans) {
    if (plan.shares.length < 2 || (node !== plan.from && node !== plan.to)) continue;
    const peer = node === plan.from ? plan.to : plan.from;
    const whole = lanesOf(plan)[node === plan.from ? 0 : 1];
    found.set(whole, {
      parts: plan.shares.map(({ route }) => lane(keyLane(node, peer, wayOf([route])))),
      whole: lane(whole),
    });
  }
  return [...found.values()];
}

type Work = readonly {
  readonly node: string;
  readonly joins: readonly Join[];
  readonly combinations: readonly Combination[];
}[];

/** A joined block that its ends have yet to confirm. */
interface Joined {
  readonly join: Join;
  readonly bytes: number;
}

/**
 * Every node does what it can until nothing moves any more, each in the order of `Exchange.flush`: it joins, then asks for
 * confirmation where it is the end that asks, then combines.
 */
function settle(work: Work, free: Float64Array, came: Float64Array, targetBytes: number): void {
  let waiting: Joined[] = [];
  for (let moved = true; moved; ) {
    moved = false;
    for (const { node, joins, combinations } of work) {
      for (const join of joins) {
        for (let bytes = joinable(join, free); bytes > 0; bytes = joinable(join, free)) {
          free[join.left]! -= bytes;
          free[join.right]! -= bytes;
          waiting.push({ join, bytes });
          moved = true;
        }
      }
      for (const block of waiting) {
        if (block.join.ends[0] !== node) continue;
        release(block, free, came);
        moved = true;
      }
      waiting = waiting.filter(({ join }) => join.ends[0] !== node);
      for (const combination of combinations) if (combined(combination, free, came, targetBytes)) moved = true;
    }
  }
}

function joinable({ left, right }: Join, free: Float64Array): number {
  const bytes = whole(Math.min(MAX_JOIN_BYTES, free[left]!, free[right]!));
  return bytes < LEAST_JOIN_BYTES ? 0 : bytes;
}

function release({ join, bytes }: Joined, free: Float64Array, came: Float64Array): void {
  const [a, b] = join.ends;
  const keys = joinCuts(bytes, a, b, join.way).slice(2);
  for (const [i, { from, to }] of keys.entries()) {
    free[join.fills[i]!]! += to - from;
    came[join.fills[i]!]! += to - from;
  }
}

function combined(
  { parts, whole: goal }: Combination,
  free: Float64Array,
  came: Float64Array,
  target: number,
): boolean {
  const least = parts.reduce(
    (bytes, part) => Math.min(bytes, free[part]!),
    Math.min(MAX_JOIN_BYTES, target - free[goal]!),
  );
  const bytes = whole(least);
  if (bytes < LEAST_COMBINED_BYTES) return false;
  for (const part of parts) free[part]! -= bytes;
  free[goal]! += bytes;
  came[goal]! += bytes;
  return true;
}

const whole = (bytes: number): number => Math.floor(bytes / JOIN_GRAIN_BYTES) * JOIN_GRAIN_BYTES;
