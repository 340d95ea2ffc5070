import { type KeyObject, sign, verify } from 'node:crypto';
import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { directionOf } from '../secret/lanes.ts';
import { isUuid, uuidBytes } from '../secret/uuid.ts';
import { encodeHead, type Head, readHead, type Transcript } from './transcript.ts';

/**
 * On the record: both desks sign the same head of the record's transcript with ML-DSA-65 (FIPS 204, empty context string), so that
 * a third can be shown who said what. Off the record nothing of this is used, and nobody can prove anything.
 *
 * Signed bytes: LP("skykey/hotline/record/2", conversation id (16)) ‖ LP("desk", desk of direction 1) ‖
 * LP("desk", desk of direction 2) ‖ LP("head", head).
 */
export interface RecordParties {
  /** UUID in lower case. */
  readonly conversationId: string;
  /** Desk ids, in any order. */
  readonly desks: readonly [string, string];
}

export interface HeadSignature {
  readonly deskId: string;
  /** 3,309 bytes. */
  readonly signature: Uint8Array;
}

export interface SignedHead {
  readonly head: Head;
  /** Of one desk, or of both in the order of their directions. */
  readonly signatures: readonly HeadSignature[];
}

/** Public keys as they are pinned, by desk id. */
export type PinnedKeys = ReadonlyMap<string, KeyObject>;

const SIGNATURE_BYTES = 3309;
/** Two directions of three lanes. */
const MAX_HEAD_BYTES = 33 + 6 * 42;

/** What is signed. Throws HotlineError `hotline/bad-argument` for parties that are none. */
export function recordBytes({ conversationId, desks }: RecordParties, head: Head): Uint8Array {
  if (!isUuid(conversationId) || desks[0] === desks[1]) {
    throw new HotlineError('hotline/bad-argument', 'a record is of two desks in a conversation with a UUID');
  }
  const [first, second] = inOrder(desks);
  const text = new TextEncoder();
  return new Writer()
    .labelled('skykey/hotline/record/2', uuidBytes(conversationId))
    .labelled('desk', text.encode(first))
    .labelled('desk', text.encode(second))
    .labelled('head', encodeHead(head))
    .finish();
}

/**
 * Signs the transcript as it stands. `privateKey`: this desk's, ML-DSA-65, made for this use alone. Throws HotlineError
 * `hotline/bad-argument` for another key or a desk that is not a party.
 */
export function signHead(
  parties: RecordParties,
  transcript: Transcript,
  deskId: string,
  privateKey: KeyObject,
): SignedHead {
  const head = transcript.head();
  return { head, signatures: [signatureOf(parties, head, deskId, privateKey)] };
}

/**
 * Adds this desk's signature to one of the peer's, if all that it says is in this desk's transcript. Throws HotlineError
 * `hotline/forged` when the peer's signature is wrong, `hotline/not-permitted` when the head is not of this transcript.
 */
export function countersign(
  parties: RecordParties,
  transcript: Transcript,
  { head, signatures }: SignedHead,
  deskId: string,
  privateKey: KeyObject,
  keys: PinnedKeys,
): SignedHead {
  const peer = parties.desks.find((desk) => desk !== deskId)!;
  const theirs = verifySignature(parties, { head, signatures }, peer, keys);
  if (!transcript.covers(head)) {
    throw new HotlineError(
      'hotline/not-permitted',
      'the other desk asks to sign a transcript that is not the one of this desk: nothing was signed; compare what was said',
    );
  }
  const both = [theirs, signatureOf(parties, head, deskId, privateKey)];
  const order = inOrder(parties.desks);
  return { head, signatures: both.sort((a, b) => order.indexOf(a.deskId) - order.indexOf(b.deskId)) };
}

/** The signature of `deskId`. Throws HotlineError `hotline/forged` unless it is there and right. */
export function verifySignature(
  parties: RecordParties,
  { head, signatures }: SignedHead,
  deskId: string,
  keys: PinnedKeys,
): HeadSignature {
  const found = signatures.find((signature) => signature.deskId === deskId);
  if (!found) throw new HotlineError('hotline/forged', `the record is not signed by ${deskId}`);
  checkSignature(parties, head, found, keys);
  return found;
}

/** Throws HotlineError `hotline/forged` unless both desks have signed this head with their pinned keys. */
export function verifySignedHead(parties: RecordParties, { head, signatures }: SignedHead, keys: PinnedKeys): void {
  const order = inOrder(parties.desks);
  if (signatures.length !== 2 || signatures.some(({ deskId }, i) => deskId !== order[i])) {
    throw new HotlineError('hotline/forged', 'a record needs one signature of each of the two desks');
  }
  for (const signature of signatures) checkSignature(parties, head, signature, keys);
}

/** LP("head", head) ‖ number of signatures (1) ‖ desk id after its length (1), signature (3,309) each. */
export function encodeSignedHead({ head, signatures }: SignedHead): Uint8Array {
  const writer = new Writer().long(encodeHead(head)).u8(signatures.length);
  for (const { deskId, signature } of signatures) writer.name(deskId).raw(signature);
  return writer.finish();
}

/** Throws HotlineError `hotline/malformed`. The signatures are not checked here. */
export function readSignedHead(bytes: Uint8Array): SignedHead {
  const reader = new Reader(bytes, 'the signed transcript');
  const head = readHead(reader.long(MAX_HEAD_BYTES));
  const count = reader.u8();
  if (count < 1 || count > 2) throw reader.refuse(`it has ${count} signatures`);
  const signatures = Array.from({ length: count }, () => ({
    deskId: reader.name(),
    signature: reader.raw(SIGNATURE_BYTES),
  }));
  reader.end();
  return { head, signatures };
}

function inOrder([a, b]: readonly [string, string]): readonly [string, string] {
  return directionOf(a, b) === 1 ? [a, b] : [b, a];
}

function signatureOf(parties: RecordParties, head: Head, deskId: string, privateKey: KeyObject): HeadSignature {
  if (!parties.desks.includes(deskId)) {
    throw new HotlineError('hotline/bad-argument', `${deskId} is not a party of this record`);
  }
  checkKey(privateKey, 'private');
  return { deskId, signature: new Uint8Array(sign(null, recordBytes(parties, head), privateKey)) };
}

function checkSignature(
  parties: RecordParties,
  head: Head,
  { deskId, signature }: HeadSignature,
  keys: PinnedKeys,
): void {
  const key = keys.get(deskId);
  if (!key) throw new HotlineError('hotline/bad-argument', `no public key of ${deskId} is pinned`);
  checkKey(key, 'public');
  if (signature.length === SIGNATURE_BYTES && verify(null, recordBytes(parties, head), key, signature)) return;
  throw new HotlineError('hotline/forged', `the signature of ${deskId} under the transcript is wrong`);
}

function checkKey(key: KeyObject, type: 'private' | 'public'): void {
  if (key.type === type && key.asymmetricKeyType === 'ml-dsa-65') return;
  throw new HotlineError('hotline/bad-argument', `a record is signed with an ML-DSA-65 key; this is not a ${type} one`);
}
