/** Whether a network can do what its policy promises: checked at start, before anybody waits for a key that cannot come. */
import { disjointPaths } from './paths.ts';
import type { Policy } from './policy.ts';
import type { Topology } from './topology.ts';

export interface Unreachable {
  /** Field of the policy, by its rule. */
  readonly rule: string;
  readonly why: string;
}

/**
 * Rules that can never be kept, each once: with an application or a node that is not there, or with more disjoint paths than
 * there would be with every alarm cleared and every store full. `siteOf`: SAEs and the node where their KME stands.
 */
export function unreachable(
  policy: Policy,
  topology: Topology,
  siteOf: ReadonlyMap<string, string>,
  nowMs: number,
): Unreachable[] {
  const found = new Map<string, Unreachable>();
  const whole = topology.withLinks(
    topology.links
      .filter(({ through = [] }) => through.length === 0)
      .map((link) => ({ ...link, state: 'passive', rateBps: 0, stockBits: 1, oldestAtMs: nowMs })),
  );
  for (const pair of policy.pairs) {
    const rules = policy.rulesFor(pair)!;
    const why = cannot(whole, siteOf, pair, rules.denyNodes) ?? noPath(whole, siteOf, pair, rules, nowMs);
    if (why !== undefined && !found.has(rules.rule)) found.set(rules.rule, { rule: rules.rule, why });
  }
  return [...found.values()];
}

function cannot(
  topology: Topology,
  siteOf: ReadonlyMap<string, string>,
  pair: readonly [string, string],
  denyNodes: readonly string[],
): string | undefined {
  const stranger = pair.find((sae) => !siteOf.has(sae));
  if (stranger !== undefined) return `${stranger} is not in the network; list it, or take it out of the policy`;
  const nowhere = pair.find((sae) => !topology.has(siteOf.get(sae)!));
  if (nowhere !== undefined)
    return `${nowhere} belongs to ${siteOf.get(nowhere)}, which is no node of the network; add the node`;
  const nobody = denyNodes.find((node) => !topology.has(node));
  return nobody === undefined
    ? undefined
    : `${nobody} is denied and no node of the network; a rule about nobody protects nobody: correct its name`;
}

function noPath(
  topology: Topology,
  siteOf: ReadonlyMap<string, string>,
  [a, b]: readonly [string, string],
  rules: NonNullable<ReturnType<Policy['rulesFor']>>,
  nowMs: number,
): string | undefined {
  const [from, to] = [siteOf.get(a)!, siteOf.get(b)!];
  if (from === to) return `${a} and ${b} are both of ${from}: no quantum link lies between them`;
  const answer = disjointPaths(topology, { from, to, bits: 0, rules, nowMs });
  return answer.found || !answer.proved ? undefined : answer.why;
}
