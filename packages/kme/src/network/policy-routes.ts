/**
 * From a policy and a network to the routes that keys take: nobody but the policy chooses them. What cannot be kept at all
 * is found here, at start, before anybody waits for a key that cannot come.
 */
import { disjointPaths } from './paths.ts';
import { type JoinPlan, joinPlan } from './paths-join.ts';
import type { PairRules, Policy, PolicyPair } from './policy.ts';
import type { Topology } from './topology.ts';

/** A rule that the network cannot keep. */
export interface Unreachable {
  /** Place of the rule in its document. */
  readonly rule: string;
  readonly why: string;
}

export interface PlannedRoutes {
  /** One for every pair of sites and every set of routes; what they join is for `relayPlanOf`. */
  readonly plans: readonly JoinPlan[];
  /** Each rule once. */
  readonly unreachable: readonly Unreachable[];
}

export interface RouteScene {
  readonly policy: Policy;
  /** Quantum links; of virtual ones nothing is taken, since they come of what is planned here. */
  readonly topology: Topology;
  /** SAEs and the node where their KME stands. */
  readonly siteOf: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

/**
 * The routes of every pair of the policy, with every store full and every alarm cleared: a rule without routes even then
 * names an application or a node that is not there, or more disjoint paths than the network has. To route around an alarm,
 * hand in the topology without that link.
 */
export function plannedRoutes({ policy, topology, siteOf, nowMs }: RouteScene): PlannedRoutes {
  const whole = topology.withLinks(
    topology.links
      .filter(({ through = [] }) => through.length === 0)
      .map((link) => ({ ...link, state: 'passive', rateBps: 0, stockBits: 1, oldestAtMs: nowMs })),
  );
  const plans = new Map<string, JoinPlan>();
  const unreachable = new Map<string, Unreachable>();
  const known = new Map<string, JoinPlan | string>();
  for (const pair of policy.pairs) {
    const rules = policy.rulesFor(pair)!;
    const ends = pair.map((sae) => siteOf.get(sae)).sort();
    // Pairs of one rule between the same sites have the same routes.
    const name = JSON.stringify([rules.rule, ends]);
    const found =
      nobody(whole, siteOf, pair, rules) ?? known.get(name) ?? route(whole, pair, ends as string[], rules, nowMs);
    known.set(name, found);
    if (typeof found !== 'string') plans.set(JSON.stringify(found.routes), found);
    else if (!unreachable.has(rules.rule)) unreachable.set(rules.rule, { rule: rules.rule, why: found });
  }
  return { plans: [...plans.values()], unreachable: [...unreachable.values()] };
}

/** Whom a rule names that is not there. */
function nobody(
  topology: Topology,
  siteOf: ReadonlyMap<string, string>,
  pair: PolicyPair,
  { denyNodes }: PairRules,
): string | undefined {
  const stranger = pair.find((sae) => !siteOf.has(sae));
  if (stranger !== undefined) return `${stranger} is not in the network; list it, or take it out of the policy`;
  const nowhere = pair.find((sae) => !topology.has(siteOf.get(sae)!));
  if (nowhere !== undefined) {
    return `${nowhere} belongs to ${siteOf.get(nowhere)}, which is no node of the network; add the node`;
  }
  const denied = denyNodes.find((node) => !topology.has(node));
  return (
    denied && `${denied} is denied and no node of the network; a rule about nobody protects nobody: correct its name`
  );
}

function route(
  topology: Topology,
  [a, b]: PolicyPair,
  ends: readonly string[],
  rules: PairRules,
  nowMs: number,
): JoinPlan | string {
  const [from, to] = ends as [string, string];
  if (from === to) return `${a} and ${b} are both of ${from}: no quantum link lies between them`;
  const answer = disjointPaths(topology, { from, to, bits: 0, rules, nowMs });
  return answer.found ? joinPlan(topology, answer.paths, 0) : answer.why;
}
