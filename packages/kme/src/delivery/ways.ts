import type { BlockLabels, VaultTransaction } from '@skykey/vault';
import type { Alarms, LinkAlarm } from '../alarm.ts';
import { keyLanes } from '../lanes.ts';
import { type DecisionContext, decide, type Policy, type PolicyPair } from '../network/policy.ts';

/** What can be had of one lane: `runs` are the sizes of its stretches, bytes, in the order in which they are handed out. */
export interface UsableWay {
  readonly lane: string;
  readonly way: string;
  readonly runs: readonly number[];
}

export interface WaysOptions {
  readonly policy: Policy;
  readonly alarms: Alarms;
  readonly context: DecisionContext;
}

/**
 * The ways by which `self` has key with `peer` that every one of the pairs may have, those of the shortest routes first.
 * Of a lane counts what lies before the first stretch that may not be used: key is handed out in order.
 */
export async function usableWays(
  tx: VaultTransaction,
  self: string,
  peer: string,
  pairs: readonly PolicyPair[],
  { policy, alarms, context }: WaysOptions,
): Promise<{
  readonly ways: UsableWay[];
  /** Why the policy or the demand refuses key that there is. */
  readonly refused: string | undefined;
}> {
  const prefix = keyLanes(self, peer);
  const closed = new Set((await alarms.list(tx)).map(({ link }) => link));
  const ways: UsableWay[] = [];
  let refused: string | undefined;
  for (const lane of await tx.lanes(prefix)) {
    const runs: number[] = [];
    let end = -1;
    for (const { offset, bytes, labels } of await tx.stretches(lane)) {
      if (labels.originLinks.some((link) => closed.has(link))) break;
      const why = notFor(labels, pairs, policy, context);
      if (why !== undefined) {
        refused ??= why;
        break;
      }
      if (offset === end) runs[runs.length - 1]! += bytes;
      else runs.push(bytes);
      end = offset + bytes;
    }
    if (runs.length > 0) ways.push({ lane, way: lane.slice(prefix.length), runs });
  }
  return { ways: ways.sort((a, b) => rank(a.way) - rank(b.way) || (a.way < b.way ? -1 : 1)), refused };
}

function notFor(
  labels: BlockLabels,
  pairs: readonly PolicyPair[],
  policy: Policy,
  context: DecisionContext,
): string | undefined {
  for (const pair of pairs) {
    const decision = decide(policy, pair, labels, context);
    if (!decision.allowed) return decision.why;
  }
  return undefined;
}

/** Alarms on links that key with `peer` rests on, or rested on before they took it. */
export async function alarmsOnWays(
  tx: VaultTransaction,
  self: string,
  peer: string,
  raised: readonly LinkAlarm[],
): Promise<LinkAlarm[]> {
  if (raised.length === 0) return [];
  const links = new Set<string>();
  for (const lane of await tx.lanes(keyLanes(self, peer))) {
    for (const link of (await tx.newest(lane))?.originLinks ?? []) links.add(link);
  }
  return raised.filter(({ link }) => links.has(link));
}

/** Direct before relayed before combined: key that cost more is kept for those who need it. */
const rank = (way: string): number =>
  way === 'direct' ? 0 : way.split(/[.+]/).length + 100 * (way.split('+').length - 1);

/** How many keys of `bytes` bytes can be cut from a way. */
export const fits = ({ runs }: UsableWay, bytes: number): number =>
  runs.reduce((sum, run) => sum + Math.floor(run / bytes), 0);
