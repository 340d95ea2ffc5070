/** Every coalition of up to two dishonest nodes, or of two groups that trust makes one, against every key that was delivered. */
import type { Topology } from '@skykey/kme';
import { Adversary, inPlainSight } from './adversary.ts';
import { actingNodes } from './network-day.ts';
import type { DeliveredCopy, Observer } from './observer.ts';

export type CoalitionKind = 'nobody' | 'one node' | 'one group' | 'two nodes' | 'two groups' | 'sight of one vault';

export interface CoalitionTally {
  /** Node-disjoint ways that the keys took; 0: without a node between. */
  readonly paths: number;
  /** `nobody` knows what is said on public lines and no more; so does everybody else besides. */
  readonly kind: CoalitionKind;
  /** Whether it has a node on every way of the key: then it must know it, and otherwise it must not. */
  readonly covers: boolean;
  /** Keys times coalitions. */
  readonly attempts: number;
  readonly recovered: number;
}

interface Coalition {
  readonly kind: CoalitionKind;
  readonly members: readonly string[];
}

/** Throws when the adversary reckons a key that is not the key: then its algebra would be wrong. */
export function coalitionTallies(topology: Topology, { blocks, wire, delivered, entered }: Observer): CoalitionTally[] {
  const adversary = new Adversary(blocks, wire);
  const tallies = new Map<string, { -readonly [name in keyof CoalitionTally]: CoalitionTally[name] }>();
  const count = (key: DeliveredCopy, { kind, members }: Coalition, recovered: boolean): void => {
    const relayed = key.routes.map((route) => route.slice(1, -1)).filter(({ length }) => length > 0);
    const paths = relayed.length;
    const covers =
      paths === key.routes.length && relayed.every((route) => route.some((node) => members.includes(node)));
    const name = JSON.stringify([paths, kind, covers]);
    const tally = tallies.get(name) ?? { paths, kind, covers, attempts: 0, recovered: 0 };
    tally.attempts++;
    if (recovered) tally.recovered++;
    tallies.set(name, tally);
  };
  const between = new Map<string, readonly Coalition[]>();
  for (const key of delivered) {
    const ends = JSON.stringify(key.ends);
    if (!between.has(ends)) between.set(ends, coalitionsBut(topology, key.ends));
    for (const coalition of between.get(ends)!) {
      const { bytes } = adversary.attempt(key.keyId, new Set(coalition.members));
      if (bytes && !bytes.every((byte, i) => byte === key.bytes[i])) {
        throw new Error(`${coalition.members.join(', ') || 'nobody'} reckoned another key than ${key.keyId}`);
      }
      count(key, coalition, bytes !== null);
    }
  }
  for (const [node, parts] of entered) {
    const others = delivered.filter(({ ends }) => !ends.includes(node));
    const seen = inPlainSight(others, parts);
    for (const key of others) count(key, { kind: 'sight of one vault', members: [node] }, seen.has(key.keyId));
  }
  return [...tallies.values()].sort(
    (a, b) =>
      a.paths - b.paths || (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0) || Number(a.covers) - Number(b.covers),
  );
}

function coalitionsBut(topology: Topology, ends: readonly string[]): Coalition[] {
  const nodes = actingNodes(topology).filter((node) => !ends.includes(node));
  const groups = [...Map.groupBy(nodes, (node) => topology.likeness(node)).values()];
  const pairs = <T>(list: readonly T[]): [T, T][] =>
    list.flatMap((a, i) => list.slice(i + 1).map((b): [T, T] => [a, b]));
  return [
    { kind: 'nobody', members: [] },
    ...nodes.map((node): Coalition => ({ kind: 'one node', members: [node] })),
    ...groups.map((members): Coalition => ({ kind: 'one group', members })),
    ...pairs(nodes).map((members): Coalition => ({ kind: 'two nodes', members })),
    ...pairs(groups).map(([a, b]): Coalition => ({ kind: 'two groups', members: [...a, ...b] })),
  ];
}
