import { SecretBytes } from '@skykey/bits';
import { HotlineError } from '../error.ts';
import {
  type Agreed,
  type AgreedButPhrase,
  agree,
  agreementHashOf,
  answerMac,
  commitmentTo,
  confirmMac,
  offerMac,
  safetyBytes,
  standingOf,
} from './agreed.ts';
import { checkSecret, MIN_KEY_BYTES, type QkdKeyName } from './combiner.ts';
import {
  decapsulate,
  diffieHellman,
  encapsulate,
  KEM_SEED_BYTES,
  kemPublicKey,
  pointOf,
  SCALAR_BYTES,
} from './key-exchange.ts';
import {
  type Answer,
  encodeAnswer,
  encodeConfirm,
  encodeOffer,
  MAX_QKD_KEYS,
  NONCE_BYTES,
  type Offer,
  readAnswer,
  readConfirm,
  readOffer,
  type Standing,
  sameBytes,
} from './messages.ts';
import { checkParty, chooseSuite, copyParty, type Party } from './party.ts';
import { offerIdOf, PendingAnswer, PendingOffer, type QkdKey } from './pending.ts';
import { isUuid } from './uuid.ts';

/**
 * How two desks come to the keys of a new epoch.
 *
 *   initiator                                                                              responder
 *   offer    ML-KEM and X25519 publics, names of QKD keys, MAC under the PSK            →  fetches the keys
 *            ←  answer   ML-KEM ciphertext, X25519 point, MAC under the new epoch's keys
 *   confirm  the nonce that it had committed to, MAC under the new epoch's keys         →  uses the epoch
 *
 * The initiator uses the epoch once it has the answer. Each MAC covers all that was said before it. There are no
 * signatures: either desk could have written both sides alone, so that a record proves nothing to others (hotline
 * reference, section 7).
 *
 * A message that is refused changes nothing: the pending object waits for the right one until its holder wipes it.
 */

/** Fresh bytes of the system's generator, as many as asked for; they are overwritten after use. */
export type Random = (bytes: number) => Uint8Array;

/** An offer that is from the peer and fits this desk's policy. */
export interface ReceivedOffer {
  /** 32 bytes. An offer whose id was seen before must not be answered again. */
  readonly offerId: Uint8Array;
  /** What to fetch from the key manager, in this order. */
  readonly qkd: readonly QkdKeyName[];
  readonly peer: Standing;
}

/**
 * The offer for the peer. Takes the QKD keys over, in their order; on a refusal they are wiped and named as burnt.
 *
 * Throws HotlineError `hotline/bad-argument`; `hotline/policy` when there is no QKD key although this desk's policy
 * demands one or no consent stands in for it, or no suite in common; `hotline/unknown-suite`.
 */
export function beginAgreement(
  party: Party,
  qkdKeys: readonly QkdKey[],
  random: Random,
): { readonly offer: Uint8Array; readonly pending: PendingOffer } {
  return takingOver(qkdKeys, () => {
    checkParty(party);
    checkKeys(qkdKeys);
    const consentWithoutQkd = qkdKeys.length === 0 ? consentOf(party) : null;
    chooseSuite(party.suites.own, party.suites.peer);
    const own = {
      kemSeed: fresh(random, KEM_SEED_BYTES),
      scalar: fresh(random, SCALAR_BYTES),
      nonce: fresh(random, NONCE_BYTES),
    };
    const held = copyParty(party);
    const offer: Offer = {
      conversationId: held.conversationId,
      initiator: held.ownId,
      responder: held.peerId,
      commitment: own.nonce.open(commitmentTo),
      suites: { initiator: held.suites.own, responder: held.suites.peer },
      policyHash: held.policyHash,
      standing: standingOf(held),
      kemPublicKey: kemPublicKey(own.kemSeed),
      point: pointOf(own.scalar),
      qkd: qkdKeys.map(({ keyId, provenance }) => ({ keyId, provenance })),
      consentWithoutQkd,
    };
    const body = encodeOffer(offer);
    const message = Uint8Array.of(...body, ...offerMac(held, offer, body));
    return { offer: message.slice(), pending: new PendingOffer({ party: held, offer, message, own, qkdKeys }) };
  });
}

/**
 * What an offer asks for. Only after the MAC under the PSK is right does it name keys to fetch, so that a stranger cannot
 * burn any. An old offer that is thrown in again passes; its `offerId` tells.
 *
 * Throws HotlineError `hotline/malformed`, `hotline/not-for-us`, `hotline/forged`, `hotline/policy` (another policy or
 * other suites; no QKD key and no consent, or another one), `hotline/unknown-suite`, `hotline/bad-argument`.
 */
export function parseOffer(party: Party, message: Uint8Array): ReceivedOffer {
  const { standing, qkd } = authenticOffer(party, message);
  return { offerId: offerIdOf(message), qkd, peer: standing };
}

/**
 * The answer to an offer. Takes over the QKD keys that `parseOffer` named, in the same order, and wipes them; on a refusal
 * they are named as burnt.
 *
 * Throws HotlineError as `parseOffer` does, and `hotline/no-key` when the keys are not the named ones.
 */
export function answerOffer(
  party: Party,
  message: Uint8Array,
  qkdKeys: readonly QkdKey[],
  random: Random,
): { readonly answer: Uint8Array; readonly pending: PendingAnswer } {
  return takingOver(qkdKeys, () => {
    const offer = authenticOffer(party, message);
    checkNames(offer.qkd, qkdKeys);
    checkKeys(qkdKeys);
    const offerId = offerIdOf(message);
    const { body, agreementHash, agreed } = answerWith(party, offer, message, offerId, qkdKeys, random);
    for (const { key } of qkdKeys) key.wipe();
    const mac = answerMac(agreed.secrets, agreementHash);
    const { commitment } = offer;
    const pending = new PendingAnswer({ offerId, commitment, agreementHash, answerMac: mac, agreed });
    return { answer: Uint8Array.of(...body, ...mac), pending };
  });
}

function answerWith(
  party: Party,
  offer: Offer,
  message: Uint8Array,
  offerId: Uint8Array,
  qkdKeys: readonly QkdKey[],
  random: Random,
): { body: Uint8Array; agreementHash: Uint8Array; agreed: AgreedButPhrase } {
  const scalar = fresh(random, SCALAR_BYTES);
  const { shared: kem, ciphertext } = encapsulate(offer.kemPublicKey);
  try {
    const said: Answer = {
      offerId,
      nonce: fresh(random, NONCE_BYTES).open((bytes) => bytes.slice()),
      standing: standingOf(party),
      kemCiphertext: ciphertext,
      point: pointOf(scalar),
    };
    const body = encodeAnswer(said);
    const agreementHash = agreementHashOf(message, body);
    const agreed = withPoint(scalar, offer.point, (ecdh) =>
      agree('responder', party, offer, said, agreementHash, { kem, ecdh, qkd: qkdKeys.map(({ key }) => key) }),
    );
    return { body, agreementHash, agreed };
  } finally {
    kem.wipe();
    scalar.wipe();
  }
}

/**
 * The confirm for the peer, and the new epoch, which this desk may use from now on. The root before stays beside the new
 * one until the first record of the new epoch shows that the peer has it too.
 *
 * Throws HotlineError `hotline/malformed`, `hotline/not-for-us` (answers another offer), `hotline/forged`,
 * `hotline/replayed` (this agreement is over). After any but the last the right answer is still accepted.
 */
export function finishAgreement(
  pending: PendingOffer,
  answer: Uint8Array,
): { readonly confirm: Uint8Array; readonly agreed: Agreed } {
  checkOpen(pending);
  const { party, offer, message, own, qkdKeys, offerId } = pending;
  const { said, body, mac } = readAnswer(answer);
  checkOfferId(said.offerId, offerId);
  const agreementHash = agreementHashOf(message, body);
  const kem = decapsulate(own.kemSeed, said.kemCiphertext);
  let agreed: AgreedButPhrase;
  try {
    agreed = withPoint(own.scalar, said.point, (ecdh) =>
      agree('initiator', party, offer, said, agreementHash, { kem, ecdh, qkd: qkdKeys.map(({ key }) => key) }),
    );
  } finally {
    kem.wipe();
  }
  if (!sameBytes(mac, answerMac(agreed.secrets, agreementHash))) {
    agreed.secrets.wipe();
    throw forged('answer', party.peerId);
  }
  const nonce = own.nonce.open((bytes) => bytes.slice());
  const confirmBody = encodeConfirm({ offerId, epochId: agreed.secrets.id, nonce });
  const confirm = Uint8Array.of(...confirmBody, ...confirmMac(agreed.secrets, agreementHash, mac, confirmBody));
  pending.wipe();
  return { confirm, agreed: { ...agreed, safety: safetyBytes(agreed.secrets, nonce) } };
}

/**
 * The new epoch, which this desk may use from now on; no root before it is needed any more.
 *
 * Throws HotlineError `hotline/malformed`, `hotline/not-for-us`, `hotline/forged`, `hotline/replayed` (this agreement is
 * over). After any but the last the right confirm is still accepted.
 */
export function acceptConfirm(pending: PendingAnswer, confirm: Uint8Array): { readonly agreed: Agreed } {
  checkOpen(pending);
  const { offerId, commitment, agreementHash, agreed } = pending;
  const { said, body, mac } = readConfirm(confirm);
  checkOfferId(said.offerId, offerId);
  const right =
    sameBytes(mac, confirmMac(agreed.secrets, agreementHash, pending.answerMac, body)) &&
    sameBytes(said.epochId, agreed.secrets.id) &&
    sameBytes(commitmentTo(said.nonce), commitment);
  if (!right) throw forged('confirm', 'the other desk');
  pending.finish();
  return { agreed: { ...agreed, safety: safetyBytes(agreed.secrets, said.nonce) } };
}

/** Whose offer stands when both desks make one at once: that of the desk whose id sorts first; the other is wiped. */
export function whoseOfferStands(ownId: string, peerId: string): 'own' | 'peer' {
  return ownId < peerId ? 'own' : 'peer';
}

function authenticOffer(party: Party, message: Uint8Array): Offer {
  checkParty(party);
  const { said: offer, body, mac } = readOffer(message);
  const { ownId, peerId, conversationId } = party;
  if (offer.conversationId !== conversationId || offer.initiator !== peerId || offer.responder !== ownId) {
    throw new HotlineError(
      'hotline/not-for-us',
      `this offer belongs to another conversation, or is not from ${peerId} to ${ownId}`,
    );
  }
  if (!sameBytes(mac, offerMac(party, offer, body))) throw forged('offer', peerId);
  checkPolicy(party, offer);
  return offer;
}

function checkPolicy(party: Party, offer: Offer): void {
  const differs = (what: string) =>
    new HotlineError(
      'hotline/policy',
      `${party.peerId} has ${what} than ${party.ownId}; the operators of both sites have to put the same in force`,
    );
  const { initiator, responder } = offer.suites;
  if (!sameBytes(offer.policyHash, party.policyHash)) throw differs('another policy in force');
  if (!sameList(initiator, party.suites.peer) || !sameList(responder, party.suites.own)) {
    throw differs('other lists of suites pinned');
  }
  chooseSuite(initiator, responder);
  if (offer.consentWithoutQkd && !sameBytes(offer.consentWithoutQkd, consentOf(party))) {
    throw differs('another consent of both humans to go on without QKD keys');
  }
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

/** The consent that stands in for QKD keys, or HotlineError `hotline/policy`. */
function consentOf({ qkdRequired = true, consentWithoutQkd }: Party): Uint8Array {
  if (!qkdRequired && consentWithoutQkd) return new Uint8Array(consentWithoutQkd);
  throw new HotlineError(
    'hotline/policy',
    qkdRequired
      ? 'the policy demands a QKD key for each agreement, and there is none; nothing is sent until there is one'
      : 'there is no QKD key, and the humans at both desks have not consented to go on without one',
  );
}

/** Runs `make`; when it refuses, the keys are wiped and the refusal names them as burnt. */
function takingOver<T>(keys: readonly QkdKey[], make: () => T): T {
  try {
    return make();
  } catch (error) {
    for (const { key } of keys) key.wipe();
    if (!(error instanceof HotlineError)) throw error;
    const burntKeyIds = keys.map(({ keyId }) => keyId);
    throw new HotlineError(error.code, error.message, { cause: error, burntKeyIds });
  }
}

function checkKeys(keys: readonly QkdKey[]): void {
  const wrong = (why: string) => new HotlineError('hotline/bad-argument', `these QKD keys cannot be used: ${why}`);
  if (keys.length > MAX_QKD_KEYS) throw wrong(`an agreement takes up to ${MAX_QKD_KEYS}, not ${keys.length}`);
  const ids = keys.map(({ keyId }) => keyId);
  if (!ids.every(isUuid) || new Set(ids).size !== ids.length) {
    throw wrong('each has to have a UUID in lower case of its own');
  }
  for (const { key, provenance } of keys) {
    const bytes = new TextEncoder().encode(provenance).length;
    if (bytes < 1 || bytes > 255) throw wrong('their provenance has to be a text of 1 to 255 bytes');
    checkSecret('qkd', key, MIN_KEY_BYTES);
  }
}

/** That the key manager of this side delivered what the offer names. */
function checkNames(names: readonly QkdKeyName[], keys: readonly QkdKey[]): void {
  if (names.length !== keys.length || !names.every(({ keyId }, i) => keyId === keys[i]!.keyId)) {
    throw new HotlineError('hotline/no-key', 'the key manager delivered other QKD keys than the offer names');
  }
  if (names.every(({ provenance }, i) => provenance === keys[i]!.provenance)) return;
  throw new HotlineError(
    'hotline/policy',
    'the two sites disagree about where a QKD key comes from; their operators have to compare the routes of their keys',
  );
}

function withPoint<T>(scalar: SecretBytes, point: Uint8Array, use: (shared: SecretBytes) => T): T {
  const shared = diffieHellman(scalar, point);
  try {
    return use(shared);
  } finally {
    shared.wipe();
  }
}

function fresh(random: Random, bytes: number): SecretBytes {
  const drawn = random(bytes);
  const secret = SecretBytes.adopt(Uint8Array.from(drawn));
  drawn.fill(0);
  checkSecret('random', secret, bytes, bytes);
  return secret;
}

function checkOpen(pending: PendingOffer | PendingAnswer): void {
  if (pending.over) throw new HotlineError('hotline/replayed', 'this agreement is over; begin a new one');
}

function checkOfferId(answered: Uint8Array, offerId: Uint8Array): void {
  if (sameBytes(answered, offerId)) return;
  throw new HotlineError('hotline/not-for-us', 'this message belongs to another agreement');
}

function forged(step: string, from: string): HotlineError {
  return new HotlineError(
    'hotline/forged',
    `the ${step} was altered on its way or is not from ${from}, or the two desks have different keys`,
  );
}
