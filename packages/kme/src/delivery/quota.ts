import type { VaultTransaction } from '@skykey/vault';
import { type PairRules, type PolicyPair, pairName } from '../network/policy.ts';
import { type QuotaState, quotaLeft, takeQuota } from '../network/policy-quota.ts';
import { KeyRefusal } from '../service.ts';

const nameOf = (pair: PolicyPair): string => `quota/${pairName(pair)}`;

/** Bits that the quota of a pair grants now; Infinity where there is no limit. */
export async function grantable(
  tx: VaultTransaction,
  pair: PolicyPair,
  { quota }: PairRules,
  nowMs: number,
): Promise<number> {
  if (quota.rate === null && quota.bitsPerDay === null) return Number.POSITIVE_INFINITY;
  return quotaLeft(quota, ((await tx.recall(nameOf(pair))) as QuotaState | undefined) ?? null, nowMs);
}

/**
 * Takes keys from the quota of a pair, whoever of the two asks, in the transaction that assigns them: at the master's site
 * and at the slave's, so that both know the sum. It is in the vault, where every process of the site sees it. Throws
 * KeyRefusal `quota`. How many keys wait to be fetched only the slave's site knows; it refuses the assignment.
 */
export async function countQuota(
  tx: VaultTransaction,
  pair: PolicyPair,
  { quota }: PairRules,
  taken: { readonly keys: number; readonly bits: number; readonly nowMs: number },
): Promise<void> {
  if (quota.rate === null && quota.bitsPerDay === null) return;
  const name = nameOf(pair);
  const state = ((await tx.recall(name)) as QuotaState | undefined) ?? null;
  const answer = takeQuota({ ...quota, keysWaiting: null }, state, { ...taken, keysWaiting: 0 });
  if (!answer.granted) throw new KeyRefusal('quota', answer.why, answer.retryAfterS);
  await tx.remember(name, answer.state);
}
