import type { VaultTransaction } from '@skykey/vault';
import { type PairRules, type PolicyPair, pairName } from '../network/policy.ts';
import { type QuotaState, takeQuota } from '../network/policy-quota.ts';
import { KeyRefusal } from '../service.ts';

/**
 * Takes keys from the quota of a pair, in the transaction that gives them: the sum is in the vault, where every process of
 * the site sees it. Throws KeyRefusal `quota`. How many keys wait to be fetched only the slave's site knows; it refuses
 * the assignment.
 */
export async function countQuota(
  tx: VaultTransaction,
  pair: PolicyPair,
  { quota }: PairRules,
  taken: { readonly keys: number; readonly bits: number; readonly nowMs: number },
): Promise<void> {
  if (quota.rate === null && quota.bitsPerDay === null) return;
  const name = `quota/${pairName(pair)}`;
  const state = ((await tx.recall(name)) as QuotaState | undefined) ?? null;
  const answer = takeQuota({ ...quota, keysWaiting: null }, state, { ...taken, keysWaiting: 0 });
  if (!answer.granted) throw new KeyRefusal('quota', answer.why, answer.retryAfterS);
  await tx.remember(name, answer.state);
}
