/** The routes of the policy in force, for who joins and who waits. */
import { type JoinPlan, plannedRoutes, type RouteScene } from '@skykey/kme';
import { NodeError } from '../error.ts';

/** Throws NodeError `node/policy` for a rule that the network cannot keep. */
export function routesOf({ policyFile, ...scene }: RouteScene & { readonly policyFile: string }): readonly JoinPlan[] {
  const { plans, unreachable } = plannedRoutes(scene);
  const [first] = unreachable;
  if (first)
    throw new NodeError('node/policy', `${policyFile}: ${first.rule} cannot be kept in this network: ${first.why}`);
  return plans;
}
