import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { HotlineError } from '../error.ts';
import { commitmentOf, digestOf, type Sealing, type TextMessage } from '../sealed/index.ts';
import { type Direction, directionOf } from '../secret/index.ts';
import {
  encodeHead,
  encodeSignedHead,
  type RecordParties,
  readSignedHead,
  type SignedHead,
  Transcript,
  verifySignedHead,
} from '../stream/index.ts';
import type { SessionOptions } from './context.ts';
import type { SessionMessage } from './ports.ts';
import { type RecordPart, textsOf } from './record.ts';
import type { RecordEntry } from './record-entry.ts';

const FORMAT = 'skykey-record/1';
/** Beyond it there is no date. */
const LAST_MS = 8.64e15;

/** What was said on the record, with both desks' signatures: a third can check it with nothing but the desks' public keys. */
export interface RecordDocument {
  readonly format: typeof FORMAT;
  readonly conversationId: string;
  /** That of direction 1 first. */
  readonly desks: readonly RecordDesk[];
  /** One for each time that the desks began their transcripts; most records have one. */
  readonly parts: readonly RecordDocumentPart[];
}

export interface RecordDesk {
  readonly id: string;
  readonly name: string;
  /** ML-DSA-65, SubjectPublicKeyInfo (DER) in Base64. Believed only as far as it is known by another way. */
  readonly publicKey: string;
}

export interface RecordDocumentPart {
  /** 32 bytes, hexadecimal. */
  readonly origin: string;
  /** By direction, then number. */
  readonly texts: readonly RecordedText[];
  /** Head of the transcript and both signatures (PROTOCOL.md, section 7), Base64; null while nothing is signed. */
  readonly signed: string | null;
  /** When the desk that wrote this document had both signatures, by its own clock; not signed. */
  readonly signedUtcMs: number | null;
}

export interface RecordedText {
  readonly direction: Direction;
  /** 1, 2, 3 … of all texts of this direction; those that lack were said off the record. */
  readonly number: number;
  /** 32 bytes each, hexadecimal. */
  readonly digest: string;
  readonly commitment: string;
  /** Null when this desk no longer keeps them. */
  readonly words: RecordedWords | null;
}

export interface RecordedWords {
  readonly author: string;
  readonly text: string;
  readonly utcMs: number;
  readonly sealing: Sealing;
  readonly id: string;
  /** 32 bytes, hexadecimal. */
  readonly salt: string;
}

/** What a document shows, once it is checked. */
export interface RecordReport {
  readonly conversationId: string;
  /** With the SHA-256 of each public key, hexadecimal. `pinned`: it is the key that was asked for. */
  readonly desks: readonly {
    readonly id: string;
    readonly name: string;
    readonly fingerprint: string;
    readonly pinned: boolean;
  }[];
  /** Signed by both, in the order of the document. */
  readonly texts: readonly { readonly from: string; readonly number: number; readonly words: RecordedWords | null }[];
  /** Texts of the document that both have not signed: they prove nothing. */
  readonly unsigned: number;
}

/** `wordsOf`: a text as this desk's history has it, or undefined. Null where this desk has no keys to sign with. */
export function recordDocument(
  { ownId, peerId, ownName, peerName, conversationId, signing }: SessionOptions,
  parts: readonly RecordPart[],
  wordsOf: (direction: 'sent' | 'received', number: number) => Pick<SessionMessage, 'text' | 'author'> | undefined,
): RecordDocument | null {
  if (!signing) return null;
  const desk = (id: string, name: string, key: KeyObject): RecordDesk => ({
    ...{ id, name, publicKey: key.export({ format: 'der', type: 'spki' }).toString('base64') },
  });
  const own = directionOf(ownId, peerId);
  const desks = [desk(ownId, ownName, createPublicKey(signing.privateKey)), desk(peerId, peerName, signing.peerKey)];
  const text = (entry: RecordEntry): RecordedText => ({
    direction: entry.direction,
    number: entry.number,
    digest: hex(entry.digest),
    commitment: hex(entry.commitment),
    words: shown(entry, wordsOf(entry.direction === own ? 'sent' : 'received', entry.number)),
  });
  return {
    ...{ format: FORMAT, conversationId },
    desks: own === 1 ? desks : desks.reverse(),
    parts: parts.map(({ origin, entries, signature }) => ({
      origin: hex(origin),
      texts: entries.map(text),
      signed: signature && Buffer.from(encodeSignedHead(signature.signed)).toString('base64'),
      signedUtcMs: signature?.atMs ?? null,
    })),
  };
}

/**
 * Checks a document, as a third does: `keys` are the public keys of desks as they are known by another way, by desk id; for
 * a desk without one the document's own is believed. Throws HotlineError `hotline/malformed` for another kind of document,
 * `hotline/forged` when a signature, a text or a key is not what it should be, with a sentence that says which.
 */
export function verifyRecord(document: unknown, keys: ReadonlyMap<string, KeyObject> = new Map()): RecordReport {
  const { conversationId, desks, parts } = checked(document);
  const [first, second] = desks as [RecordDesk, RecordDesk];
  for (const id of keys.keys()) {
    if (id !== first.id && id !== second.id)
      throw forged(`this record is of ${first.id} and ${second.id}, not of ${id}`);
  }
  const shownDesks = desks.map(({ id, name, publicKey }) => {
    const own = keyOf(publicKey);
    const pinned = keys.get(id);
    if (pinned && !pinned.equals(own)) throw forged(`the record names another key of ${id} than the one given`);
    return { id, name, fingerprint: sha256(Buffer.from(publicKey, 'base64')), pinned: pinned !== undefined, key: own };
  });
  const known = new Map(shownDesks.map(({ id, key }) => [id, key]));
  const parties: RecordParties = { conversationId, desks: [first.id, second.id] };
  let unsigned = 0;
  const texts = parts.flatMap((part) => {
    const counted = signedTexts(part, parties, known);
    unsigned += part.texts.length - counted.length;
    return counted.map(({ direction, number, words }) => ({ from: desks[direction - 1]!.id, number, words }));
  });
  return { conversationId, desks: shownDesks.map(({ key: _, ...desk }) => desk), texts, unsigned };
}

/** The texts of a part that its head is over, each checked against its words. */
function signedTexts(
  { origin, texts, signed }: RecordDocumentPart,
  parties: RecordParties,
  keys: ReadonlyMap<string, KeyObject>,
): readonly RecordedText[] {
  if (signed === null) return [];
  const read = readSignedHead(new Uint8Array(Buffer.from(signed, 'base64')));
  verifySignedHead(parties, read, keys);
  const counts = new Map(
    read.head.chains.map(({ direction, lane, count }) => [lane === 'text' ? direction : 0, count]),
  );
  const covered = ([1, 2] as const).flatMap((direction) =>
    texts.filter((text) => text.direction === direction).slice(0, counts.get(direction) ?? 0),
  );
  if (covered.length !== textsOf(read.head)) throw forged('texts that were signed are missing in the record');
  for (const text of covered) checkWords(text);
  if (!matches(origin, covered, read)) throw forged('the texts of the record are not those that were signed');
  return covered;
}

function matches(origin: string, covered: readonly RecordedText[], { head }: SignedHead): boolean {
  const transcript = new Transcript(new Uint8Array(Buffer.from(origin, 'hex')));
  const entries = covered.map(({ digest, commitment, ...text }) => ({
    ...{ ...text, lane: 'text' as const, digest: unhex(digest), commitment: unhex(commitment) },
  }));
  try {
    transcript.add(entries);
  } catch (cause) {
    throw new HotlineError('hotline/forged', 'the texts of the record are not in order', { cause });
  }
  return hex(encodeHead(transcript.head())) === hex(encodeHead(head));
}

function checkWords({ direction, number, digest, commitment, words }: RecordedText): void {
  if (words === null) return;
  const message = messageOf(number, words);
  let right: boolean;
  try {
    right = hex(digestOf(words.sealing, message)) === digest && hex(commitmentOf(message)!) === commitment;
  } catch {
    right = false;
  }
  if (!right) throw forged(`the words of text ${number}, direction ${direction}, are not those that were signed`);
}

function shown(
  { number, sealing, utcMs, commitment, opening }: RecordEntry,
  kept: Pick<SessionMessage, 'text' | 'author'> | undefined,
): RecordedWords | null {
  if (!opening || !kept) return null;
  const { text, author } = kept;
  const words: RecordedWords = { author, text, utcMs, sealing, id: opening.id, salt: hex(opening.salt) };
  // A history that was altered must not make a record that nobody can verify.
  return hex(commitmentOf(messageOf(number, words))!) === hex(commitment) ? words : null;
}

function messageOf(number: number, { author, text, utcMs, id, salt }: RecordedWords): TextMessage {
  return { number, id, words: { author, text, sentAtMs: utcMs, salt: unhex(salt) } };
}

/** The document's structure; nothing of what it says is believed here. */
function checked(value: unknown): RecordDocument {
  const { format, conversationId, desks, parts } = (value ?? {}) as Partial<RecordDocument>;
  const right =
    format === FORMAT &&
    typeof conversationId === 'string' &&
    Array.isArray(desks) &&
    desks.length === 2 &&
    desks.every(({ id, name, publicKey }) => [id, name, publicKey].every((text) => typeof text === 'string')) &&
    desks[0]!.id < desks[1]!.id &&
    Array.isArray(parts) &&
    parts.every(isPart);
  if (!right) throw malformed(`it is not of the form ${FORMAT}`);
  return value as RecordDocument;
}

function isPart(part: Partial<RecordDocumentPart> | null): boolean {
  const { origin, texts, signed } = part ?? {};
  return (
    isHash(origin) && Array.isArray(texts) && texts.every(isText) && (signed === null || typeof signed === 'string')
  );
}

function isText(text: Partial<RecordedText> | null): boolean {
  const { direction, number, digest, commitment, words } = text ?? {};
  return (
    (direction === 1 || direction === 2) &&
    Number.isSafeInteger(number) &&
    isHash(digest) &&
    isHash(commitment) &&
    (words === null || isWords(words))
  );
}

function isWords(words: Partial<RecordedWords> | undefined): boolean {
  const { author, text, utcMs, sealing, id, salt } = words ?? {};
  return (
    [author, text, id].every((each) => typeof each === 'string') &&
    Number.isSafeInteger(utcMs) &&
    utcMs! >= 0 &&
    utcMs! <= LAST_MS &&
    (sealing === 'hybrid' || sealing === 'sealed') &&
    isHash(salt)
  );
}

function isHash(text: unknown): boolean {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}

function keyOf(publicKey: string): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  } catch {
    throw malformed('a public key in it cannot be read');
  }
}

function malformed(why: string): HotlineError {
  return new HotlineError('hotline/malformed', `the record cannot be read: ${why}`);
}

function forged(why: string): HotlineError {
  return new HotlineError('hotline/forged', why);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
