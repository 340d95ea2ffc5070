import { timingSafeEqual } from 'node:crypto';
import { Reader, Writer } from '../bytes.ts';
import { DIGEST_BYTES, EPOCH_ID_BYTES, type QkdKeyName } from './combiner.ts';
import { KEM_CIPHERTEXT_BYTES, KEM_PUBLIC_KEY_BYTES, POINT_BYTES } from './key-exchange.ts';
import { type Accepted, MAX_ROOTS, type Reason, ROOT_ID_BYTES } from './party.ts';
import { UUID_BYTES, uuidBytes, uuidText } from './uuid.ts';

/**
 * The three messages of an agreement, byte by byte. Integers are big-endian; `name` is a text after its length in one
 * byte, `list` names after their number in one byte.
 *
 *   head    = "SKYH" ‖ 02 ‖ 01 ‖ step (1 offer, 2 answer, 3 confirm)
 *   offer   = head ‖ conversation (16) ‖ name initiator ‖ name responder ‖ commitment (32)
 *             ‖ list suites of the initiator ‖ list suites of the responder, as the initiator has pinned them
 *             ‖ policy hash (32) ‖ standing ‖ ML-KEM-1024 public key (1568) ‖ X25519 point (32)
 *             ‖ number of QKD keys (1) ‖ for each: key id (16) ‖ name provenance
 *             ‖ if the number is 0: hash of both humans' consent (32)
 *             ‖ MAC (32)
 *   answer  = head ‖ offer id (32) ‖ nonce (32) ‖ standing ‖ ML-KEM-1024 ciphertext (1568) ‖ X25519 point (32) ‖ MAC (32)
 *   confirm = head ‖ offer id (32) ‖ epoch id (16) ‖ nonce of the initiator (32) ‖ MAC (32)
 *   standing = reason (1: 1 start, 2 renewal, 3 alarm) ‖ generation (8) ‖ accepted text (8) ‖ accepted control (8)
 *             ‖ transcript hash (32) ‖ number of roots (1) ‖ for each: number (8) ‖ root id (16)
 *
 * The commitment is a hash of the initiator's nonce, which it shows in the confirm alone: see `safetyBytes`.
 */

const MAGIC = 0x534b5948;
const VERSION = 2;
const KIND_AGREEMENT = 1;
const STEP = { offer: 1, answer: 2, confirm: 3 } as const;
const REASON_BYTE: Readonly<Record<Reason, number>> = { start: 1, renewal: 2, alarm: 3 };

export const NONCE_BYTES = 32;
export const MAC_BYTES = 32;
export const OFFER_ID_BYTES = 32;
/** More keys than one epoch can want. */
export const MAX_QKD_KEYS = 16;

/** A root by its public facts. */
export interface RootName {
  readonly number: number;
  /** 16 bytes. */
  readonly id: Uint8Array;
}

/** What a desk says of itself, authenticated, in its offer or its answer. */
export interface Standing {
  readonly reason: Reason;
  readonly generation: number;
  /** Highest numbers that it accepted from the desk it speaks to. */
  readonly accepted: Accepted;
  /** 32 bytes. */
  readonly transcriptHash: Uint8Array;
  readonly roots: readonly RootName[];
}

export interface Offer {
  readonly conversationId: string;
  readonly initiator: string;
  readonly responder: string;
  readonly commitment: Uint8Array;
  readonly suites: { readonly initiator: readonly string[]; readonly responder: readonly string[] };
  readonly policyHash: Uint8Array;
  readonly standing: Standing;
  readonly kemPublicKey: Uint8Array;
  readonly point: Uint8Array;
  readonly qkd: readonly QkdKeyName[];
  /** There if and only if there are no QKD keys. */
  readonly consentWithoutQkd: Uint8Array | null;
}

export interface Answer {
  readonly offerId: Uint8Array;
  readonly nonce: Uint8Array;
  readonly standing: Standing;
  readonly kemCiphertext: Uint8Array;
  readonly point: Uint8Array;
}

export interface Confirm {
  readonly offerId: Uint8Array;
  readonly epochId: Uint8Array;
  readonly nonce: Uint8Array;
}

/** A message taken apart: what it says, the bytes that its MAC covers, and the MAC. Nothing of it is to be believed yet. */
export interface Received<T> {
  readonly said: T;
  readonly body: Uint8Array;
  readonly mac: Uint8Array;
}

/** Without its MAC. */
export function encodeOffer(offer: Offer): Uint8Array {
  const writer = head('offer')
    .raw(uuidBytes(offer.conversationId))
    .name(offer.initiator)
    .name(offer.responder)
    .raw(offer.commitment);
  writeList(writer, offer.suites.initiator);
  writeList(writer, offer.suites.responder);
  writer.raw(offer.policyHash);
  writeStanding(writer, offer.standing);
  writer.raw(offer.kemPublicKey).raw(offer.point).u8(offer.qkd.length);
  for (const { keyId, provenance } of offer.qkd) writer.raw(uuidBytes(keyId)).name(provenance);
  if (offer.consentWithoutQkd) writer.raw(offer.consentWithoutQkd);
  return writer.finish();
}

/** Throws HotlineError `hotline/malformed`. */
export function readOffer(message: Uint8Array): Received<Offer> {
  return read(message, 'offer', (reader) => {
    const conversationId = uuidText(reader.raw(UUID_BYTES));
    const initiator = reader.name();
    const responder = reader.name();
    const commitment = reader.raw(DIGEST_BYTES);
    const suites = { initiator: readList(reader), responder: readList(reader) };
    const policyHash = reader.raw(DIGEST_BYTES);
    const standing = readStanding(reader);
    const kemPublicKey = reader.raw(KEM_PUBLIC_KEY_BYTES);
    const point = reader.raw(POINT_BYTES);
    const keys = reader.u8();
    if (keys > MAX_QKD_KEYS) throw reader.refuse(`it names ${keys} QKD keys, more than ${MAX_QKD_KEYS}`);
    const qkd = Array.from({ length: keys }, () => ({
      keyId: uuidText(reader.raw(UUID_BYTES)),
      provenance: reader.name(),
    }));
    if (new Set(qkd.map(({ keyId }) => keyId)).size !== keys) throw reader.refuse('it names a QKD key twice');
    if (qkd.some(({ provenance }) => provenance === '')) throw reader.refuse('a QKD key in it has no provenance');
    const consentWithoutQkd = keys === 0 ? reader.raw(DIGEST_BYTES) : null;
    return {
      conversationId,
      initiator,
      responder,
      commitment,
      suites,
      policyHash,
      standing,
      kemPublicKey,
      point,
      qkd,
      consentWithoutQkd,
    };
  });
}

/** Without its MAC. */
export function encodeAnswer(answer: Answer): Uint8Array {
  const writer = head('answer').raw(answer.offerId).raw(answer.nonce);
  writeStanding(writer, answer.standing);
  return writer.raw(answer.kemCiphertext).raw(answer.point).finish();
}

/** Throws HotlineError `hotline/malformed`. */
export function readAnswer(message: Uint8Array): Received<Answer> {
  return read(message, 'answer', (reader) => ({
    offerId: reader.raw(OFFER_ID_BYTES),
    nonce: reader.raw(NONCE_BYTES),
    standing: readStanding(reader),
    kemCiphertext: reader.raw(KEM_CIPHERTEXT_BYTES),
    point: reader.raw(POINT_BYTES),
  }));
}

/** Without its MAC. */
export function encodeConfirm({ offerId, epochId, nonce }: Confirm): Uint8Array {
  return head('confirm').raw(offerId).raw(epochId).raw(nonce).finish();
}

/** Throws HotlineError `hotline/malformed`. */
export function readConfirm(message: Uint8Array): Received<Confirm> {
  return read(message, 'confirm', (reader) => ({
    offerId: reader.raw(OFFER_ID_BYTES),
    epochId: reader.raw(EPOCH_ID_BYTES),
    nonce: reader.raw(NONCE_BYTES),
  }));
}

/** In time that depends on the lengths alone. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function head(step: keyof typeof STEP): Writer {
  return new Writer().u32(MAGIC).u8(VERSION).u8(KIND_AGREEMENT).u8(STEP[step]);
}

function read<T>(message: Uint8Array, step: keyof typeof STEP, content: (reader: Reader) => T): Received<T> {
  const bytes = new Uint8Array(message);
  const reader = new Reader(bytes, `the ${step} of an agreement`);
  if (
    reader.u32() !== MAGIC ||
    reader.u8() !== VERSION ||
    reader.u8() !== KIND_AGREEMENT ||
    reader.u8() !== STEP[step]
  ) {
    throw reader.refuse('it is not one of version 2');
  }
  const said = content(reader);
  const body = bytes.slice(0, reader.at);
  const mac = reader.raw(MAC_BYTES);
  reader.end();
  return { said, body, mac };
}

function writeList(writer: Writer, names: readonly string[]): void {
  writer.u8(names.length);
  for (const name of names) writer.name(name);
}

function readList(reader: Reader): readonly string[] {
  return Array.from({ length: reader.u8() }, () => reader.name());
}

function writeStanding(writer: Writer, { reason, generation, accepted, transcriptHash, roots }: Standing): void {
  writer.u8(REASON_BYTE[reason]).u64(generation).u64(accepted.text).u64(accepted.control).raw(transcriptHash);
  writer.u8(roots.length);
  for (const { number, id } of roots) writer.u64(number).raw(id);
}

function readStanding(reader: Reader): Standing {
  const reasonByte = reader.u8();
  const reason = (Object.keys(REASON_BYTE) as Reason[]).find((one) => REASON_BYTE[one] === reasonByte);
  if (!reason) throw reader.refuse('it gives a reason that does not exist');
  const generation = reader.u64();
  const accepted = { text: reader.u64(), control: reader.u64() };
  const transcriptHash = reader.raw(DIGEST_BYTES);
  const count = reader.u8();
  if (count > MAX_ROOTS) throw reader.refuse(`it names ${count} roots, more than ${MAX_ROOTS}`);
  const roots = Array.from({ length: count }, () => ({ number: reader.u64(), id: reader.raw(ROOT_ID_BYTES) }));
  return { reason, generation, accepted, transcriptHash, roots };
}
