import { HotlineError, type HotlineErrorCode } from '../../error.ts';
import type { Agreed } from '../agreed.ts';
import { acceptConfirm, answerOffer, beginAgreement, finishAgreement, parseOffer } from '../agreement.ts';
import { type KnownRoot, type Party, SUITES } from '../party.ts';
import type { QkdKey } from '../pending.ts';
import { copy, type Seeded } from './seeded.ts';

export const CONVERSATION = '6f1c2d3e-4b5a-4978-8a9b-0c1d2e3f4a5b';

/** The same key at both sites. */
export function qkdKeys(seeded: Seeded, count = 1): { readonly beijing: QkdKey[]; readonly moscow: QkdKey[] } {
  const beijing = Array.from({ length: count }, (_, i) => ({
    keyId: seeded.uuid(),
    provenance: `direct ${i + 1}`,
    key: seeded.secret(),
  }));
  return { beijing, moscow: beijing.map((named) => ({ ...named, key: copy(named.key) })) };
}

/** Beijing and Moscow, who share a PSK and the roots of these numbers. */
export function parties(seeded: Seeded, numbers: readonly number[] = [7, 6]): { beijing: Party; moscow: Party } {
  const psk = seeded.secret();
  const roots = numbers.map((number) => ({ number, root: seeded.secret() }));
  const common = {
    conversationId: CONVERSATION,
    suites: { own: SUITES, peer: SUITES },
    policyHash: seeded.bytes(32),
    transcriptHash: seeded.bytes(32),
    accepted: { text: 0, control: 0 },
    generation: 1,
    reason: 'start',
  } as const;
  const copied = (): KnownRoot[] => roots.map(({ number, root }) => ({ number, root: copy(root) }));
  return {
    beijing: { ...common, ownId: 'beijing', peerId: 'moscow', psk: copy(psk), roots: copied() },
    moscow: { ...common, ownId: 'moscow', peerId: 'beijing', psk, roots: copied() },
  };
}

/** A whole agreement that beijing begins, and its messages. */
export function agreement(
  beijing: Party,
  moscow: Party,
  seeded: Seeded,
  keys = qkdKeys(seeded),
): { beijing: Agreed; moscow: Agreed; offer: Uint8Array; answer: Uint8Array; confirm: Uint8Array } {
  const begun = beginAgreement(beijing, keys.beijing, seeded.bytes);
  parseOffer(moscow, begun.offer);
  const answered = answerOffer(moscow, begun.offer, keys.moscow, seeded.bytes);
  const finished = finishAgreement(begun.pending, answered.answer);
  const accepted = acceptConfirm(answered.pending, finished.confirm);
  return {
    beijing: finished.agreed,
    moscow: accepted.agreed,
    offer: begun.offer,
    answer: answered.answer,
    confirm: finished.confirm,
  };
}

/** The HotlineError that `attempt` throws. */
export function refusal(attempt: () => unknown): HotlineError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof HotlineError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

export function refusalCode(attempt: () => unknown): HotlineErrorCode {
  return refusal(attempt).code;
}
