import type { SecretBytes } from '@skykey/bits';
import {
  combine,
  DIGEST_BYTES,
  type EpochInputs,
  type EpochSecrets,
  type QkdKeyName,
  type Removal,
} from './combiner.ts';
import { hmacSha512 } from './hkdf.ts';
import { type Answer, MAC_BYTES, type Offer, type Standing, sameBytes } from './messages.ts';
import { chooseSuite, digest, offerKey, type Party, rootId, rootOfPsk } from './party.ts';

/** What both desks of an agreement compute alike: the keys of the new epoch, and the MACs over what was said. */

/** What an agreement gives, alike on both sides but for `role` and `peer`. */
export interface Agreed {
  readonly role: 'initiator' | 'responder';
  /** Higher than the number of every root that either desk knew. */
  readonly number: number;
  readonly suite: string;
  /** The holder's to wipe. */
  readonly secrets: EpochSecrets;
  /** 8 bytes for the safety phrase, public. */
  readonly safety: Uint8Array;
  /**
   * True when a desk had roots, but none that the other has: all that earlier epochs put in is lost, and the humans are to
   * be shown so. With `first`, neither had any: the first agreement, or both stores are new.
   */
  readonly rootLost: boolean;
  readonly first: boolean;
  readonly qkd: readonly QkdKeyName[];
  readonly removed: readonly Removal[];
  /** What the other desk said of itself. */
  readonly peer: Standing;
  /** Whether both desks named the same transcript hash. */
  readonly transcriptsAgree: boolean;
}

/** Before the initiator's nonce is known to both, there is no phrase. */
export type AgreedButPhrase = Omit<Agreed, 'safety'>;

/** The secrets of this agreement alone, lent. */
export interface FreshInputs {
  readonly kem: SecretBytes;
  readonly ecdh: SecretBytes;
  /** In the order of the offer; empty when the humans consented to go on without. */
  readonly qkd: readonly SecretBytes[];
}

/** Lends everything. Throws HotlineError `hotline/bad-argument` when an input is short or all zeros. */
export function agree(
  role: Agreed['role'],
  party: Party,
  offer: Offer,
  answer: Answer,
  agreementHash: Uint8Array,
  fresh: FreshInputs,
): AgreedButPhrase {
  const { psk, conversationId } = party;
  const desks = { initiator: offer.initiator, responder: offer.responder };
  // Lists and policy as this desk has them, not as they came: what differs must end in different keys.
  const { own, peer } = party.suites;
  const suites = role === 'initiator' ? { initiator: own, responder: peer } : { initiator: peer, responder: own };
  const suite = chooseSuite(suites.initiator, suites.responder);
  const known = [...offer.standing.roots, ...answer.standing.roots];
  const number = 1 + Math.max(0, ...known.map((one) => one.number));
  const removed: readonly Removal[] = offer.consentWithoutQkd
    ? [{ input: 'qkd', consentHash: offer.consentWithoutQkd }]
    : [];
  const inputs: EpochInputs = {
    kem: fresh.kem,
    ecdh: fresh.ecdh,
    psk,
    qkd: offer.consentWithoutQkd ? null : fresh.qkd,
  };
  const common = commonRoot(party, offer.standing, answer.standing);
  const root = common ?? rootOfPsk(psk, conversationId, desks.initiator, desks.responder);
  try {
    const secrets = combine(root, inputs, {
      suite,
      suites,
      desks,
      conversationId,
      number,
      kem: { publicKey: offer.kemPublicKey, ciphertext: answer.kemCiphertext },
      ecdh: { initiator: offer.point, responder: answer.point },
      qkd: offer.qkd,
      policyHash: party.policyHash,
      transcripts: { initiator: offer.standing.transcriptHash, responder: answer.standing.transcriptHash },
      agreementHash,
      removed,
    });
    return {
      role,
      number,
      suite,
      secrets,
      rootLost: common === null && known.length > 0,
      first: known.length === 0,
      qkd: offer.qkd,
      removed,
      peer: role === 'initiator' ? answer.standing : offer.standing,
      transcriptsAgree: sameBytes(offer.standing.transcriptHash, answer.standing.transcriptHash),
    };
  } finally {
    if (!common) root.wipe();
  }
}

/** The newest root that both know, lent, or null. */
function commonRoot(party: Party, initiator: Standing, responder: Standing): SecretBytes | null {
  const common = initiator.roots
    .filter(({ id }) => responder.roots.some((other) => sameBytes(id, other.id)))
    .sort((a, b) => b.number - a.number)[0];
  if (!common) return null;
  return party.roots.find(({ root }) => sameBytes(rootId(root), common.id))!.root;
}

/** What this desk says of itself. */
export function standingOf({ reason, generation, accepted, transcriptHash, roots }: Party): Standing {
  return {
    reason,
    generation,
    accepted: { ...accepted },
    transcriptHash: new Uint8Array(transcriptHash),
    roots: roots.map(({ number, root }) => ({ number, id: rootId(root) })),
  };
}

/** Over offer and answer as they went over the line, but for the answer's MAC: 64 bytes. */
export function agreementHashOf(offerMessage: Uint8Array, answerBody: Uint8Array): Uint8Array {
  return digest('agreement', offerMessage, answerBody);
}

/** The hash of its nonce by which the initiator binds itself in the offer. */
export function commitmentTo(nonce: Uint8Array): Uint8Array {
  return digest('commitment', nonce).slice(0, DIGEST_BYTES);
}

export function offerMac(
  { psk }: Party,
  { conversationId, initiator, responder }: Offer,
  body: Uint8Array,
): Uint8Array {
  const key = offerKey(psk, conversationId, initiator, responder);
  try {
    return macOf(key, digest('offer', body));
  } finally {
    key.wipe();
  }
}

export function answerMac({ confirm }: EpochSecrets, agreementHash: Uint8Array): Uint8Array {
  return macOf(confirm.responder, digest('answer', agreementHash));
}

export function confirmMac(
  { confirm }: EpochSecrets,
  agreementHash: Uint8Array,
  macOfAnswer: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  return macOf(confirm.initiator, digest('confirm', agreementHash, macOfAnswer, body));
}

/**
 * The 8 bytes that both humans compare by voice. The initiator's nonce goes in, to which it committed before it saw the
 * answer and which the responder sees only after it gave its own: somebody in between who had every other secret could
 * else try answers until the short phrases of both sides are alike. So one attempt succeeds with probability 2^-48 (six
 * words), and a failed one is heard.
 */
export function safetyBytes({ safety }: EpochSecrets, initiatorNonce: Uint8Array): Uint8Array {
  return hmacSha512(safety, digest('safety phrase', initiatorNonce)).open((bytes) => bytes.slice(0, 8));
}

function macOf(key: SecretBytes, message: Uint8Array): Uint8Array {
  return hmacSha512(key, message).open((bytes) => bytes.slice(0, MAC_BYTES));
}
