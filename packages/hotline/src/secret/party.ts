import { createHash } from 'node:crypto';
import { SecretBytes } from '@skykey/bits';
import { Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { checkSecret, DIGEST_BYTES, MIN_KEY_BYTES, ROOT_BYTES } from './combiner.ts';
import { expand, extract, label } from './hkdf.ts';
import { isUuid } from './uuid.ts';

/**
 * Suites that exist. A suite is an immutable tuple: key exchanges, hash and AEAD. A second one takes a name of its own and
 * a place in the lists that both sites pin; what is not in both lists is never used.
 */
export const SUITES: readonly string[] = ['mlkem1024-x25519-hkdfsha512-aes256gcm'];

/** Why an agreement is asked for. */
export type Reason = 'start' | 'renewal' | 'alarm';

/** A root that this desk has, with the number of its epoch. */
export interface KnownRoot {
  readonly number: number;
  /** 32 bytes. */
  readonly root: SecretBytes;
}

/** Highest numbers accepted from the other desk, so that it skips them if it was restored from an old copy. */
export interface Accepted {
  readonly text: number;
  readonly control: number;
}

/** One desk as it enters an agreement. Its secrets are lent: an agreement copies what it needs after it returns. */
export interface Party {
  /** 1 to 64 printable ASCII characters without space each. */
  readonly ownId: string;
  readonly peerId: string;
  /** UUID. */
  readonly conversationId: string;
  /** Couriered, at least 32 bytes. */
  readonly psk: SecretBytes;
  /** Newest first, at most two: the epoch that works, and the one before while the other desk may not know the newest. */
  readonly roots: readonly KnownRoot[];
  /** Both pinned by the site, in order of preference. */
  readonly suites: { readonly own: readonly string[]; readonly peer: readonly string[] };
  /** 32 bytes each; the transcript before the first message may be all zeros. */
  readonly policyHash: Uint8Array;
  readonly transcriptHash: Uint8Array;
  /** Default true. */
  readonly qkdRequired?: boolean;
  /** Hash of the consent of both humans to go on without QKD. Without it, and with `qkdRequired`, there is none. */
  readonly consentWithoutQkd?: Uint8Array;
  readonly accepted: Accepted;
  /** Of the store: higher after each time that it was made anew or restored. */
  readonly generation: number;
  readonly reason: Reason;
}

/** What a root is called on the line. It tells nothing about the root, which has 256 bits. */
export const ROOT_ID_BYTES = 16;
export const MAX_ROOTS = 2;
const MAX_SUITES = 16;

export function rootId(root: SecretBytes): Uint8Array {
  return expand(root, label('root id'), ROOT_ID_BYTES).open((bytes) => bytes.slice());
}

/** Throws HotlineError `hotline/bad-argument` with the field that is wrong. */
export function checkParty(party: Party): void {
  const { ownId, peerId, conversationId, psk, roots, suites, accepted, generation } = party;
  for (const [field, id] of Object.entries({ ownId, peerId })) {
    if (!/^[!-~]{1,64}$/.test(id)) refuse(`${field} must be 1 to 64 printable ASCII characters without space`);
  }
  if (ownId === peerId) refuse('ownId and peerId must differ');
  if (!isUuid(conversationId)) refuse('conversationId must be a UUID in lower case');
  checkSecret('psk', psk, MIN_KEY_BYTES);
  if (roots.length > MAX_ROOTS) refuse(`roots must be at most ${MAX_ROOTS}`);
  for (const { root } of roots) checkSecret('root', root, ROOT_BYTES, ROOT_BYTES);
  const numbers = roots.map(({ number }) => number);
  if (!numbers.every((number, i) => isCount(number) && (i === 0 || number < numbers[i - 1]!))) {
    refuse('roots must have whole numbers, the newest first');
  }
  for (const list of [suites.own, suites.peer]) {
    const named = list.every((name) => /^[!-~]{1,64}$/.test(name)) && new Set(list).size === list.length;
    if (!named || list.length < 1 || list.length > MAX_SUITES) {
      refuse(`suites.own and suites.peer must be lists of 1 to ${MAX_SUITES} names, none twice`);
    }
  }
  const hashes = { policyHash: party.policyHash, transcriptHash: party.transcriptHash };
  for (const [field, hash] of Object.entries({ ...hashes, consentWithoutQkd: party.consentWithoutQkd })) {
    if (hash && hash.length !== DIGEST_BYTES) refuse(`${field} must have ${DIGEST_BYTES} bytes`);
    if (hash && field !== 'transcriptHash' && hash.every((byte) => byte === 0))
      refuse(`${field} must not be all zeros`);
  }
  if (![accepted.text, accepted.control, generation].every(isCount)) {
    refuse('accepted.text, accepted.control and generation must be whole numbers of 0 and up');
  }
}

/** A copy with secrets of its own, for an agreement that goes on after the caller may have wiped its own. */
export function copyParty(party: Party): Party {
  return {
    ...party,
    psk: party.psk.slice(0, party.psk.length),
    roots: party.roots.map(({ number, root }) => ({ number, root: root.slice(0, root.length) })),
    policyHash: new Uint8Array(party.policyHash),
    transcriptHash: new Uint8Array(party.transcriptHash),
    ...(party.consentWithoutQkd ? { consentWithoutQkd: new Uint8Array(party.consentWithoutQkd) } : {}),
  };
}

export function wipeParty({ psk, roots }: Party): void {
  psk.wipe();
  for (const { root } of roots) root.wipe();
}

/**
 * The first suite of the initiator's list that is in the responder's. Throws HotlineError `hotline/policy` when there is
 * none, `hotline/unknown-suite` when this version does not have it: a later one of the list would be a downgrade.
 */
export function chooseSuite(ofInitiator: readonly string[], ofResponder: readonly string[]): string {
  const suite = ofInitiator.find((name) => ofResponder.includes(name));
  if (suite === undefined) {
    throw new HotlineError(
      'hotline/policy',
      'the two desks accept no suite in common; the operators of both sites have to pin one that both accept',
    );
  }
  if (SUITES.includes(suite)) return suite;
  throw new HotlineError(
    'hotline/unknown-suite',
    `the suite ${suite} is the first that both desks accept, but this version does not have it`,
  );
}

/** Under which a responder sees, before it fetches a key or computes anything dear, that an offer is from its peer. */
export function offerKey(psk: SecretBytes, conversationId: string, initiator: string, responder: string): SecretBytes {
  return fromPsk(psk, 'offer', conversationId, [initiator, responder]);
}

/** The root from which desks start that have none in common: secret from all who do not know the PSK, but not fresh. */
export function rootOfPsk(psk: SecretBytes, conversationId: string, initiator: string, responder: string): SecretBytes {
  return fromPsk(psk, 'root', conversationId, [initiator, responder]);
}

function fromPsk(psk: SecretBytes, purpose: string, conversationId: string, desks: readonly string[]): SecretBytes {
  const pseudorandomKey = extract(SecretBytes.adopt(label('couriered secret')), psk);
  const info = new Writer().raw(label(`${purpose} of the couriered secret`)).name(conversationId);
  for (const desk of desks) info.name(desk);
  const key = expand(pseudorandomKey, info.finish(), 32);
  pseudorandomKey.wipe();
  return key;
}

/** SHA-512 over `parts`, each after its length, under a label of its own. */
export function digest(purpose: string, ...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha512').update(label(purpose));
  for (const part of parts) hash.update(new Writer().u32(part.length).finish()).update(part);
  return new Uint8Array(hash.digest());
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function refuse(why: string): never {
  throw new HotlineError('hotline/bad-argument', `this desk cannot enter an agreement: ${why}`);
}
